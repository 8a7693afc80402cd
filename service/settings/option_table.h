/* service/settings/option_table.h: the table of options, and the one way in which a value gets into its field.
 *
 * What finds values (option_sources.c), what shows them (option_show.c) and the program meet here.
 */
#ifndef POSTERN_SERVICE_SETTINGS_OPTION_TABLE_H
#define POSTERN_SERVICE_SETTINGS_OPTION_TABLE_H

#include "service/settings/options.h"

struct option;

#define OPTION_PREFIX "POSTERN_" /* of environment variables */

/* By its name, in either case; NULL where there is none. */
const struct option *option_find(struct str name);

const char *option_name(const struct option *option);

/* It may also be given as NAME_FILE, and is not shown. */
bool option_is_secret(const struct option *option);

enum { OPTION_RANGE_BYTES = 96 };

/* What the manual says of it. */
struct option_facts {
    const char *name, *meaning;
    const char *preset;             /* NULL: none */
    const char *choices;            /* NULL: any; else words with spaces between them */
    bool has_file_twin;             /* NAME_FILE names a file with the value */
    char range[OPTION_RANGE_BYTES]; /* of a number or a time, in words; else empty */
};

/* In the order of the table; false past its end. */
bool option_describe(size_t index, struct option_facts *facts);

/* Reads `text` as the option's kind of value. Fault: INVALID_REQUEST, saying what is wanted. */
bool option_set(struct settings *settings, const struct option *option, struct str text,
                enum option_source source, struct fault *fault);

/* Another default, which stands unless the user has said otherwise. */
bool option_suggest(struct settings *settings, const char *name, const char *text, struct fault *fault);
bool options_set_defaults(struct settings *settings, struct fault *fault);

#endif
