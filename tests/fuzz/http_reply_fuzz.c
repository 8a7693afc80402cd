/* The input is what a collector answers. Cut anywhere it means the same, and what is made of it keeps its bounds. */
#include "fuzz.h"
#include "service/watch/http_reply.h"

static enum http_reply_state read_by(struct http_reply *reply, struct str text, size_t step)
{
    enum http_reply_state state = HTTP_REPLY_PARTIAL;
    http_reply_init(reply);
    while (text.len && state == HTTP_REPLY_PARTIAL) {
        state = http_reply_feed(reply, str_first(text, step));
        text = str_from(text, step);
    }
    FUZZ_CHECK(reply->head.len <= HTTP_REPLY_MAX_BYTES && reply->retry_after_s <= HTTP_REPLY_MAX_WAIT_S);
    FUZZ_CHECK(state != HTTP_REPLY_COMPLETE || (reply->status >= 200 && reply->status <= 599));
    return state;
}

void fuzz_input(struct str input)
{
    struct http_reply whole, pieces;
    enum http_reply_state state = read_by(&whole, input, input.len + 1);
    for (size_t step = 1; step <= 64; step *= 8) {
        FUZZ_CHECK(read_by(&pieces, input, step) == state);
        FUZZ_CHECK(state != HTTP_REPLY_COMPLETE ||
                   (pieces.status == whole.status && pieces.retry_after_s == whole.retry_after_s));
        http_reply_fini(&pieces);
    }
    http_reply_fini(&whole);
}
