/* service/sandbox/path.h: the paths of MAIL and RCPT (RFC 5321 4.1.2; UTF-8 as in RFC 6531 3.3). Pure. */
#ifndef POSTERN_SERVICE_SANDBOX_PATH_H
#define POSTERN_SERVICE_SANDBOX_PATH_H

#include "base/str.h"

/* Cuts "<...>" off the front of `argument`. `address` is what stands within, without a source route; empty
 * for the null path. */
bool sandbox_path_cut(struct str *argument, struct str *address);

/* Local-part "@" ( Domain / address-literal ), within the limits of RFC 5321 4.5.3.1. */
bool sandbox_path_is_mailbox(struct str address);

#endif
