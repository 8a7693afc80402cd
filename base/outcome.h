/* base/outcome.h: what became of a mail. The value that a submission ends in, on every way.
 *
 * The SMTP floor writes it, the API floor shows it; neither knows the other. The classes are those of
 * openapi.yaml:
 *
 *   sent      the relay's complete 2yz reply to the end of data was read
 *   partial   the same, for some of the recipients
 *   not_sent  provable: the kernel was never handed the end of data, or a complete 4yz or 5yz reply was read
 *   unknown   everything else (RFC 1047)
 *
 * Ownership  every view points into the arena of the request.
 */
#ifndef POSTERN_BASE_OUTCOME_H
#define POSTERN_BASE_OUTCOME_H

#include "base/fault.h"
#include "base/str.h"

/* Zero is NOT_SENT: what never began was not sent. */
enum delivery { DELIVERY_NOT_SENT, DELIVERY_SENT, DELIVERY_PARTIAL, DELIVERY_UNKNOWN };

/* What a refused recipient means for the others: nobody gets the mail, or those who were accepted do. */
enum partial_policy { PARTIAL_ABORT, PARTIAL_DELIVER };

/* Accepted by a 2yz reply, rejected by 5yz, deferred by 4yz: to RCPT, or to the end of data where that is
 * answered for each recipient (RFC 2033). */
enum recipient_status { RECIPIENT_NOT_TRIED, RECIPIENT_ACCEPTED, RECIPIENT_REJECTED, RECIPIENT_DEFERRED };

enum { OUTCOME_TEXT_MAX_BYTES = 1000 };

/* A relay's own words, made safe to show: valid UTF-8 without controls, lines joined by a space, cut at 1,000
 * bytes. */
struct outcome_reply {
    int code;            /* 0 where no reply was read */
    struct str enhanced; /* "2.1.5" (RFC 3463); absent where the reply has none */
    struct str text;     /* what followed the code, the enhanced code included */
};

struct outcome_recipient {
    enum recipient_status status;
    struct outcome_reply reply;
    struct str queue_id; /* of his part of the message, where it had to be sent in several transactions */
};

/* Where the time of a message goes. The opening of a session is connect (its name, TCP, a proxy), greeting (up to
 * the last EHLO, without TLS), TLS and AUTH; mail is MAIL and every RCPT, data all that follows. */
enum outcome_phase {
    PHASE_QUEUED,
    PHASE_CONNECT,
    PHASE_GREETING,
    PHASE_TLS,
    PHASE_AUTH,
    PHASE_MAIL,
    PHASE_DATA,
    OUTCOME_PHASES
};

/* Monotonic; all 0 for what did not happen. What happened in pieces took less than lies between its ends. */
struct outcome_spell {
    int64_t began_us, ended_us, took_us;
};

struct outcome_timing {
    int64_t queued_us;    /* waiting for a session thread */
    int64_t connected_us; /* opening a session; 0 where a pooled one was used */
    int64_t sent_us;      /* from MAIL to the last reply */
    struct outcome_spell phases[OUTCOME_PHASES];
};

struct outcome {
    enum delivery delivery;
    struct fault fault; /* FAULT_NONE where the mail was sent, to as many as the policy asks for */
    struct str host;    /* of the relay that answered last; absent where none was tried */
    uint16_t port;
    struct str tls; /* "TLSv1.3"; absent in the clear */
    struct outcome_reply reply;
    struct str queue_id;                  /* absent where the reply's form is not known */
    struct outcome_recipient *recipients; /* one each, in the envelope's order */
    size_t recipient_count;
    uint64_t message_bytes; /* of the message as it goes to the relay; 0 where none was built */
    struct outcome_timing timing;
    struct str transcript;       /* absent unless asked for */
    int64_t transcript_began_us; /* monotonic: when the transcript's clock began */
};

/* "sent", "accepted": as in openapi.yaml. */
const char *delivery_name(enum delivery delivery);
const char *recipient_status_name(enum recipient_status status);
const char *outcome_phase_name(enum outcome_phase phase);

/* The phase, or a piece of it, ends now. */
void outcome_end_phase(struct outcome_timing *timing, enum outcome_phase phase, int64_t began_us);

#endif
