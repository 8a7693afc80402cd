/* api/http/reaper.h: the connections of one listener, each with its stage and its time; who takes too long, or is
 * one too many, is told so and shut out.
 *
 * libmicrohttpd 0.9.75 knows an inactivity time-out alone, which a byte now and then puts off for ever, and
 * lets new clients hang once it has all the connections that it may have.
 *
 * Shutting a socket down wakes libmicrohttpd, which closes what it owns. Whether a request goes on is decided
 * once, under the lock: by reaper_enter, or by the reaper before it; so no message is submitted that was
 * answered 408.
 *
 * Ownership  a record a connection, from libmicrohttpd's notice of its beginning to that of its end.
 * Threads    any.
 */
#ifndef POSTERN_API_HTTP_REAPER_H
#define POSTERN_API_HTTP_REAPER_H

#include "api/http/pace.h"
#include "api/http/tls_listener.h"
#include "base/fault.h"

#include <microhttpd.h>

struct reaper_config {
    struct pace_limits pace;
    size_t max_connections;
    size_t max_connections_per_address; /* 0 for no limit */
    struct tls_listener *tls;           /* NULL for none: with it nothing can be said to who is shut out */
    void (*count_response)(void *context, int status, const char *problem_code); /* may be NULL */
    void *count_context;
};

struct reaper;

/* NULL when out of memory. */
struct reaper *reaper_new(const struct reaper_config *config);

/* Every connection has ended. */
void reaper_free(struct reaper **reaper);

/* MHD_OPTION_NOTIFY_CONNECTION; the closure is the reaper. */
void reaper_note_connection(void *reaper, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code);

/* The stage that begins now; `id` is that of the message, absent where there is none. False: the connection
 * has been given up, and nothing may follow from its request. */
bool reaper_enter(struct reaper *reaper, struct MHD_Connection *connection, enum pace_stage stage,
                  struct str id);

/* The request line of a request is there: on a kept connection the time for its header begins. */
void reaper_begin_header(struct reaper *reaper, struct MHD_Connection *connection);

/* Bytes of a body. False as above. */
bool reaper_count_bytes(struct reaper *reaper, struct MHD_Connection *connection, size_t bytes);

/* Shuts out whoever is late. To be called now and then. */
void reaper_tick(struct reaper *reaper);

/* Whoever is in the middle of a request hears shutting-down, and is shut out. */
void reaper_dismiss(struct reaper *reaper);

/* How many there are, and the most that there were since this was asked with `most`, which may be NULL. */
size_t reaper_count_connections(struct reaper *reaper, size_t *most);

#endif
