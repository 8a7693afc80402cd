/* base/log.h: one line an event on stderr, as logfmt or JSON.
 *
 * Values are escaped, so that nothing a peer or caller sent can forge a line. Message contents and
 * credentials are never handed to the log, at any level.
 *
 * Errors     a line that stderr does not take at once is dropped; the next one that is taken says how many
 *            were.
 * Threads    any: a line is one write.
 * Limits     a line has 4 KiB: a field that does not fit whole is left out. A value is cut at 1 KiB.
 */
#ifndef POSTERN_BASE_LOG_H
#define POSTERN_BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

enum log_value { LOG_VALUE_STR, LOG_VALUE_INT, LOG_VALUE_MS };

struct log_field {
    const char *name;
    enum log_value kind;
    struct str text;
    int64_t number;
};

#define LOG_STR(name, view)   ((struct log_field){(name), LOG_VALUE_STR, (view), 0})
#define LOG_TEXT(name, c_str) ((struct log_field){(name), LOG_VALUE_STR, str_of(c_str), 0})
#define LOG_INT(name, value)  ((struct log_field){(name), LOG_VALUE_INT, {0}, (value)})
#define LOG_MS(name, us)      ((struct log_field){(name), LOG_VALUE_MS, {0}, (us)}) /* as milliseconds */
#define LOG_NOTHING           ((struct log_field){NULL, LOG_VALUE_STR, {0}, 0})

/* Without it, info as logfmt. Where stderr is the journal's, as $JOURNAL_STREAM says, each line begins with its
 * priority (sd-daemon(3)). Threads: any. */
void log_configure(enum log_level level, enum log_format format);

/* Whether a line of this level would be written: for what is costly to gather. */
bool log_wants(enum log_level level);

/* log_event(LOG_LEVEL_INFO, "listening", LOG_TEXT("address", "127.0.0.1:8587")); absent values are left
 * out. */
#define log_event(level, message, ...)                                                                       \
    log_write((level), (message), (const struct log_field[]){__VA_ARGS__},                                   \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count);

/* How many lines were dropped since the start. */
uint64_t log_dropped_lines(void);

#endif
