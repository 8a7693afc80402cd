#include "api/message/reference.h"

#include "mime/message_id.h"

static struct message *message_of(void *target)
{
    return target;
}

void reference_read_in_reply_to(struct reader *reader, const cJSON *value, const struct place *place,
                                void *message)
{
    field_read_checked(reader, value, place, message_id_check_list, &message_of(message)->in_reply_to);
}

void reference_read_references(struct reader *reader, const cJSON *value, const struct place *place,
                               void *message)
{
    field_read_checked(reader, value, place, message_id_check_list, &message_of(message)->references);
}

void reference_read_message_id(struct reader *reader, const cJSON *value, const struct place *place,
                               void *message)
{
    field_read_checked(reader, value, place, message_id_check, &message_of(message)->message_id);
}

void reference_read_date(struct reader *reader, const cJSON *value, const struct place *place, void *message)
{
    struct str text;
    struct fault fault;
    if (!field_read_text(reader, value, place, &text))
        return;
    message_of(message)->is_dated = date_parse(text, &message_of(message)->date, &fault);
    if (!message_of(message)->is_dated)
        field_refuse(reader, place, &fault);
}

/* --- list_unsubscribe */

static void read_url(struct reader *reader, const cJSON *value, const struct place *place, void *list)
{
    field_read_checked(reader, value, place, list_unsubscribe_check_url,
                       &((struct list_unsubscribe *)list)->url);
}

static void read_mailto(struct reader *reader, const cJSON *value, const struct place *place, void *list)
{
    field_read_checked(reader, value, place, list_unsubscribe_check_mailto,
                       &((struct list_unsubscribe *)list)->mailto);
}

static void read_one_click(struct reader *reader, const cJSON *value, const struct place *place, void *list)
{
    if (cJSON_IsBool(value))
        ((struct list_unsubscribe *)list)->one_click = cJSON_IsTrue(value);
    else
        field_refuse_type(reader, value, place, "a boolean");
}

static const struct field list_unsubscribe_fields[] = {
    {"url", read_url}, {"mailto", read_mailto}, {"one_click", read_one_click}, {0}};

void reference_read_list_unsubscribe(struct reader *reader, const cJSON *value, const struct place *place,
                                     void *message)
{
    struct list_unsubscribe *list = &message_of(message)->list_unsubscribe;
    struct fault fault;
    size_t known_problems = reader->problem->errors_found;
    field_read_object(reader, value, place, list_unsubscribe_fields, list);
    if (reader->problem->errors_found == known_problems && !list_unsubscribe_check(list, &fault))
        field_refuse(reader, place, &fault);
}

/* --- calendar */

static void read_content(struct reader *reader, const cJSON *value, const struct place *place, void *calendar)
{
    field_read_text(reader, value, place, &((struct calendar *)calendar)->content);
}

static void read_method(struct reader *reader, const cJSON *value, const struct place *place, void *calendar)
{
    field_read_text(reader, value, place, &((struct calendar *)calendar)->method);
}

static const struct field calendar_fields[] = {{"content", read_content}, {"method", read_method}, {0}};

void reference_read_calendar(struct reader *reader, const cJSON *value, const struct place *place,
                             void *message)
{
    struct calendar *calendar = &message_of(message)->calendar;
    struct place content = place_member(place, STR("content"));
    struct fault fault;
    size_t known_problems = reader->problem->errors_found;
    field_read_object(reader, value, place, calendar_fields, calendar);
    if (reader->problem->errors_found > known_problems)
        return;
    if (!calendar->content.data)
        field_refuse_with(reader, &content, FAULT_INVALID_REQUEST, "a calendar needs its content");
    else if (!message_check_calendar(calendar, &fault))
        field_refuse(reader, place, &fault);
}
