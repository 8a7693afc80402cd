/* Not strftime and strptime: their names follow the locale, these never do. */
#include "mime/date.h"

#include "base/digits.h"

#include <time.h>

enum { MIN_PER_HOUR = 60, S_PER_MIN = 60, FIRST_YEAR = 1 };

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* The zone is numeric, as "GMT" is obsolete (RFC 5322 4.3). */
void date_format(struct date date, char text[static DATE_BYTES])
{
    static const int64_t first_s = -62135596800, last_s = 253402300799;
    int64_t local_s;
    bool outside = __builtin_add_overflow(date.utc_s, (int64_t)date.offset_min * S_PER_MIN, &local_s) ||
                   local_s < first_s || local_s > last_s;
    time_t seconds = outside ? 0 : local_s;
    int offset_min = outside ? 0 : date.offset_min;
    int distance_min = offset_min < 0 ? -offset_min : offset_min;
    struct tm local;
    gmtime_r(&seconds, &local);
    text = digits_text(text, str_of(days[local.tm_wday]));
    text = digits_decimal(text, STR(", "), local.tm_mday, 2);
    text = digits_text(text, STR(" "));
    text = digits_text(text, str_of(months[local.tm_mon]));
    text = digits_decimal(text, STR(" "), local.tm_year + 1900, 4);
    text = digits_decimal(text, STR(" "), local.tm_hour, 2);
    text = digits_decimal(text, STR(":"), local.tm_min, 2);
    text = digits_decimal(text, STR(":"), local.tm_sec, 2);
    text = digits_decimal(text, offset_min < 0 ? STR(" -") : STR(" +"), distance_min / MIN_PER_HOUR, 2);
    text = digits_decimal(text, STR(""), distance_min % MIN_PER_HOUR, 2);
    *text = '\0';
}

/* --- reading: each function takes what it is for off the front of `rest`, and is false where it is not there */

static bool take_number(struct str *rest, size_t min_digits, size_t max_digits, int *value)
{
    size_t digits = 0;
    *value = 0;
    while (digits < rest->len && digits < max_digits && char_is_digit(rest->data[digits]))
        *value = *value * 10 + (rest->data[digits++] - '0');
    *rest = str_from(*rest, digits);
    return digits >= min_digits;
}

static bool take_char(struct str *rest, char c)
{
    if (!rest->len || char_to_lower(rest->data[0]) != char_to_lower(c))
        return false;
    *rest = str_from(*rest, 1);
    return true;
}

static void skip_spaces(struct str *rest)
{
    while (rest->len && rest->data[0] == ' ')
        *rest = str_from(*rest, 1);
}

static bool take_spaces(struct str *rest)
{
    size_t len = rest->len;
    skip_spaces(rest);
    return rest->len < len;
}

static bool take_name(struct str *rest, const char names[][4], int count, int *index)
{
    for (*index = 0; *index < count; (*index)++)
        if (str_starts_with_nocase(*rest, str_of(names[*index]))) {
            *rest = str_from(*rest, 3);
            return true;
        }
    return false;
}

static bool take_offset(struct str *rest, bool with_colon, int *offset_min)
{
    int hours, minutes;
    bool east = take_char(rest, '+');
    if (!east && !take_char(rest, '-'))
        return false;
    if (!take_number(rest, 2, 2, &hours) || (with_colon && !take_char(rest, ':')) ||
        !take_number(rest, 2, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_min = (hours * MIN_PER_HOUR + minutes) * (east ? 1 : -1);
    return true;
}

static bool take_zone_name(struct str *rest, int *offset_min)
{
    static const char *const names[] = {"GMT", "UTC", "UT", "Z"};
    *offset_min = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_equal_nocase(*rest, str_of(names[i]))) {
            *rest = str_from(*rest, rest->len);
            return true;
        }
    return false;
}

/* A leap second is told as the one before it. The last year is 9999: more digits are not read. */
static bool set_utc(struct tm *local, struct date *date)
{
    int day = local->tm_mday, month = local->tm_mon;
    bool in_range = local->tm_hour <= 23 && local->tm_min <= 59 && local->tm_sec <= 60 &&
                    local->tm_year + 1900 >= FIRST_YEAR;
    if (local->tm_sec == 60)
        local->tm_sec = 59;
    date->utc_s = (int64_t)timegm(local) - (int64_t)date->offset_min * S_PER_MIN;
    return in_range && local->tm_mday == day && local->tm_mon == month;
}

/* RFC 3339 5.6. */
static bool parse_internet(struct str rest, struct date *date)
{
    struct tm local = {0};
    int ignored;
    bool fits = take_number(&rest, 4, 4, &local.tm_year) && take_char(&rest, '-') &&
                take_number(&rest, 2, 2, &local.tm_mon) && take_char(&rest, '-') &&
                take_number(&rest, 2, 2, &local.tm_mday) &&
                (take_char(&rest, 'T') || take_char(&rest, ' ')) &&
                take_number(&rest, 2, 2, &local.tm_hour) && take_char(&rest, ':') &&
                take_number(&rest, 2, 2, &local.tm_min) && take_char(&rest, ':') &&
                take_number(&rest, 2, 2, &local.tm_sec) &&
                (!take_char(&rest, '.') || take_number(&rest, 1, 9, &ignored)) &&
                (take_offset(&rest, true, &date->offset_min) || take_zone_name(&rest, &date->offset_min));
    local.tm_year -= 1900;
    local.tm_mon -= 1;
    return fits && rest.len == 0 && set_utc(&local, date);
}

/* RFC 5322 3.3; the name of the day must be that of the date. */
static bool parse_mail(struct str rest, struct date *date)
{
    struct tm local = {0};
    int week_day = -1;
    if (take_name(&rest, days, 7, &week_day)) {
        if (!take_char(&rest, ','))
            return false;
        skip_spaces(&rest);
    } else {
        week_day = -1;
    }
    bool fits = take_number(&rest, 1, 2, &local.tm_mday) && take_spaces(&rest) &&
                take_name(&rest, months, 12, &local.tm_mon) && take_spaces(&rest) &&
                take_number(&rest, 4, 4, &local.tm_year) && take_spaces(&rest) &&
                take_number(&rest, 2, 2, &local.tm_hour) && take_char(&rest, ':') &&
                take_number(&rest, 2, 2, &local.tm_min) &&
                (!take_char(&rest, ':') || take_number(&rest, 2, 2, &local.tm_sec)) && take_spaces(&rest) &&
                (take_offset(&rest, false, &date->offset_min) || take_zone_name(&rest, &date->offset_min));
    local.tm_year -= 1900;
    return fits && rest.len == 0 && set_utc(&local, date) && (week_day < 0 || week_day == local.tm_wday);
}

bool date_parse(struct str text, struct date *date, struct fault *fault)
{
    struct date mail = {0}, internet = {0};
    if (parse_mail(text, &mail))
        *date = mail;
    else if (parse_internet(text, &internet))
        *date = internet;
    else
        return fault_set(fault, FAULT_INVALID_HEADER,
                         "this is no date such as \"Mon, 23 Nov 2026 08:06:00 +0100\" or "
                         "\"2026-11-23T08:06:00+01:00\"");
    return true;
}
