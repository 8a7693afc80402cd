/* One type a version, as RFC 9266 3 has it and as the servers do (Dovecot, GNU SASL): tls-exporter from TLS
 * 1.3 on, tls-unique before. tls-server-end-point is left out: it holds for every connection with that
 * certificate, and SMTP has no way to agree on it. */
#include "smtp/tls_binding.h"

#include <assert.h>

/* RFC 9266 2. */
static const char EXPORTER_LABEL[] = "EXPORTER-Channel-Binding";
enum { EXPORTER_BYTES = 32 };

static void bind_exporter(SSL *ssl, struct smtp_channel_binding *binding)
{
    if (SSL_export_keying_material(ssl, (unsigned char *)binding->data, EXPORTER_BYTES, EXPORTER_LABEL,
                                   sizeof EXPORTER_LABEL - 1, NULL, 0, 0) != 1)
        return;
    binding->len = EXPORTER_BYTES;
    binding->type = "tls-exporter";
}

/* RFC 5929 3.1: the first Finished, which is the client's, for no TLS session is resumed here. Without the
 * extended master secret two connections can be made to have the same one (RFC 7627 1). */
static void bind_unique(SSL *ssl, struct smtp_channel_binding *binding)
{
    if (SSL_get_extms_support(ssl) != 1)
        return;
    binding->len = SSL_get_finished(ssl, binding->data, sizeof binding->data);
    assert(binding->len > 0 && binding->len <= sizeof binding->data);
    binding->type = "tls-unique";
}

void smtp_tls_bind(SSL *ssl, struct smtp_channel_binding *binding)
{
    *binding = (struct smtp_channel_binding){0};
    if (SSL_version(ssl) >= TLS1_3_VERSION)
        bind_exporter(ssl, binding);
    else
        bind_unique(ssl, binding);
}
