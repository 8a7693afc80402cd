#include "api/json/json_write.h"

#include "api/json/json_string.h"
#include "base/utf8.h"

enum { US_PER_TENTH_MS = 100 };

void json_writer_init(struct json_writer *json, size_t max_bytes)
{
    *json = (struct json_writer){0};
    buf_init(&json->out, max_bytes);
}

static void begin(struct json_writer *json, const char *name)
{
    if (json->wants_comma)
        buf_append_char(&json->out, ',');
    if (name) {
        buf_append_char(&json->out, '"');
        buf_append(&json->out, str_of(name));
        buf_append(&json->out, STR("\":"));
    }
    json->wants_comma = true;
}

static void open_with(struct json_writer *json, const char *name, char bracket)
{
    begin(json, name);
    buf_append_char(&json->out, bracket);
    json->wants_comma = false;
}

static void close_with(struct json_writer *json, char bracket)
{
    buf_append_char(&json->out, bracket);
    json->wants_comma = true;
}

void json_open_object(struct json_writer *json, const char *name)
{
    open_with(json, name, '{');
}

void json_close_object(struct json_writer *json)
{
    close_with(json, '}');
}

void json_open_array(struct json_writer *json, const char *name)
{
    open_with(json, name, '[');
}

void json_close_array(struct json_writer *json)
{
    close_with(json, ']');
}

static void append_escaped(struct buf *out, char c)
{
    static const char short_forms[] = "\"\"\\\\\nn\rr\tt";
    for (const char *form = short_forms; *form; form += 2) {
        if (*form == c) {
            buf_append_char(out, '\\');
            buf_append_char(out, form[1]);
            return;
        }
    }
    buf_append_format(out, "\\u%04x", (unsigned)(unsigned char)c);
}

void json_text(struct json_writer *json, const char *name, struct str text)
{
    if (!text.data) {
        json_null(json, name);
        return;
    }
    begin(json, name);
    buf_append_char(&json->out, '"');
    while (text.len) {
        size_t len = block_run(text, text.len, json_find_special);
        buf_append(&json->out, str_first(text, len));
        text = str_from(text, len);
        if (!text.len)
            break;
        uint32_t code_point;
        len = utf8_decode(text, &code_point);
        if (len == 0)
            buf_append(&json->out, STR("\xef\xbf\xbd"));
        else if (len == 1)
            append_escaped(&json->out, text.data[0]);
        else
            buf_append(&json->out, str_first(text, len));
        text = str_from(text, len ? len : 1);
    }
    buf_append_char(&json->out, '"');
}

void json_bool(struct json_writer *json, const char *name, bool value)
{
    begin(json, name);
    buf_append(&json->out, value ? STR("true") : STR("false"));
}

void json_uint(struct json_writer *json, const char *name, uint64_t value)
{
    begin(json, name);
    buf_append_uint(&json->out, value);
}

void json_null(struct json_writer *json, const char *name)
{
    begin(json, name);
    buf_append(&json->out, STR("null"));
}

void json_milliseconds(struct json_writer *json, const char *name, int64_t us)
{
    int64_t tenths = us > 0 ? (us + US_PER_TENTH_MS / 2) / US_PER_TENTH_MS : 0;
    begin(json, name);
    buf_append_uint(&json->out, (uint64_t)tenths / 10);
    buf_append_char(&json->out, '.');
    buf_append_uint(&json->out, (uint64_t)tenths % 10);
}

char *json_take(struct json_writer *json, size_t *bytes)
{
    buf_append_char(&json->out, '\0');
    if (json->out.failed) {
        buf_fini(&json->out);
        return NULL;
    }
    *bytes = json->out.len - 1;
    return json->out.data;
}
