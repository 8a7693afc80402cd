#include "service/relays/parcel.h"

#include "mime/render.h"

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
                                  .smtputf8 = submission->smtputf8 || render_needs_smtputf8(render),
                                  .eight_bit = render_needs_8bitmime(render),
                                  .require_tls = submission->require_tls,
                                  .dsn = submission->dsn};
}

static void forget_try(struct outcome *outcome)
{
    struct outcome fresh = {.recipients = outcome->recipients,
                            .recipient_count = outcome->recipient_count,
                            .transcript = outcome->transcript,
                            .transcript_began_us = outcome->transcript_began_us,
                            .message_bytes = outcome->message_bytes,
                            .timing.queued_us = outcome->timing.queued_us};
    fresh.timing.phases[PHASE_QUEUED] = outcome->timing.phases[PHASE_QUEUED];
    for (size_t i = 0; i < outcome->recipient_count; i++)
        outcome->recipients[i] = (struct outcome_recipient){0};
    *outcome = fresh;
}

struct parcel *parcel_new(struct submission *submission, const struct dkim_ring *ring)
{
    forget_try(&submission->outcome);
    struct parcel *parcel = arena_take(&submission->arena, sizeof *parcel);
    struct render *render = parcel ? render_start(&submission->arena, &submission->message, ring) : NULL;
    if (!render) {
        fault_set(&submission->outcome.fault, FAULT_OVERLOADED, "there was no memory to build the message");
        return NULL;
    }
    submission->outcome.message_bytes = render_size_octets(render);
    parcel->submission = submission;
    parcel->render = render;
    parcel->envelope = envelope_of(submission, render);
    parcel->source = source_of(render);
    parcel->mail = (struct smtp_mail){.envelope = &parcel->envelope,
                                      .source = &parcel->source,
                                      .total = submission->deadline,
                                      .arena = &submission->arena,
                                      .transcript = trace_begin(&parcel->trace, submission),
                                      .outcome = &submission->outcome};
    return parcel;
}

void parcel_rewind(struct parcel *parcel)
{
    forget_try(&parcel->submission->outcome);
    render_rewind(parcel->render);
}

void parcel_end(struct parcel **parcel)
{
    trace_end(&(*parcel)->trace, (*parcel)->submission);
    *parcel = NULL;
}
