#include "api/message/attachment.h"

#include <inttypes.h>

/* What an attachment's object gives; `disposition` follows from content_id where it is not given. */
struct attachment_parts {
    struct attachment *attachment;
    bool has_disposition;
};

static struct attachment *attachment_of(void *target)
{
    return ((struct attachment_parts *)target)->attachment;
}

static void read_content(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    uint64_t decoded_bytes;
    struct fault fault;
    struct str base64;
    if (!field_read_text(reader, value, place, &base64))
        return;
    attachment_of(target)->content_base64 = base64;
    if (!message_check_base64(base64, &decoded_bytes, &fault))
        field_refuse(reader, place, &fault);
}

static void read_filename(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    struct str name;
    if (field_read_text(reader, value, place, &name))
        attachment_of(target)->filename = message_clean_filename(reader->arena, name);
}

static void read_content_type(struct reader *reader, const cJSON *value, const struct place *place,
                              void *target)
{
    field_read_checked(reader, value, place, message_check_content_type,
                       &attachment_of(target)->content_type);
}

static void read_content_id(struct reader *reader, const cJSON *value, const struct place *place,
                            void *target)
{
    field_read_checked(reader, value, place, message_check_content_id, &attachment_of(target)->content_id);
}

static void read_disposition(struct reader *reader, const cJSON *value, const struct place *place,
                             void *target)
{
    static const char *const names[] = {
        [DISPOSITION_ATTACHMENT] = "attachment", [DISPOSITION_INLINE] = "inline", NULL};
    size_t choice;
    struct attachment_parts *parts = target;
    parts->has_disposition = field_read_choice(reader, value, place, names, &choice);
    if (parts->has_disposition)
        parts->attachment->disposition = (enum disposition)choice;
}

static const struct field attachment_fields[] = {
    {"content", read_content},       {"filename", read_filename},       {"content_type", read_content_type},
    {"content_id", read_content_id}, {"disposition", read_disposition}, {0}};

static void read_attachment(struct reader *reader, const cJSON *value, const struct place *place,
                            struct attachment *attachment)
{
    struct attachment_parts parts = {.attachment = attachment};
    field_read_object(reader, value, place, attachment_fields, &parts);
    if (cJSON_IsObject(value) && !cJSON_GetObjectItemCaseSensitive(value, "content")) {
        struct place content = place_member(place, STR("content"));
        field_refuse_with(reader, &content, FAULT_INVALID_ATTACHMENT, "an attachment needs its content");
    }
    if (!attachment->content_type.data)
        attachment->content_type = message_guess_content_type(attachment->filename);
    if (!parts.has_disposition && attachment->content_id.data)
        attachment->disposition = DISPOSITION_INLINE;
}

bool attachment_make_room(struct reader *reader, const struct place *place, size_t count)
{
    struct message *message = &reader->submission->message;
    if (count > reader->limits->max_attachments) {
        field_refuse_with(reader, place, FAULT_INVALID_ATTACHMENT,
                          "there are %zu attachments; at most %" PRIu64 " are taken", count,
                          reader->limits->max_attachments);
        return false;
    }
    message->attachments = arena_take_array(reader->arena, count, sizeof *message->attachments);
    return message->attachments;
}

void attachment_read_list(struct reader *reader, const cJSON *value, const struct place *place,
                          struct message *message)
{
    if (!cJSON_IsArray(value)) {
        field_refuse_type(reader, value, place, "an array of objects");
        return;
    }
    if (!attachment_make_room(reader, place, field_count(value) + reader->file_count))
        return;
    const cJSON *element;
    cJSON_ArrayForEach(element, value)
    {
        struct place at = place_element(place, message->attachment_count);
        read_attachment(reader, element, &at, &message->attachments[message->attachment_count++]);
    }
}
