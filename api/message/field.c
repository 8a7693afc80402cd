#include "api/message/field.h"

#include "api/json/json_outline.h"

#include <stdarg.h>
#include <stdio.h>

void field_refuse(struct reader *reader, const struct place *place, const struct fault *fault)
{
    /* Beyond what is kept no pointer is made: a body of nothing but faults costs no more than a good one. */
    struct str pointer = {0};
    if (reader->problem->error_count < PROBLEM_MAX_ERRORS)
        pointer = place_pointer(reader->arena, place);
    problem_add(reader->problem, reader->arena, pointer, fault);
}

void field_refuse_with(struct reader *reader, const struct place *place, enum fault_code code,
                       const char *format, ...)
{
    struct fault fault = {.code = code};
    va_list args;
    va_start(args, format);
    vsnprintf(fault.detail, sizeof fault.detail, format, args);
    va_end(args);
    field_refuse(reader, place, &fault);
}

static const char *type_name(const cJSON *value)
{
    switch (value->type & 0xff) {
    case cJSON_False:
    case cJSON_True: return "a boolean";
    case cJSON_NULL: return "null";
    case cJSON_Number: return "a number";
    case cJSON_String: return "a string";
    case cJSON_Array: return "an array";
    default: return "an object";
    }
}

void field_refuse_type(struct reader *reader, const cJSON *value, const struct place *place,
                       const char *wanted)
{
    field_refuse_with(reader, place, FAULT_INVALID_REQUEST, "must be %s, not %s%s", wanted, type_name(value),
                      cJSON_IsNull(value) ? "; leave the field out instead" : "");
}

static const struct field *find_field(const struct field *fields, struct str name)
{
    for (; fields->name; fields++)
        if (str_equal(str_of(fields->name), name))
            return fields;
    return NULL;
}

void field_read_object(struct reader *reader, const cJSON *object, const struct place *place,
                       const struct field *fields, void *target)
{
    if (!cJSON_IsObject(object)) {
        field_refuse_type(reader, object, place, "an object");
        return;
    }
    const cJSON *value;
    cJSON_ArrayForEach(value, object)
    {
        struct place member = place_member(place, str_of(value->string));
        const struct field *field = find_field(fields, member.name);
        if (field)
            field->read(reader, value, &member, target);
        else
            field_refuse_with(reader, &member, FAULT_INVALID_REQUEST, "there is no field of this name");
    }
}

bool field_read_text(struct reader *reader, const cJSON *value, const struct place *place, struct str *text)
{
    if (!cJSON_IsString(value)) {
        field_refuse_type(reader, value, place, "a string");
        return false;
    }
    *text = json_outline_read(reader->arena, &reader->strings, value);
    return text->data;
}

void field_read_checked(struct reader *reader, const cJSON *value, const struct place *place,
                        bool (*check)(struct str text, struct fault *fault), struct str *text)
{
    struct fault fault;
    struct str candidate;
    if (!field_read_text(reader, value, place, &candidate))
        return;
    if (check(candidate, &fault))
        *text = candidate;
    else
        field_refuse(reader, place, &fault);
}

bool field_read_choice(struct reader *reader, const cJSON *value, const struct place *place,
                       const char *const *names, size_t *choice)
{
    struct str text;
    if (!field_read_text(reader, value, place, &text))
        return false;
    for (size_t i = 0; names[i]; i++) {
        if (str_equal(str_of(names[i]), text)) {
            *choice = i;
            return true;
        }
    }
    struct buf choices;
    buf_init(&choices, FAULT_DETAIL_BYTES);
    for (size_t i = 0; names[i]; i++)
        buf_append_format(&choices, "%s\"%s\"", i ? " or " : "", names[i]);
    field_refuse_with(reader, place, FAULT_INVALID_REQUEST, "must be %.*s", STR_ARG(buf_view(&choices)));
    buf_fini(&choices);
    return false;
}

size_t field_count(const cJSON *value)
{
    if (!cJSON_IsArray(value))
        return 1;
    size_t count = 0;
    const cJSON *element;
    cJSON_ArrayForEach(element, value) count++;
    return count;
}
