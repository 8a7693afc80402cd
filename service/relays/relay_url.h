/* service/relays/relay_url.h: POSTERN_SMTP_URL, or a well-known service's name, into relays, and POSTERN_SMTP_PROXY.
 *
 *     smtp://user:password@host:587    STARTTLS, required
 *     smtps://user:password@host:465   implicit TLS
 *     lmtp://host:24                   LMTP (RFC 2033), STARTTLS required
 *     smtp:///path, lmtp:///path       a Unix socket; without TLS, for nothing leaves this machine
 *     ?tls=none, ?tls=insecure         the explicit exceptions: no TLS at all; TLS without verification
 *     ?weight=3                        its share of the messages, where one of several relays has a weight
 *
 *     socks5://user:password@host:1080, http://user:password@host:3128
 *
 * Ownership  strings live in the arena.
 * Errors     INVALID_REQUEST, without the URL's credentials.
 */
#ifndef POSTERN_SERVICE_RELAYS_RELAY_URL_H
#define POSTERN_SERVICE_RELAYS_RELAY_URL_H

#include "service/settings/options.h"
#include "smtp/relay.h"

enum { MAX_RELAYS = 8 };

struct relay_list {
    struct smtp_relay items[MAX_RELAYS];
    size_t count;
};

/* The relays of the settings, in order, with their credentials, files and timeouts; not prepared yet. */
bool relay_list_read(struct arena *arena, const struct settings *settings, struct relay_list *relays,
                     struct fault *fault);

/* The names of the services that are known, for --help. */
void relay_services_append(struct buf *out);

/* One URL: protocol, host, port, TLS policy, weight and credentials. */
bool relay_url_parse(struct arena *arena, struct str url, struct smtp_relay *relay, struct fault *fault);
bool proxy_url_parse(struct arena *arena, struct str url, struct smtp_proxy *proxy, struct fault *fault);

#endif
