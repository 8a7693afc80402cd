/* smtp/transport.h: bytes to and from the relay: a plain socket, TLS over it, or memory in tests.
 *
 * Ownership  made by smtp_socket_new, or by a test; freed by its own free.
 * Errors     every way in which a wait can end is a status of its own: trouble.c decides what it means.
 * Threads    one at a time.
 */
#ifndef POSTERN_SMTP_TRANSPORT_H
#define POSTERN_SMTP_TRANSPORT_H

#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"

enum smtp_status {
    SMTP_STATUS_OK,
    SMTP_STATUS_EOF,   /* the relay ended the stream, under TLS with its close_notify */
    SMTP_STATUS_RESET, /* the connection broke */
    SMTP_STATUS_TIMEOUT,
    SMTP_STATUS_STOPPED,     /* relay->stop_fd: Postern shuts down */
    SMTP_STATUS_TLS_BROKEN,  /* a bad record, an alert, or an end without close_notify (RFC 8446 6.1) */
    SMTP_STATUS_TLS_REFUSED, /* the relay's TLS or certificate is none to go on with */
    SMTP_STATUS_MALFORMED,   /* what came is no reply */
    SMTP_STATUS_UNSOLICITED, /* something came that nothing had asked for */
    SMTP_STATUS_NO_MEMORY,
    SMTP_STATUS_COUNT
};

enum {
    SMTP_NAME_TEXT_BYTES = 256,
    SMTP_DATE_TEXT_BYTES = 32,
    SMTP_LITERAL_BYTES = 64,
    SMTP_BINDING_MAX_BYTES = 64
};

/* What both ends of one TLS connection know and nobody else can have made equal on two (RFC 5056). */
struct smtp_channel_binding {
    const char *type; /* "tls-exporter"; NULL where there is none */
    char data[SMTP_BINDING_MAX_BYTES];
    size_t len;
};

/* What a certificate says, escaped: no name can forge what is printed. */
struct smtp_certificate {
    char subject[SMTP_NAME_TEXT_BYTES];
    char issuer[SMTP_NAME_TEXT_BYTES];
    char not_before[SMTP_DATE_TEXT_BYTES];
    char not_after[SMTP_DATE_TEXT_BYTES];
};

/* What the handshake found, or why it failed. */
struct smtp_tls_facts {
    const char *version; /* "TLSv1.3"; NULL in the clear */
    const char *cipher;
    struct smtp_channel_binding binding;
    struct smtp_certificate certificate; /* the relay's own, or the one that was refused */
    char problem[FAULT_DETAIL_BYTES];    /* in plain words; empty where there is none */
};

struct smtp_relay;
struct smtp_transport;

struct smtp_transport_ops {
    /* At least one byte, or how the wait ended. With a deadline that has passed: what is there already, or
     * TIMEOUT. */
    enum smtp_status (*read)(struct smtp_transport *transport, char *bytes, size_t room,
                             struct deadline deadline, size_t *got);

    /* All of it, or how it ended and `taken`: the bytes that the kernel may have. Zero is certain; under TLS
     * anything else counts as all. */
    enum smtp_status (*write)(struct smtp_transport *transport, struct str bytes, struct deadline deadline,
                              size_t *taken);
    enum smtp_status (*start_tls)(struct smtp_transport *transport, const struct smtp_relay *relay,
                                  struct deadline deadline);
    void (*free)(struct smtp_transport *transport);
};

struct smtp_transport {
    const struct smtp_transport_ops *ops;
    bool has_more; /* what is written next may wait in the kernel for the write that follows it at once */
    char local_literal[SMTP_LITERAL_BYTES]; /* this end as an address literal (RFC 5321 4.1.3) */
    char peer[SMTP_LITERAL_BYTES];          /* the other end's address; empty for a Unix socket */
    struct smtp_tls_facts tls;
};

#endif
