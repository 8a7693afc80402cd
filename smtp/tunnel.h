/* smtp/tunnel.h: from a connection to the relay's proxy to one to the relay.
 *
 * Errors     UPSTREAM_UNREACHABLE, whatever the proxy refuses: which proxy, and which reply;
 *            UPSTREAM_TIMEOUT; SHUTTING_DOWN; OVERLOADED.
 * Limits     no octet behind the proxy's last reply is read: the greeting is left for the dialogue.
 */
#ifndef POSTERN_SMTP_TUNNEL_H
#define POSTERN_SMTP_TUNNEL_H

#include "smtp/relay.h"
#include "smtp/socket.h"

bool smtp_tunnel_open(struct smtp_socket *socket, const struct smtp_relay *relay, struct deadline deadline,
                      struct fault *fault);

#endif
