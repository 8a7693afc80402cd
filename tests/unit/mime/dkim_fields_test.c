#include "mime/dkim_fields.h"
#include "test.h"

#include <string.h>

/* The chosen names, with ":" between. */
static struct str names_of(const struct dkim_fields *fields, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < fields->count; i++)
        buf_append_format(out, "%s%.*s", i ? ":" : "", STR_ARG(fields->names[i]));
    return buf_view(out);
}

#define ABSENT_ONCE                                                                                          \
    "In-Reply-To:References:MIME-Version:Content-Type:Content-Transfer-Encoding:List-Unsubscribe:List-"      \
    "Unsubscribe-Post"

static void fields_are_chosen_as_a_verifier_finds_them(void)
{
    static const struct {
        const char *name, *header, *more, *names, *text;
    } rows[] = {
        {"nothing is there", "", "", "From:Reply-To:To:Cc:Subject:Date:Message-ID:" ABSENT_ONCE, ""},
        {"over-signed by one", "FROM: a\r\nSubject:b\r\n", "",
         "From:From:Reply-To:To:Cc:Subject:Subject:Date:Message-ID:" ABSENT_ONCE, "from:a\r\nsubject:b\r\n"},
        {"the last is the first", "To: 1\r\nTo: 2\r\nTo: 3\r\n", "",
         "From:Reply-To:To:To:To:To:Cc:Subject:Date:Message-ID:" ABSENT_ONCE, "to:3\r\nto:2\r\nto:1\r\n"},
        {"folds and white space", "To:  a,\r\n\t b  \r\n", "",
         "From:Reply-To:To:To:Cc:Subject:Date:Message-ID:" ABSENT_ONCE, "to:a, b\r\n"},
        {"Sender is not over-signed", "Sender: a\r\n", "",
         "From:Sender:Reply-To:To:Cc:Subject:Date:Message-ID:" ABSENT_ONCE, "sender:a\r\n"},
        {"more names, and only where they stand", "X-B: 1\r\nx-a: 2\r\nX-B: 3\r\n", " X-A  X-B X-C ",
         "From:Reply-To:To:Cc:Subject:Date:Message-ID:" ABSENT_ONCE ":X-A:X-B:X-B",
         "x-a:2\r\nx-b:3\r\nx-b:1\r\n"},
        {"a name told twice counts once", "Subject: s\r\nX-A: 1\r\n", "subject X-A SUBJECT x-a",
         "From:Reply-To:To:Cc:Subject:Subject:Date:Message-ID:" ABSENT_ONCE ":X-A", "subject:s\r\nx-a:1\r\n"},
        {"no last line end", "Subject: s", "",
         "From:Reply-To:To:Cc:Subject:Subject:Date:Message-ID:" ABSENT_ONCE, "subject:s\r\n"},
        {"a name within another", "Xsubject: s\r\nSubject-x: s\r\n", "",
         "From:Reply-To:To:Cc:Subject:Date:Message-ID:" ABSENT_ONCE, ""},
    };
    struct buf names;
    buf_init(&names, 8192);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dkim_fields fields;
        test_row("%s", rows[i].name);
        dkim_fields_choose(&fields, str_of(rows[i].header), str_of(rows[i].more));
        CHECK(!fields.text.failed);
        CHECK_TEXT(names_of(&fields, &names), rows[i].names);
        CHECK(str_equal(buf_view(&fields.text), str_of(rows[i].text)));
        dkim_fields_fini(&fields);
    }
    buf_fini(&names);
}

static size_t count_of(const struct dkim_fields *fields, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < fields->count; i++)
        count += str_equal(fields->names[i], str_of(name));
    return count;
}

/* Past the limit the upper ones are not named at all: to over-sign would name one whose text was not signed. */
static void too_many_of_a_field_are_signed_from_the_bottom(void)
{
    for (size_t there = DKIM_MAX_INSTANCES - 1; there <= DKIM_MAX_INSTANCES + 2; there++) {
        struct buf header;
        struct dkim_fields fields;
        test_row("%zu", there);
        buf_init(&header, 4096);
        for (size_t i = there; i-- > 0;)
            buf_append_format(&header, "To: %zu\r\n", i);
        dkim_fields_choose(&fields, buf_view(&header), STR(""));
        size_t limit = DKIM_MAX_INSTANCES;
        CHECK_INT(count_of(&fields, "To"), there <= limit ? there + 1 : limit);
        CHECK(str_starts_with(buf_view(&fields.text), STR("to:0\r\nto:1\r\nto:2\r\n")));
        CHECK_INT(fields.text.len, 6 * (there <= limit ? there : limit));
        dkim_fields_fini(&fields);
        buf_fini(&header);
    }
}

/* As many names as there can be, each as often as it is signed at most. */
static void every_name_at_its_limit_fits(void)
{
    static const char *const usual[] = {"From",
                                        "Sender",
                                        "Reply-To",
                                        "To",
                                        "Cc",
                                        "Subject",
                                        "Date",
                                        "Message-ID",
                                        "In-Reply-To",
                                        "References",
                                        "MIME-Version",
                                        "Content-Type",
                                        "Content-ID",
                                        "Content-Transfer-Encoding",
                                        "Auto-Submitted",
                                        "List-Unsubscribe",
                                        "List-Unsubscribe-Post"};
    struct buf header, more;
    struct dkim_fields fields;
    buf_init(&header, 1 << 20);
    buf_init(&more, 4096);
    for (size_t i = 0; i < DKIM_MAX_MORE_FIELDS + 4; i++)
        buf_append_format(&more, "X-%zu ", i);
    for (size_t turn = 0; turn < 100 + DKIM_MAX_INSTANCES; turn++) {
        for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
            buf_append_format(&header, "%s: x\r\n", usual[i]);
        for (size_t i = 0; i < DKIM_MAX_MORE_FIELDS + 4; i++)
            buf_append_format(&header, "X-%zu: x\r\n", i);
    }
    dkim_fields_choose(&fields, buf_view(&header), buf_view(&more));
    CHECK_INT(fields.count, (DKIM_USUAL_FIELDS + DKIM_MAX_MORE_FIELDS) * DKIM_MAX_INSTANCES);
    CHECK(!fields.text.failed);
    dkim_fields_fini(&fields);
    buf_fini(&header);
    buf_fini(&more);
}

static void what_changes_on_the_way_may_not_be_named(void)
{
    CHECK(dkim_fields_may_name(STR("X-Campaign")));
    CHECK(dkim_fields_may_name(STR("Subject")));
    CHECK(!dkim_fields_may_name(STR("received")));
    CHECK(!dkim_fields_may_name(STR("Return-Path")));
    CHECK(!dkim_fields_may_name(STR("DKIM-Signature")));
}

int main(void)
{
    TEST(fields_are_chosen_as_a_verifier_finds_them);
    TEST(too_many_of_a_field_are_signed_from_the_bottom);
    TEST(every_name_at_its_limit_fits);
    TEST(what_changes_on_the_way_may_not_be_named);
    return test_result();
}
