#include "api/answer/dry_run.h"

#include "api/json/json_write.h"
#include "mime/render.h"

static bool render_whole(struct render *render, struct buf *message)
{
    buf_init(message, render_size_octets(render));
    buf_reserve(message, message->max_bytes);
    for (struct str piece; render_pull(render, &piece);)
        buf_append(message, piece);
    return !message->failed;
}

char *dry_run_message(struct render *render, size_t *bytes)
{
    struct buf message = {0};
    if (!render_whole(render, &message)) {
        buf_wipe(&message);
        return NULL;
    }
    *bytes = message.len;
    return message.data;
}

static void write_envelope(struct json_writer *json, const struct submission *submission)
{
    json_open_object(json, "envelope");
    json_text(json, "from", submission->return_path);
    json_open_array(json, "to");
    for (size_t i = 0; i < submission->recipient_count; i++)
        json_text(json, NULL, submission->recipients[i]);
    json_close_array(json);
    json_close_object(json);
}

char *dry_run_json(const struct submission *submission, struct render *render, size_t *bytes)
{
    /* Six bytes for one of the message at the worst, and the addresses. */
    enum { ESCAPED_BYTES = 6, ROOM_BYTES = 64 * 1024 * 1024 };
    struct buf message = {0};
    struct json_writer json;
    char *text = NULL;
    if (render_whole(render, &message)) {
        json_writer_init(&json, ESCAPED_BYTES * message.len + ROOM_BYTES);
        json_open_object(&json, NULL);
        json_text(&json, "id", str_of(submission->id));
        json_text(&json, "message_id", submission->message.message_id);
        write_envelope(&json, submission);
        json_uint(&json, "size_bytes", message.len);
        json_text(&json, "message", buf_view(&message));
        json_close_object(&json);
        text = json_take(&json, bytes);
    }
    buf_wipe(&message);
    return text;
}
