/* What is said to a client that is shut out is written to its socket by hand, for libmicrohttpd takes no
 * answer then. It fits into the socket's buffer, since it is the first that is written there since a request
 * was complete; where it does not, the client is not reading anyway. An answer under way is broken off by a
 * reset, lest half of it looks like the whole.
 *
 * The lock is held while answers are written, so only some at a time.
 */
#include "api/http/reaper.h"

#include "api/http/crowd.h"
#include "api/http/response.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { SHUT_OUT_AT_A_TIME = 64 };

struct client {
    struct client *previous, *next;
    struct MHD_Connection *connection;
    struct tls_identity *identity; /* NULL without TLS */
    struct crowd_address *address;
    struct pace pace;
    bool shut_out;
    char id[UUID_BYTES]; /* of the message that is coming in; empty for none */
};

struct reaper {
    struct reaper_config config;
    pthread_mutex_t lock;
    struct client *clients;
    size_t count, most;
    struct crowd crowd;
};

struct reaper *reaper_new(const struct reaper_config *config)
{
    struct reaper *reaper = calloc(1, sizeof *reaper);
    if (!reaper)
        return NULL;
    reaper->config = *config;
    pthread_mutex_init(&reaper->lock, NULL);
    crowd_init(&reaper->crowd);
    return reaper;
}

void reaper_free(struct reaper **reaper)
{
    if (!*reaper)
        return;
    pthread_mutex_destroy(&(*reaper)->lock);
    free(*reaper);
    *reaper = NULL;
}

static int socket_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static struct client *client_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Under the lock, as all that follows up to the tick. */
static void say(struct reaper *reaper, struct client *client, const struct fault *fault)
{
    const struct fault_kind *kind = fault_kind(fault->code);
    struct response response = {.closes = true};
    response_set_problem(&response, &(struct problem){.fault = *fault},
                         client->id[0] ? str_of(client->id) : (struct str){0});
    response_write(&response, client->connection);
    response_fini(&response);
    if (reaper->config.count_response)
        reaper->config.count_response(reaper->config.count_context, kind->http_status, kind->name);
}

static void shut_out(struct reaper *reaper, struct client *client, const struct fault *fault, bool may_say)
{
    client->shut_out = true;
    if (may_say && !reaper->config.tls)
        say(reaper, client, fault);
    log_event(LOG_LEVEL_DEBUG, "connection shut out", LOG_TEXT("code", fault_kind(fault->code)->name),
              LOG_TEXT("detail", fault->detail));
    shutdown(socket_of(client->connection), SHUT_RDWR);
}

/* Who has opened a connection to use it later is not answered what he has not asked. */
static bool is_silent(const struct client *client)
{
    struct tcp_info info;
    socklen_t bytes = sizeof info;
    return client->pace.stage == PACE_HEADER &&
           getsockopt(socket_of(client->connection), IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0 &&
           bytes > offsetof(struct tcp_info, tcpi_bytes_received) && info.tcpi_bytes_received == 0;
}

static void tell_lateness(const struct reaper *reaper, const struct client *client, enum pace_verdict verdict,
                          struct fault *fault)
{
    const struct pace_limits *limits = &reaper->config.pace;
    bool in_body = client->pace.stage == PACE_BODY;
    if (verdict == PACE_SLOW)
        fault_set(fault, FAULT_REQUEST_TIMEOUT, "the body came at less than %llu bytes a second",
                  (unsigned long long)limits->min_body_rate);
    else if (client->pace.stage == PACE_ANSWER)
        fault_set(fault, FAULT_REQUEST_TIMEOUT, "the answer was not taken within %lld ms",
                  (long long)limits->answer_ms);
    else
        fault_set(fault, FAULT_REQUEST_TIMEOUT, "the %s was not complete within %lld ms",
                  in_body ? "body" : "header", (long long)(in_body ? limits->body_ms : limits->header_ms));
}

static void end_late(struct reaper *reaper, struct client *client, enum pace_verdict verdict)
{
    const struct linger reset = {.l_onoff = 1};
    struct fault fault;
    bool answering = client->pace.stage == PACE_ANSWER;
    tell_lateness(reaper, client, verdict, &fault);
    if (answering)
        setsockopt(socket_of(client->connection), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    shut_out(reaper, client, &fault, !answering && !is_silent(client));
}

/* Bytes of a request that lie there unread are our slowness, not the client's; but whoever sends faster than
 * we read is not excused for ever. */
static bool is_excused(const struct client *client, enum pace_verdict verdict)
{
    int unread = 0;
    return verdict != PACE_OVERDUE && client->pace.stage != PACE_ANSWER &&
           ioctl(socket_of(client->connection), FIONREAD, &unread) == 0 && unread > 0;
}

/* Every connection is looked at; the verdict also turns the page of its rate. */
static size_t end_some(struct reaper *reaper, int64_t now_us)
{
    size_t ended = 0;
    pthread_mutex_lock(&reaper->lock);
    for (struct client *client = reaper->clients; client && ended < SHUT_OUT_AT_A_TIME;
         client = client->next) {
        if (client->shut_out)
            continue;
        enum pace_verdict verdict = pace_judge(&client->pace, &reaper->config.pace, now_us);
        if (verdict != PACE_GOOD && !is_excused(client, verdict)) {
            end_late(reaper, client, verdict);
            ended++;
        }
    }
    pthread_mutex_unlock(&reaper->lock);
    return ended;
}

void reaper_tick(struct reaper *reaper)
{
    while (end_some(reaper, clock_monotonic_us()) == SHUT_OUT_AT_A_TIME)
        continue;
}

void reaper_dismiss(struct reaper *reaper)
{
    struct fault fault;
    fault_set(&fault, FAULT_SHUTTING_DOWN, "Postern stopped before the request was complete");
    pthread_mutex_lock(&reaper->lock);
    for (struct client *client = reaper->clients; client; client = client->next) {
        enum pace_stage stage = client->pace.stage;
        bool is_sending = stage == PACE_BODY || (stage == PACE_HEADER && !is_silent(client));
        if (is_sending && !client->shut_out)
            shut_out(reaper, client, &fault, true);
    }
    pthread_mutex_unlock(&reaper->lock);
}

static void refuse_beyond_limits(struct reaper *reaper, struct client *client, const struct sockaddr *from)
{
    const struct reaper_config *config = &reaper->config;
    struct fault fault;
    if (reaper->count > config->max_connections) {
        fault_set(&fault, FAULT_OVERLOADED, "there are more than %zu connections", config->max_connections);
        shut_out(reaper, client, &fault, true);
    } else if (!crowd_enter(&reaper->crowd, from, config->max_connections_per_address, &client->address)) {
        fault_set(&fault, FAULT_RATE_LIMITED, "there are more than %zu connections from this address",
                  config->max_connections_per_address);
        shut_out(reaper, client, &fault, true);
    }
}

static void begin(struct reaper *reaper, struct MHD_Connection *connection, void **socket_context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *from = info ? info->client_addr : NULL;
    struct client *client = calloc(1, sizeof *client);
    *socket_context = client;
    if (!client) {
        shutdown(socket_of(connection), SHUT_RDWR);
        return;
    }
    client->connection = connection;
    if (reaper->config.tls)
        client->identity = tls_listener_begin(reaper->config.tls, connection);
    pace_enter(&client->pace, PACE_HEADER, clock_monotonic_us());
    pthread_mutex_lock(&reaper->lock);
    client->next = reaper->clients;
    if (client->next)
        client->next->previous = client;
    reaper->clients = client;
    reaper->count++;
    if (reaper->count > reaper->most)
        reaper->most = reaper->count;
    refuse_beyond_limits(reaper, client, from);
    pthread_mutex_unlock(&reaper->lock);
}

static void end(struct reaper *reaper, void **socket_context)
{
    struct client *client = *socket_context;
    *socket_context = NULL;
    if (!client)
        return;
    pthread_mutex_lock(&reaper->lock);
    if (client->next)
        client->next->previous = client->previous;
    *(client->previous ? &client->previous->next : &reaper->clients) = client->next;
    reaper->count--;
    crowd_leave(&reaper->crowd, &client->address);
    pthread_mutex_unlock(&reaper->lock);
    tls_identity_release(&client->identity); /* libmicrohttpd has freed the session that used it */
    free(client);
}

void reaper_note_connection(void *reaper, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        begin(reaper, connection, socket_context);
    else
        end(reaper, socket_context);
}

bool reaper_enter(struct reaper *reaper, struct MHD_Connection *connection, enum pace_stage stage,
                  struct str id)
{
    struct client *client = client_of(connection);
    if (!client)
        return false;
    pthread_mutex_lock(&reaper->lock);
    pace_enter(&client->pace, stage, clock_monotonic_us());
    snprintf(client->id, sizeof client->id, "%.*s", STR_ARG(id));
    bool goes_on = !client->shut_out;
    pthread_mutex_unlock(&reaper->lock);
    return goes_on;
}

void reaper_begin_header(struct reaper *reaper, struct MHD_Connection *connection)
{
    struct client *client = client_of(connection);
    if (!client)
        return;
    pthread_mutex_lock(&reaper->lock);
    if (client->pace.stage == PACE_KEPT)
        pace_enter(&client->pace, PACE_HEADER, clock_monotonic_us());
    pthread_mutex_unlock(&reaper->lock);
}

bool reaper_count_bytes(struct reaper *reaper, struct MHD_Connection *connection, size_t bytes)
{
    struct client *client = client_of(connection);
    if (!client)
        return false;
    pthread_mutex_lock(&reaper->lock);
    client->pace.window_bytes += bytes;
    bool goes_on = !client->shut_out;
    pthread_mutex_unlock(&reaper->lock);
    return goes_on;
}

size_t reaper_count_connections(struct reaper *reaper, size_t *most)
{
    pthread_mutex_lock(&reaper->lock);
    size_t count = reaper->count;
    if (most) {
        *most = reaper->most;
        reaper->most = count;
    }
    pthread_mutex_unlock(&reaper->lock);
    return count;
}
