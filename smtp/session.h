/* smtp/session.h: one submission session with a relay (RFC 5321, 6409).
 *
 * Opened once, sends any number of messages, closed. The dialogue runs in page order on the caller's thread;
 * each step has a deadline of its own under the caller's total.
 *
 * Ownership  the relay outlives the session; what an outcome shows points into the arena that was handed in.
 * Errors     every end is an outcome: its delivery says what became of the mail, its fault what to do.
 * Threads    one at a time; an idle session may change hands.
 * Limits     a reply: 128 lines, 64 KiB. With replies owed or stray bytes a session is never reused. It holds
 *            21 KiB, twice the longest reply at most, and what OpenSSL takes.
 */
#ifndef POSTERN_SMTP_SESSION_H
#define POSTERN_SMTP_SESSION_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/outcome.h"
#include "smtp/envelope.h"
#include "smtp/relay.h"
#include "smtp/transcript.h"

struct smtp_session;
struct smtp_tls_facts;
struct smtp_transport;

/* One message and where it is told what became of it. `outcome->recipients` was allocated by the caller;
 * `transcript` may be NULL. */
struct smtp_mail {
    const struct smtp_envelope *envelope;
    struct smtp_source *source;
    struct deadline total;
    struct arena *arena;
    struct smtp_transcript *transcript;
    struct outcome *outcome;
};

/* Who knows of the mail that comes next. `next` is asked once at most, as the end of data goes out; NULL:
 * there is none. What it gives is to be sent next: on this session, or on another where the session ends with
 * this mail. */
struct smtp_waiting {
    void *context;
    const struct smtp_mail *(*next)(void *context);
};

/* What the caller may do with the session after a message. */
enum smtp_after {
    SMTP_AFTER_REUSE, /* every reply was read: another message may follow */
    SMTP_AFTER_CLOSE,
    SMTP_AFTER_RETRY, /* it had died before this message began, or had all that the relay takes in one: close
                         it and send again on a fresh one */
};

/* What an open session has found: for those who check a relay. The views live as long as the session, and
 * hold what the relay said as it said it: make it safe before it is shown. */
struct smtp_session_facts {
    struct str address;   /* of the relay; empty for a Unix socket, a proxy's where there is one */
    struct str ehlo_name; /* by which it was greeted */
    struct str greeting;  /* the text behind the 220 */
    struct str keywords;  /* of the last EHLO, LF behind each; empty where only HELO was understood */
    struct str mechanism; /* by which it logged in; absent where it did not */
    const struct smtp_tls_facts *tls; /* transport.h; version NULL in the clear */
};

/* Connects, greets, secures and logs in. NULL with outcome->fault (and reply, host, port, tls) set; nothing
 * was sent. `transcript` may be NULL. */
struct smtp_session *smtp_session_open(const struct smtp_relay *relay, struct deadline total,
                                       struct arena *arena, struct smtp_transcript *transcript,
                                       struct outcome *outcome);

/* The same over a connection that stands already, and that is now the session's. */
struct smtp_session *smtp_session_open_over(struct smtp_transport *transport, const struct smtp_relay *relay,
                                            struct deadline total, struct arena *arena,
                                            struct smtp_transcript *transcript, struct outcome *outcome);

/* One mail. On return every recipient has a verdict. `waiting` may be NULL: where the relay offers PIPELINING
 * the first commands of the mail that it gives go out together with the end of this one (and REUSE then means
 * that they are answered in that mail's own send). */
enum smtp_after smtp_session_send(struct smtp_session *session, const struct smtp_mail *mail,
                                  const struct smtp_waiting *waiting);

/* Nothing has arrived on an idle session, its end included; or a mail was begun on it. */
bool smtp_session_is_idle(struct smtp_session *session);

/* Asks an idle session for a sign of life (NOOP): a connection that a router has forgotten looks open. */
bool smtp_session_probe(struct smtp_session *session, int64_t wait_ms);

void smtp_session_describe(const struct smtp_session *session, struct smtp_session_facts *facts);

/* QUIT, without waiting longer than a moment for its answer; frees in any state. */
void smtp_session_close(struct smtp_session **session);

#endif
