#include "mime/filename.h"

#include "base/utf8.h"
#include "mime/cluster.h"
#include "mime/line.h"

/* A longer "extension" is only a dot in a long name: then the end is cut off. */
enum { MAX_EXTENSION_BYTES = 16 };

struct str filename_extension(struct str filename)
{
    size_t dot = str_last_index(filename, '.');
    return str_from(filename, dot > 0 ? dot : filename.len);
}

static struct str last_component(struct str path)
{
    for (size_t at = path.len; at > 0; at--)
        if (path.data[at - 1] == '/' || path.data[at - 1] == '\\')
            return str_from(path, at);
    return path;
}

/* The marks, embeddings, overrides and isolates of UAX 9: with them "exe.fdp" shows as "pdf.exe". */
static bool is_bidirectional_control(uint32_t code_point)
{
    return code_point == 0x61c || code_point == 0x200e || code_point == 0x200f ||
           (code_point >= 0x202a && code_point <= 0x202e) || (code_point >= 0x2066 && code_point <= 0x2069);
}

static void append_clean(struct buf *out, struct str name)
{
    while (name.len) {
        uint32_t code_point;
        size_t len = utf8_decode(name, &code_point);
        if (len && !line_is_control(code_point) && !is_bidirectional_control(code_point))
            buf_append(out, str_first(name, len));
        name = str_from(name, len ? len : 1);
    }
}

/* The front of `stem` of whole clusters, at most `max_bytes`. */
static struct str cut_stem(struct str stem, size_t max_bytes)
{
    size_t len = 0;
    while (len < stem.len) {
        size_t step = cluster_first(str_from(stem, len));
        if (len + step > max_bytes)
            break;
        len += step;
    }
    return str_first(stem, len);
}

struct str filename_clean(struct arena *arena, struct str filename)
{
    struct buf clean;
    buf_init(&clean, filename.len + FILENAME_MAX_BYTES);
    append_clean(&clean, last_component(filename));
    struct str name = str_trim(buf_view(&clean));
    struct str extension = filename_extension(name);
    if (extension.len > MAX_EXTENSION_BYTES)
        extension = STR("");
    struct str stem = cut_stem(str_first(name, name.len - extension.len), FILENAME_MAX_BYTES - extension.len);
    if (!extension.len)
        stem = str_trim(stem); /* it may have been cut behind a blank */
    struct str kept = {0};
    if (stem.len && !str_equal(name, STR(".")) && !str_equal(name, STR("..")))
        kept = arena_format(arena, "%.*s%.*s", STR_ARG(stem), STR_ARG(extension));
    if (clean.failed)
        arena->failed = true;
    buf_wipe(&clean);
    return kept;
}

static size_t append_fallback(char *fallback, struct str part, size_t max_bytes)
{
    size_t len = 0;
    while (part.len && len < max_bytes) {
        char c = part.data[0];
        bool opens_word = c == '?' && len && fallback[len - 1] == '=';
        bool kept = c >= ' ' && c < 0x7f && c != '"' && c != '\\' && !opens_word;
        fallback[len++] = kept ? c : '_';
        part = str_from(part, cluster_first(part));
    }
    return len;
}

void filename_make_fallback(struct str filename, char fallback[static FILENAME_FALLBACK_BYTES])
{
    struct str extension = filename_extension(filename);
    if (extension.len > MAX_EXTENSION_BYTES)
        extension = STR("");
    struct str stem = str_first(filename, filename.len - extension.len);
    size_t len = append_fallback(fallback, stem, FILENAME_FALLBACK_BYTES - 1 - extension.len);
    len += append_fallback(fallback + len, extension, MAX_EXTENSION_BYTES);
    fallback[len] = '\0';
}
