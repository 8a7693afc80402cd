/* service/access/redirect.h: every message to one address, wherever it was meant to go (for staging, where mail is
 * real but must reach nobody).
 *
 * The envelope is replaced before anything is made of it, so that no other recipient is ever named to a
 * relay; the receipt tells the one it had. To and Cc of the message stay, to be looked at; X-Original-To says
 * where it would have gone, blind recipients included.
 *
 * Errors     INVALID_REQUEST, naming the option; OVERLOADED.
 */
#ifndef POSTERN_SERVICE_ACCESS_REDIRECT_H
#define POSTERN_SERVICE_ACCESS_REDIRECT_H

#include "service/settings/options.h"

/* `address` is absent where nothing is redirected. */
bool redirect_load(struct arena *arena, const struct settings *settings, struct str *address,
                   struct fault *fault);

/* To `address`, if it is one. */
bool redirect_apply(struct str address, struct submission *submission, struct fault *fault);

#endif
