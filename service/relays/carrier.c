#include "service/relays/carrier.h"

#include "service/relays/parcel.h"

/* A session that was idle for longer is asked for a sign of life before a message is entrusted to it. */
enum { PROBE_MS = 10000, AWAKE_MS = 2000, SIGN_OF_LIFE_MS = 1000 };

void carrier_close(struct carrier *carrier)
{
    if (carrier->session)
        smtp_session_close(&carrier->session);
    configuration_release(&carrier->configuration);
    carrier->messages = 0;
    carrier->spent = false;
}

bool carrier_has_room(const struct carrier *carrier, const struct configuration *configuration)
{
    const struct settings *settings = &configuration->settings;
    return carrier->messages < settings->smtp_max_messages &&
           clock_monotonic_us() - carrier->opened_at_us < settings->smtp_max_age_ms * 1000;
}

/* One that has had a message says by itself, before a word of the next, that it has ended (SMTP_AFTER_RETRY). */
static bool is_alive(const struct carrier *carrier)
{
    if (clock_monotonic_us() - carrier->used_at_us < AWAKE_MS * 1000)
        return carrier->messages || smtp_session_is_idle(carrier->session);
    return smtp_session_probe(carrier->session, SIGN_OF_LIFE_MS);
}

static bool is_reusable(const struct carrier *carrier, const struct configuration *configuration)
{
    return carrier->session && !carrier->spent && carrier->configuration == configuration &&
           carrier_has_room(carrier, configuration) && is_alive(carrier);
}

static enum carrier_end open_session(struct carrier *carrier, struct configuration *configuration,
                                     size_t relay, struct deadline total, struct arena *arena,
                                     struct smtp_transcript *transcript, struct outcome *outcome)
{
    carrier_close(carrier);
    if (!carrier->owner.may_open(carrier->owner.context))
        return CARRIER_BARRED;
    carrier->session =
        smtp_session_open(configuration_relay(configuration, relay), total, arena, transcript, outcome);
    if (carrier->session) {
        carrier->configuration = configuration_hold(configuration);
        carrier->opened_at_us = carrier->used_at_us = clock_monotonic_us();
    }
    carrier->owner.opened(carrier->owner.context, outcome);
    return carrier->session ? CARRIER_SERVED : CARRIER_UNOPENED;
}

enum carrier_end carrier_probe(struct carrier *carrier, struct configuration *configuration, size_t relay,
                               struct outcome *outcome, struct arena *arena)
{
    if (is_reusable(carrier, configuration))
        return CARRIER_SERVED;
    return open_session(carrier, configuration, relay, deadline_after_ms(PROBE_MS), arena, NULL, outcome);
}

/* What the session is told of the message that comes next. */
static const struct smtp_mail *make_next(void *context)
{
    struct carrier *carrier = context;
    struct submission *next = carrier->owner.next(carrier->owner.context);
    if (next)
        carrier->ahead = parcel_new(next, &carrier->configuration->dkim);
    return carrier->ahead ? &carrier->ahead->mail : NULL;
}

static enum smtp_after send_once(struct carrier *carrier, const struct parcel *parcel)
{
    struct smtp_waiting waiting = {carrier, make_next};
    carrier->messages++;
    enum smtp_after after = smtp_session_send(carrier->session, &parcel->mail, &waiting);
    carrier->used_at_us = clock_monotonic_us();
    carrier->spent = after != SMTP_AFTER_REUSE || !carrier_has_room(carrier, carrier->configuration);
    return after;
}

static enum carrier_end deliver(struct carrier *carrier, struct configuration *configuration, size_t relay,
                                struct parcel *parcel)
{
    if (is_reusable(carrier, configuration)) {
        if (send_once(carrier, parcel) != SMTP_AFTER_RETRY)
            return CARRIER_SERVED;
        parcel_rewind(parcel);
    }
    const struct smtp_mail *mail = &parcel->mail;
    enum carrier_end end = open_session(carrier, configuration, relay, mail->total, mail->arena,
                                        mail->transcript, mail->outcome);
    if (end == CARRIER_SERVED)
        send_once(carrier, parcel);
    return end;
}

/* The one that was begun behind the message before, if for this submission: the owner serves it next. */
static struct parcel *take_parcel(struct carrier *carrier, const struct configuration *configuration,
                                  struct submission *submission)
{
    struct parcel *ahead = carrier->ahead;
    carrier->ahead = NULL;
    return ahead && ahead->submission == submission ? ahead : parcel_new(submission, &configuration->dkim);
}

enum carrier_end carrier_deliver(struct carrier *carrier, struct configuration *configuration, size_t relay,
                                 struct submission *submission)
{
    struct parcel *parcel = take_parcel(carrier, configuration, submission);
    if (!parcel)
        return CARRIER_SERVED;
    enum carrier_end end = deliver(carrier, configuration, relay, parcel);
    parcel_end(&parcel);
    return end;
}
