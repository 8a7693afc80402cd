#include "service/relays/trace.h"

#include "base/log.h"
#include "base/utf8.h"
#include "service/relays/quote.h"

/* Of the dialogues with the relays before. */
enum { MAX_EARLIER_BYTES = 65536 };

struct smtp_transcript *trace_begin(struct trace *trace, const struct submission *submission)
{
    smtp_transcript_init(&trace->transcript);
    /* What is said to one relay after another has one clock. */
    if (submission->outcome.transcript_began_us)
        trace->transcript.began_us = submission->outcome.transcript_began_us;
    bool wanted = submission->wants_transcript || submission->keeps_transcript || log_wants(LOG_LEVEL_DEBUG);
    return wanted ? &trace->transcript : NULL;
}

static bool is_ours(struct str line)
{
    line = str_trim(line);
    return str_starts_with(str_trim(str_from(line, str_index(line, ' '))), STR("C:"));
}

/* Line by line: a line of the log has a bound, and is easier to read than a wall. What we have said holds no
 * contents, but addresses, which may well stand in the message, too. */
static void log_dialogue(const struct submission *submission, struct str text)
{
    struct arena arena;
    arena_init(&arena, QUOTE_ARENA_BYTES);
    struct str covered = text;
    quote_cover(&arena, &covered, 1, &submission->message);
    while (covered.len) {
        struct str line = str_cut(&text, '\n'), covered_line = str_cut(&covered, '\n');
        log_event(LOG_LEVEL_DEBUG, "dialogue", LOG_TEXT("id", submission->id),
                  LOG_STR("line", is_ours(line) ? line : covered_line));
    }
    arena_fini(&arena);
}

void trace_end(struct trace *trace, struct submission *submission)
{
    struct outcome *outcome = &submission->outcome;
    outcome->transcript_began_us = trace->transcript.began_us;
    bool has_failed = outcome->fault.code != FAULT_NONE;
    if (has_failed)
        smtp_transcript_note(&trace->transcript, "%s", outcome->fault.detail);
    struct str text = smtp_transcript_text(&trace->transcript);
    if (has_failed && log_wants(LOG_LEVEL_DEBUG))
        log_dialogue(submission, text);
    if (submission->wants_transcript || submission->keeps_transcript)
        outcome->transcript =
            arena_format(&submission->arena, "%.*s%.*s",
                         STR_ARG(utf8_first(outcome->transcript, MAX_EARLIER_BYTES)), STR_ARG(text));
    smtp_transcript_fini(&trace->transcript);
}
