#include "service/settings/option_table.h"
#include "service/settings/options.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that holds `text`; the caller removes it. */
static void write_file(char path[static 32], const char *text)
{
    snprintf(path, 32, "/tmp/postern-options-XXXXXX");
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static bool load_one(struct settings *settings, const char *set, struct fault *fault)
{
    struct option_sources sources = {.sets = &set, .set_count = 1};
    return settings_load(settings, &sources, fault);
}

static void without_any_source_the_defaults_of_the_contract_hold(void)
{
    struct settings settings;
    struct fault fault;
    CHECK(settings_load(&settings, &(struct option_sources){0}, &fault));
    CHECK_TEXT(settings.listen, "127.0.0.1:8587");
    CHECK_TEXT(settings.admin_listen, "127.0.0.1:8588");
    CHECK(!settings.smtp_url.data);
    CHECK_TEXT(settings.smtp_auth, "auto");
    CHECK_INT(settings.smtp_max_connections, 16);
    CHECK_INT(settings.timeouts.data_termination_ms, 600000);
    settings_fini(&settings);
}

static void a_value_that_is_not_of_its_kind_is_refused_by_name(void)
{
    static const struct {
        const char *set, *wanted;
    } rows[] = {
        {"max_queue=0", "option max_queue: \"0\" is not a whole number from 1 to 1000000"},
        {"max_queue=1000001", "option max_queue: \"1000001\" is not a whole number from 1 to 1000000"},
        {"max_queue=ten", "option max_queue: \"ten\" is not a whole number from 1 to 1000000"},
        {"max_queue=", "option max_queue: \"\" is not a whole number from 1 to 1000000"},
        {"max_queue=1 ", "option max_queue: \"1 \" is not a whole number from 1 to 1000000"},
        {"timeout_mail=5x",
         "option timeout_mail: \"5x\" is not a time such as 500ms, 30s or 5m, from 1ms to 1h"},
        {"timeout_mail=0",
         "option timeout_mail: \"0\" is not a time such as 500ms, 30s or 5m, from 1ms to 1h"},
        {"timeout_mail=61m",
         "option timeout_mail: \"61m\" is not a time such as 500ms, 30s or 5m, from 1ms to 1h"},
        {"timeout_mail=-1s",
         "option timeout_mail: \"-1s\" is not a time such as 500ms, 30s or 5m, from 1ms to 1h"},
        {"log_level=loud", "option log_level: \"loud\" is none of: debug info warn error"},
        {"log_level=", "option log_level: \"\" is none of: debug info warn error"},
        {"listen=a\nb", "option listen: the value holds a control character"},
        {"nonsense=1", "unknown option nonsense (postern --help lists them)"},
        {"listen_file=/dev/null", "unknown option listen_file (postern --help lists them)"},
        {"=1", "unknown option  (postern --help lists them)"},
        {"max_queue", "--set max_queue: name=value is wanted"},
        {"smtp_password:hunter2", "--set smtp_password: name=value is wanted"},
        {"hunter2", "--set: name=value is wanted"},
        {"smtp_password_file=/no/such/file",
         "option smtp_password_file: /no/such/file: No such file or directory"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings settings;
        struct fault fault = {0};
        test_row("%s", rows[i].set);
        CHECK(!load_one(&settings, rows[i].set, &fault));
        CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
        CHECK_TEXT(str_of(fault.detail), rows[i].wanted);
        settings_fini(&settings);
    }
}

static void a_time_has_a_unit_or_is_in_seconds(void)
{
    static const struct {
        const char *set;
        int64_t want_ms;
    } rows[] = {{"timeout_mail=250ms", 250},
                {"timeout_mail=30s", 30000},
                {"timeout_mail=2m", 120000},
                {"timeout_mail=1h", 3600000},
                {"timeout_mail=7", 7000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings settings;
        struct fault fault;
        test_row("%s", rows[i].set);
        CHECK(load_one(&settings, rows[i].set, &fault));
        CHECK_INT(settings.timeouts.mail_ms, rows[i].want_ms);
        settings_fini(&settings);
    }
}

static void a_later_source_wins(void)
{
    char path[32];
    write_file(path, "{\"max_queue\": 10, \"smtp_username\": \"file\", \"smtp_auth\": \"plain\"}");
    const char *environment[] = {"HOME=/root", "POSTERN_MAX_QUEUE=20", "POSTERN_SMTP_USERNAME=environment",
                                 NULL};
    const char *sets[] = {"max_queue=30"};
    struct option_sources sources = {path, environment, sets, 1, false};
    struct settings settings;
    struct fault fault;
    CHECK(settings_load(&settings, &sources, &fault));
    CHECK_INT(settings.max_queue, 30);
    CHECK_TEXT(settings.smtp_username, "environment");
    CHECK_TEXT(settings.smtp_auth, "plain");
    settings_fini(&settings);
    unlink(path);
}

static void a_broken_file_stops_the_start(void)
{
    static const char *const rows[] = {"{",
                                       "[]",
                                       "{\"nonsense\": 1}",
                                       "{\"listen\": true}",
                                       "{\"listen\": {}}",
                                       "{\"max_queue\": 1.5}",
                                       "{\"max_queue\": 1, \"max_queue\": 2}",
                                       ""};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[32];
        struct settings settings;
        struct fault fault;
        test_row("%s", rows[i]);
        write_file(path, rows[i]);
        CHECK(!settings_load(&settings, &(struct option_sources){.config_file = path}, &fault));
        CHECK(str_starts_with(str_of(fault.detail), str_of(path)));
        settings_fini(&settings);
        unlink(path);
    }
}

static void a_misspelt_variable_is_named_but_those_of_kubernetes_are_not(void)
{
    const char *misspelt[] = {"POSTERN_LISTNE=127.0.0.1:1", NULL};
    const char *kubernetes[] = {"POSTERN_PORT=tcp://10.0.0.1:8587", "POSTERN_PORT_8587_TCP_ADDR=10.0.0.1",
                                "POSTERN_SERVICE_HOST=10.0.0.1", "POSTERN_SERVICE_PORT=8587", NULL};
    struct settings settings;
    struct fault fault;
    CHECK(!settings_load(&settings, &(struct option_sources){.environment = misspelt}, &fault));
    CHECK_TEXT(str_of(fault.detail), "unknown option LISTNE (postern --help lists them)");
    settings_fini(&settings);
    CHECK(settings_load(&settings, &(struct option_sources){.environment = kubernetes}, &fault));
    settings_fini(&settings);
}

static void a_secret_comes_from_its_file_without_the_line_end(void)
{
    char path[32], set[64];
    write_file(path, "s3cret with space \r\n");
    snprintf(set, sizeof set, "smtp_password_file=%s", path);
    struct settings settings;
    struct fault fault;
    CHECK(load_one(&settings, set, &fault));
    CHECK_TEXT(settings.smtp_password, "s3cret with space ");
    settings_fini(&settings);
    unlink(path);
}

static void an_empty_text_unsets(void)
{
    struct settings settings;
    struct fault fault;
    CHECK(load_one(&settings, "smtp_ca_file=", &fault));
    CHECK(!settings.smtp_ca_file.data);
    settings_fini(&settings);
}

static bool contains(struct str text, const char *word)
{
    return memmem(text.data, text.len, word, strlen(word)) != NULL;
}

static void what_is_shown_never_shows_a_secret(void)
{
    const char *sets[] = {"smtp_url=smtp://ann:hunter2@home@relay.example smtps://b.example:465",
                          "smtp_password=hunter3", "smtp_oauth_token=hunter4"};
    struct settings settings;
    struct fault fault;
    struct buf text;
    buf_init(&text, 65536);
    CHECK(settings_load(&settings, &(struct option_sources){.sets = sets, .set_count = 3}, &fault));
    settings_append(&text, &settings);
    CHECK(contains(buf_view(&text), "smtp_url=smtp://***@relay.example smtps://b.example:465  # --set\n"));
    CHECK(contains(buf_view(&text), "smtp_password=***  # --set\n"));
    CHECK(contains(buf_view(&text), "timeout_mail=300000ms  # default\n"));
    CHECK(!contains(buf_view(&text), "hunter"));
    buf_fini(&text);
    settings_fini(&settings);
}

static void of_a_wrong_url_only_the_place_is_shown(void)
{
    static const struct {
        const char *set, *shown;
    } rows[] = {
        {"smtp_url=ann:hunter2@a.example", "smtp_url=***@a.example  #"},
        {"smtp_url=smtp://ann:hunter2 hunter3@a.example", "smtp_url=smtp://***@a.example  #"},
        {"smtp_url=smtp://a.example:25 hunter2", "smtp_url=smtp://***  #"},
        {"smtp_url=smtp://ann:hunter2", "smtp_url=smtp://***  #"},
        {"smtp_url=hunter2", "smtp_url=***  #"},
        {"smtp_url=smtp://[::1]:25?tls=none smtp://[::1] lmtp:///run/a:b",
         "smtp_url=smtp://[::1]:25?tls=none smtp://[::1] lmtp:///run/a:b  #"},
        {"smtp_proxy=socks5://ann:hunter2@a.example:1080", "smtp_proxy=socks5://***@a.example:1080  #"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct settings settings;
        struct fault fault;
        struct buf text;
        buf_init(&text, 65536);
        test_row("%s", rows[i].set);
        CHECK(
            settings_load(&settings, &(struct option_sources){.sets = &rows[i].set, .set_count = 1}, &fault));
        settings_append(&text, &settings);
        CHECK(contains(buf_view(&text), rows[i].shown));
        CHECK(!contains(buf_view(&text), "hunter"));
        buf_fini(&text);
        settings_fini(&settings);
    }
}

static void the_manual_says_what_a_value_may_be(void)
{
    static const struct {
        const char *name, *range;
        bool has_file_twin;
    } rows[] = {
        {"smtp_max_connections", "a whole number from 1 to 1024", false},
        {"timeout_mail", "a time from 1ms to 1h", false},
        {"log_level", "", false},
        {"smtp_password", "", true},
        {"smtp_oauth_token", "", false}, /* smtp_oauth_token_file is an option of its own */
    };
    struct option_facts facts;
    size_t found = 0;
    for (size_t i = 0; option_describe(i, &facts); i++) {
        test_row("%s", facts.name);
        CHECK(option_find(str_of(facts.name)));
        CHECK(facts.meaning[0]);
        for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
            if (strcmp(rows[row].name, facts.name) == 0) {
                found++;
                CHECK_TEXT(str_of(facts.range), rows[row].range);
                CHECK(facts.has_file_twin == rows[row].has_file_twin);
            }
    }
    CHECK(found == sizeof rows / sizeof *rows);
}

int main(void)
{
    TEST(without_any_source_the_defaults_of_the_contract_hold);
    TEST(a_value_that_is_not_of_its_kind_is_refused_by_name);
    TEST(a_time_has_a_unit_or_is_in_seconds);
    TEST(a_later_source_wins);
    TEST(a_broken_file_stops_the_start);
    TEST(a_misspelt_variable_is_named_but_those_of_kubernetes_are_not);
    TEST(a_secret_comes_from_its_file_without_the_line_end);
    TEST(an_empty_text_unsets);
    TEST(what_is_shown_never_shows_a_secret);
    TEST(of_a_wrong_url_only_the_place_is_shown);
    TEST(the_manual_says_what_a_value_may_be);
    return test_result();
}
