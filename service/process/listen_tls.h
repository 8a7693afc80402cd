/* service/process/listen_tls.h: what the HTTPS listener shows and asks for, from the files that the options name.
 *
 * Errors     INVALID_REQUEST, naming option, file and reason; OVERLOADED.
 */
#ifndef POSTERN_SERVICE_PROCESS_LISTEN_TLS_H
#define POSTERN_SERVICE_PROCESS_LISTEN_TLS_H

#include "api/http/tls_identity.h"
#include "service/settings/options.h"

/* `identity` becomes NULL where no certificate is named: plain HTTP. When it ends is logged; a certificate out
 * of its time is a warning, for whoever calls may not mind. */
bool listen_tls_load(const struct settings *settings, struct tls_identity **identity, struct fault *fault);

#endif
