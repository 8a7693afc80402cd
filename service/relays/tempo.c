#include "service/relays/tempo.h"

/* The quick count for more than the slow: a session that had to wait for a processor says nothing of the relay, and
 * more of them would wait for it still longer. One that took very long is forgotten within some messages. */
enum { MOST_US = 100000, FALL_SHARE = 4, RISE_SHARE = 16 };

/* What was learned before says nothing of now. */
enum { KNOWN_US = 100000 };

void tempo_learn(struct tempo *tempo, int64_t took_us, int64_t now_us)
{
    int64_t more_us = (took_us < MOST_US ? took_us : MOST_US) - tempo->message_us;
    tempo->message_us += more_us / (more_us < 0 ? FALL_SHARE : RISE_SHARE);
    tempo->finished_us = now_us;
}

void tempo_join(struct tempo *tempo, int64_t now_us)
{
    tempo->joined_us = now_us;
}

void tempo_part(struct tempo *tempo)
{
    tempo->joined_us = 0;
}

static int64_t later(int64_t a_us, int64_t b_us)
{
    return a_us > b_us ? a_us : b_us;
}

bool tempo_suffices(const struct tempo *tempo, const struct tempo_load *load, int64_t within_us,
                    int64_t now_us)
{
    bool is_known = now_us - tempo->finished_us < KNOWN_US;
    bool goes_on = now_us - later(tempo->finished_us, tempo->joined_us) < within_us &&
                   now_us - later(load->since_us, tempo->joined_us) < within_us;
    return is_known && goes_on && tempo->message_us < within_us &&
           (int64_t)load->messages * tempo->message_us < (int64_t)load->busy * within_us;
}
