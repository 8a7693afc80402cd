/* service/sandbox/connection_inside.h: a session as its own files see it: the loop and the simple commands
 * (connection.c), what is said and kept (speech.c),
 * logins (authentication.c), transactions (transaction.c), and what is rehearsed (stage.c). */
#ifndef POSTERN_SERVICE_SANDBOX_CONNECTION_INSIDE_H
#define POSTERN_SERVICE_SANDBOX_CONNECTION_INSIDE_H

#include "service/sandbox/command.h"
#include "service/sandbox/connection.h"
#include "service/sandbox/wire.h"

enum { COMMAND_TIMEOUT_MS = 300000, MESSAGE_TIMEOUT_MS = 600000, CONNECTION_OPENING_BYTES = 16384 };

struct connection {
    const struct sandbox_terms *terms;
    struct sandbox_wire wire;
    struct sandbox_record *record; /* NULL without memory for it */
    struct buf opening;            /* dialogue.h: all that was said before the first transaction */
    struct buf said;               /* since then, or since the end of the last one */
    uint64_t session;
    bool has_greeted, has_login;
    unsigned errors;
    struct sandbox_message *message; /* NULL outside of a transaction */
    bool smtputf8;
    bool has_chunks;             /* BDAT came */
    const char *message_refusal; /* of the message, whatever comes yet */
    char kept_reply[SANDBOX_REPLY_BYTES];
    const struct sandbox_address *agreed; /* by a recipient, for a later step */
    struct sandbox_act act;               /* of the step that was prepared last */
    enum sandbox_wire_status status;      /* of the wire; the session is over when it is not OK */
    bool quit;
};

/* A line of a reply, on the wire and in the dialogue. */
void connection_say(struct connection *connection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void connection_refuse(struct connection *connection, const char *reply);
void connection_note(struct connection *connection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void connection_hear(struct connection *connection, struct str line);

/* The lines that follow are a transaction's; how the session began stays. */
void connection_begin_lines(struct connection *connection);

/* What has been said since the last call belongs to `dialogue`, too, behind how the session began. */
void connection_take_dialogue(struct connection *connection, struct buf *dialogue);

void connection_end_transaction(struct connection *connection);

/* Broken, told to end, or dropped. */
bool connection_is_over(const struct connection *connection);

/* Waits and drops as it is rehearsed for this step; what else is, stands in `act`. The reply to give: that which is
 * rehearsed, or `usual`; NULL where the session is over. */
const char *stage_prepare(struct connection *connection, enum sandbox_step step, struct str recipient,
                          const char *usual);

/* True where it was a positive one. */
bool stage_say(struct connection *connection, const char *reply);

/* Both. */
bool stage_reply(struct connection *connection, enum sandbox_step step, struct str recipient,
                 const char *usual);

void authentication_serve(struct connection *connection, struct str argument);

void transaction_mail(struct connection *connection, struct str argument);
void transaction_rcpt(struct connection *connection, struct str argument);
void transaction_data(struct connection *connection, struct str argument);
void transaction_bdat(struct connection *connection, struct str argument);

#endif
