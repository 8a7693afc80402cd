/* How a value is read, and the one way in which it gets into its field. Where values come from is option_sources.c's. */
#include "service/settings/option_rows.h"

#include <inttypes.h>

static void *field_of(struct settings *settings, const struct option *option)
{
    return (char *)settings + option->offset;
}

const char *option_name(const struct option *option)
{
    return option->name;
}

bool option_is_secret(const struct option *option)
{
    return option->kind == KIND_SECRET || option->kind == KIND_URLS;
}

const struct option *option_find(struct str name)
{
    for (size_t i = 0; i < option_row_count; i++)
        if (str_equal_nocase(name, str_of(option_rows[i].name)))
            return &option_rows[i];
    return NULL;
}

/* "250ms", "30s", "2m", "1h"; a bare number is seconds. */
static bool duration_parse(struct str text, int64_t *duration_ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1},
                 {"s", OPTION_SECOND_MS},
                 {"m", 60 * OPTION_SECOND_MS},
                 {"h", OPTION_HOUR_MS},
                 {"", OPTION_SECOND_MS}};
    size_t digits = 0;
    while (digits < text.len && char_is_digit(text.data[digits]))
        digits++;
    uint64_t number;
    if (!str_to_uint(str_first(text, digits), OPTION_HOUR_MS, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (str_equal(str_from(text, digits), str_of(units[i].unit))) {
            *duration_ms = (int64_t)(number * units[i].ms);
            return true;
        }
    return false;
}

static bool choice_parse(struct str text, const char *choices, int *index)
{
    struct str rest = str_of(choices);
    for (int i = 0; rest.data; i++)
        if (str_equal(str_cut(&rest, ' '), text)) {
            *index = i;
            return true;
        }
    return false;
}

static bool refuse(const struct option *option, struct str text, struct fault *fault)
{
    switch (option->kind) {
    case KIND_COUNT:
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option %s: \"%.*s\" is not a whole number from %" PRIu64 " to %" PRIu64,
                         option->name, STR_ARG(text), option->min, option->max);
    case KIND_DURATION:
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option %s: \"%.*s\" is not a time such as 500ms, 30s or 5m, from %" PRIu64
                         "ms to 1h",
                         option->name, STR_ARG(text), option->min);
    case KIND_CHOICE:
        return fault_set(fault, FAULT_INVALID_REQUEST, "option %s: \"%.*s\" is none of: %s", option->name,
                         STR_ARG(text), option->choices);
    case KIND_TEXT:
    case KIND_SECRET:
    case KIND_URLS: break;
    }
    return fault_set(fault, FAULT_INVALID_REQUEST, "option %s: the value holds a control character",
                     option->name);
}

static bool text_is_clean(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (char_is_control(text.data[i]))
            return false;
    return true;
}

/* An empty text is no text: `POSTERN_SMTP_CA_FILE=` unsets. */
static bool value_parse(struct settings *settings, const struct option *option, struct str text)
{
    void *field = field_of(settings, option);
    int64_t duration_ms;
    switch (option->kind) {
    case KIND_TEXT:
    case KIND_SECRET:
    case KIND_URLS:
        *(struct str *)field = text.len ? arena_copy(&settings->arena, text) : (struct str){0};
        return text_is_clean(text);
    case KIND_COUNT: return str_to_uint(text, option->max, field) && *(uint64_t *)field >= option->min;
    case KIND_DURATION:
        if (!duration_parse(text, &duration_ms) || duration_ms < (int64_t)option->min ||
            duration_ms > (int64_t)option->max)
            return false;
        *(int64_t *)field = duration_ms;
        return true;
    case KIND_CHOICE: return choice_parse(text, option->choices, field);
    }
    return false;
}

bool option_set(struct settings *settings, const struct option *option, struct str text,
                enum option_source source, struct fault *fault)
{
    if (!value_parse(settings, option, text))
        return refuse(option, text, fault);
    if (settings->arena.failed)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory while reading the options");
    settings->sources[option - option_rows] = source;
    return true;
}

bool option_suggest(struct settings *settings, const char *name, const char *text, struct fault *fault)
{
    const struct option *option = option_find(str_of(name));
    return settings->sources[option - option_rows] != SOURCE_DEFAULT ||
           option_set(settings, option, str_of(text), SOURCE_DEFAULT, fault);
}

bool options_set_defaults(struct settings *settings, struct fault *fault)
{
    for (size_t i = 0; i < option_row_count; i++)
        if (option_rows[i].default_text &&
            !option_set(settings, &option_rows[i], str_of(option_rows[i].default_text), SOURCE_DEFAULT,
                        fault))
            return false;
    return true;
}
