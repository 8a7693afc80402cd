/* What the settings mean for what stays in reach: files as a Kubernetes Secret keeps them, and ports. */
#include "confined.h"
#include "service/process/confine.h"
#include "service/process/confine_landlock.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

enum { PATH_BYTES = 128, MAX_NAMES_BYTES = 4096 };

static char folder[] = "/tmp/postern-confine-XXXXXX";

static const char *path_of(const char *name)
{
    static _Thread_local char paths[4][PATH_BYTES];
    static _Thread_local unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    CHECK(file && fputs(text, file) >= 0);
    if (file)
        fclose(file);
}

static int try_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static bool load(struct settings *settings, const char *const *sets, size_t count)
{
    struct option_sources sources = {.sets = sets, .set_count = count};
    struct fault fault;
    bool loaded = settings_load(settings, &sources, &fault);
    if (!CHECK(loaded))
        printf("    %s\n", fault.detail);
    return loaded;
}

static void append_name(void *context, struct str path)
{
    buf_append(context, path);
    buf_append_char(context, ' ');
}

static void every_file_that_the_settings_name_is_visited(void)
{
    char secret[PATH_BYTES + 32], want[PATH_BYTES + 64];
    snprintf(secret, sizeof secret, "smtp_password_file=%s", path_of("secret/password"));
    snprintf(want, sizeof want, "/a/ca.pem %s /k/rsa:1.pem /k/ed.pem ", path_of("secret/password"));
    const char *const sets[] = {"smtp_ca_file=/a/ca.pem", "smtp_password=given before", secret,
                                "dkim_keys=example.com:one:/k/rsa:1.pem  example.org:two:/k/ed.pem nonsense"};
    struct settings settings;
    struct buf names;
    buf_init(&names, MAX_NAMES_BYTES);
    if (load(&settings, sets, sizeof sets / sizeof sets[0]))
        settings_visit_files(&settings, append_name, &names);
    CHECK_TEXT(buf_view(&names), want);
    buf_fini(&names);
    settings_fini(&settings);
}

/* ..data is a link to the folder of the day, and is replaced by rename. */
static void renew_secret(void)
{
    CHECK(mkdir(path_of("secret/..two"), 0700) == 0);
    write_file("secret/..two/password", "second");
    CHECK(symlink("..two", path_of("secret/..new")) == 0);
    CHECK(rename(path_of("secret/..new"), path_of("secret/..data")) == 0);
}

struct swap {
    const struct settings *settings;
    pthread_barrier_t step;
};

static void read_confined(void *context)
{
    struct swap *swap = context;
    struct confinement confinement;
    struct option_sources sources = {0};
    const char *password = path_of("secret/password");
    confine_files(&confinement, &sources, swap->settings);
    bool confined = confinement.has_files;
    CHECK_INT(confined, landlock_abi() > 0);
    CHECK_INT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    CHECK_INT(try_open(password, O_RDONLY), 0);
    pthread_barrier_wait(&swap->step);
    pthread_barrier_wait(&swap->step);
    CHECK_INT(try_open(password, O_RDONLY), 0);
    CHECK_INT(try_open(path_of("far/link_target"), O_RDONLY), 0); /* where the link ca.pem leads */
    CHECK_INT(try_open(path_of("authorities/one"), O_RDONLY), 0);
    CHECK_INT(try_open("/etc/hosts", O_RDONLY), 0);
    CHECK_INT(try_open("/usr/share", O_RDONLY | O_DIRECTORY), 0);
    if (!confined)
        return;
    CHECK_INT(try_open(password, O_WRONLY), EACCES);
    CHECK_INT(try_open(path_of("other"), O_RDONLY), EACCES);
    CHECK_INT(try_open(path_of("new"), O_WRONLY | O_CREAT), EACCES);
    CHECK_INT(try_open("/proc/self/environ", O_RDONLY), EACCES);
    CHECK_INT(try_open("/", O_RDONLY | O_DIRECTORY), EACCES);
    CHECK_INT(try_open("/etc/hosts", O_WRONLY), EACCES);
    CHECK(unlink(path_of("socket/file")) == 0);
}

static void *renew(void *argument)
{
    struct swap *swap = argument;
    pthread_barrier_wait(&swap->step);
    renew_secret();
    pthread_barrier_wait(&swap->step);
    return NULL;
}

static void secrets_are_read_again_and_nothing_else_is(void)
{
    char secret[PATH_BYTES + 32], ca[PATH_BYTES + 32], listen[PATH_BYTES + 32];
    snprintf(secret, sizeof secret, "smtp_password_file=%s", path_of("secret/password"));
    snprintf(ca, sizeof ca, "smtp_ca_file=%s", path_of("near/ca.pem"));
    snprintf(listen, sizeof listen, "listen=unix:%s", path_of("socket/http"));
    const char *const sets[] = {secret, ca, listen};
    char authorities[2 * PATH_BYTES];
    snprintf(authorities, sizeof authorities, "/nowhere:%s", path_of("authorities"));
    setenv("SSL_CERT_DIR", authorities, 1);
    struct settings settings;
    struct swap swap = {.settings = &settings};
    pthread_t other;
    if (load(&settings, sets, sizeof sets / sizeof sets[0])) {
        pthread_barrier_init(&swap.step, NULL, 2);
        CHECK(pthread_create(&other, NULL, renew, &swap) == 0);
        in_a_thread(read_confined, &swap);
        pthread_join(other, NULL);
        pthread_barrier_destroy(&swap.step);
    }
    settings_fini(&settings);
}

static void serve_unconfined(void *context)
{
    struct confinement confinement;
    struct option_sources sources = {.no_sandboxing = true};
    const struct configuration configuration = {.relays.count = 1};
    confine_process(&sources);
    confine_files(&confinement, &sources, context);
    confine_network(&confinement, &configuration);
    confine_calls(&confinement);
    CHECK_INT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    CHECK_INT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
    CHECK_INT(try_open(path_of("other"), O_RDONLY), 0);
    CHECK(kill(getpid(), 0) == 0);
}

static void a_debugger_may_have_it_all(void)
{
    struct settings settings;
    if (load(&settings, NULL, 0))
        in_a_thread(serve_unconfined, &settings);
    settings_fini(&settings);
}

static void confine_all(void *context)
{
    struct confinement confinement;
    const struct option_sources sources = {0};
    const struct configuration configuration = {
        .relays = {.items = {{.port = 25}, {.port = 0}}, .count = 2},
        .collector = {.is_given = true, .place.port = 4318},
    };
    int abi = landlock_abi();
    confine_process(&sources);
    confine_files(&confinement, &sources, context);
    confine_network(&confinement, &configuration);
    confine_calls(&confinement);
    CHECK_INT(confinement.port_count, abi >= 4 ? 3 : 0);
    CHECK_INT(kill(getpid(), 0) == 0, !confinement.has_calls);
}

/* In a child that ends at once: what it gave up, it cannot get back to write down what was covered. */
static void what_serves_gives_up_all_of_it(void)
{
    int status = -1;
    struct settings settings;
    if (!load(&settings, NULL, 0))
        return;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        confine_all(&settings);
        fflush(stdout);
        _exit(test_state.failures != 0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    settings_fini(&settings);
}

static void a_reload_is_held_to_the_ports_of_the_start(void)
{
    static const struct {
        const char *name;
        struct smtp_relay relay;
        bool wanted;
        uint16_t collector_port; /* 0: none */
    } rows[] = {
        {"the same", {.port = 587}, true, 0},
        {"that of another relay", {.port = 25}, true, 0},
        {"a new one", {.port = 2525}, false, 0},
        {"a Unix socket", {.port = 0}, true, 0},
        {"behind a proxy that is known",
         {.port = 2525, .proxy = {.kind = SMTP_PROXY_SOCKS5, .port = 587}},
         true,
         0},
        {"behind one that is new", {.port = 587, .proxy = {.kind = SMTP_PROXY_HTTP, .port = 3128}}, false, 0},
        {"a collector's", {.port = 587}, true, 587},
        {"a collector's that is new", {.port = 587}, false, 4318},
    };
    const struct confinement any = {0}, held = {.ports = {53, 25, 587}, .port_count = 3};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct configuration configuration = {
            .relays = {.items = {{.port = 25}, rows[i].relay}, .count = 2},
            .collector = {.is_given = rows[i].collector_port != 0, .place.port = rows[i].collector_port},
        };
        struct fault fault;
        test_row("%s", rows[i].name);
        CHECK_INT(confine_bears(&held, &configuration, &fault), rows[i].wanted);
        CHECK(confine_bears(&any, &configuration, &fault));
    }
}

static void make_tree(void)
{
    static const char *const folders[] = {"secret", "secret/..one", "near", "far", "socket", "authorities"};
    CHECK(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        CHECK(mkdir(path_of(folders[i]), 0700) == 0);
    write_file("secret/..one/password", "first");
    write_file("far/link_target", "x");
    write_file("authorities/one", "x");
    write_file("other", "x");
    write_file("socket/file", "x");
    CHECK(symlink("..one", path_of("secret/..data")) == 0);
    CHECK(symlink("..data/password", path_of("secret/password")) == 0);
    CHECK(symlink("../far/link_target", path_of("near/ca.pem")) == 0);
}

static void remove_tree(void)
{
    static const char *const names[] = {"authorities/one",
                                        "authorities",
                                        "secret/password",
                                        "secret/..data",
                                        "secret/..one/password",
                                        "secret/..two/password",
                                        "secret/..one",
                                        "secret/..two",
                                        "secret",
                                        "near/ca.pem",
                                        "near",
                                        "far/link_target",
                                        "far",
                                        "socket/file",
                                        "socket",
                                        "other",
                                        "new",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove(path_of(names[i]));
}

int main(void)
{
    make_tree();
    TEST(every_file_that_the_settings_name_is_visited);
    TEST(a_reload_is_held_to_the_ports_of_the_start);
    TEST(a_debugger_may_have_it_all);
    TEST_NATIVELY(secrets_are_read_again_and_nothing_else_is);
    TEST_NATIVELY(what_serves_gives_up_all_of_it);
    remove_tree();
    return test_result();
}
