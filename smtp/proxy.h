/* smtp/proxy.h: what is said to a proxy before the relay can be heard: SOCKS5 (RFC 1928, 1929) or HTTP
 * CONNECT (RFC 9110 9.3.6). Without any I/O: tunnel.c carries it.
 *
 *     smtp_proxy_begin; while MORE: send what stands in `say`, hand in what arrives
 *
 * The relay's name is handed to the proxy, which resolves it. Nothing of what the proxy says is believed
 * about the relay: TLS is with the relay itself, under its own name.
 *
 * Ownership  a talk views the proxy's credentials, and holds what it says; smtp_proxy_fini wipes that.
 * Errors     a refusal is a sentence in `problem`, without our credentials and safe to show.
 * Threads    pure.
 * Limits     what a proxy says: 8 KiB.
 */
#ifndef POSTERN_SMTP_PROXY_H
#define POSTERN_SMTP_PROXY_H

#include "base/buf.h"
#include "base/str.h"

enum smtp_proxy_kind { SMTP_PROXY_NONE, SMTP_PROXY_SOCKS5, SMTP_PROXY_HTTP };

struct smtp_proxy {
    enum smtp_proxy_kind kind;
    struct str host; /* name or address, without brackets; NUL behind */
    uint16_t port;
    struct str username, password; /* absent: none are given */
};

enum smtp_proxy_state {
    SMTP_PROXY_MORE,
    SMTP_PROXY_DONE, /* from the next octet on it is the relay that speaks */
    SMTP_PROXY_REFUSED,
    SMTP_PROXY_NO_MEMORY
};

enum { SMTP_PROXY_MAX_HEADER_BYTES = 8192, SMTP_PROXY_PROBLEM_BYTES = 256 };

struct smtp_proxy_talk {
    const struct smtp_proxy *proxy;
    struct buf say;   /* what is to be sent now */
    struct buf heard; /* of the reply that is being read */
    struct buf request;
    size_t heard_bytes; /* in all */
    unsigned step;
    char problem[SMTP_PROXY_PROBLEM_BYTES];
};

/* REFUSED where the host cannot be named to a proxy. */
enum smtp_proxy_state smtp_proxy_begin(struct smtp_proxy_talk *talk, const struct smtp_proxy *proxy,
                                       struct str host, uint16_t port);

/* `used` is how many of the octets were the proxy's: those behind them are the relay's. */
enum smtp_proxy_state smtp_proxy_feed(struct smtp_proxy_talk *talk, struct str bytes, size_t *used);

void smtp_proxy_fini(struct smtp_proxy_talk *talk);

/* "SOCKS5", "HTTP". */
const char *smtp_proxy_kind_name(enum smtp_proxy_kind kind);

#endif
