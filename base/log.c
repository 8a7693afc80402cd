#include "base/log.h"

#include "base/block.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINE_BYTES = 4096, MAX_VALUE_BYTES = 1024 };

/* Set at each reload, while other threads write. */
static struct {
    _Atomic enum log_level level;
    _Atomic enum log_format format;
    atomic_bool has_priorities;
    atomic_bool is_file; /* takes each line at once, and whole */
} settings = {LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, false, false};

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const int priorities[] = {7, 6, 4, 3}; /* syslog(3) */

/* "device:inode" of what the journal reads (systemd.exec(5)): a process may have inherited the variable, and another
 * stderr. */
static bool stderr_is_journal(void)
{
    struct str inode = str_of(getenv("JOURNAL_STREAM"));
    struct str device = str_cut(&inode, ':');
    struct stat status;
    uint64_t device_number, inode_number;
    return str_to_uint(device, UINT64_MAX, &device_number) && str_to_uint(inode, UINT64_MAX, &inode_number) &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device_number &&
           status.st_ino == inode_number;
}

static bool stderr_is_file(void)
{
    struct stat status;
    return fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
}

void log_configure(enum log_level level, enum log_format format)
{
    settings.level = level;
    settings.format = format;
    settings.has_priorities = stderr_is_journal();
    settings.is_file = stderr_is_file();
}

bool log_wants(enum log_level level)
{
    return level >= settings.level;
}

/* All but ASCII that stands for itself between quotes. */
static block find_special(block octets)
{
    return (block)((octets < ' ') | (octets >= 0x7f) | (octets == '"') | (octets == '\\'));
}

/* Quoting as JSON has it serves logfmt too. */
static void append_quoted(struct buf *line, struct str value)
{
    value = utf8_first(value, MAX_VALUE_BYTES);
    buf_append_char(line, '"');
    while (value.len) {
        uint32_t code_point;
        size_t plain = block_run(value, value.len, find_special);
        size_t len = plain ? plain : utf8_decode(value, &code_point);
        if (!len)
            buf_append(line, STR("\\ufffd"));
        else if (!plain && utf8_is_control(code_point))
            buf_append_format(line, "\\u%04x", code_point);
        else {
            if (!plain && len == 1)
                buf_append_char(line, '\\');
            buf_append(line, str_first(value, len));
        }
        value = str_from(value, len ? len : 1);
    }
    buf_append_char(line, '"');
}

static block find_quoted(block octets)
{
    return (block)((octets <= ' ') | (octets >= 0x7f) | (octets == '"') | (octets == '=') | (octets == '\\'));
}

static bool needs_no_quotes(struct str value)
{
    return value.len > 0 && value.len <= MAX_VALUE_BYTES &&
           block_run(value, value.len, find_quoted) == value.len;
}

static void append_number(struct buf *line, int64_t number)
{
    if (number < 0)
        buf_append_char(line, '-');
    buf_append_uint(line, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

static void append_milliseconds(struct buf *line, int64_t us)
{
    uint64_t rest = (uint64_t)(us < 0 ? -us : us) % 1000;
    char decimals[] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};
    append_number(line, us / 1000);
    buf_append(line, (struct str){decimals, sizeof decimals});
}

static void append_value(struct buf *line, const struct log_field *field)
{
    if (field->kind == LOG_VALUE_INT)
        append_number(line, field->number);
    else if (field->kind == LOG_VALUE_MS)
        append_milliseconds(line, field->number);
    else if (settings.format == LOG_FORMAT_LOGFMT && needs_no_quotes(field->text))
        buf_append(line, field->text);
    else
        append_quoted(line, field->text);
}

static const char first_field[] = "time";

static void append_field(struct buf *line, const struct log_field *field)
{
    if (!field->name || (field->kind == LOG_VALUE_STR && !field->text.data))
        return;
    bool json = settings.format == LOG_FORMAT_JSON;
    if (strcmp(field->name, first_field) != 0)
        buf_append_char(line, json ? ',' : ' ');
    buf_append(line, json ? STR("\"") : STR(""));
    buf_append(line, str_of(field->name));
    buf_append(line, json ? STR("\":") : STR("="));
    append_value(line, field);
}

/* How many lines stderr did not take, until one tells of them, and in all. */
static atomic_uint dropped_lines;
static atomic_uint_fast64_t dropped_in_all;

static bool write_line(struct str line)
{
    return write(STDERR_FILENO, line.data, line.len) >= 0;
}

/* A reader that does not keep up must not hold up the mail: what is not taken at once is dropped. A line is
 * no longer than what a pipe takes whole (PIPE_BUF), so that POLLOUT says that the write will not wait, where no
 * other thread writes before it. */
static bool write_line_at_once(struct str line)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    pthread_mutex_lock(&one_at_a_time);
    bool taken = poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) && write_line(line);
    pthread_mutex_unlock(&one_at_a_time);
    return taken;
}

static bool put_line(struct str line)
{
    return settings.is_file ? write_line(line) : write_line_at_once(line);
}

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t count)
{
    if (!log_wants(level))
        return;
    char stamp[CLOCK_RFC3339_BYTES];
    clock_format_rfc3339(clock_wall_ms(), stamp);
    struct buf line;
    buf_init(&line, MAX_LINE_BYTES);
    buf_reserve(&line, MAX_LINE_BYTES);
    bool json = settings.format == LOG_FORMAT_JSON;
    if (settings.has_priorities)
        buf_append_format(&line, "<%d>", priorities[level]);
    buf_append(&line, json ? STR("{") : STR(""));
    append_field(&line, &LOG_TEXT(first_field, stamp));
    append_field(&line, &LOG_TEXT("level", level_names[level]));
    append_field(&line, &LOG_TEXT("msg", message));
    unsigned dropped = atomic_exchange(&dropped_lines, 0);
    if (dropped)
        append_field(&line, &LOG_INT("lines_dropped", dropped));
    for (size_t i = 0; i < count; i++) {
        /* A field that does not fit whole is left out, so that the line stays well-formed. */
        size_t before = line.len;
        append_field(&line, &fields[i]);
        if (line.failed || line.len > MAX_LINE_BYTES - sizeof "}\n") {
            line.len = before;
            line.failed = false;
        }
    }
    buf_append(&line, json ? STR("}\n") : STR("\n"));
    if (line.failed || !put_line(buf_view(&line))) {
        atomic_fetch_add(&dropped_lines, dropped + 1);
        atomic_fetch_add(&dropped_in_all, 1);
    }
    buf_fini(&line);
}

uint64_t log_dropped_lines(void)
{
    return atomic_load(&dropped_in_all);
}
