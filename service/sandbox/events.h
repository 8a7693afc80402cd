/* service/sandbox/events.h: what has just happened, for who is listening (server-sent events), and for who waits for
 * it to happen.
 *
 * An event only says what changed; who wants to see it asks. So nothing is held for a listener that is slow: it has a
 * place in a ring of the last events, and one that was overtaken is told to begin anew.
 *
 * Threads    any; the feed on libmicrohttpd's.
 * Limits     256 events, 64 listeners, 1,024 that wait.
 */
#ifndef POSTERN_SERVICE_SANDBOX_EVENTS_H
#define POSTERN_SERVICE_SANDBOX_EVENTS_H

#include "api/http/feed.h"

enum sandbox_event {
    SANDBOX_EVENT_MESSAGE,   /* was taken */
    SANDBOX_EVENT_REMOVED,   /* one message */
    SANDBOX_EVENT_CLEARED,   /* all of them */
    SANDBOX_EVENT_EXCHANGE,  /* a request for a message was answered */
    SANDBOX_EVENT_SESSION,   /* with the SMTP server has ended */
    SANDBOX_EVENT_BEHAVIOUR, /* was set, or used */
};

struct sandbox_events;

struct sandbox_events *sandbox_events_new(void);

/* Ends all waits and feeds; nothing is added from now on. */
void sandbox_events_close(struct sandbox_events *events);
void sandbox_events_free(struct sandbox_events **events);

/* `id` is of what it happened to; at most 40 bytes that JSON needs no escape for. */
void sandbox_events_add(struct sandbox_events *events, enum sandbox_event event, const char *id);

/* Rung behind each event. */
struct bell *sandbox_events_bell(struct sandbox_events *events);

/* A feed of the events from now on. False where there are too many already, or no memory. */
bool sandbox_events_listen(struct sandbox_events *events, struct feed *feed);

#endif
