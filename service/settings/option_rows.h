/* service/settings/option_rows.h: a row an option: what it is called, what it may be, and where its value is.
 *
 * For what reads values (options.c) and what shows them (option_show.c).
 */
#ifndef POSTERN_SERVICE_SETTINGS_OPTION_ROWS_H
#define POSTERN_SERVICE_SETTINGS_OPTION_ROWS_H

#include "service/settings/option_table.h"

/* URLs are secrets of which only the credentials are masked. */
enum option_kind { KIND_TEXT, KIND_SECRET, KIND_URLS, KIND_COUNT, KIND_DURATION, KIND_CHOICE };

struct option {
    const char *name;
    enum option_kind kind;
    size_t offset;
    const char *default_text; /* NULL: absent */
    uint64_t min, max;        /* of a count, or of a duration in milliseconds */
    const char *choices;      /* separated by spaces; the value is the word's index */
    const char *meaning;
};

enum { OPTION_SECOND_MS = 1000, OPTION_HOUR_MS = 3600 * OPTION_SECOND_MS };

extern const struct option option_rows[];
extern const size_t option_row_count;

#endif
