#include "api/http/query.h"
#include "api/http/route.h"
#include "api/message/reader.h"
#include "test.h"

static const struct api_route routes[] = {{"POST", "/v1/messages", NULL, ACCESS_ANYONE, 0},
                                          {"GET", "/", NULL, ACCESS_ANYONE, 0},
                                          {"GET", "/sandbox/messages", NULL, ACCESS_ANYONE, 0},
                                          {"DELETE", "/sandbox/messages", NULL, ACCESS_ANYONE, 0},
                                          {"GET", "/sandbox/messages/*", NULL, ACCESS_ANYONE, 0},
                                          {"GET", "/parts/**", NULL, ACCESS_ANYONE, 0}};
static const struct route_table table = {routes, sizeof routes / sizeof *routes};

static void a_route_is_found_byte_by_byte(void)
{
    static const struct {
        const char *name, *method, *path;
        int route;
        const char *rest, *allow;
    } rows[] = {
        {"the message", "POST", "/v1/messages", 0, NULL, "POST"},
        {"the page", "GET", "/", 1, NULL, "GET, HEAD"},
        {"HEAD as GET", "HEAD", "/", 1, NULL, "GET, HEAD"},
        {"one of two methods", "DELETE", "/sandbox/messages", 3, NULL, "GET, HEAD, DELETE"},
        {"the rest", "GET", "/sandbox/messages/4Xyz.eml", 4, "4Xyz.eml", "GET, HEAD"},
        {"an empty rest", "GET", "/sandbox/messages/", 4, "", "GET, HEAD"},
        {"one segment is the rest", "GET", "/sandbox/messages/4Xyz/1", -1, NULL, ""},
        {"any number of them", "GET", "/parts/a/b", 5, "a/b", "GET, HEAD"},
        {"H43 small letters", "post", "/v1/messages", -1, NULL, "POST"},
        {"H44 another method", "GET", "/v1/messages", -1, NULL, "POST"},
        {"H44 HEAD where there is no GET", "HEAD", "/v1/messages", -1, NULL, "POST"},
        {"H45 asterisk", "OPTIONS", "*", -1, NULL, "POST, GET, HEAD, DELETE"},
        {"H27 a NUL, escaped", "POST", "/v1/messages%00", -1, NULL, ""},
        {"H29 dots", "POST", "/v1/./messages", -1, NULL, ""},
        {"H29 two slashes", "POST", "//v1/messages", -1, NULL, ""},
        {"an escaped letter", "POST", "/v1/message%73", -1, NULL, ""},
        {"a slash at the end", "POST", "/v1/messages/", -1, NULL, ""},
        {"capitals", "POST", "/V1/messages", -1, NULL, ""},
        {"a part of it", "POST", "/v1/message", -1, NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct str rest = {0};
        const struct api_route *found =
            route_find(&table, str_of(rows[i].method), str_of(rows[i].path), &rest);
        CHECK_INT(found ? found - routes : -1, rows[i].route);
        if (rows[i].rest)
            CHECK_TEXT(rest, rows[i].rest);
        struct buf methods;
        buf_init(&methods, 100);
        route_list_methods(&table, 1, str_of(rows[i].path), &methods);
        CHECK_TEXT(buf_view(&methods), rows[i].allow);
        buf_fini(&methods);
    }
}

static void the_query_is_two_flags(void)
{
    static const struct {
        const char *name, *query;
        bool dry_run, transcript;
        const char *errors; /* the parameters refused, each with a space behind */
    } rows[] = {
        {"none", NULL, false, false, ""},
        {"empty", "", false, false, ""},
        {"one", "dry_run=true", true, false, ""},
        {"both", "transcript=true&dry_run=true", true, true, ""},
        {"false", "transcript=false&dry_run=true", true, false, ""},
        {"an empty part", "&dry_run=true&", true, false, ""},
        {"unknown", "dryrun=true", false, false, "dryrun "},
        {"in capitals", "DRY_RUN=true", false, false, "DRY_RUN "},
        {"escaped", "dry%5frun=true", false, false, "dry%5frun "},
        {"another value", "dry_run=1", false, false, "dry_run "},
        {"a value in capitals", "dry_run=True", false, false, "dry_run "},
        {"no value", "dry_run", false, false, "dry_run "},
        {"an empty value", "dry_run=&transcript=", false, false, "dry_run transcript "},
        {"twice", "dry_run=true&dry_run=true", true, false, "dry_run "},
        {"no name", "=true", false, false, " "},
        {"H68 a key", "api_key=secret", false, false, "api_key "},
    };
    static const struct api_limits limits = {.max_body_bytes = 1000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct submission *submission = submission_new(&limits);
        struct problem problem = {0};
        query_read(submission, str_of(rows[i].query), false, &problem);
        CHECK_INT(submission->dry_run, rows[i].dry_run);
        CHECK_INT(submission->wants_transcript, rows[i].transcript);
        struct buf told;
        buf_init(&told, 1000);
        for (size_t e = 0; e < problem.error_count; e++)
            buf_append_format(&told, "%.*s ", STR_ARG(problem.errors[e].parameter));
        CHECK_TEXT(buf_view(&told), rows[i].errors);
        buf_fini(&told);
        submission_free(&submission);
    }
}

int main(void)
{
    TEST(a_route_is_found_byte_by_byte);
    TEST(the_query_is_two_flags);
    return test_result();
}
