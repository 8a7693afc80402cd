/* service/relays/gateway.h: what stands between the API and the relays: takes a submission, tries the relays in
 * order, or from one chosen by weight on, and completes it.
 *
 * Ownership  holds the configuration; a submission that was taken belongs to it until its `complete` is
 *            called.
 * Errors     every end is the submission's outcome.
 * Threads    any, apart from stop.
 */
#ifndef POSTERN_SERVICE_RELAYS_GATEWAY_H
#define POSTERN_SERVICE_RELAYS_GATEWAY_H

#include "api/submission.h"
#include "service/relays/pool.h"
#include "service/settings/configuration.h"
#include "service/watch/exporter.h"

struct gateway;

/* `stop_fd` is the one that the configuration's relays have; the gateway makes it readable to end every
 * wait. `exporter` learns of each message's end; it may be NULL. */
struct gateway *gateway_start(struct configuration *configuration, int stop_fd, struct exporter *exporter,
                              struct fault *fault);

/* An api_compose and an api_submit; `context` is the gateway. */
struct render *gateway_compose(void *context, struct submission *submission);
bool gateway_submit(void *context, struct submission *submission, struct fault *fault);

/* Ends what waited too long. To be called now and then; often while anything is out. */
void gateway_tick(struct gateway *gateway);

/* SIGHUP: the same relays on new terms. False, and everything stays, where their number is another. */
bool gateway_replace(struct gateway *gateway, struct configuration *configuration, struct fault *fault);

/* From now on not ready. */
void gateway_drain(struct gateway *gateway);

/* Whether a message would find its way. Looks again at relays that nobody has looked at lately, without
 * waiting for them. */
bool gateway_is_ready(struct gateway *gateway, struct fault *why_not);

/* Live as long as the gateway. */
struct metrics *gateway_metrics(struct gateway *gateway);
size_t gateway_relay_count(const struct gateway *gateway);
void gateway_look(struct gateway *gateway, size_t relay, struct str *host, struct pool_view *view);

/* Ends every wait, and waits for the threads: on return each submission is completed, as provably not sent or
 * as unknown where it was out, and none is taken any more. */
void gateway_stop(struct gateway *gateway);

/* Stopped, or never submitted to; nobody may submit any more. */
void gateway_free(struct gateway **gateway);

#endif
