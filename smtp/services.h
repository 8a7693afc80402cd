/* smtp/services.h: well-known submission services by name, in place of host and port.
 *
 * Every one is reached under TLS. Where a service takes implicit TLS (RFC 8314 3.3), that is the row.
 */
#ifndef POSTERN_SMTP_SERVICES_H
#define POSTERN_SMTP_SERVICES_H

#include "smtp/relay.h"

struct smtp_service {
    const char *name; /* as it is written in the configuration; case does not matter */
    const char *host;
    uint16_t port;
    enum smtp_tls tls;
};

/* NULL where the name is not known. */
const struct smtp_service *smtp_service_find(struct str name);

/* Every service by row number, in alphabetical order; NULL behind the last. */
const struct smtp_service *smtp_service_at(size_t row);

#endif
