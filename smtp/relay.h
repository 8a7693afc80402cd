/* smtp/relay.h: where to submit mail, and on which terms: host, TLS policy, credentials, timeouts.
 *
 * Ownership  filled by the owner, whose strings outlive it; smtp_relay_prepare makes the TLS context,
 *            smtp_relay_fini frees it.
 * Errors     INTERNAL, in words for the operator.
 * Threads    read only once prepared; shared by all sessions.
 */
#ifndef POSTERN_SMTP_RELAY_H
#define POSTERN_SMTP_RELAY_H

#include "base/fault.h"
#include "base/str.h"

enum smtp_tls { SMTP_TLS_STARTTLS, SMTP_TLS_IMPLICIT, SMTP_TLS_NONE };

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

struct smtp_tls_context;

struct smtp_relay {
    struct str host; /* name or address, without brackets; NUL behind */
    uint16_t port;
    enum smtp_tls tls;
    bool insecure;          /* certificates are not verified */
    struct str username;    /* absent: no AUTH */
    struct str password;    /* absent with client certificates or a token */
    struct str oauth_token; /* absent unless XOAUTH2 or OAUTHBEARER is meant */
    struct str auth; /* allowed mechanisms in order, separated by spaces; "auto" for all that Postern knows */
    struct str ehlo_name; /* FQDN or address literal (RFC 5321 4.1.3); absent: this end's address */
    struct str ca_file;   /* absent: the system's store; NUL behind */
    struct str client_cert_file, client_key_file;
    struct smtp_timeouts timeouts;
    int stop_fd; /* readable when every wait is to end at once; -1 for never */
    struct smtp_tls_context *tls_context;
};

/* Loads the trust store and the client certificate. Fault: INTERNAL, with what is wrong with which file. */
bool smtp_relay_prepare(struct smtp_relay *relay, struct fault *fault);
void smtp_relay_fini(struct smtp_relay *relay);

#endif
