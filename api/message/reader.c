#include "api/message/reader.h"

#include "api/message/form_message.h"
#include "api/message/json_message.h"
#include "api/message/raw_message.h"
#include "base/wipe.h"

#include <cjson/cJSON.h>
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
    trace_context_begin(&submission->trace, submission->id);
    submission->began_us = clock_monotonic_us();
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
    wipe_free(*submission); /* the outcome's words may quote the message */
    *submission = NULL;
}

static uint64_t tree_bytes(const cJSON *node)
{
    enum { ALLOCATION_BYTES = 16 };
    uint64_t bytes = 0;
    for (; node; node = node->next) {
        bytes += sizeof *node + ALLOCATION_BYTES;
        bytes += (node->string ? ALLOCATION_BYTES : 0) + (node->valuestring ? ALLOCATION_BYTES : 0);
        bytes += tree_bytes(node->child);
    }
    return bytes;
}

uint64_t submission_overhead_bytes(const struct submission *submission)
{
    return sizeof *submission + submission->arena.taken_bytes + tree_bytes(submission->json);
}

/* All that follows from what was read, once all of it is right. */
static void complete(struct reader *reader)
{
    struct submission *submission = reader->submission;
    struct message *message = &submission->message;
    if (!submission->return_path.data) {
        submission->return_path = message->from.address;
        submission->smtputf8 |= mailbox_needs_smtputf8(&message->from);
    }
    message_stamp(reader->arena, message, submission->id);
    submission->outcome.recipient_count = submission->recipient_count;
    submission->outcome.recipients =
        arena_take_array(reader->arena, submission->recipient_count, sizeof *submission->outcome.recipients);
}

static void read_body(struct reader *reader, const struct message_body *body)
{
    switch (body->form) {
    case MESSAGE_AS_JSON: json_message_read(reader, body->octets); break;
    case MESSAGE_AS_FORM: form_message_read(reader, body->content_type, body->octets); break;
    case MESSAGE_AS_RFC822: raw_message_read(reader, body->query, body->octets); break;
    }
}

bool submission_read(struct submission *submission, const struct message_body *body,
                     const struct api_limits *limits, struct problem *problem)
{
    struct reader reader = {
        .submission = submission, .arena = &submission->arena, .limits = limits, .problem = problem};
    read_body(&reader, body);
    bool valid = problem_conclude(problem);
    if (valid && !submission->arena.failed)
        complete(&reader);
    if (!submission->arena.failed)
        return valid;
    problem->error_count = 0;
    return fault_set(&problem->fault, FAULT_OVERLOADED, "the request needs more memory than one may take");
}
