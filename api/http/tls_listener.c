/* libmicrohttpd makes a TLS session for each connection and shows it to us before the handshake. All that
 * matters is set there: its own options know one identity until the daemon stops, cannot require a client's
 * certificate, and let a client without a common protocol go on.
 *
 * To start at all it wants a certificate, or a callback that finds one. It is given one that finds none, so
 * that over a session which was not set up here nothing is ever said. */
#include "api/http/tls_listener.h"

#include <gnutls/abstract.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

/* In the order of preference; AES-128-GCM is the one that nearly every processor helps with. A client's
 * certificate needs 112 bits of security (RSA of 2,048 bits). */
static const char priorities[] =
    "SECURE128:%SERVER_PRECEDENCE:%PROFILE_MEDIUM:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"
    "-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-MAC-ALL:+AEAD:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1";

struct tls_listener {
    gnutls_priority_t priorities;
    pthread_mutex_t lock; /* guards the identity's place */
    struct tls_identity *identity;
};

struct tls_listener *tls_listener_new(struct tls_identity *identity, struct fault *fault)
{
    struct tls_listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        fault_set(fault, FAULT_OVERLOADED, "out of memory");
        tls_identity_release(&identity);
        return NULL;
    }
    listener->identity = identity;
    pthread_mutex_init(&listener->lock, NULL);
    int error = gnutls_priority_init(&listener->priorities, priorities, NULL);
    if (error < 0) {
        fault_set(fault, FAULT_INTERNAL, "GnuTLS cannot be set up: %s", gnutls_strerror(error));
        tls_listener_free(&listener);
    }
    return listener;
}

void tls_listener_replace(struct tls_listener *listener, struct tls_identity *identity)
{
    pthread_mutex_lock(&listener->lock);
    struct tls_identity *old = listener->identity;
    listener->identity = identity;
    pthread_mutex_unlock(&listener->lock);
    tls_identity_release(&old);
}

void tls_listener_free(struct tls_listener **listener)
{
    struct tls_listener *gone = *listener;
    *listener = NULL;
    if (!gone)
        return;
    tls_identity_release(&gone->identity);
    if (gone->priorities)
        gnutls_priority_deinit(gone->priorities);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

/* NOLINTNEXTLINE(readability-function-size): the signature is GnuTLS'. */
static int find_none(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                     const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                     unsigned *chain_length, gnutls_privkey_t *key)
{
    (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    (void)chain, (void)chain_length, (void)key;
    return -1;
}

struct MHD_OptionItem *tls_listener_options(const struct tls_listener *listener)
{
    static struct MHD_OptionItem nothing[] = {{MHD_OPTION_END, 0, NULL}};
    static struct MHD_OptionItem options[] = {{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)find_none},
                                              {MHD_OPTION_END, 0, NULL}};
    return listener ? options : nothing;
}

static struct tls_identity *hold_current(struct tls_listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    struct tls_identity *identity = tls_identity_hold(listener->identity);
    pthread_mutex_unlock(&listener->lock);
    return identity;
}

static gnutls_session_t session_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? info->tls_session : NULL;
}

/* GnuTLS leaves it to its caller to say goodbye with the reason, and libmicrohttpd does not. */
static int verify_client(gnutls_session_t session)
{
    unsigned char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st wanted = {GNUTLS_DT_KEY_PURPOSE_OID, purpose, sizeof purpose - 1};
    unsigned status;
    if (gnutls_certificate_verify_peers(session, &wanted, 1, &status) == GNUTLS_E_SUCCESS && status == 0)
        return 0;
    gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
    return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

struct tls_identity *tls_listener_begin(struct tls_listener *listener, struct MHD_Connection *connection)
{
    static const char protocol[] = "http/1.1";
    const gnutls_datum_t protocols[] = {{(unsigned char *)(uintptr_t)protocol, sizeof protocol - 1}};
    gnutls_session_t session = session_of(connection);
    if (!session)
        return NULL;
    struct tls_identity *identity = hold_current(listener);
    /* RFC 7301 3.2: who offers other protocols only is refused, and not spoken to in the wrong one. */
    bool is_set = gnutls_priority_set(session, listener->priorities) >= 0 &&
                  gnutls_alpn_set_protocols(session, protocols, 1, GNUTLS_ALPN_MANDATORY) >= 0 &&
                  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, identity->credentials) >= 0;
    if (!is_set) {
        tls_identity_release(&identity);
        return NULL;
    }
    if (identity->wants_client_certificate) {
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_function(session, verify_client);
    }
    return identity;
}

/* GnuTLS sends one record at a time, of 16 KiB at most. */
static void write_records(gnutls_session_t session, struct str bytes)
{
    while (bytes.len) {
        ssize_t sent = gnutls_record_send(session, bytes.data, bytes.len);
        if (sent <= 0)
            return;
        bytes = str_from(bytes, (size_t)sent);
    }
}

void tls_listener_write(struct MHD_Connection *connection, struct str bytes)
{
    gnutls_session_t session = session_of(connection);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (session)
        write_records(session, bytes);
    else if (info)
        (void)send(info->connect_fd, bytes.data, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool tls_listener_has_pending(struct MHD_Connection *connection)
{
    gnutls_session_t session = session_of(connection);
    return session && gnutls_record_check_pending(session) > 0;
}
