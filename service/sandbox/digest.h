/* service/sandbox/digest.h: what a list shows of a message, made once, when it is taken. */
#ifndef POSTERN_SERVICE_SANDBOX_DIGEST_H
#define POSTERN_SERVICE_SANDBOX_DIGEST_H

#include "service/sandbox/store.h"

struct sandbox_digest {
    struct str subject, from, to; /* decoded; absent where the field is */
};

/* Sets `summary` and `attachment_count`. */
void sandbox_digest_message(struct sandbox_message *message);

void sandbox_digest_read(const struct sandbox_message *message, struct sandbox_digest *digest);

/* Whether the words are in subject, sender, recipients or envelope, one next to the other; ASCII letters in either
 * case. */
bool sandbox_digest_has(const struct sandbox_message *message, struct str words);

/* Whether the message goes to this address, by its envelope. */
bool sandbox_digest_is_to(const struct sandbox_message *message, struct str address);

#endif
