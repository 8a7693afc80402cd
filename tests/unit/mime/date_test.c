#include "mime/date.h"
#include "test.h"

static void dates_are_written_in_utc(void)
{
    static const struct {
        int64_t date_s;
        const char *want;
    } rows[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 +0000"},
        {1795417560, "Mon, 23 Nov 2026 07:06:00 +0000"},
        {951782399, "Mon, 28 Feb 2000 23:59:59 +0000"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 +0000"},
        {4102444799, "Thu, 31 Dec 2099 23:59:59 +0000"},
        {-1, "Wed, 31 Dec 1969 23:59:59 +0000"},
        {253402300799, "Fri, 31 Dec 9999 23:59:59 +0000"},
        {253402300800, "Thu, 01 Jan 1970 00:00:00 +0000"},
        {-62135596800, "Mon, 01 Jan 0001 00:00:00 +0000"},
        {INT64_MIN, "Thu, 01 Jan 1970 00:00:00 +0000"},
        {-62135596801, "Thu, 01 Jan 1970 00:00:00 +0000"},
        {INT64_MAX, "Thu, 01 Jan 1970 00:00:00 +0000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[DATE_BYTES];
        date_format((struct date){.utc_s = rows[i].date_s}, text);
        test_row("%lld, %s", (long long)rows[i].date_s, rows[i].want);
        CHECK_TEXT(str_of(text), rows[i].want);
    }
}

static void a_local_time_beyond_the_years_is_none(void)
{
    static const struct date rows[] = {
        {INT64_MAX, 60}, {INT64_MIN, -60}, {253402300799, 1}, {-62135596800, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[DATE_BYTES];
        date_format(rows[i], text);
        test_row("%zu", i);
        CHECK_TEXT(str_of(text), "Thu, 01 Jan 1970 00:00:00 +0000");
    }
}

static void a_date_keeps_its_zone(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"Mon, 23 Nov 2026 08:06:00 +0100", "Mon, 23 Nov 2026 08:06:00 +0100"},
        {"23 Nov 2026 08:06 -0330", "Mon, 23 Nov 2026 08:06:00 -0330"},
        {"mon,  1  jan  2001  00:00:00 GMT", "Mon, 01 Jan 2001 00:00:00 +0000"},
        {"Fri, 21 Nov 1997 09:55:06 -0600", "Fri, 21 Nov 1997 09:55:06 -0600"},
        {"2026-11-23T08:06:00+01:00", "Mon, 23 Nov 2026 08:06:00 +0100"},
        {"2026-11-23t08:06:00.123456Z", "Mon, 23 Nov 2026 08:06:00 +0000"},
        {"1985-04-12 23:20:50.52z", "Fri, 12 Apr 1985 23:20:50 +0000"},
        {"1990-12-31T15:59:60-08:00", "Mon, 31 Dec 1990 15:59:59 -0800"},
        {"1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 +0000"},
        {"Thu, 29 Feb 2024 23:59:60 +2359", "Thu, 29 Feb 2024 23:59:59 +2359"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[DATE_BYTES];
        struct date date;
        struct fault fault;
        test_row("%s", rows[i].text);
        if (!CHECK(date_parse(str_of(rows[i].text), &date, &fault)))
            continue;
        date_format(date, text);
        CHECK_TEXT(str_of(text), rows[i].want);
    }
}

static void what_is_no_date_is_refused(void)
{
    static const char *const rows[] = {
        "",
        "now",
        "Mon, 23 Nov 2026 08:06:00",
        "Tue, 23 Nov 2026 08:06:00 +0000",
        "Mon 23 Nov 2026 08:06:00 +0000",
        "31 Feb 2026 08:06:00 +0000",
        "00 Jan 2026 08:06:00 +0000",
        "23 Nov 26 08:06:00 +0000",
        "23 Nov 2026 24:00:00 +0000",
        "23 Nov 2026 08:60:00 +0000",
        "23 Nov 2026 08:06:61 +0000",
        "23 Nov 2026 08:06:00 +2400",
        "23 Nov 2026 08:06:00 EST",
        "23 Nov 2026 08:06:00 +0000 (CET)",
        "23 Nov 2026 08:06:00 +0000\r\nX: y",
        "23 Nov 0000 08:06:00 +0000",
        "2026-11-23",
        "2026-11-23T08:06:00",
        "2026-13-23T08:06:00Z",
        "2026-00-23T08:06:00Z",
        "2026-02-29T08:06:00Z",
        "2026-11-23T08:06:00.Z",
        "2026-11-23T08:06:00+0100",
        "2026-11-23T08:06:00Zulu",
        "2026-11-23T08:06:00+01:00x",
        "2026-11-23T08:06:00+01:60",
        "0000-11-23T08:06:00Z",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct date date;
        struct fault fault;
        test_row("%s", rows[i]);
        CHECK(!date_parse(str_of(rows[i]), &date, &fault) && fault.code == FAULT_INVALID_HEADER);
    }
}

/* Cut short behind any octet, or with any one of them another. */
static void every_octet_of_a_date_counts(void)
{
    static const char *const rows[] = {
        "Mon, 23 Nov 2026 08:06:00 +0100",
        "23 Nov 2026 08:06:00 -0100",
        "2026-11-23T08:06:00.5+01:00",
        "2026-11-23 08:06:00Z",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct date date;
        struct fault fault;
        struct str whole = str_of(rows[i]);
        CHECK(date_parse(whole, &date, &fault));
        for (size_t at = 0; at < whole.len; at++) {
            char text[64];
            test_row("%s, octet %zu", rows[i], at);
            CHECK(!date_parse(str_first(whole, at), &date, &fault));
            snprintf(text, sizeof text, "%s", rows[i]);
            text[at] = '!';
            CHECK(!date_parse(str_of(text), &date, &fault));
        }
    }
}

int main(void)
{
    TEST(a_date_keeps_its_zone);
    TEST(what_is_no_date_is_refused);
    TEST(every_octet_of_a_date_counts);
    TEST(dates_are_written_in_utc);
    TEST(a_local_time_beyond_the_years_is_none);
    return test_result();
}
