/* smtp/dialogue.h: a command and its reply: what greet.c, login.c and transaction.c are written in.
 *
 * The session lives as long as the connection; a dialogue is what one call of open or send works with. A
 * function that fails has set the outcome's fault; where the connection is of no more use `is_broken` is set,
 * and not one octet more is written to it.
 *
 * Ownership  a dialogue owns nothing. Internal to this floor.
 */
#ifndef POSTERN_SMTP_DIALOGUE_H
#define POSTERN_SMTP_DIALOGUE_H

#include "smtp/capabilities.h"
#include "smtp/flight.h"
#include "smtp/limits.h"
#include "smtp/redact.h"
#include "smtp/session.h"
#include "smtp/transport.h"
#include "smtp/trouble.h"

/* A block is what one TLS record holds. */
enum { SMTP_INPUT_BYTES = 4096, SMTP_BLOCK_BYTES = 65536, SMTP_MAX_COMMAND_BYTES = 16384 };

struct smtp_session {
    const struct smtp_relay *relay;
    struct smtp_transport *transport;
    struct smtp_capabilities capabilities;
    struct smtp_reply reply; /* the last that was read */
    struct buf greeting;
    struct buf command;        /* the line, or the lines of a flight, that are being sent */
    struct smtp_flight flight; /* of the transaction that runs */
    struct smtp_flight begun;  /* of the mail that was begun behind its end of data; without mail: none */
    struct smtp_tally tally;
    int64_t heard_at_us; /* when the last reply was whole */
    struct smtp_redactor redactor;
    const char *mechanism;
    bool is_used;   /* a message has been tried on it */
    bool is_broken; /* nothing may be written to it any more */
    char input[SMTP_INPUT_BYTES];
    size_t input_at, input_end; /* what was read and is not yet part of a reply */
    char block[SMTP_BLOCK_BYTES];
};

struct smtp_dialogue {
    struct smtp_session *session;
    struct deadline total;
    struct arena *arena;
    struct smtp_transcript *transcript;
    struct outcome *outcome;
};

/* `timeout_ms` from now, under the total. */
struct deadline smtp_dialogue_deadline(const struct smtp_dialogue *dialogue, int64_t timeout_ms);

/* The room for the next command, or several with CRLF between them; empty. */
struct buf *smtp_dialogue_begin(struct smtp_dialogue *dialogue);

/* TIMEOUT is silence: a command may be sent. OK: the relay took its leave; its 421 stands as the reply. */
enum smtp_status smtp_dialogue_listen(struct smtp_dialogue *dialogue);

/* Sends what was begun and reads the first reply, all of it within the deadline. The transcript has `shown`
 * in its place. Not a word is sent where something has arrived already. */
enum smtp_status smtp_dialogue_exchange(struct smtp_dialogue *dialogue, struct str shown,
                                        struct deadline deadline);

/* Puts lines, with CRLF between them, into the transcript. */
void smtp_dialogue_show(struct smtp_dialogue *dialogue, struct str lines);

/* Sets the fault where `status`, or the reply that was read, is not what the step wants; true where it is. */
bool smtp_dialogue_judge(struct smtp_dialogue *dialogue, enum smtp_step step, enum smtp_status status);

/* Exchange and judge. */
bool smtp_dialogue_command(struct smtp_dialogue *dialogue, enum smtp_step step, int64_t timeout_ms);

/* Waits for the next reply. */
enum smtp_status smtp_dialogue_read_reply(struct smtp_dialogue *dialogue, struct deadline deadline);

/* The reply that was read last as it may be shown: safe, and without our own secrets. */
struct outcome_reply smtp_dialogue_show_reply(const struct smtp_dialogue *dialogue);

/* OK where something has arrived that was not read yet, TIMEOUT where nothing has, or how the connection
 * ended. */
enum smtp_status smtp_dialogue_peek(struct smtp_session *session);

#endif
