#include "api/http/query.h"
#include "test.h"

/* "parameter: detail; " for what is wrong. */
static void read_query(struct submission *submission, const char *query, bool with_envelope, struct buf *told)
{
    struct problem problem = {0};
    *submission = (struct submission){0};
    arena_init(&submission->arena, 1 << 16);
    buf_clear(told);
    query_read(submission, str_of(query), with_envelope, &problem);
    for (size_t i = 0; i < problem.error_count; i++)
        buf_append_format(told, "%.*s: %.*s; ", STR_ARG(problem.errors[i].parameter),
                          STR_ARG(problem.errors[i].detail));
}

static void flags_are_true_or_false_once(void)
{
    static const struct {
        const char *query;
        bool with_envelope, dry_run, transcript;
        const char *told;
    } rows[] = {
        {NULL, false, false, false, ""},
        {"", false, false, false, ""},
        {"&&", false, false, false, ""},
        {"dry_run=true", false, true, false, ""},
        {"dry_run=false", false, false, false, ""},
        {"transcript=true&dry_run=true", false, true, true, ""},
        {"&transcript=true&", false, false, true, ""},
        {"dry_run", false, false, false, "dry_run: must be true or false; "},
        {"dry_run=", false, false, false, "dry_run: must be true or false; "},
        {"dry_run=TRUE", false, false, false, "dry_run: must be true or false; "},
        {"dry_run=1&transcript=yes", false, false, false,
         "dry_run: must be true or false; transcript: must be true or false; "},
        {"dry_run=true&dry_run=false", false, true, false, "dry_run: this parameter is given twice; "},
        {"dryrun=true", false, false, false, "dryrun: there is no parameter of this name; "},
        {"DRY_RUN=true", false, false, false, "DRY_RUN: there is no parameter of this name; "},
        {"=true", false, false, false, ": there is no parameter of this name; "},
        {"from=a@b.example", false, false, false, "from: there is no parameter of this name; "},
        {"to=a@b.example", false, false, false, "to: there is no parameter of this name; "},
        {"from=a@b.example&to=a@b.example&to=c@b.example&dry_run=true", true, true, false, ""},
        {"cc=a@b.example", true, false, false, "cc: there is no parameter of this name; "},
        {"a-name-that-is-much-longer-than-what-is-shown-of-a-name-in-the-answer-to-it=1", false, false, false,
         "a-name-that-is-much-longer-than-what-is-shown-of-a-name-in-the-a: there is no parameter of this "
         "name; "},
    };
    struct buf told;
    buf_init(&told, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct submission submission;
        test_row("%s", rows[i].query ? rows[i].query : "none");
        read_query(&submission, rows[i].query, rows[i].with_envelope, &told);
        CHECK_TEXT(told.len ? buf_view(&told) : STR(""), rows[i].told);
        CHECK_INT(submission.dry_run, rows[i].dry_run);
        CHECK_INT(submission.wants_transcript, rows[i].transcript);
        arena_fini(&submission.arena);
    }
    buf_fini(&told);
}

static void parameters_are_walked_in_order(void)
{
    struct str rest = STR("to=a&&to=b=c&x&y="), name, value;
    CHECK(query_next(&rest, &name, &value));
    CHECK_TEXT(value, "a");
    CHECK(query_next(&rest, &name, &value));
    CHECK_TEXT(value, "b=c");
    CHECK(query_next(&rest, &name, &value));
    CHECK_TEXT(name, "x");
    CHECK(!value.data);
    CHECK(query_next(&rest, &name, &value));
    CHECK_TEXT(value, "");
    CHECK(!query_next(&rest, &name, &value));
}

int main(void)
{
    TEST(flags_are_true_or_false_once);
    TEST(parameters_are_walked_in_order);
    return test_result();
}
