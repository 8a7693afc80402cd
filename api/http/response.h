/* api/http/response.h: one answer, made first and queued when libmicrohttpd can take it.
 *
 * Ownership  the response owns its body, or its share in one, and its feed until it is sent.
 * Errors     a problem that there is no memory to tell becomes a fixed text of "overloaded".
 */
#ifndef POSTERN_API_HTTP_RESPONSE_H
#define POSTERN_API_HTTP_RESPONSE_H

#include "api/answer/problem.h"
#include "api/http/feed.h"

#include <microhttpd.h>

enum { RESPONSE_MAX_HEADERS = 8, RESPONSE_HEADER_BYTES = 256 };

struct response_header {
    const char *name;
    char value[RESPONSE_HEADER_BYTES];
};

struct response {
    int status;
    const char *content_type;
    char *body;
    size_t body_bytes;
    void (*release)(void *owner); /* of a body that is somebody else's; NULL where it is the response's own */
    void *owner;
    struct feed feed;      /* read NULL: none, there is a body */
    enum fault_code fault; /* NONE where the answer is no problem */
    bool closes;           /* the connection, after this answer */
    struct response_header headers[RESPONSE_MAX_HEADERS];
    size_t header_count;
};

/* Takes the body over. */
void response_set(struct response *response, int status, const char *content_type, char *body,
                  size_t body_bytes);
void response_set_problem(struct response *response, const struct problem *problem, struct str id);

/* Sets what follows from a fault: Retry-After, unless it is known better already. */
void response_set_fault(struct response *response, enum fault_code code);

/* In place of one of this name, if there is one. */
void response_add_header(struct response *response, const char *name, const char *value);

/* The ordinary way. */
enum MHD_Result response_queue(struct response *response, struct MHD_Connection *connection);

/* Straight to the socket, in the middle of a body that shall not be read on, where libmicrohttpd takes no
 * answer. The connection must be given up afterwards. */
void response_write(struct response *response, struct MHD_Connection *connection);

void response_fini(struct response *response);

#endif
