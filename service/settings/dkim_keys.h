/* service/settings/dkim_keys.h: the keys that messages are signed with, from the options.
 *
 *     dkim_keys    example.com:mail:/run/secrets/rsa.pem example.com:mail2:/run/secrets/ed25519.pem
 *
 * Errors     INVALID_REQUEST, naming the entry or the file.
 */
#ifndef POSTERN_SERVICE_SETTINGS_DKIM_KEYS_H
#define POSTERN_SERVICE_SETTINGS_DKIM_KEYS_H

#include "mime/dkim.h"
#include "service/settings/options.h"

/* The ring's views live in the arena. To be finished in any case. */
bool dkim_keys_load(struct arena *arena, const struct settings *settings, struct dkim_ring *ring,
                    struct fault *fault);

#endif
