#include "service/sandbox/sandbox.h"

#include "base/random.h"
#include "service/sandbox/certificate.h"
#include "service/sandbox/server.h"

#include <stdlib.h>
#include <string.h>

/* 5 bits a character: neither can be guessed by another user of the machine. */
enum { USERNAME_LEN = 16, PASSWORD_LEN = 32 };

struct sandbox {
    struct sandbox_certificate certificate;
    char username[USERNAME_LEN + 1];
    char password[PASSWORD_LEN + 1];
    struct sandbox_terms terms;
    struct sandbox_server *server;
};

static bool set_terms(struct sandbox *sandbox, const struct sandbox_config *config, struct fault *fault)
{
    random_text(sandbox->username, USERNAME_LEN);
    random_text(sandbox->password, PASSWORD_LEN);
    sandbox->terms = (struct sandbox_terms){
        .tls = sandbox->certificate.tls,
        .credentials = {sandbox->username, sandbox->password},
        .max_message_bytes = config->max_message_bytes,
        .store = sandbox_store_new(config->max_messages, config->max_store_bytes),
    };
    return sandbox->terms.store || fault_set(fault, FAULT_INTERNAL, "out of memory");
}

struct sandbox *sandbox_start(const struct sandbox_config *config, struct fault *fault)
{
    struct sandbox *sandbox = calloc(1, sizeof *sandbox);
    if (!sandbox) {
        fault_set(fault, FAULT_INTERNAL, "out of memory");
        return NULL;
    }
    if (sandbox_certificate_init(&sandbox->certificate, fault) && set_terms(sandbox, config, fault))
        sandbox->server = sandbox_server_start(&sandbox->terms, config->port, fault);
    if (!sandbox->server)
        sandbox_stop(&sandbox);
    return sandbox;
}

void sandbox_fill_relay(const struct sandbox *sandbox, struct smtp_relay *relay)
{
    relay->host = STR("127.0.0.1");
    relay->port = sandbox_server_port(sandbox->server);
    relay->tls = SMTP_TLS_STARTTLS;
    relay->insecure = false;
    relay->username = str_of(sandbox->username);
    relay->password = str_of(sandbox->password);
    relay->ca_file = str_of(sandbox->certificate.ca_file);
}

struct sandbox_store *sandbox_captured(const struct sandbox *sandbox)
{
    return sandbox->terms.store;
}

void sandbox_stop(struct sandbox **sandbox)
{
    if (!*sandbox)
        return;
    sandbox_server_stop(&(*sandbox)->server);
    sandbox_store_free(&(*sandbox)->terms.store);
    sandbox_certificate_fini(&(*sandbox)->certificate);
    explicit_bzero(*sandbox, sizeof **sandbox);
    free(*sandbox);
    *sandbox = NULL;
}
