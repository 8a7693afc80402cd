/* smtp/authority.h: a host and its port as a sentence or CONNECT names them (RFC 3986 3.2): "host:port",
 * "[2001:db8::1]:587"; a Unix socket by its path alone.
 *
 * Limits     a host that no relay or proxy can have (255 octets) is cut.
 */
#ifndef POSTERN_SMTP_AUTHORITY_H
#define POSTERN_SMTP_AUTHORITY_H

#include "base/str.h"

enum { SMTP_HOST_BYTES = 256, SMTP_AUTHORITY_BYTES = SMTP_HOST_BYTES + sizeof "[]:65535" };

/* By value: `smtp_authority_of(host, port).text` lives to the end of the expression. */
struct smtp_authority {
    char text[SMTP_AUTHORITY_BYTES];
};

struct smtp_authority smtp_authority_of(struct str host, uint16_t port);

#endif
