/* Fields stand in the order that mail programs write and people expect. */
#include "mime/top_header.h"

#include "mime/date.h"
#include "mime/header.h"
#include "mime/mailbox_header.h"
#include "mime/message_id.h"

struct mailbox_field {
    struct str name;
    const struct mailbox *items;
    size_t count;
};

enum { MAILBOX_FIELDS = 5, MAX_ORIGINAL_RECIPIENTS = 100 };

static void list_mailbox_fields(const struct message *message,
                                struct mailbox_field fields[static MAILBOX_FIELDS])
{
    fields[0] = (struct mailbox_field){STR("From"), &message->from, 1};
    fields[1] = (struct mailbox_field){STR("Sender"), &message->sender, message->sender.address.data ? 1 : 0};
    fields[2] = (struct mailbox_field){STR("Reply-To"), message->reply_to.items, message->reply_to.count};
    fields[3] = (struct mailbox_field){STR("To"), message->to.items, message->to.count};
    fields[4] = (struct mailbox_field){STR("Cc"), message->cc.items, message->cc.count};
}

static bool field_needs_smtputf8(const struct mailbox_field *field)
{
    for (size_t i = 0; i < field->count; i++)
        if (mailbox_needs_smtputf8(&field->items[i]))
            return true;
    return false;
}

bool top_header_needs_smtputf8(const struct message *message)
{
    struct mailbox_field fields[MAILBOX_FIELDS];
    list_mailbox_fields(message, fields);
    for (size_t i = 0; i < MAILBOX_FIELDS; i++)
        if (field_needs_smtputf8(&fields[i]))
            return true;
    return false;
}

static void write_token(struct buf *out, struct str name, struct str token)
{
    struct header header;
    header_begin(&header, out, name);
    header_append_token(&header, token);
    header_end(&header);
}

static void write_text(struct buf *out, struct str name, struct str text, enum header_value kind)
{
    struct header header;
    header_begin(&header, out, name);
    header_append_text(&header, text, kind);
    header_end(&header);
}

/* Folded between the identifiers, however many there are. */
static void write_message_ids(struct buf *out, struct str name, struct str list)
{
    if (!list.data)
        return;
    struct header header;
    header_begin(&header, out, name);
    for (struct str id; (id = message_id_next(&list)).data;)
        header_append_token(&header, id);
    header_end(&header);
}

static void write_date(struct buf *out, struct date date)
{
    char text[DATE_BYTES];
    date_format(date, text);
    write_token(out, STR("Date"), str_of(text));
}

/* Where the message would have gone. Encoded where it must be: a field for people to read. */
static void write_original_recipients(struct buf *out, const struct message *message)
{
    size_t count = message->original_recipient_count;
    size_t shown = count < MAX_ORIGINAL_RECIPIENTS ? count : MAX_ORIGINAL_RECIPIENTS;
    struct header header;
    if (!count)
        return;
    header_begin(&header, out, STR("X-Original-To"));
    for (size_t i = 0; i < shown; i++) {
        header_append_text(&header, message->original_recipients[i], HEADER_OPAQUE);
        if (i + 1 < count)
            header_append_close(&header, ',');
    }
    if (shown < count)
        header_append_text(&header, STR("and others"), HEADER_OPAQUE);
    header_end(&header);
}

static void write_trace(struct buf *out, const struct header_field *trace)
{
    if (trace->name.data)
        write_token(out, trace->name, trace->value);
}

void top_header_complete(struct buf *out, const struct message *message)
{
    write_trace(out, &message->trace);
    write_original_recipients(out, message);
    if (!message->finished.is_dated)
        write_date(out, message->date);
    if (!message->finished.has_id)
        write_token(out, STR("Message-ID"), message->message_id);
}

void top_header_write(struct buf *out, const struct message *message)
{
    write_trace(out, &message->trace);
    write_original_recipients(out, message);
    write_date(out, message->date);
    struct mailbox_field fields[MAILBOX_FIELDS];
    list_mailbox_fields(message, fields);
    for (size_t i = 0; i < MAILBOX_FIELDS; i++)
        if (fields[i].count)
            mailbox_header_write(out, fields[i].name, fields[i].items, fields[i].count,
                                 field_needs_smtputf8(&fields[i]));
    if (message->subject.data)
        write_text(out, STR("Subject"), message->subject, HEADER_FREE_TEXT);
    if (message->message_id.data)
        write_token(out, STR("Message-ID"), message->message_id);
    write_message_ids(out, STR("In-Reply-To"), message->in_reply_to);
    write_message_ids(out, STR("References"), message->references);
    list_unsubscribe_write(out, &message->list_unsubscribe);
    for (size_t i = 0; i < message->header_count; i++)
        write_text(out, message->headers[i].name, str_trim(message->headers[i].value), HEADER_OPAQUE);
    write_token(out, STR("MIME-Version"), STR("1.0"));
}
