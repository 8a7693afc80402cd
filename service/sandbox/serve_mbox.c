/* All messages as one mbox (RFC 4155, in the "mboxrd" form, which can be taken back to what was sent): the messages
 * are held, and written as the client takes them. */
#include "base/clock.h"
#include "service/sandbox/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FROM_LINE_BYTES = 400 };

struct mailbox_file {
    struct sandbox_message **messages;
    size_t count, capacity, next;
    struct str rest;       /* of the message that is being written */
    struct buf pending;    /* a line */
    struct str at_pending; /* what is left of it */
};

static bool hold(void *context, struct sandbox_message *message)
{
    struct mailbox_file *file = context;
    if (file->count < file->capacity)
        file->messages[file->count++] = sandbox_message_hold(message);
    return file->count < file->capacity;
}

/* RFC 4155 appendix A: the time in UTC, as asctime has it. */
static void append_from_line(struct buf *out, const struct sandbox_message *message)
{
    char date[32];
    struct tm utc;
    time_t at = (time_t)(message->received_ms / 1000);
    gmtime_r(&at, &utc);
    date[strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &utc)] = '\0';
    struct str from = buf_view(&message->return_path);
    buf_append_format(out, "From %.*s %s\n", STR_ARG(from.len ? from : STR("MAILER-DAEMON")), date);
}

/* A line that begins with "From ", or with ">" before that, is given another ">". */
static bool needs_mark(struct str line)
{
    while (line.len && line.data[0] == '>')
        line = str_from(line, 1);
    return str_starts_with(line, STR("From "));
}

/* Lines end in LF there. */
static void append_line(struct mailbox_file *file)
{
    size_t len = str_index(file->rest, '\n');
    struct str line = str_first(file->rest, len);
    file->rest = str_from(file->rest, len + 1);
    if (len && line.data[len - 1] == '\r')
        line.len--;
    if (needs_mark(line))
        buf_append_char(&file->pending, '>');
    buf_append(&file->pending, line);
    buf_append_char(&file->pending, '\n');
}

static void refill(struct mailbox_file *file)
{
    buf_clear(&file->pending);
    if (file->rest.len) {
        append_line(file);
        if (!file->rest.len)
            buf_append_char(&file->pending, '\n');
    } else if (file->next < file->count) {
        const struct sandbox_message *message = file->messages[file->count - ++file->next];
        append_from_line(&file->pending, message);
        file->rest = buf_view(&message->content);
        if (!file->rest.len)
            buf_append_char(&file->pending, '\n');
    }
}

static size_t read_file(void *context, char *room, size_t bytes)
{
    struct mailbox_file *file = context;
    size_t written = 0;
    while (written < bytes) {
        if (!file->at_pending.len) {
            refill(file);
            file->at_pending = buf_view(&file->pending);
            if (!file->at_pending.len)
                break;
        }
        struct str piece = str_first(file->at_pending, bytes - written);
        memcpy(room + written, piece.data, piece.len);
        file->at_pending = str_from(file->at_pending, piece.len);
        written += piece.len;
    }
    return written;
}

static void close_file(void *context)
{
    struct mailbox_file *file = context;
    for (size_t i = 0; i < file->count; i++)
        sandbox_message_release(&file->messages[i]);
    buf_fini(&file->pending);
    free(file->messages);
    free(file);
}

void serve_mbox(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    (void)call;
    struct mailbox_file *file = calloc(1, sizeof *file);
    if (!file)
        return;
    file->capacity = sandbox_store_count(sandbox->terms.store);
    file->messages = calloc(file->capacity + 1, sizeof *file->messages);
    if (!file->messages) {
        free(file);
        return;
    }
    buf_init(&file->pending, sandbox->terms.max_message_bytes + FROM_LINE_BYTES);
    if (file->capacity)
        sandbox_store_each(sandbox->terms.store, hold, file);
    answer->status = 200;
    answer->content_type = "application/mbox";
    answer->feed = (struct feed){.read = read_file, .close = close_file, .context = file};
    serve_field(answer, "Content-Security-Policy", SERVE_INERT);
    serve_field(answer, "Content-Disposition", "attachment; filename=\"sandbox.mbox\"");
}
