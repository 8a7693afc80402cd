#include "service/carrier.h"

#include "mime/render.h"

enum { PROBE_MS = 10000 };

static enum smtp_pull pull_render(void *context, struct str *piece)
{
    return render_pull(context, piece) ? SMTP_PULL_PIECE : SMTP_PULL_END;
}

static void rewind_render(void *context)
{
    render_rewind(context);
}

static struct smtp_source source_of(struct render *render)
{
    return (struct smtp_source){.context = render,
                                .size_octets = render_size_octets(render),
                                .pull = pull_render,
                                .rewind = rewind_render};
}

static struct smtp_envelope envelope_of(const struct submission *submission, const struct render *render)
{
    return (struct smtp_envelope){.return_path = submission->return_path,
                                  .recipients = submission->recipients,
                                  .recipient_count = submission->recipient_count,
                                  .partial = submission->partial,
                                  .smtputf8 = submission->smtputf8 || render_needs_smtputf8(render)};
}

/* Another relay, or another session, may have written here before. */
static void forget_try(struct outcome *outcome)
{
    struct outcome fresh = {.recipients = outcome->recipients,
                            .recipient_count = outcome->recipient_count,
                            .timing.queued_us = outcome->timing.queued_us};
    for (size_t i = 0; i < outcome->recipient_count; i++)
        outcome->recipients[i] = (struct outcome_recipient){0};
    *outcome = fresh;
}

void carrier_close(struct carrier *carrier)
{
    if (carrier->session)
        smtp_session_close(&carrier->session);
    configuration_release(&carrier->configuration);
    carrier->messages = 0;
    carrier->spent = false;
}

void carrier_settle(struct carrier *carrier)
{
    if (carrier->spent)
        carrier_close(carrier);
}

static bool is_reusable(const struct carrier *carrier, const struct configuration *configuration)
{
    return carrier->session && !carrier->spent && carrier->configuration == configuration &&
           carrier->messages < configuration->settings.smtp_max_messages &&
           smtp_session_is_idle(carrier->session);
}

static bool open_session(struct carrier *carrier, struct configuration *configuration, size_t relay,
                         struct deadline total, struct arena *arena, struct smtp_transcript *transcript,
                         struct outcome *outcome)
{
    carrier->session =
        smtp_session_open(configuration_relay(configuration, relay), total, arena, transcript, outcome);
    if (carrier->session)
        carrier->configuration = configuration_hold(configuration);
    return carrier->session;
}

void carrier_probe(struct carrier *carrier, struct configuration *configuration, size_t relay,
                   struct outcome *outcome, struct arena *arena)
{
    if (is_reusable(carrier, configuration))
        return;
    carrier_close(carrier);
    open_session(carrier, configuration, relay, deadline_after_ms(PROBE_MS), arena, NULL, outcome);
}

static enum smtp_after send_once(struct carrier *carrier, const struct smtp_envelope *envelope,
                                 struct smtp_source *source, struct submission *submission,
                                 struct smtp_transcript *transcript)
{
    carrier->messages++;
    return smtp_session_send(carrier->session, envelope, source, submission->deadline, &submission->arena,
                             transcript, &submission->outcome);
}

static void deliver(struct carrier *carrier, struct configuration *configuration, size_t relay,
                    struct submission *submission, struct render *render, struct smtp_transcript *transcript)
{
    struct smtp_envelope envelope = envelope_of(submission, render);
    struct smtp_source source = source_of(render);
    if (is_reusable(carrier, configuration)) {
        enum smtp_after after = send_once(carrier, &envelope, &source, submission, transcript);
        carrier->spent = after != SMTP_AFTER_REUSE;
        if (after != SMTP_AFTER_RETRY)
            return;
        forget_try(&submission->outcome);
        render_rewind(render);
    }
    carrier_close(carrier);
    if (open_session(carrier, configuration, relay, submission->deadline, &submission->arena, transcript,
                     &submission->outcome))
        carrier->spent = send_once(carrier, &envelope, &source, submission, transcript) != SMTP_AFTER_REUSE;
}

void carrier_deliver(struct carrier *carrier, struct configuration *configuration, size_t relay,
                     struct submission *submission)
{
    forget_try(&submission->outcome);
    struct render *render = render_start(&submission->arena, &submission->message, NULL);
    if (!render) {
        fault_set(&submission->outcome.fault, FAULT_OVERLOADED, "there was no memory to build the message");
        return;
    }
    struct smtp_transcript transcript;
    smtp_transcript_init(&transcript);
    deliver(carrier, configuration, relay, submission, render,
            submission->wants_transcript ? &transcript : NULL);
    if (submission->wants_transcript)
        submission->outcome.transcript = arena_copy(&submission->arena, smtp_transcript_text(&transcript));
    smtp_transcript_fini(&transcript);
}
