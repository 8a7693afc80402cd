/* Every dialogue of tests/transcripts, replayed whole, by line and byte by byte, and then cut at every
 * octet. */
#include "replay.h"

#include <dirent.h>

enum { MAX_SCRIPTS = 128 };

static char paths[MAX_SCRIPTS][256];
static size_t path_count;

static void each_dialogue_replays_at_any_pace(void)
{
    static const char *const paces[] = {"whole", "by line", "by byte"};
    for (size_t i = 0; i < path_count; i++) {
        struct script script;
        bool loaded = CHECK(script_load(&script, paths[i]));
        for (int pace = MEMORY_WHOLE; loaded && pace <= MEMORY_BY_BYTE; pace++) {
            test_row("%.60s, %s", paths[i], paces[pace]);
            replay_expect(&script, (enum memory_pace)pace);
        }
        script_fini(&script);
    }
}

static void a_connection_that_ends_anywhere_leaves_the_right_delivery(void)
{
    for (size_t i = 0; i < path_count; i++) {
        struct script script;
        if (CHECK(script_load(&script, paths[i])))
            replay_cut_everywhere(&script, paths[i]);
        script_fini(&script);
    }
}

static void find_scripts(const char *folder)
{
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (strstr(entry->d_name, ".script") && path_count < MAX_SCRIPTS)
            snprintf(paths[path_count++], sizeof paths[0], "%.50s/%.200s", folder, entry->d_name);
    if (directory)
        closedir(directory);
}

int main(int argc, char **argv)
{
    find_scripts(argc > 1 ? argv[1] : "tests/transcripts");
    CHECK(path_count > 0 && path_count < MAX_SCRIPTS);
    TEST(each_dialogue_replays_at_any_pace);
    TEST(a_connection_that_ends_anywhere_leaves_the_right_delivery);
    return test_result();
}
