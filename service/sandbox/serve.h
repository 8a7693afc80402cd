/* service/sandbox/serve.h: the routes under /sandbox, one function each, and how they answer.
 *
 * A message is held while it is written or sent; nothing is written under a lock that a slow client could keep. Every
 * answer forbids a browser to make anything active of it; only the page may run its own script.
 */
#ifndef POSTERN_SERVICE_SANDBOX_SERVE_H
#define POSTERN_SERVICE_SANDBOX_SERVE_H

#include "api/answer/problem.h"
#include "api/json/json_write.h"
#include "service/sandbox/sandbox_inside.h"

typedef void serve_route(void *context, const struct api_call *call, struct api_answer *answer);

serve_route serve_messages, serve_clear, serve_message, serve_shown, serve_server, serve_remove, serve_mbox,
    serve_events, serve_exchanges, serve_exchange, serve_sessions, serve_session, serve_behaviour,
    serve_set_behaviour, serve_clear_behaviour, serve_certificate, serve_page, serve_page_file,
    serve_page_address;

/* The Content-Security-Policy of what is no page. */
#define SERVE_INERT "default-src 'none'; sandbox; frame-ancestors 'none'"

void serve_field(struct api_answer *answer, const char *name, const char *value);

/* The parts of an answer's body: `problem` lives for the call. */
void serve_problem(struct api_answer *answer, const struct problem *problem);
void serve_fault(struct api_answer *answer, enum fault_code code, const char *detail);
void serve_json(struct api_answer *answer, struct json_writer *json);

/* An answer whose body is a view of the message; takes the hold over. */
void serve_held(struct api_answer *answer, struct sandbox_message *message, struct str body,
                const char *content_type);

enum { SERVE_MAX_JSON_BYTES = 64 << 20, SERVE_ARENA_BYTES = 4 << 20 };

/* What one message's address asks for behind its ID (serve_message.c): "parts/2", "html". */
void serve_part(struct sandbox_message *message, struct str number, struct api_answer *answer);
void serve_html(struct sandbox_message *message, struct str query, struct api_answer *answer);

#endif
