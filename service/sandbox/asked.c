#include "service/sandbox/asked.h"

#include "api/http/query.h"
#include "base/percent.h"
#include "base/utf8.h"

enum { SHOWN_NAME_BYTES = 64, MAX_TEXT_BYTES = 1000 };

bool asked_duration(struct str text, int64_t max_ms, int64_t *ms)
{
    static const struct {
        struct str unit;
        int64_t ms;
    } units[] = {{STR("ms"), 1}, {STR("s"), 1000}, {STR("m"), 60000}};
    size_t digits = 0;
    while (digits < text.len && char_is_digit(text.data[digits]))
        digits++;
    uint64_t number;
    if (!str_to_uint(str_first(text, digits), (uint64_t)max_ms, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (str_equal(str_from(text, digits), units[i].unit)) {
            *ms = (int64_t)number * units[i].ms;
            return *ms <= max_ms;
        }
    return false;
}

/* A form's "+" is a space; an address with a "+" is written "%2B". */
static struct str decode(struct arena *arena, struct str value)
{
    struct str plain = arena_copy(arena, value);
    for (size_t i = 0; i < plain.len; i++)
        if (plain.data[i] == '+')
            ((char *)(uintptr_t)plain.data)[i] = ' ';
    return percent_decode(arena, plain);
}

static const char *read_one(struct arena *arena, const struct asked_parameter *parameter, struct str value)
{
    if (parameter->ms)
        return asked_duration(value, (int64_t)parameter->max, parameter->ms)
                   ? NULL
                   : "must be a time such as 500ms or 5s, of a minute at most";
    if (parameter->number)
        return str_to_uint(value, parameter->max, parameter->number)
                   ? NULL
                   : "must be a whole number, not too large";
    *parameter->text = decode(arena, value);
    bool valid =
        percent_is_valid(value) && parameter->text->len <= MAX_TEXT_BYTES && utf8_valid(*parameter->text);
    return valid ? NULL : "must be percent-encoded UTF-8 of 1,000 bytes at most";
}

static const char *read_parameter(struct arena *arena, const struct asked_parameter *parameters, size_t count,
                                  struct str name, struct str value, unsigned *seen)
{
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(name, parameters[i].name))
            continue;
        if (*seen & 1U << i)
            return "this parameter is given twice";
        *seen |= 1U << i;
        return read_one(arena, &parameters[i], value);
    }
    return "there is no parameter of this name";
}

bool asked_read(struct arena *arena, struct str query, const struct asked_parameter *parameters, size_t count,
                struct problem *problem)
{
    struct str name, value;
    unsigned seen = 0;
    while (query_next(&query, &name, &value)) {
        struct fault fault;
        const char *detail = read_parameter(arena, parameters, count, name, value, &seen);
        if (!detail)
            continue;
        fault_set(&fault, FAULT_INVALID_REQUEST, "%s", detail);
        problem_add_parameter(problem, arena, utf8_first(name, SHOWN_NAME_BYTES), &fault);
    }
    return problem_conclude(problem);
}
