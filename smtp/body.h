/* smtp/body.h: the message up to its end of data, in blocks: dot-stuffed for DATA, as it is for BDAT.
 *
 * The end is left to data.c: ".CRLF", or the last octets of the chunk, which are kept back for it.
 */
#ifndef POSTERN_SMTP_BODY_H
#define POSTERN_SMTP_BODY_H

#include "smtp/dialogue.h"
#include "smtp/dot.h"

struct smtp_body {
    struct smtp_flight *flight;
    struct smtp_dot dot;
    size_t filled; /* of session->block */
    size_t kept;   /* of those, what is not written but as the end of data */
    uint64_t octets;
};

/* True where all is written but the end. Else the fault is set, and the end must not be said. */
bool smtp_body_send(struct smtp_body *body, struct smtp_flight *flight, struct smtp_dialogue *dialogue);

/* The write that is left to do. */
struct str smtp_body_end(const struct smtp_body *body, const struct smtp_session *session);

/* Nothing is due from the relay while a body goes out. False with the fault where something came. */
bool smtp_body_is_silent(const struct smtp_body *body, struct smtp_dialogue *dialogue);

/* What a write came to of which the relay has nothing. Returns false. */
bool smtp_body_judge_write(struct smtp_body *body, struct smtp_dialogue *dialogue, enum smtp_status status);

#endif
