#include "base/random.h"
#include "service/sandbox/sandbox_inside.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ARENA_BYTES = 8192, PASSWORD_LEN = 32 };

/* What listens on every address is reached on loopback. */
static bool find_own_address(struct sandbox *sandbox, int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
        return false;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address;
    switch (address.ss_family) {
    case AF_INET:
        if (v4->sin_addr.s_addr == htonl(INADDR_ANY))
            v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        sandbox->port = ntohs(v4->sin_port);
        return inet_ntop(AF_INET, &v4->sin_addr, sandbox->host, sizeof sandbox->host);
    case AF_INET6:
        if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
            v6->sin6_addr = in6addr_loopback;
        sandbox->port = ntohs(v6->sin6_port);
        return inet_ntop(AF_INET6, &v6->sin6_addr, sandbox->host, sizeof sandbox->host);
    case AF_UNIX: memcpy(sandbox->host, un->sun_path, sizeof un->sun_path); return true;
    default: return false;
    }
}

static const char *own_ip(const struct sandbox *sandbox)
{
    return sandbox->port ? sandbox->host : NULL;
}

static void take_credentials(struct sandbox *sandbox, const struct sandbox_config *config)
{
    arena_init(&sandbox->arena, ARENA_BYTES);
    char any[PASSWORD_LEN + 1];
    bool are_set = config->username.len > 0;
    random_text(any, PASSWORD_LEN);
    sandbox->username = arena_copy(&sandbox->arena, are_set ? config->username : STR("sandbox"));
    sandbox->password = arena_copy(&sandbox->arena, are_set ? config->password : str_of(any));
    if (are_set)
        sandbox->terms.credentials =
            (struct sandbox_credentials){str_chars(sandbox->username), str_chars(sandbox->password)};
}

static bool set_terms(struct sandbox *sandbox, const struct sandbox_config *config, struct fault *fault)
{
    struct sandbox_terms *terms = &sandbox->terms;
    take_credentials(sandbox, config);
    sandbox_behaviour_init(&sandbox->behaviour);
    sandbox->book = sandbox_book_new();
    terms->tls = sandbox->certificate.tls;
    terms->untrusted_tls = sandbox->untrusted.tls;
    terms->max_message_bytes = config->max_message_bytes;
    terms->store = sandbox_store_new(config->max_messages, config->max_store_bytes);
    terms->journal = sandbox_journal_new();
    terms->behaviour = &sandbox->behaviour;
    terms->events = sandbox_events_new();
    return (sandbox->book && terms->store && terms->journal && terms->events && !sandbox->arena.failed) ||
           fault_set(fault, FAULT_INTERNAL, "out of memory");
}

struct sandbox *sandbox_start(const struct sandbox_config *config, struct fault *fault)
{
    struct sandbox *sandbox = calloc(1, sizeof *sandbox);
    if (!sandbox || !find_own_address(sandbox, config->listen_fd)) {
        fault_set(fault, FAULT_INTERNAL, "the sandbox has no memory, or no address");
        close(config->listen_fd);
        free(sandbox);
        return NULL;
    }
    sandbox->certificate.fd = sandbox->untrusted.fd = -1;
    if (set_terms(sandbox, config, fault) &&
        sandbox_certificate_init(&sandbox->certificate, own_ip(sandbox), fault) &&
        sandbox_certificate_init(&sandbox->untrusted, own_ip(sandbox), fault)) {
        sandbox->terms.tls = sandbox->certificate.tls;
        sandbox->terms.untrusted_tls = sandbox->untrusted.tls;
        sandbox->server = sandbox_server_start(&sandbox->terms, config->listen_fd, fault);
    }
    if (!sandbox->server) {
        close(config->listen_fd);
        sandbox_stop(&sandbox);
    }
    return sandbox;
}

void sandbox_fill_relay(const struct sandbox *sandbox, struct smtp_relay *relay)
{
    relay->host = str_of(sandbox->host);
    relay->port = sandbox->port;
    relay->tls = sandbox->port ? SMTP_TLS_STARTTLS : SMTP_TLS_NONE;
    relay->insecure = false;
    relay->username = sandbox->username;
    relay->password = sandbox->password;
    relay->ca_file = str_of(sandbox->certificate.ca_file);
}

static void see(void *context, const struct witnessed *seen)
{
    struct sandbox *sandbox = context;
    sandbox_book_note(sandbox->book, seen);
    sandbox_events_add(sandbox->terms.events, SANDBOX_EVENT_EXCHANGE, seen->submission->id);
}

struct api_witness sandbox_witness(struct sandbox *sandbox)
{
    return (struct api_witness){sandbox, see};
}

void sandbox_dismiss(struct sandbox *sandbox)
{
    sandbox_events_close(sandbox->terms.events);
}

void sandbox_stop(struct sandbox **sandbox)
{
    struct sandbox *gone = *sandbox;
    *sandbox = NULL;
    if (!gone)
        return;
    sandbox_server_stop(&gone->server);
    sandbox_events_free(&gone->terms.events);
    sandbox_journal_free(&gone->terms.journal);
    sandbox_store_free(&gone->terms.store);
    sandbox_book_free(&gone->book);
    sandbox_behaviour_fini(&gone->behaviour);
    sandbox_certificate_fini(&gone->certificate);
    sandbox_certificate_fini(&gone->untrusted);
    arena_fini(&gone->arena);
    free(gone);
}
