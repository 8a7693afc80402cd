#include "service/sandbox/events.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RING_EVENTS = 256, MAX_LISTENERS = 64, MAX_WAITING = 1024, ID_BYTES = 41, TEXT_BYTES = 160 };

static const char *const names[] = {
    [SANDBOX_EVENT_MESSAGE] = "message", [SANDBOX_EVENT_REMOVED] = "removed",
    [SANDBOX_EVENT_CLEARED] = "cleared", [SANDBOX_EVENT_EXCHANGE] = "exchange",
    [SANDBOX_EVENT_SESSION] = "session", [SANDBOX_EVENT_BEHAVIOUR] = "behaviour",
};

struct entry {
    enum sandbox_event event;
    char id[ID_BYTES];
};

struct sandbox_events {
    pthread_mutex_t lock;
    struct entry ring[RING_EVENTS];
    uint64_t count; /* of all that there were */
    size_t listeners;
    struct bell *bell;
};

struct listener {
    struct sandbox_events *events;
    uint64_t next;
    bool has_begun;
};

struct sandbox_events *sandbox_events_new(void)
{
    struct sandbox_events *events = calloc(1, sizeof *events);
    if (!events)
        return NULL;
    pthread_mutex_init(&events->lock, NULL);
    events->bell = bell_new(MAX_WAITING);
    if (!events->bell)
        sandbox_events_free(&events);
    return events;
}

void sandbox_events_close(struct sandbox_events *events)
{
    bell_close(events->bell);
}

void sandbox_events_free(struct sandbox_events **events)
{
    if (!*events)
        return;
    bell_free(&(*events)->bell);
    pthread_mutex_destroy(&(*events)->lock);
    free(*events);
    *events = NULL;
}

void sandbox_events_add(struct sandbox_events *events, enum sandbox_event event, const char *id)
{
    pthread_mutex_lock(&events->lock);
    struct entry *entry = &events->ring[events->count++ % RING_EVENTS];
    entry->event = event;
    snprintf(entry->id, sizeof entry->id, "%s", id);
    pthread_mutex_unlock(&events->lock);
    bell_ring(events->bell);
}

struct bell *sandbox_events_bell(struct sandbox_events *events)
{
    return events->bell;
}

/* https://html.spec.whatwg.org/multipage/server-sent-events.html */
static size_t write_event(const struct listener *listener, char text[static TEXT_BYTES])
{
    const struct sandbox_events *events = listener->events;
    const struct entry *entry = &events->ring[listener->next % RING_EVENTS];
    int len;
    if (!listener->has_begun)
        len = snprintf(text, TEXT_BYTES, "retry: 1000\nevent: hello\ndata: {}\n\n");
    else if (events->count - listener->next > RING_EVENTS)
        len = snprintf(text, TEXT_BYTES, "event: reset\ndata: {}\n\n");
    else
        len = snprintf(text, TEXT_BYTES, "event: %s\ndata: {\"id\":\"%s\"}\n\n", names[entry->event],
                       entry->id);
    return len > 0 ? (size_t)len : 0;
}

static void pass(struct listener *listener)
{
    const struct sandbox_events *events = listener->events;
    if (!listener->has_begun)
        listener->has_begun = true;
    else if (events->count - listener->next > RING_EVENTS)
        listener->next = events->count;
    else
        listener->next++;
}

static size_t read_events(void *context, char *room, size_t bytes)
{
    struct listener *listener = context;
    struct sandbox_events *events = listener->events;
    size_t written = 0;
    pthread_mutex_lock(&events->lock);
    while (!listener->has_begun || listener->next < events->count) {
        char text[TEXT_BYTES];
        size_t len = write_event(listener, text);
        if (len > bytes - written)
            break;
        memcpy(room + written, text, len);
        written += len;
        pass(listener);
    }
    pthread_mutex_unlock(&events->lock);
    return written;
}

static void end_listening(void *context)
{
    struct listener *listener = context;
    pthread_mutex_lock(&listener->events->lock);
    listener->events->listeners--;
    pthread_mutex_unlock(&listener->events->lock);
    free(listener);
}

bool sandbox_events_listen(struct sandbox_events *events, struct feed *feed)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return false;
    pthread_mutex_lock(&events->lock);
    bool has_room = events->listeners < MAX_LISTENERS;
    if (has_room)
        events->listeners++;
    *listener = (struct listener){.events = events, .next = events->count};
    pthread_mutex_unlock(&events->lock);
    if (!has_room) {
        free(listener);
        return false;
    }
    *feed = (struct feed){.read = read_events,
                          .close = end_listening,
                          .context = listener,
                          .bell = events->bell,
                          .beat = STR(": still here\n\n")};
    return true;
}
