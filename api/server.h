/* api/server.h: the HTTP listeners, on libmicrohttpd.
 *
 * The main listener takes messages: epoll, a few threads, a connection is suspended while its message is out
 * and resumed with the outcome. The admin listener answers /livez, /readyz and /metrics from a thread of its
 * own.
 *
 * Who may call what on a suspended connection:
 *   libmicrohttpd's thread   everything, until it suspends and submits
 *   the service's thread     writes the outcome, then calls complete, which resumes: its last touch
 *   libmicrohttpd's thread   queues the answer, frees the submission when the request is completed
 * Everything is resumed before the daemon stops.
 *
 * Ownership  the server owns the listening socket it is given.
 * Errors     INTERNAL, with what could not be started.
 */
#ifndef POSTERN_API_SERVER_H
#define POSTERN_API_SERVER_H

#include "api/submission.h"

/* What a plain GET or DELETE route answers; `body` was malloc'ed, the server frees it. */
struct api_answer {
    int status;
    const char *content_type;
    char *body;
    size_t body_bytes;
    enum fault_code fault; /* the problem that the body tells; FAULT_NONE for none */
};

struct api_route {
    const char *method;
    const char *path; /* a "*" at the end stands for the rest of the path, which is handed in */
    void (*answer)(void *context, struct str rest, struct api_answer *answer);
};

struct api_config {
    int listen_fd;
    unsigned threads;
    unsigned max_connections;
    unsigned idle_timeout_s;
    int64_t request_timeout_ms; /* the total deadline of a submission */
    struct api_limits limits;
    api_submit *submit; /* NULL on a listener that takes no messages */
    api_compose *compose;
    void *submit_context;           /* of both */
    const struct api_route *routes; /* beside the server's own; may be none */
    size_t route_count;
    void *route_context;
    void (*count_response)(void *context, int status,
                           const char *problem_code); /* for metrics; may be NULL */
    void *count_context;
};

struct api_server;

struct api_server *api_server_start(const struct api_config *config, struct fault *fault);

/* From now on a new message gets shutting-down, and each answer closes its connection. */
void api_server_drain(struct api_server *server);

/* Messages that were submitted and not answered yet, and the bytes of the request bodies held. */
size_t api_server_in_flight(const struct api_server *server);
uint64_t api_server_in_flight_bytes(const struct api_server *server);

/* Every submission must have been completed. */
void api_server_stop(struct api_server **server);

#endif
