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
        {INT64_MAX, "Thu, 01 Jan 1970 00:00:00 +0000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[DATE_BYTES];
        date_format(rows[i].date_s, text);
        test_row("%s", rows[i].want);
        CHECK_TEXT(str_of(text), rows[i].want);
    }
}

int main(void)
{
    TEST(dates_are_written_in_utc);
    return test_result();
}
