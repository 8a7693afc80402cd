#include "smtp/relay.h"

#include "base/idna.h"
#include "base/utf8.h"
#include "smtp/envelope.h"
#include "smtp/tls.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { IDNA_ARENA_BYTES = 8192 };

static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* A host in its own letters is looked up, and compared with certificates, as A-labels (RFC 9525 6.3). */
static bool convert_host(struct smtp_tls_context *context, struct str host, struct fault *fault)
{
    struct arena arena;
    arena_init(&arena, IDNA_ARENA_BYTES);
    struct str ascii;
    struct fault why;
    bool valid = idna_to_ascii(&arena, host, &ascii, &why);
    if (valid)
        memcpy(context->host, ascii.data, ascii.len + 1);
    else
        fault_set(fault, FAULT_INTERNAL, "the relay's host \"%.*s\" is no host name: %s", STR_ARG(host),
                  why.detail);
    arena_fini(&arena);
    return valid;
}

bool smtp_relay_is_local(const struct smtp_relay *relay)
{
    return relay->host.len && relay->host.data[0] == '/';
}

struct smtp_authority smtp_relay_name(const struct smtp_relay *relay)
{
    return smtp_authority_of(relay->host, relay->port);
}

static bool take_path(struct smtp_tls_context *context, struct str path, struct fault *fault)
{
    if (path.len >= sizeof((struct sockaddr_un *)0)->sun_path)
        return fault_set(fault, FAULT_INTERNAL, "the path %.*s is too long for a Unix socket", STR_ARG(path));
    memcpy(context->host, path.data, path.len);
    context->host[path.len] = '\0';
    return true;
}

/* ASCII stays as it is: container names have underscores, which no rule for mail domains allows. */
static bool take_host(struct smtp_tls_context *context, struct str host, struct fault *fault)
{
    if (host.len == 0 || host.len >= SMTP_HOST_BYTES)
        return fault_set(fault, FAULT_INTERNAL, "the relay's host name is empty or too long");
    if (!utf8_is_ascii(host))
        return convert_host(context, host, fault);
    for (size_t i = 0; i < host.len; i++)
        if (host.data[i] <= ' ' || host.data[i] == 0x7f)
            return fault_set(fault, FAULT_INTERNAL, "the relay's host name holds a space or a control");
    memcpy(context->host, host.data, host.len);
    context->host[host.len] = '\0';
    context->host_is_address = is_address(context->host);
    return true;
}

bool smtp_relay_prepare(struct smtp_relay *relay, struct fault *fault)
{
    if (relay->ehlo_name.data && !smtp_envelope_check_ehlo_name(relay->ehlo_name, fault))
        return false;
    relay->tls_context = calloc(1, sizeof *relay->tls_context);
    if (!relay->tls_context)
        return fault_set(fault, FAULT_INTERNAL, "out of memory");
    bool is_taken = smtp_relay_is_local(relay) ? take_path(relay->tls_context, relay->host, fault)
                                               : take_host(relay->tls_context, relay->host, fault);
    if (is_taken && (relay->tls == SMTP_TLS_NONE || smtp_tls_context_load(relay->tls_context, relay, fault)))
        return true;
    smtp_relay_fini(relay);
    return false;
}

void smtp_relay_fini(struct smtp_relay *relay)
{
    if (relay->tls_context)
        smtp_tls_context_fini(relay->tls_context);
    free(relay->tls_context);
    relay->tls_context = NULL;
}
