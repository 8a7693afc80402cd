/* api/http/request_inside.h: one request between its callbacks, for request.c, which takes it through them,
 * admit.c, which decides whether its body is read, and posting.c, which sends the message that it was. */
#ifndef POSTERN_API_HTTP_REQUEST_INSIDE_H
#define POSTERN_API_HTTP_REQUEST_INSIDE_H

#include "api/http/aside.h"
#include "api/http/body.h"
#include "api/http/evidence.h"
#include "api/http/guard.h"
#include "api/http/layout.h"
#include "api/http/plain.h"
#include "api/http/request.h"
#include "api/http/response.h"

enum phase {
    PHASE_BEGUN,
    PHASE_REFUSED,
    PHASE_SERVING,
    PHASE_READING,
    PHASE_ASIDE,
    PHASE_SUBMITTED,
    PHASE_ANSWERED
};

struct request {
    struct api_server *server;
    struct MHD_Connection *connection;
    enum phase phase;
    bool counted; /* in the server's in_flight */
    struct layout layout;
    struct guard_framing framing;
    const struct api_route *route;
    struct plain plain; /* where the route is a plain one */
    int json_quality, rfc822_quality;
    struct submission *submission; /* NULL unless the request is to send a message */
    struct body body;
    struct access_grant grant;
    struct response response;
    struct evidence evidence;
    struct aside_work work;                /* of a large body, while the connection is suspended */
    void (*step)(struct request *request); /* that it is to take */
    enum MHD_Result (*go_on)(struct request *request); /* and then */
    char target[];
};

/* The route of the target, if there is one, and what a "*" in it stands for. */
void admit_find_route(struct request *request, const struct guard_request *guard);

/* Before any of the body is read: is there such a route, may this caller use it, and is there room for what comes? */
bool admit_request(struct request *request, const struct guard_request *guard, struct fault *fault);

/* Of its message; absent where it has none. */
struct str request_id(const struct request *request);

/* False: the client took too long, and was told so. */
bool request_enter(const struct request *request, enum pace_stage stage);

/* Queues the response that was made, or one that tells what is wrong. */
enum MHD_Result request_answer(struct request *request);
enum MHD_Result request_answer_problem(struct request *request, const struct problem *problem);
enum MHD_Result request_answer_fault(struct request *request, const struct fault *fault);

/* The message is there; then its outcome is. */
enum MHD_Result posting_take(struct request *request);
enum MHD_Result posting_answer(struct request *request);

#endif
