/* smtp/relay.h: where to submit mail, and on which terms: host, TLS policy, credentials, timeouts.
 *
 * Ownership  filled by the owner, whose strings outlive it; smtp_relay_prepare makes the TLS context,
 *            smtp_relay_fini frees it.
 * Errors     INTERNAL, in words for the operator.
 * Threads    read only once prepared; shared by all sessions.
 */
#ifndef POSTERN_SMTP_RELAY_H
#define POSTERN_SMTP_RELAY_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "smtp/authority.h"
#include "smtp/proxy.h"

enum smtp_tls { SMTP_TLS_STARTTLS, SMTP_TLS_IMPLICIT, SMTP_TLS_NONE };

/* LMTP (RFC 2033): LHLO, and one reply a recipient behind the end of data. */
enum smtp_protocol { SMTP_PROTOCOL_SMTP, SMTP_PROTOCOL_LMTP };

/* RFC 5321 4.5.3.2 names and meanings; each bounds one reply (or one block of data), however it drips. */
struct smtp_timeouts {
    int64_t connect_ms;  /* to one address */
    int64_t greeting_ms; /* the 220, and each reply before MAIL */
    int64_t mail_ms;
    int64_t rcpt_ms;
    int64_t data_initiation_ms;
    int64_t data_block_ms;
    int64_t data_termination_ms;
};

/* Where the access token for OAuth comes from; asked at each login, for tokens do not live long. */
enum { SMTP_TOKEN_MAX_BYTES = 8000 };

struct smtp_token_source {
    void *context;
    /* Appends the token to `token`, which the caller wipes. */
    bool (*fetch)(void *context, struct deadline total, struct buf *token, struct fault *fault);
};

struct smtp_tls_context;
struct smtp_chain;

struct smtp_relay {
    struct str host; /* name or address, without brackets, or the path of a Unix socket; NUL behind */
    uint16_t port;   /* 0 with a path */
    struct smtp_proxy proxy;
    unsigned weight; /* its share of the messages, for who chooses among relays; 0: they are tried in order */
    enum smtp_protocol protocol;
    enum smtp_tls tls;
    bool insecure;                  /* certificates are not verified */
    struct str username;            /* absent: no AUTH */
    struct str password;            /* absent with client certificates or a token */
    struct smtp_token_source token; /* fetch NULL unless XOAUTH2 or OAUTHBEARER is meant */
    struct str auth; /* allowed mechanisms in order, separated by spaces; "auto" for all that Postern knows */
    struct str ehlo_name; /* FQDN or address literal (RFC 5321 4.1.3); absent: this end's address */
    struct str ca_file;   /* absent: the system's store; NUL behind */
    struct str client_cert_file, client_key_file;
    bool chunking; /* BDAT is used where it is offered (RFC 3030) */
    struct smtp_timeouts timeouts;
    void (*make_nonce)(char *text, size_t len); /* at most `len`, and a NUL; NULL: random_text */
    int stop_fd;                                /* readable when every wait is to end at once; -1 for never */
    struct smtp_tls_context *tls_context;
    struct smtp_chain *chain; /* chain.h: filled by each handshake, for who checks a relay; else NULL */
};

/* `host` is the path of a Unix socket: what is said there does not leave this machine. */
bool smtp_relay_is_local(const struct smtp_relay *relay);

/* Where it is, for a sentence. */
struct smtp_authority smtp_relay_name(const struct smtp_relay *relay);

/* Loads the trust store and the client certificate. Fault: INTERNAL, with what is wrong with which file. */
bool smtp_relay_prepare(struct smtp_relay *relay, struct fault *fault);
void smtp_relay_fini(struct smtp_relay *relay);

#endif
