#include "service/watch/exposition.h"

#include <inttypes.h>

void exposition_append_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void exposition_append_label(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        if (c == '"' || c == '\\' || c == '\n')
            buf_append_char(out, '\\');
        buf_append_char(out, c == '\n' ? 'n' : c);
    }
}

static void append_name(struct buf *out, const char *name, const char *labels)
{
    if (labels[0])
        buf_append_format(out, "%s{%s} ", name, labels);
    else
        buf_append_format(out, "%s ", name);
}

void exposition_append_count(struct buf *out, const char *name, const char *labels, uint64_t value)
{
    append_name(out, name, labels);
    buf_append_format(out, "%" PRIu64 "\n", value);
}

void exposition_append_seconds(struct buf *out, const char *name, const char *labels, int64_t us)
{
    append_name(out, name, labels);
    buf_append_format(out, "%" PRId64 ".%06" PRId64 "\n", us / 1000000, us % 1000000);
}

void exposition_append_gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
    exposition_append_head(out, name, "gauge", help);
    exposition_append_count(out, name, "", value);
}
