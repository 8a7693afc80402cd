/* mime/mailbox.h: mailboxes and addresses (RFC 5322 3.4, RFC 5321 4.1.2, RFC 6531).
 *
 * One parse feeds both the header and the envelope. Lenient about how a display name is written, exact about
 * the address: what comes out can be put on an SMTP line without another check.
 *
 * Ownership  views point into the arena.
 * Errors     INVALID_ADDRESS, with the rule that was broken; OVERLOADED when the arena is full.
 * Limits     local part 64 octets, domain 253 (a label 63), whole address 254; 32 KiB with the name; linear
 *            time.
 */
#ifndef POSTERN_MIME_MAILBOX_H
#define POSTERN_MIME_MAILBOX_H

#include "base/arena.h"
#include "base/fault.h"

struct mailbox {
    struct str display_name; /* UTF-8, without quotes; absent where there is none */
    struct str address;      /* addr-spec: local part quoted where it must be, "@", domain as A-labels */
    size_t at;               /* where in `address` the "@" before the domain stands */
};

/* "Ann Lee <ann@example.com>", "\"Lee, Ann\" <ann@example.com>", "ann@example.com". */
bool mailbox_parse(struct arena *arena, struct str text, struct mailbox *mailbox, struct fault *fault);

/* An address alone, as in {"email": ...} or a return path; `display_name` stays absent. */
bool mailbox_parse_address(struct arena *arena, struct str text, struct mailbox *mailbox,
                           struct fault *fault);

/* Checks a display name given on its own: UTF-8 without controls. */
bool mailbox_set_display_name(struct arena *arena, struct str name, struct mailbox *mailbox,
                              struct fault *fault);

/* The local part has characters that only SMTPUTF8 carries (RFC 6531). */
bool mailbox_needs_smtputf8(const struct mailbox *mailbox);

/* The same mailbox: equal local parts, equal domains but for case. */
bool mailbox_equal(const struct mailbox *a, const struct mailbox *b);

#endif
