/* One octet, one step of a small machine; runs of ordinary text are copied whole, because an attachment
 * is nothing else. A leading dot is held back until the octets behind it tell whether it ends the message or
 * was put there by the sender's dot-stuffing; in the second case it alone is left out. */
#include "service/sandbox/data.h"

static void keep(struct buf *content, struct str bytes)
{
    if (content)
        buf_append(content, bytes);
}

/* The state behind an octet that is content, wherever it stands. */
static enum sandbox_data_state after_content(enum sandbox_data_state before, char c)
{
    if (c == '\r')
        return SANDBOX_DATA_CR;
    return before == SANDBOX_DATA_CR && c == '\n' ? SANDBOX_DATA_LINE_BEGIN : SANDBOX_DATA_TEXT;
}

static void step(struct sandbox_data *data, char c, struct buf *content)
{
    if (data->state == SANDBOX_DATA_LINE_BEGIN && c == '.') {
        data->state = SANDBOX_DATA_DOT;
        return;
    }
    if (data->state == SANDBOX_DATA_DOT && c == '\r') {
        data->state = SANDBOX_DATA_DOT_CR;
        return;
    }
    if (data->state == SANDBOX_DATA_DOT_CR) {
        if (c == '\n') {
            data->state = SANDBOX_DATA_END;
            return;
        }
        keep(content, STR("\r"));
        data->state = SANDBOX_DATA_CR;
    }
    keep(content, (struct str){&c, 1});
    data->state = after_content(data->state, c);
}

size_t sandbox_data_feed(struct sandbox_data *data, struct str input, struct buf *content)
{
    size_t used = 0;
    while (used < input.len && data->state != SANDBOX_DATA_END) {
        struct str rest = str_from(input, used);
        size_t run = data->state == SANDBOX_DATA_TEXT ? str_index(rest, '\r') : 0;
        if (run) {
            keep(content, str_first(rest, run));
            used += run;
        } else {
            step(data, rest.data[0], content);
            used++;
        }
    }
    return used;
}
