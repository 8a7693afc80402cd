/* service/relays/token.h: the access token for OAuth: the text that was given, a file, or what a command prints.
 *
 * The file is read at each login, so that a token that was renewed needs no restart. The command is run by
 * one session at a time, the others wait for what it prints; that is good for 10 seconds, and a failure for
 * one, so that sessions that open together do not run it once each.
 *
 * Ownership  views the settings; holds the last token of a command, wiped by fini.
 * Errors     INVALID_REQUEST at the start. At a login UPSTREAM_AUTH_TEMPORARY, for the next try may find a
 *            token.
 * Threads    fetch from any.
 */
#ifndef POSTERN_SERVICE_RELAYS_TOKEN_H
#define POSTERN_SERVICE_RELAYS_TOKEN_H

#include "service/relays/launcher.h"
#include "service/settings/options.h"
#include "smtp/relay.h"

#include <pthread.h>

struct token_source {
    struct str text, file, command; /* one of them at most; NUL behind each */
    int64_t timeout_ms;
    int stop_fd;
    const struct launcher *launcher;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t has_run;
    bool is_running;
    int64_t good_until_us; /* what the last run of the command left */
    struct buf token;
    struct fault fault;
};

/* Looks at text and file, to know of a mistake before the first mail. With a launcher, that is who runs the
 * command, and it must be the one that it knows. To be finished also on a fault. */
bool token_source_init(struct token_source *source, const struct settings *settings,
                       const struct launcher *launcher, int stop_fd, struct fault *fault);
void token_source_fini(struct token_source *source);

/* As a relay asks for it; its fetch is NULL where no token is configured. */
struct smtp_token_source token_source_for_relay(struct token_source *source);

#endif
