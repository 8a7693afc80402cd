/* A JSON message, field by field of openapi.yaml's Message.
 *
 * The tables below are the whole grammar. What a value must be is decided by the functions of the mime floor,
 * which are the choke point for everything that reaches a header or an envelope; here only shapes are
 * checked, and every fault is told with the place it stands at.
 */
#include "api/message/json_message.h"

#include "api/json/json_outline.h"
#include "api/message/attachment.h"
#include "api/message/notification.h"
#include "api/message/recipient.h"
#include "api/message/reference.h"

#include <inttypes.h>

static void read_from(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    recipient_read_mailbox(reader, value, place, &((struct message *)target)->from);
}

static void read_sender(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    recipient_read_mailbox(reader, value, place, &((struct message *)target)->sender);
}

static void read_recipients(struct reader *reader, const cJSON *value, const struct place *place,
                            struct mailbox_list *list)
{
    recipient_read_list(reader, value, place, list);
    recipient_set_add(reader, value, place, list);
}

static void read_to(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    read_recipients(reader, value, place, &((struct message *)target)->to);
}

static void read_cc(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    read_recipients(reader, value, place, &((struct message *)target)->cc);
}

/* RFC 5321 section 7.2: blind recipients go into the envelope only, so the message never sees them. */
static void read_bcc(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    struct mailbox_list list = {0};
    (void)target;
    read_recipients(reader, value, place, &list);
}

static void read_reply_to(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    recipient_read_list(reader, value, place, &((struct message *)target)->reply_to);
}

/* RFC 5321 section 4.5.5: the empty one is the null path, to which no bounce is sent. */
static void read_return_path(struct reader *reader, const cJSON *value, const struct place *place,
                             void *target)
{
    (void)target;
    struct submission *submission = reader->submission;
    struct mailbox mailbox;
    struct fault fault;
    struct str text;
    if (!field_read_text(reader, value, place, &text))
        return;
    if (text.len == 0) {
        submission->return_path = text;
    } else if (mailbox_parse_address(reader->arena, text, &mailbox, &fault)) {
        submission->return_path = mailbox.address;
        submission->smtputf8 |= mailbox_needs_smtputf8(&mailbox);
    } else {
        field_refuse(reader, place, &fault);
    }
}

static void read_subject(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    field_read_checked(reader, value, place, message_check_line, &((struct message *)target)->subject);
}

static void read_text(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    field_read_text(reader, value, place, &((struct message *)target)->text);
}

static void read_html(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    field_read_text(reader, value, place, &((struct message *)target)->html);
}

static void read_partial(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    (void)target;
    static const char *const names[] = {[PARTIAL_ABORT] = "abort", [PARTIAL_DELIVER] = "deliver", NULL};
    size_t choice;
    if (field_read_choice(reader, value, place, names, &choice))
        reader->submission->partial = (enum partial_policy)choice;
}

static void read_require_tls(struct reader *reader, const cJSON *value, const struct place *place,
                             void *target)
{
    (void)target;
    if (cJSON_IsBool(value))
        reader->submission->require_tls = cJSON_IsTrue(value);
    else
        field_refuse_type(reader, value, place, "a boolean");
}

static void read_attachments(struct reader *reader, const cJSON *value, const struct place *place,
                             void *target)
{
    attachment_read_list(reader, value, place, target);
}

static void read_header_value(struct reader *reader, struct str name, const cJSON *value,
                              const struct place *place, struct message *message)
{
    struct fault fault;
    struct str text;
    if (!field_read_text(reader, value, place, &text))
        return;
    if (message_check_header(name, text, &fault))
        message->headers[message->header_count++] = (struct header_field){name, text};
    else
        field_refuse(reader, place, &fault);
}

static void read_header(struct reader *reader, const cJSON *value, const struct place *place,
                        struct message *message)
{
    struct str name = place->name;
    if (!cJSON_IsArray(value)) {
        read_header_value(reader, name, value, place, message);
        return;
    }
    const cJSON *element;
    size_t index = 0;
    cJSON_ArrayForEach(element, value)
    {
        struct place at = place_element(place, index++);
        read_header_value(reader, name, element, &at, message);
    }
}

static void read_headers(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    struct message *message = target;
    if (!cJSON_IsObject(value)) {
        field_refuse_type(reader, value, place, "an object");
        return;
    }
    size_t count = 0;
    const cJSON *member;
    cJSON_ArrayForEach(member, value) count += field_count(member);
    if (count > reader->limits->max_headers) {
        field_refuse_with(reader, place, FAULT_INVALID_HEADER,
                          "there are %zu header fields; at most %" PRIu64 " are taken", count,
                          reader->limits->max_headers);
        return;
    }
    message->headers = arena_take_array(reader->arena, count, sizeof *message->headers);
    if (!message->headers)
        return;
    cJSON_ArrayForEach(member, value)
    {
        struct place at = place_member(place, str_of(member->string));
        read_header(reader, member, &at, message);
    }
}

static const struct field message_fields[] = {{"from", read_from},
                                              {"sender", read_sender},
                                              {"to", read_to},
                                              {"cc", read_cc},
                                              {"bcc", read_bcc},
                                              {"reply_to", read_reply_to},
                                              {"return_path", read_return_path},
                                              {"subject", read_subject},
                                              {"text", read_text},
                                              {"html", read_html},
                                              {"attachments", read_attachments},
                                              {"headers", read_headers},
                                              {"partial", read_partial},
                                              {"calendar", reference_read_calendar},
                                              {"in_reply_to", reference_read_in_reply_to},
                                              {"references", reference_read_references},
                                              {"message_id", reference_read_message_id},
                                              {"date", reference_read_date},
                                              {"list_unsubscribe", reference_read_list_unsubscribe},
                                              {"dsn", notification_read},
                                              {"require_tls", read_require_tls},
                                              {0}};

/* How many a member holds that may be one or a list; 0 where there is no such member. */
static size_t count_member(const cJSON *root, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(root, name);
    return value ? field_count(value) : 0;
}

static bool has_member(const cJSON *root, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(root, name);
}

static size_t count_recipients(const cJSON *root)
{
    return count_member(root, "to") + count_member(root, "cc") + count_member(root, "bcc");
}

/* What a message must have, beside what each of its fields must be. */
static void check_presence(struct reader *reader, const cJSON *root, const struct place *whole)
{
    struct place from = place_member(whole, STR("from")), to = place_member(whole, STR("to"));
    struct place text = place_member(whole, STR("text"));
    if (!has_member(root, "from"))
        field_refuse_with(reader, &from, FAULT_INVALID_REQUEST, "a message needs its author");
    if (!count_recipients(root))
        field_refuse_with(reader, &to, FAULT_INVALID_ADDRESS, "one of to, cc and bcc must have a recipient");
    if (!has_member(root, "text") && !has_member(root, "html") && !count_member(root, "attachments") &&
        !has_member(root, "calendar") && !reader->file_count)
        field_refuse_with(reader, &text, FAULT_INVALID_REQUEST,
                          "a message needs one of text, html, attachments and calendar");
}

static void check_repeated_headers(struct reader *reader, const struct place *whole)
{
    const struct message *message = &reader->submission->message;
    struct place headers = place_member(whole, STR("headers"));
    for (size_t i = 0; i < message->header_count; i++) {
        struct place at = place_member(&headers, message->headers[i].name);
        if (message_repeats_header(message, i))
            field_refuse_with(reader, &at, FAULT_INVALID_HEADER,
                              "a message has this header field once, and it stands there already");
    }
}

static bool parse(struct reader *reader, struct str json)
{
    struct submission *submission = reader->submission;
    struct fault fault;
    struct str pointer;
    if (!json_check_strings(reader->arena, json, reader->limits->max_json_nodes, &reader->strings, &pointer,
                            &fault)) {
        if (fault.code == FAULT_INVALID_REQUEST)
            problem_add(reader->problem, reader->arena, pointer, &fault);
        else
            reader->problem->fault = fault;
        return false;
    }
    /* What has passed the check can only fail for want of memory. */
    submission->json = json_outline_parse(json, &reader->strings);
    return submission->json || fault_set(&reader->problem->fault, FAULT_OVERLOADED, "out of memory");
}

static void read_message(struct reader *reader, const cJSON *root)
{
    struct place whole = {0};
    if (!cJSON_IsObject(root)) {
        field_refuse_type(reader, root, &whole, "an object");
        return;
    }
    size_t count = count_recipients(root);
    uint64_t max_count = reader->limits->max_recipients;
    reader->recipients = recipient_set_new(reader->arena, count < max_count ? count : max_count);
    if (!reader->recipients)
        return;
    field_read_object(reader, root, &whole, message_fields, &reader->submission->message);
    check_presence(reader, root, &whole);
    check_repeated_headers(reader, &whole);
}

void json_message_read(struct reader *reader, struct str json)
{
    if (parse(reader, json))
        read_message(reader, reader->submission->json);
    json_strings_fini(&reader->strings);
    if (reader->recipients && !reader->problem->errors_found)
        recipient_set_keep(reader);
}
