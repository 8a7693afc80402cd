#include "api/message/notification.h"

static void read_word(struct reader *reader, const cJSON *value, const struct place *place, struct dsn *dsn)
{
    static const char *const names[] = {"success", "failure", "delay", "never", NULL};
    static const enum dsn_notify bits[] = {DSN_SUCCESS, DSN_FAILURE, DSN_DELAY, DSN_NEVER};
    size_t choice;
    if (field_read_choice(reader, value, place, names, &choice))
        dsn->notify |= bits[choice];
}

static void read_notify(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    if (!cJSON_IsArray(value)) {
        read_word(reader, value, place, target);
        return;
    }
    if (cJSON_GetArraySize(value) == 0)
        field_refuse_with(reader, place, FAULT_INVALID_REQUEST, "must have at least one word");
    const cJSON *element;
    size_t index = 0;
    cJSON_ArrayForEach(element, value)
    {
        struct place at = place_element(place, index++);
        read_word(reader, element, &at, target);
    }
}

static void read_return(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    static const char *const names[] = {"full", "headers", NULL};
    static const enum dsn_return meanings[] = {DSN_RETURN_FULL, DSN_RETURN_HEADERS};
    size_t choice;
    if (field_read_choice(reader, value, place, names, &choice))
        ((struct dsn *)target)->returned = meanings[choice];
}

/* Kept only where it is right, so that the rest is judged without it. */
static void read_envelope_id(struct reader *reader, const cJSON *value, const struct place *place,
                             void *target)
{
    struct fault fault;
    struct dsn alone = {0};
    if (!field_read_text(reader, value, place, &alone.envelope_id))
        return;
    if (dsn_check(&alone, &fault))
        ((struct dsn *)target)->envelope_id = alone.envelope_id;
    else
        field_refuse(reader, place, &fault);
}

static const struct field dsn_fields[] = {
    {"notify", read_notify}, {"return", read_return}, {"envelope_id", read_envelope_id}, {0}};

void notification_read(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    (void)target;
    struct dsn *dsn = &reader->submission->dsn;
    struct place notify = place_member(place, STR("notify"));
    struct fault fault;
    field_read_object(reader, value, place, dsn_fields, dsn);
    if (!dsn_check(dsn, &fault))
        field_refuse(reader, &notify, &fault);
}
