/* What is told of the options: in the help, in the manual, and of the values that they have. */
#include "service/settings/option_rows.h"

#include <inttypes.h>
#include <stdio.h>

static const void *field_of(const struct settings *settings, const struct option *option)
{
    return (const char *)settings + option->offset;
}

static void append_variable(struct buf *out, const struct option *option)
{
    buf_append(out, STR(OPTION_PREFIX));
    for (const char *c = option->name; *c; c++)
        buf_append_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
}

/* Where NAME_FILE is an option with a meaning of its own, it has a row of its own. */
static bool has_file_twin(const struct option *option)
{
    char name[64];
    snprintf(name, sizeof name, "%s_file", option->name);
    return option_is_secret(option) && !option_find(str_of(name));
}

void options_append_help(struct buf *out)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option *option = &option_rows[i];
        buf_append(out, STR("  "));
        append_variable(out, option);
        if (has_file_twin(option))
            buf_append(out, STR("[_FILE]"));
        if (option->default_text)
            buf_append_format(out, " (%s)", option->default_text);
        buf_append_format(out, "\n      %s", option->meaning);
        if (option->choices)
            buf_append_format(out, ": %s", option->choices);
        buf_append_char(out, '\n');
    }
}

bool option_describe(size_t index, struct option_facts *facts)
{
    if (index >= option_row_count)
        return false;
    const struct option *option = &option_rows[index];
    *facts = (struct option_facts){option->name,    option->meaning,       option->default_text,
                                   option->choices, has_file_twin(option), ""};
    if (option->kind == KIND_COUNT)
        snprintf(facts->range, sizeof facts->range, "a whole number from %" PRIu64 " to %" PRIu64,
                 option->min, option->max);
    else if (option->kind == KIND_DURATION)
        snprintf(facts->range, sizeof facts->range, "a time from %" PRIu64 "ms to %" PRIu64 "h", option->min,
                 option->max / OPTION_HOUR_MS);
    return true;
}

/* Any other word may be part of a password. */
static struct str scheme_of(struct str url)
{
    static const struct str schemes[] = {STR("smtp://"),    STR("smtps://"), STR("lmtp://"), STR("socks5://"),
                                         STR("socks5h://"), STR("http://"),  STR("https://")};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (str_starts_with(url, schemes[i]))
            return schemes[i];
    return STR("");
}

/* With the words behind it that have no scheme: a password may hold a space, if only by mistake. */
static struct str cut_url(struct str *urls)
{
    struct str url = str_cut(urls, ' ');
    while (urls->len && !scheme_of(*urls).len) {
        struct str word = str_cut(urls, ' ');
        url.len = (size_t)(word.data + word.len - url.data);
    }
    return url;
}

/* Where there is no "@", is it a host, and a port of digits if any? Else it may be a password whose "@host" was
 * forgotten. */
static bool is_place(struct str text)
{
    struct str place = str_cut(&text, '?');
    place = str_cut(&place, '/');
    size_t colon = str_last_index(place, ':');
    uint64_t port;
    return str_index(place, ' ') == place.len &&
           (colon == place.len || str_last_index(place, ']') + 1 == place.len ||
            str_to_uint(str_from(place, colon + 1), UINT16_MAX, &port));
}

/* In each URL all that stands before its last "@", but for the scheme. */
static void append_masked_urls(struct buf *out, struct str urls)
{
    while (urls.len) {
        struct str url = cut_url(&urls), scheme = scheme_of(url);
        size_t at = str_last_index(url, '@');
        buf_append(out, scheme);
        if (at < url.len || !scheme.len || !is_place(str_from(url, scheme.len))) {
            buf_append(out, STR("***"));
            buf_append(out, str_from(url, at));
        } else {
            buf_append(out, str_from(url, scheme.len));
        }
        buf_append(out, urls.len ? STR(" ") : STR(""));
    }
}

static struct str choice_word(const char *choices, int index)
{
    struct str rest = str_of(choices);
    struct str word = str_cut(&rest, ' ');
    for (int i = 0; i < index; i++)
        word = str_cut(&rest, ' ');
    return word;
}

static void append_value(struct buf *out, const struct settings *settings, const struct option *option)
{
    const void *field = field_of(settings, option);
    const struct str *text = field;
    switch (option->kind) {
    case KIND_TEXT: buf_append(out, *text); break;
    case KIND_SECRET: buf_append(out, text->data ? STR("***") : STR("")); break;
    case KIND_URLS: append_masked_urls(out, *text); break;
    case KIND_COUNT: buf_append_format(out, "%" PRIu64, *(const uint64_t *)field); break;
    case KIND_DURATION: buf_append_format(out, "%" PRId64 "ms", *(const int64_t *)field); break;
    case KIND_CHOICE: buf_append(out, choice_word(option->choices, *(const int *)field)); break;
    }
}

/* Each entry is domain:selector:file. */
static void visit_dkim_files(struct str entries, void (*visit)(void *, struct str), void *context)
{
    while (entries.len) {
        struct str file = str_cut(&entries, ' ');
        str_cut(&file, ':');
        str_cut(&file, ':');
        if (file.len)
            visit(context, file);
    }
}

void settings_visit_files(const struct settings *settings, void (*visit)(void *context, struct str path),
                          void *context)
{
    const struct str suffix = STR("_file");
    for (size_t i = 0; i < option_row_count; i++) {
        const struct str *path = field_of(settings, &option_rows[i]);
        struct str name = str_of(option_rows[i].name);
        if (option_rows[i].kind == KIND_TEXT && name.len > suffix.len &&
            str_equal(str_from(name, name.len - suffix.len), suffix) && path->len)
            visit(context, *path);
    }
    for (const struct secret_file *file = settings->secret_files; file; file = file->next)
        visit(context, file->path);
    visit_dkim_files(settings->dkim_keys, visit, context);
}

void settings_append(struct buf *out, const struct settings *settings)
{
    static const char *const source_names[] = {"default", "file", "environment", "--set"};
    for (size_t i = 0; i < option_row_count; i++) {
        buf_append_format(out, "%s=", option_rows[i].name);
        append_value(out, settings, &option_rows[i]);
        buf_append_format(out, "  # %s\n", source_names[settings->sources[i]]);
    }
}
