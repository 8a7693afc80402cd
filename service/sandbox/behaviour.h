/* service/sandbox/behaviour.h: what the sandbox's relay does otherwise than usual: by rules that were set for it, for
 * some times or until they are cleared, and by recipient, which needs no setup.
 *
 * Ownership  values; nothing points anywhere.
 * Errors     rules that are too many do not fit; the caller says so.
 * Threads    any.
 * Limits     64 rules.
 */
#ifndef POSTERN_SERVICE_SANDBOX_BEHAVIOUR_H
#define POSTERN_SERVICE_SANDBOX_BEHAVIOUR_H

#include "base/str.h"

#include <pthread.h>

/* In the order of a session. CONTENT is behind the 354, or a BDAT, and before the end of data. */
enum sandbox_step {
    SANDBOX_STEP_GREETING,
    SANDBOX_STEP_EHLO,
    SANDBOX_STEP_STARTTLS,
    SANDBOX_STEP_TLS,
    SANDBOX_STEP_AUTH,
    SANDBOX_STEP_MAIL,
    SANDBOX_STEP_RCPT,
    SANDBOX_STEP_DATA,
    SANDBOX_STEP_CONTENT,
    SANDBOX_STEP_END_OF_DATA,
    SANDBOX_STEP_COUNT
};

enum {
    SANDBOX_MAX_RULES = 64,
    SANDBOX_REPLY_BYTES = 256,
    SANDBOX_KEYWORDS_BYTES = 128,
    SANDBOX_RECIPIENT_BYTES = 256
};

/* Zeros: as usual. First the delay, then one of the others. */
struct sandbox_act {
    int64_t delay_ms;
    bool drops;                           /* the connection, in place of an answer */
    bool is_untrusted;                    /* the certificate; at STARTTLS */
    char reply[SANDBOX_REPLY_BYTES];      /* without its CRLF; empty: the usual one */
    char without[SANDBOX_KEYWORDS_BYTES]; /* EHLO keywords that are not offered, separated by spaces */
};

struct sandbox_rule {
    enum sandbox_step step;
    char recipient[SANDBOX_RECIPIENT_BYTES]; /* at RCPT: for this one alone; empty: for any */
    uint64_t times;                          /* that are left; 0: until it is cleared */
    uint64_t used;
    struct sandbox_act act;
};

struct sandbox_behaviour {
    pthread_mutex_t lock;
    struct sandbox_rule rules[SANDBOX_MAX_RULES];
    size_t count;
};

struct sandbox_address {
    struct str name; /* before "@sandbox.test" */
    enum sandbox_step step;
    struct sandbox_act act;
    const char *meaning;
};

#define SANDBOX_ADDRESS_DOMAIN "sandbox.test"

extern const struct sandbox_address sandbox_addresses[];
extern const size_t sandbox_address_count;

/* "end_of_data": as in JSON. */
struct str sandbox_step_name(enum sandbox_step step);

void sandbox_behaviour_init(struct sandbox_behaviour *behaviour);
void sandbox_behaviour_fini(struct sandbox_behaviour *behaviour);

/* In place of those that are there. */
void sandbox_behaviour_set(struct sandbox_behaviour *behaviour, const struct sandbox_rule *rules,
                           size_t count);

/* A copy of the rules that still hold; returns how many. */
size_t sandbox_behaviour_get(struct sandbox_behaviour *behaviour,
                             struct sandbox_rule rules[static SANDBOX_MAX_RULES]);

/* The first rule for this step; counts as used. `recipient` is absent but at RCPT. False: as usual. */
bool sandbox_behaviour_act(struct sandbox_behaviour *behaviour, enum sandbox_step step, struct str recipient,
                           struct sandbox_act *act);

/* What is agreed of a recipient; NULL for all the others. */
const struct sandbox_address *sandbox_address_find(struct str recipient);

#endif
