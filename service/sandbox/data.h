/* service/sandbox/data.h: what follows DATA, back to the message that was sent (RFC 5321 4.5.2). Pure.
 *
 * Only <CR><LF>.<CR><LF> ends it. Everything that merely looks like an end to a lenient server (a dot between
 * bare LFs or bare CRs) stays content, so that no second message can hide in it.
 */
#ifndef POSTERN_SERVICE_SANDBOX_DATA_H
#define POSTERN_SERVICE_SANDBOX_DATA_H

#include "base/buf.h"

enum sandbox_data_state {
    SANDBOX_DATA_LINE_BEGIN, /* zero: DATA's own line has just ended */
    SANDBOX_DATA_TEXT,
    SANDBOX_DATA_CR,
    SANDBOX_DATA_DOT,    /* first on its line, held back */
    SANDBOX_DATA_DOT_CR, /* both held back */
    SANDBOX_DATA_END,
};

/* Begins as {0}; may be fed in pieces cut anywhere. */
struct sandbox_data {
    enum sandbox_data_state state;
};

/* Appends the content in `input` to `content`, or drops it where that is NULL. Returns how much of the input
 * was used: all of it, or, with the state at END, up to the end of data. */
size_t sandbox_data_feed(struct sandbox_data *data, struct str input, struct buf *content);

#endif
