/* service/sandbox/dialogue.h: what was said in a session, line by line, each with who said it and when.
 *
 * Whoever adds a client's line has masked the credentials in it and left out the message.
 *
 * Ownership  lines lie packed in a buffer, whose owner it is; what is read are views of it.
 * Limits     the buffer's; a line is cut at 1 KiB. What finds no room is left out, and a last line says so.
 */
#ifndef POSTERN_SERVICE_SANDBOX_DIALOGUE_H
#define POSTERN_SERVICE_SANDBOX_DIALOGUE_H

#include "base/buf.h"

/* A note is nobody's words: what happened. CUT ends a dialogue of which more was said. */
enum sandbox_speaker { SANDBOX_CLIENT, SANDBOX_SERVER, SANDBOX_NOTE, SANDBOX_CUT };

struct sandbox_line {
    int64_t at_us; /* monotonic */
    enum sandbox_speaker speaker;
    struct str text;
};

void sandbox_dialogue_add(struct buf *dialogue, enum sandbox_speaker speaker, struct str text);

/* All lines of one behind those of another. */
void sandbox_dialogue_append(struct buf *dialogue, struct str lines);

/* Cuts the next line off the front of `rest`, which began as the view of a dialogue. */
bool sandbox_dialogue_next(struct str *rest, struct sandbox_line *line);

#endif
