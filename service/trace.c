#include "service/trace.h"

#include "base/log.h"
#include "base/utf8.h"

/* Of the dialogues with the relays before. */
enum { MAX_EARLIER_BYTES = 65536 };

struct smtp_transcript *trace_begin(struct trace *trace, const struct submission *submission)
{
    smtp_transcript_init(&trace->transcript);
    return submission->wants_transcript || log_wants(LOG_LEVEL_DEBUG) ? &trace->transcript : NULL;
}

/* Line by line: a line of the log has a bound, and is easier to read than a wall. */
static void log_dialogue(const struct submission *submission, struct str text)
{
    while (text.len)
        log_event(LOG_LEVEL_DEBUG, "dialogue", LOG_TEXT("id", submission->id),
                  LOG_STR("line", str_cut(&text, '\n')));
}

void trace_end(struct trace *trace, struct submission *submission)
{
    struct outcome *outcome = &submission->outcome;
    bool has_failed = outcome->fault.code != FAULT_NONE;
    if (has_failed)
        smtp_transcript_note(&trace->transcript, "%s", outcome->fault.detail);
    struct str text = smtp_transcript_text(&trace->transcript);
    if (has_failed && log_wants(LOG_LEVEL_DEBUG))
        log_dialogue(submission, text);
    if (submission->wants_transcript)
        outcome->transcript =
            arena_format(&submission->arena, "%.*s%.*s",
                         STR_ARG(utf8_first(outcome->transcript, MAX_EARLIER_BYTES)), STR_ARG(text));
    smtp_transcript_fini(&trace->transcript);
}
