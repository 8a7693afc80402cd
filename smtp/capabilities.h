/* smtp/capabilities.h: what a relay offers in its reply to EHLO (RFC 5321 4.1.1.1).
 *
 * Ownership  owns a copy of what was offered, for those who want to see it.
 */
#ifndef POSTERN_SMTP_CAPABILITIES_H
#define POSTERN_SMTP_CAPABILITIES_H

#include "smtp/reply.h"

enum smtp_extension {
    SMTP_STARTTLS = 1 << 0,            /* RFC 3207 */
    SMTP_AUTH = 1 << 1,                /* RFC 4954 */
    SMTP_SIZE = 1 << 2,                /* RFC 1870 */
    SMTP_8BITMIME = 1 << 3,            /* RFC 6152 */
    SMTP_SMTPUTF8 = 1 << 4,            /* RFC 6531 */
    SMTP_PIPELINING = 1 << 5,          /* RFC 2920 */
    SMTP_CHUNKING = 1 << 6,            /* RFC 3030 */
    SMTP_BINARYMIME = 1 << 7,          /* RFC 3030 */
    SMTP_DSN = 1 << 8,                 /* RFC 3461 */
    SMTP_ENHANCEDSTATUSCODES = 1 << 9, /* RFC 2034 */
    SMTP_REQUIRETLS = 1 << 10,         /* RFC 8689 */
    SMTP_LIMITS = 1 << 11              /* RFC 9422 */
};

struct smtp_capabilities {
    unsigned extensions;      /* of smtp_extension */
    uint64_t max_size_octets; /* of a message; 0 where no limit is known */
    uint64_t max_recipients;  /* RFC 9422 4, 0 where no limit is known: RCPTMAX, of a transaction */
    uint64_t max_mails;       /* MAILMAX, of a session */
    uint64_t max_domains;     /* RCPTDOMAINMAX, of a session */
    struct buf mechanisms;    /* of AUTH, with a space before each */
    struct buf keywords;      /* all lines behind the greeting, LF behind each */
};

void smtp_capabilities_init(struct smtp_capabilities *capabilities);
void smtp_capabilities_fini(struct smtp_capabilities *capabilities);

/* RFC 3207 4.2: what was offered before TLS is worth nothing behind it. */
void smtp_capabilities_forget(struct smtp_capabilities *capabilities);

/* Replaces what was known by what this complete 250 reply offers. False without the memory for it. */
bool smtp_capabilities_read(struct smtp_capabilities *capabilities, const struct smtp_reply *reply);

bool smtp_capabilities_offer(const struct smtp_capabilities *capabilities, enum smtp_extension extension);
bool smtp_capabilities_offer_mechanism(const struct smtp_capabilities *capabilities, struct str name);

#endif
