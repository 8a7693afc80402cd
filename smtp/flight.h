/* smtp/flight.h: MAIL, RCPT and perhaps DATA of one transaction: several commands in one write, their replies
 * read in order (RFC 2920).
 *
 * Commands are numbered from 0. What was said and what was heard are two counts: between them stands what the
 * relay owes.
 *
 * Ownership  the mail is the caller's.
 * Limits     SMTP_FLIGHT_BYTES of commands unanswered, so that neither end fills the other's socket buffers
 *            and waits for it for ever; what is more goes in the next flight.
 */
#ifndef POSTERN_SMTP_FLIGHT_H
#define POSTERN_SMTP_FLIGHT_H

#include "smtp/session.h"
#include "smtp/trouble.h"

enum { SMTP_FLIGHT_BYTES = 8192 };

struct smtp_dialogue;

struct smtp_flight {
    const struct smtp_mail *mail;
    size_t first, count;  /* of the envelope's recipients */
    bool is_chunk;        /* BDAT in place of DATA */
    bool has_data;        /* DATA is the last of the commands */
    bool carries_message; /* the message follows in the same write: what is owed ends with the reply to it */
    enum smtp_status heard_status; /* how the last wait for a reply ended */
    bool is_stale;                 /* the session had died before MAIL, or forgot its login */
    size_t said, heard;
};

void smtp_flight_start(struct smtp_flight *flight, struct smtp_session *session, const struct smtp_mail *mail,
                       size_t first, size_t count);

/* Appends the next commands to the session's, as many as may go together. */
void smtp_flight_queue(struct smtp_flight *flight, struct smtp_session *session);

/* The step whose reply is heard next. */
enum smtp_step smtp_flight_step(const struct smtp_flight *flight);
bool smtp_flight_is_owed(const struct smtp_flight *flight);

/* The next reply, behind the next commands where none is owed. */
enum smtp_status smtp_flight_hear(struct smtp_flight *flight, struct smtp_dialogue *dialogue);

/* MAIL and every RCPT. True where the message may follow; false with the fault, and the recipients' verdicts
 * as far as they are known. */
bool smtp_flight_ask(struct smtp_flight *flight, struct smtp_dialogue *dialogue);

/* DATA, or the reply to it. */
bool smtp_flight_begin_data(struct smtp_flight *flight, struct smtp_dialogue *dialogue);

/* Behind a fault: reads what is owed, whatever it says, so that the session may go on. A relay that now waits
 * for a message gets none: the session is broken. */
void smtp_flight_drain(struct smtp_flight *flight, struct smtp_dialogue *dialogue);

#endif
