#include "service/relays/tempo.h"

/* One that took very long is forgotten within some messages. */
enum { MOST_US = 100000, SHARE = 8 };

void tempo_learn(struct tempo *tempo, int64_t took_us, int64_t now_us)
{
    tempo->message_us += ((took_us < MOST_US ? took_us : MOST_US) - tempo->message_us) / SHARE;
    tempo->finished_us = now_us;
}

bool tempo_suffices(const struct tempo *tempo, const struct tempo_load *load, int64_t within_us,
                    int64_t now_us)
{
    bool goes_on = now_us - tempo->finished_us < within_us && now_us - load->since_us < within_us;
    return goes_on && (int64_t)load->messages * tempo->message_us < (int64_t)load->busy * within_us;
}
