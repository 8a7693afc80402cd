/* From a JSON body to a submission: strict check, cJSON, then the fields of openapi.yaml's Message by table.
 *
 * The tables below are the whole grammar. What a value must be is decided by the functions of the mime floor,
 * which are the choke point for everything that reaches a header or an envelope; here only shapes are
 * checked, and every fault is told with the place it stands at.
 */
#include "api/reader.h"

#include "api/attachment.h"
#include "api/json_check.h"
#include "api/recipient.h"
#include "api/reference.h"

#include <inttypes.h>
#include <stdlib.h>

/* The arena holds what is made of a request: addresses, pointers, headers, a text that is encoded, the
 * relay's replies. Attachments stay in the parsed body. */
enum { ARENA_FIXED_BYTES = 4 * 1024 * 1024, ARENA_BYTES_PER_RECIPIENT = 4096, ARENA_BYTES_PER_BODY_BYTE = 4 };

struct submission *submission_new(const struct api_limits *limits)
{
    struct submission *submission = calloc(1, sizeof *submission);
    if (!submission)
        return NULL;
    random_uuid7(submission->id);
    arena_init(&submission->arena, ARENA_FIXED_BYTES + ARENA_BYTES_PER_RECIPIENT * limits->max_recipients +
                                       ARENA_BYTES_PER_BODY_BYTE * limits->max_body_bytes);
    return submission;
}

void submission_free(struct submission **submission)
{
    if (!*submission)
        return;
    cJSON_Delete((*submission)->json);
    arena_fini(&(*submission)->arena);
    free(*submission);
    *submission = NULL;
}

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
                                              {"dsn", NULL},
                                              {"require_tls", NULL},
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
        !has_member(root, "calendar"))
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

static bool parse(struct submission *submission, struct str body, const struct api_limits *limits,
                  struct problem *problem)
{
    struct fault fault;
    struct str pointer;
    if (!json_check(&submission->arena, body, limits->max_json_nodes, &pointer, &fault)) {
        if (fault.code == FAULT_INVALID_REQUEST)
            problem_add(problem, &submission->arena, pointer, &fault);
        else
            problem->fault = fault;
        return false;
    }
    /* What has passed the check can only fail for want of memory. */
    submission->json = cJSON_ParseWithLength(body.data, body.len);
    return submission->json || fault_set(&problem->fault, FAULT_OVERLOADED, "out of memory");
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

/* All that follows from the fields, once each of them is right. */
static void complete_message(struct reader *reader)
{
    struct submission *submission = reader->submission;
    struct message *message = &submission->message;
    if (!submission->return_path.data) {
        submission->return_path = message->from.address;
        submission->smtputf8 |= mailbox_needs_smtputf8(&message->from);
    }
    recipient_set_keep(reader);
    message_stamp(reader->arena, message, submission->id);
    submission->outcome.recipient_count = submission->recipient_count;
    submission->outcome.recipients =
        arena_take_array(reader->arena, submission->recipient_count, sizeof *submission->outcome.recipients);
}

bool submission_read(struct submission *submission, struct str body, const struct api_limits *limits,
                     struct problem *problem)
{
    struct reader reader = {
        .submission = submission, .arena = &submission->arena, .limits = limits, .problem = problem};
    if (parse(submission, body, limits, problem))
        read_message(&reader, submission->json);
    bool valid = problem_conclude(problem);
    if (valid && !submission->arena.failed)
        complete_message(&reader);
    if (!submission->arena.failed)
        return valid;
    problem->error_count = 0;
    return fault_set(&problem->fault, FAULT_OVERLOADED, "the request needs more memory than one may take");
}
