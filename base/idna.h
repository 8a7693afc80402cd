/* base/idna.h: domain names as DNS and SMTP have them (RFC 5890, UTS 46), by libidn2. */
#ifndef POSTERN_BASE_IDNA_H
#define POSTERN_BASE_IDNA_H

#include "base/arena.h"
#include "base/fault.h"

/* The A-labels of a domain in UTF-8 or ASCII (which stays as it is written): labels of letters, digits and
 * hyphens, of 1 to 63 octets, 253 in all. Faults: INVALID_ADDRESS, with the broken rule; OVERLOADED. */
bool idna_to_ascii(struct arena *arena, struct str domain, struct str *ascii, struct fault *fault);

#endif
