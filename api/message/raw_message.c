#include "api/message/raw_message.h"

#include "api/http/query.h"
#include "api/message/recipient.h"
#include "base/percent.h"

/* An address of the envelope, percent-encoded where it must be; a "+" is one, as addresses have it. False, with the
 * problem told, where it is none. */
static bool read_address(struct reader *reader, struct str name, struct str value, struct mailbox *mailbox)
{
    struct fault fault;
    struct str text = percent_decode(reader->arena, value);
    if (mailbox_parse_address(reader->arena, text, mailbox, &fault))
        return true;
    problem_add_parameter(reader->problem, reader->arena, name, &fault);
    return false;
}

/* RFC 5321 4.5.5: an empty one is the null path. */
static void read_return_path(struct reader *reader, struct str value)
{
    struct submission *submission = reader->submission;
    struct mailbox mailbox;
    struct fault fault;
    if (submission->return_path.data) {
        fault_set(&fault, FAULT_INVALID_REQUEST, "this parameter is given twice");
        problem_add_parameter(reader->problem, reader->arena, STR("from"), &fault);
    } else if (!value.len) {
        submission->return_path = STR("");
    } else if (read_address(reader, STR("from"), value, &mailbox)) {
        submission->return_path = mailbox.address;
        submission->smtputf8 |= mailbox_needs_smtputf8(&mailbox);
    }
}

static void read_recipient(struct reader *reader, struct str value)
{
    struct mailbox *mailbox = arena_take(reader->arena, sizeof *mailbox);
    if (mailbox && read_address(reader, STR("to"), value, mailbox))
        recipient_set_put(reader, mailbox, NULL);
}

static size_t count_recipients(struct str query)
{
    struct str name, value;
    size_t count = 0;
    while (query_next(&query, &name, &value))
        count += str_equal(name, STR("to"));
    return count;
}

static void read_envelope(struct reader *reader, struct str query)
{
    struct str name, value;
    struct fault fault;
    size_t count = count_recipients(query);
    uint64_t max_count = reader->limits->max_recipients;
    reader->recipients = recipient_set_new(reader->arena, count < max_count ? count : max_count);
    if (!reader->recipients)
        return;
    while (query_next(&query, &name, &value)) {
        if (str_equal(name, STR("from")))
            read_return_path(reader, value);
        else if (str_equal(name, STR("to")))
            read_recipient(reader, value);
    }
    if (count)
        return;
    fault_set(&fault, FAULT_INVALID_ADDRESS,
              "a finished message needs its recipients in the query: to=ann@example.com, as often as there "
              "are any");
    problem_add_parameter(reader->problem, reader->arena, STR("to"), &fault);
}

void raw_message_read(struct reader *reader, struct str query, struct str text)
{
    struct message *message = &reader->submission->message;
    struct fault fault;
    read_envelope(reader, query);
    if (!finished_read(reader->arena, text, &message->finished, &message->from, &message->message_id, &fault))
        field_refuse(reader, NULL, &fault);
    if (reader->recipients && !reader->problem->errors_found)
        recipient_set_keep(reader);
}
