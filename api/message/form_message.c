#include "api/message/form_message.h"

#include "api/message/attachment.h"
#include "api/message/json_message.h"
#include "mime/form.h"

/* What a walk over the form finds. */
struct found {
    struct str json;
    size_t messages, files;
};

static const struct place whole = {0};

static bool is_file(const struct form_part *part)
{
    return str_equal(part->name, STR("attachment")) || str_equal(part->name, STR("inline"));
}

static void find_part(struct reader *reader, const struct form_part *part, struct found *found)
{
    struct str message = STR("message");
    found->files += is_file(part);
    if (str_equal(part->name, message)) {
        found->messages++;
        found->json = part->content;
    } else if (!is_file(part)) {
        field_refuse_with(reader, &whole, FAULT_INVALID_REQUEST,
                          "a part of the form is none of message, attachment and inline");
    }
}

static bool find_parts(struct reader *reader, struct str content_type, struct str body, struct found *found)
{
    struct form form;
    struct form_part part;
    struct fault fault = {.code = FAULT_NONE};
    if (form_begin(&form, reader->arena, content_type, body, &fault))
        while (form_next(&form, &part, &fault))
            find_part(reader, &part, found);
    if (fault.code != FAULT_NONE)
        field_refuse(reader, &whole, &fault);
    else if (found->messages != 1)
        field_refuse_with(reader, &whole, FAULT_INVALID_REQUEST,
                          "a form needs one part named message, which holds the JSON; there are %zu",
                          found->messages);
    return fault.code == FAULT_NONE && found->messages == 1;
}

/* curl and browsers say application/octet-stream of what they do not know. */
static void set_content_type(struct reader *reader, const struct form_part *part, const struct place *place,
                             struct attachment *file)
{
    struct place member = place_member(place, STR("content_type"));
    struct fault fault;
    bool is_given =
        part->content_type.data && !str_equal_nocase(part->content_type, STR("application/octet-stream"));
    file->content_type = is_given ? part->content_type : message_guess_content_type(file->filename);
    if (is_given && !message_check_content_type(part->content_type, &fault))
        field_refuse(reader, &member, &fault);
}

/* `cid:` names the Content-ID of the part, which curl sends if told to, else the name of the file. */
static void set_content_id(struct reader *reader, const struct form_part *part, const struct place *place,
                           struct attachment *file)
{
    struct place member = place_member(place, STR("content_id"));
    struct fault fault;
    bool is_inline = str_equal(part->name, STR("inline"));
    file->disposition = is_inline ? DISPOSITION_INLINE : DISPOSITION_ATTACHMENT;
    file->content_id = is_inline && !part->content_id.data ? file->filename : part->content_id;
    if (is_inline && !file->content_id.data)
        field_refuse_with(reader, &member, FAULT_INVALID_ATTACHMENT,
                          "an inline file needs a name, or a Content-ID");
    else if (file->content_id.data && !message_check_content_id(file->content_id, &fault))
        field_refuse(reader, &member, &fault);
}

static void read_file(struct reader *reader, const struct form_part *part, const struct place *attachments)
{
    struct message *message = &reader->submission->message;
    struct place place = place_element(attachments, message->attachment_count);
    struct attachment *file = &message->attachments[message->attachment_count++];
    file->content = part->content;
    if (part->filename.data)
        file->filename = message_clean_filename(reader->arena, part->filename);
    set_content_type(reader, part, &place, file);
    set_content_id(reader, part, &place, file);
}

static void read_files(struct reader *reader, struct str content_type, struct str body)
{
    struct place attachments = place_member(&whole, STR("attachments"));
    struct message *message = &reader->submission->message;
    struct form form;
    struct form_part part;
    struct fault ignored;
    if (!message->attachments && !attachment_make_room(reader, &attachments, reader->file_count))
        return;
    form_begin(&form, reader->arena, content_type, body, &ignored);
    while (form_next(&form, &part, &ignored))
        if (is_file(&part))
            read_file(reader, &part, &attachments);
}

void form_message_read(struct reader *reader, struct str content_type, struct str body)
{
    struct found found = {0};
    if (!find_parts(reader, content_type, body, &found))
        return;
    reader->file_count = found.files;
    json_message_read(reader, found.json);
    if (found.files && reader->submission->json)
        read_files(reader, content_type, body);
}
