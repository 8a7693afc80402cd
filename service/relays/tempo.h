/* service/relays/tempo.h: how fast sessions have become rid of their messages as of late, and so whether those that are
 * busy do without one more.
 *
 * To wake a thread takes longer than to hand a message to a relay that is near. Where that is so, a message that
 * waits for a busy session is not later, and goes out with the end of the one before: few sessions that never
 * rest carry more, and cost less, than many that take turns. A relay that takes its time is given every session.
 *
 * Threads    one at a time; the time is the caller's.
 */
#ifndef POSTERN_SERVICE_RELAYS_TEMPO_H
#define POSTERN_SERVICE_RELAYS_TEMPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a message may wait for sessions that are busy, and what those that rest leave to them. */
enum { TEMPO_PATIENCE_US = 4000, TEMPO_REST_US = TEMPO_PATIENCE_US / 2 };

struct tempo {
    int64_t message_us;  /* that a session is busy with a message where nothing holds it up */
    int64_t finished_us; /* when the last was finished; 0: none was */
    int64_t joined_us;   /* when another session was last given to those that are busy */
};

void tempo_learn(struct tempo *tempo, int64_t took_us, int64_t now_us);

/* Another session is to look for messages now; or did not come to it. */
void tempo_join(struct tempo *tempo, int64_t now_us);
void tempo_part(struct tempo *tempo);

struct tempo_load {
    unsigned busy;    /* sessions with a message under way */
    size_t messages;  /* that wait for one of them */
    int64_t since_us; /* that the first of these waits */
};

/* The last is taken within the time if they go on as they do, and they do go on: within the time one was finished, or
 * was given to one more. */
bool tempo_suffices(const struct tempo *tempo, const struct tempo_load *load, int64_t within_us,
                    int64_t now_us);

#endif
