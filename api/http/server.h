/* api/http/server.h: the HTTP listeners, on libmicrohttpd.
 *
 * The main listener takes messages: epoll, a few threads, a connection is suspended while its message is out
 * and resumed with the outcome. The admin listener answers /livez, /readyz and /metrics from a thread of its
 * own.
 *
 * Who may call what on a suspended connection:
 *   libmicrohttpd's thread   everything, until it suspends
 *   a thread aside           takes a step of a large message (api/http/aside), then resumes: its last touch
 *   libmicrohttpd's thread   goes on from there; suspends and submits
 *   the service's thread     writes the outcome, then calls complete, which resumes: its last touch
 *   libmicrohttpd's thread   queues the answer, frees the submission when the request is completed
 * Everything is resumed before the daemon stops.
 *
 * Ownership  the server owns the listening socket it is given.
 * Errors     INTERNAL, with what could not be started.
 */
#ifndef POSTERN_API_HTTP_SERVER_H
#define POSTERN_API_HTTP_SERVER_H

#include "api/http/access.h"
#include "api/http/feed.h"
#include "api/http/pace.h"
#include "api/http/tls_listener.h"
#include "api/http/witness.h"
#include "api/submission.h"

/* What a plain route is asked. */
struct api_call {
    struct str rest;      /* of the path, behind an open-ended route's */
    struct str query;     /* absent without "?" */
    struct str body;      /* JSON, to a route that takes it */
    struct deadline came; /* when it was asked first */
};

enum { API_MAX_FIELDS = 2, API_FIELD_BYTES = 256 };

struct api_field {
    const char *name; /* NULL: none */
    char value[API_FIELD_BYTES];
};

/* What a plain route answers. `body` was malloc'ed, and the server frees it, unless it is its owner's. In place of a
 * body there may be a feed. Or the answer is not known yet: then the route is asked again when the bell rings, or
 * once `until` has passed; it has looked at what it waits for after it took the count of the rings. */
struct api_answer {
    int status;
    const char *content_type;
    char *body;
    size_t body_bytes;
    void (*release)(void *owner); /* of the body; NULL: it is freed */
    void *owner;
    struct feed feed;  /* read NULL: none */
    struct bell *bell; /* NULL: this is the answer */
    uint64_t seen;
    struct deadline until;
    struct api_field fields[API_MAX_FIELDS]; /* beside those that every answer has */
    enum fault_code fault;                   /* the problem that the body tells; FAULT_NONE for none */
};

struct api_route {
    const char *method;
    const char *path; /* at its end "*" stands for one more segment, "**" for any; it is handed in */
    void (*answer)(void *context, const struct api_call *call, struct api_answer *answer);
    enum access_scope scope; /* what a key must be for */
    uint64_t max_body_bytes; /* of JSON; 0: it takes no body */
};

struct api_config {
    int listen_fd;
    bool listen_is_shared; /* another process has it too: who comes while this one stops waits for the next */
    struct tls_listener *tls; /* NULL for plain HTTP; outlives the server */
    unsigned threads;
    unsigned max_connections;
    unsigned max_connections_per_address; /* 0 for no limit */
    struct pace_limits pace;
    int64_t request_timeout_ms; /* the total deadline of a submission */
    struct api_limits limits;
    api_submit *submit; /* NULL on a listener that takes no messages */
    api_compose *compose;
    void *submit_context;           /* of both */
    struct access_gate gate;        /* zeros: everything is admitted */
    const struct api_route *routes; /* beside the server's own; may be none */
    size_t route_count;
    void *route_context;
    struct api_witness witness; /* of the messages; zeros for none */
    void (*count_response)(void *context, int status,
                           const char *problem_code); /* for metrics; may be NULL */
    void *count_context;
};

struct api_server;

struct api_server *api_server_start(const struct api_config *config, struct fault *fault);

/* From now on each answer closes its connection, and nobody new is let in where the listening socket is shared. */
void api_server_wind_down(struct api_server *server);

/* Likewise, and a new message gets shutting-down. */
void api_server_drain(struct api_server *server);

/* Messages that are out, or large and complete, and not answered yet, and the bytes of the request bodies held. */
size_t api_server_in_flight(const struct api_server *server);
uint64_t api_server_in_flight_bytes(const struct api_server *server);

/* How many of these may be held. */
uint64_t api_server_in_flight_limit_bytes(const struct api_server *server);

/* Shuts out clients that are too slow. To be called now and then; often while a message is coming in. */
void api_server_tick(struct api_server *server);

/* Whether each of its threads has moved since this was last true; it asks them, and does not wait. */
bool api_server_turns(struct api_server *server);

/* How many there are, and the most that there were since this was asked with `most`, which may be NULL. */
size_t api_server_connections(const struct api_server *server, size_t *most);

/* Every submission must have been completed. */
void api_server_stop(struct api_server **server);

#endif
