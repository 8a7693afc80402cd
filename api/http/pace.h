/* api/http/pace.h: how far an HTTP connection has come with its request, and whether that took too long.
 *
 * Each stage has a deadline in all, however much or little is said meanwhile; a body has to keep up a rate
 * besides. While we are at work, or the relay is, none runs: that is not the client's doing, and the
 * submission has a deadline of its own.
 *
 * Threads    none: a value, judged by the time that is handed in.
 */
#ifndef POSTERN_API_HTTP_PACE_H
#define POSTERN_API_HTTP_PACE_H

#include <stdint.h>

enum pace_stage {
    PACE_HEADER,  /* from the connection's beginning, or from the request line of a later request */
    PACE_BODY,    /* until the last byte is there */
    PACE_WAITING, /* for us: the request is complete */
    PACE_ANSWER,  /* until the client has taken the last byte */
    PACE_KEPT     /* until the request line of the next request */
};

struct pace_limits {
    int64_t idle_ms, header_ms, body_ms, answer_ms;
    uint64_t min_body_rate; /* bytes a second; 0 for none */
};

/* Over so long a body must have kept its rate: who loses a packet or two is not slow. */
enum { PACE_WINDOW_MS = 10000 };

struct pace {
    enum pace_stage stage;
    int64_t since_us;
    int64_t window_since_us;
    uint64_t window_bytes; /* of the body, in this window; to be counted by the owner */
};

void pace_enter(struct pace *pace, enum pace_stage stage, int64_t now_us);

enum pace_verdict {
    PACE_GOOD,
    PACE_LATE,
    PACE_OVERDUE, /* late by as much again */
    PACE_SLOW
};

/* Begins the next window where one is over. */
enum pace_verdict pace_judge(struct pace *pace, const struct pace_limits *limits, int64_t now_us);

#endif
