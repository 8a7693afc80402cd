/* The input is a date as a caller writes it, in either form. What is taken is written as RFC 5322 3.3 has it, with the
 * right name of its day, and read again it is the same moment in the same zone. */
#include "fuzz.h"
#include "mime/date.h"

enum { S_PER_DAY = 86400, MIN_PER_DAY = 1440 };

/* Days since 1970 of a date in the Gregorian calendar: counted, not looked up. */
static int64_t count_days(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int64_t years = year - 1;
    int64_t days = years * 365 + years / 4 - years / 100 + years / 400 - 719162;
    return days + before[month] + (is_leap && month > 1) + day - 1;
}

static void check_written(struct date date, const char *text)
{
    static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char day_name[4], month_name[4], sign;
    int day, year, hour, minute, second, zone, end = 0;
    int fields = sscanf(text, "%3s, %2d %3s %4d %2d:%2d:%2d %c%4d%n", day_name, &day, month_name, &year,
                        &hour, &minute, &second, &sign, &zone, &end);
    const char *month = strstr(months, month_name);
    FUZZ_CHECK(fields == 9 && text[end] == '\0' && month && (sign == '+' || sign == '-'));
    int64_t local_day = count_days(year, (int)(month - months) / 3, day);
    int offset_min = (zone / 100 * 60 + zone % 100) * (sign == '-' ? -1 : 1);
    FUZZ_CHECK(offset_min == date.offset_min);
    FUZZ_CHECK(local_day * S_PER_DAY + hour * 3600 + minute * 60 + second - offset_min * 60 == date.utc_s);
    FUZZ_CHECK(memcmp(days + 3 * ((local_day % 7 + 7) % 7), day_name, 3) == 0);
}

void fuzz_input(struct str input)
{
    struct date date, again;
    struct fault fault = {0};
    char text[DATE_BYTES];
    if (!date_parse(input, &date, &fault)) {
        FUZZ_CHECK(fault.code == FAULT_INVALID_HEADER && fault.detail[0]);
        return;
    }
    FUZZ_CHECK(date.offset_min > -MIN_PER_DAY && date.offset_min < MIN_PER_DAY);
    date_format(date, text);
    check_written(date, text);
    FUZZ_CHECK(date_parse(str_of(text), &again, &fault));
    FUZZ_CHECK(again.utc_s == date.utc_s && again.offset_min == date.offset_min);
}
