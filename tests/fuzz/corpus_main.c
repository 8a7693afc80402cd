/* Runs each file that is named, and each in a folder that is named, through the target once: the corpus as a
 * test, built by any compiler. */
#include "fuzz.h"

#include <dirent.h>

const bool fuzz_has_time = true;

enum { MAX_PATH_BYTES = 4096, MAX_FILE_BYTES = 1 << 20 };

static void run_file(const char *path)
{
    static char block[MAX_FILE_BYTES];
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(block, 1, sizeof block, file) : 0;
    if (!file || ferror(file) || len == sizeof block) {
        fprintf(stderr, "%s cannot be read, or is too long\n", path);
        exit(1);
    }
    fclose(file);
    char *input = malloc(len ? len : 1); /* no longer than the input, for AddressSanitizer */
    if (!input)
        abort();
    memcpy(input, block, len);
    fprintf(stderr, "%s\n", path); /* the last that is named is the one that failed */
    fuzz_input((struct str){input, len});
    free(input);
}

static size_t run_folder(const char *path, DIR *folder)
{
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char inside[MAX_PATH_BYTES];
        int len = snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.' || len < 0 || (size_t)len >= sizeof inside)
            continue;
        run_file(inside);
        count++;
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder)
            count += run_folder(argv[i], folder);
        else
            run_file(argv[i]), count++;
    }
    printf("%zu inputs\n", count);
    return count == 0;
}
