/* OpenSSL never blocks here: what it cannot do at once it says, and the wait is ours, with our deadline and
 * our stop.
 *
 * A handshake that fails must tell the operator what to change. The certificate that was refused is gone once
 * SSL_connect returns, so that it is described while it is being verified. */
#include "smtp/tls.h"

#include "smtp/chain.h"
#include "smtp/tls_binding.h"
#include "smtp/tls_bio.h"
#include "smtp/tls_memory.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Called for each certificate of the chain; the first that is refused is the one to tell of. */
static int on_verify(int accepted, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct smtp_socket *socket = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    struct smtp_tls_facts *facts = &socket->transport.tls;
    if (accepted || facts->problem[0])
        return accepted;
    if (socket->chain)
        smtp_chain_take(socket->chain, X509_STORE_CTX_get0_untrusted(store), X509_STORE_CTX_get_error(store));
    if (certificate)
        smtp_certificate_describe(&facts->certificate, certificate);
    const struct smtp_certificate *refused = &facts->certificate;
    snprintf(facts->problem, sizeof facts->problem,
             "the certificate is not accepted: %s (subject %.120s, issuer %.120s, valid from %s to %s)",
             X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)), refused->subject,
             refused->issuer, refused->not_before, refused->not_after);
    return 0;
}

/* Alerts that will be sent again to the next connection too; any other may pass (RFC 8446 6.2). */
static bool is_lasting_alert(int alert)
{
    static const int lasting[] = {SSL_AD_PROTOCOL_VERSION,    SSL_AD_INSUFFICIENT_SECURITY,
                                  SSL_AD_BAD_CERTIFICATE,     SSL_AD_UNSUPPORTED_CERTIFICATE,
                                  SSL_AD_CERTIFICATE_REVOKED, SSL_AD_CERTIFICATE_EXPIRED,
                                  SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_UNKNOWN_CA,
                                  SSL_AD_UNRECOGNIZED_NAME,   SSL_AD_NO_APPLICATION_PROTOCOL};
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++)
        if (lasting[i] == alert)
            return true;
    return false;
}

static enum smtp_status explain(struct smtp_tls_facts *facts, enum smtp_status status, const char *problem)
{
    if (!facts->problem[0])
        snprintf(facts->problem, sizeof facts->problem, "%s", problem ? problem : "OpenSSL gives no reason");
    return status;
}

static enum smtp_status explain_failure(struct smtp_tls_facts *facts, int error)
{
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);
    if (error != SSL_ERROR_SSL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return explain(facts, SMTP_STATUS_TLS_BROKEN, "the connection broke during the handshake");
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG)
        return explain(facts, SMTP_STATUS_TLS_REFUSED,
                       "what the relay sent is not TLS: is this a port for STARTTLS (smtp://)?");
    bool passing_alert = reason >= SSL_AD_REASON_OFFSET && !is_lasting_alert(reason - SSL_AD_REASON_OFFSET);
    return explain(facts, passing_alert ? SMTP_STATUS_TLS_BROKEN : SMTP_STATUS_TLS_REFUSED,
                   ERR_reason_error_string(code));
}

/* Without memory a certificate is called what it may not be. */
static enum smtp_status forget_failure(struct smtp_tls_facts *facts)
{
    facts->problem[0] = '\0';
    return SMTP_STATUS_NO_MEMORY;
}

/* OK to try again, or how the connection ended. */
static enum smtp_status wait_as_asked(struct smtp_socket *socket, int error, struct deadline deadline)
{
    short events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    return smtp_socket_wait(socket->fd, socket->stop_fd, events, deadline);
}

static bool wants_wait(int error)
{
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* RFC 8446 6.1: a FIN without close_notify is an attack or a fault, never the end of the stream. */
static enum smtp_status ended_status(int error, unsigned memory_failures)
{
    switch (error) {
    case SSL_ERROR_ZERO_RETURN: return SMTP_STATUS_EOF;
    case SSL_ERROR_SYSCALL: return SMTP_STATUS_RESET;
    default:
        return memory_failures == smtp_tls_memory_failures() ? SMTP_STATUS_TLS_BROKEN : SMTP_STATUS_NO_MEMORY;
    }
}

static enum smtp_status tls_read(struct smtp_transport *transport, char *bytes, size_t room,
                                 struct deadline deadline, size_t *got)
{
    struct smtp_socket *socket = (struct smtp_socket *)transport;
    unsigned memory_failures = smtp_tls_memory_failures();
    for (;;) {
        *got = 0;
        ERR_clear_error();
        if (SSL_read_ex(socket->ssl, bytes, room, got) == 1)
            return SMTP_STATUS_OK;
        int error = SSL_get_error(socket->ssl, 0);
        enum smtp_status status =
            wants_wait(error) ? wait_as_asked(socket, error, deadline) : ended_status(error, memory_failures);
        if (status != SMTP_STATUS_OK)
            return status;
    }
}

/* A record counts as taken once one octet of its ciphertext, or of one before it, went to the kernel. */
static enum smtp_status tls_write(struct smtp_transport *transport, struct str bytes,
                                  struct deadline deadline, size_t *taken)
{
    struct smtp_socket *socket = (struct smtp_socket *)transport;
    uint64_t sent_before = socket->sent_bytes;
    unsigned memory_failures = smtp_tls_memory_failures();
    for (;;) {
        ERR_clear_error();
        if (SSL_write_ex(socket->ssl, bytes.data, bytes.len, taken) == 1)
            return SMTP_STATUS_OK;
        int error = SSL_get_error(socket->ssl, 0);
        enum smtp_status status =
            wants_wait(error) ? wait_as_asked(socket, error, deadline) : ended_status(error, memory_failures);
        if (status != SMTP_STATUS_OK) {
            *taken = socket->sent_bytes == sent_before ? 0 : bytes.len;
            return status;
        }
    }
}

/* Says close_notify where it can be said at once, and does not wait for the relay's. */
static void tls_free(struct smtp_transport *transport)
{
    struct smtp_socket *socket = (struct smtp_socket *)transport;
    ERR_clear_error();
    SSL_shutdown(socket->ssl);
    ERR_clear_error();
    SSL_free(socket->ssl);
    smtp_socket_free(socket);
}

static const struct smtp_transport_ops tls_ops = {tls_read, tls_write, NULL, tls_free};

/* RFC 6066 3 has no server names for addresses; RFC 9525 6.5 wants those as iPAddress names. */
static bool set_peer_name(SSL *ssl, const struct smtp_tls_context *context)
{
    if (context->host_is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), context->host) == 1;
    /* A trailing dot says that a name is complete; neither certificates nor SNI carry it. */
    char name[SMTP_HOST_BYTES];
    int len = snprintf(name, sizeof name, "%s", context->host);
    if (len > 0 && name[len - 1] == '.')
        name[len - 1] = '\0';
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool attach(struct smtp_socket *socket, const struct smtp_tls_context *context)
{
    socket->ssl = SSL_new(context->ssl);
    BIO *bio = socket->ssl ? smtp_tls_bio_new(context->bio, socket) : NULL;
    if (!bio)
        return false;
    SSL_set_bio(socket->ssl, bio, bio);
    if (SSL_set_app_data(socket->ssl, socket) != 1)
        return false;
    SSL_set_verify(socket->ssl, context->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                   context->insecure ? NULL : on_verify);
    return set_peer_name(socket->ssl, context);
}

static enum smtp_status shake_hands(struct smtp_socket *socket, struct deadline deadline)
{
    unsigned memory_failures = smtp_tls_memory_failures();
    for (;;) {
        ERR_clear_error();
        int done = SSL_connect(socket->ssl);
        if (done == 1)
            return SMTP_STATUS_OK;
        int error = SSL_get_error(socket->ssl, done);
        if (!wants_wait(error))
            return memory_failures == smtp_tls_memory_failures()
                       ? explain_failure(&socket->transport.tls, error)
                       : forget_failure(&socket->transport.tls);
        enum smtp_status status = wait_as_asked(socket, error, deadline);
        if (status != SMTP_STATUS_OK)
            return status;
    }
}

enum smtp_status smtp_tls_start(struct smtp_socket *socket, const struct smtp_relay *relay,
                                struct deadline deadline)
{
    enum smtp_status status = SMTP_STATUS_NO_MEMORY;
    socket->chain = relay->chain;
    if (attach(socket, relay->tls_context))
        status = shake_hands(socket, deadline);
    if (status != SMTP_STATUS_OK) {
        SSL_free(socket->ssl);
        socket->ssl = NULL;
        return status;
    }
    struct smtp_tls_facts *facts = &socket->transport.tls;
    facts->version = SSL_get_version(socket->ssl);
    facts->cipher = SSL_get_cipher_name(socket->ssl);
    smtp_tls_bind(socket->ssl, &facts->binding);
    X509 *certificate = SSL_get0_peer_certificate(socket->ssl);
    if (certificate)
        smtp_certificate_describe(&facts->certificate, certificate);
    if (relay->chain)
        smtp_chain_take(relay->chain, SSL_get_peer_cert_chain(socket->ssl), 0);
    socket->transport.ops = &tls_ops;
    return SMTP_STATUS_OK;
}
