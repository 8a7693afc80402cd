#include "mime/date.h"

#include <stdio.h>
#include <time.h>

/* Not strftime: its names follow the locale, these never do. The zone is numeric, as "GMT" is obsolete
 * (RFC 5322 4.3). */
void date_format(int64_t date_s, char text[static DATE_BYTES])
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const int64_t first_s = -62135596800, last_s = 253402300799;
    time_t seconds = date_s < first_s || date_s > last_s ? 0 : date_s;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    snprintf(text, DATE_BYTES, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[utc.tm_wday], utc.tm_mday,
             months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}
