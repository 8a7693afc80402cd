#include "smtp/transcript.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_TEXT_BYTES = 65536, MAX_LINE_BYTES = 4096, US_PER_MS = 1000, NOTE_BYTES = 1024 };

/* Room for a stamp, a mark and the line that says that the rest was cut. */
enum { SPARE_BYTES = 128 };

void smtp_transcript_init(struct smtp_transcript *transcript)
{
    *transcript = (struct smtp_transcript){.began_us = clock_monotonic_us()};
    buf_init(&transcript->text, MAX_TEXT_BYTES);
}

void smtp_transcript_fini(struct smtp_transcript *transcript)
{
    buf_wipe(&transcript->text);
}

static void add_stamped(struct smtp_transcript *transcript, const char *mark, struct str line)
{
    double ms = (double)(clock_monotonic_us() - transcript->began_us) / US_PER_MS;
    buf_append_format(&transcript->text, "%7.1f  %s ", ms, mark);
    buf_append(&transcript->text, line);
    buf_append_char(&transcript->text, '\n');
}

static void add_line(struct smtp_transcript *transcript, const char *mark, struct str line)
{
    if (transcript->is_cut)
        return;
    struct arena arena;
    arena_init(&arena, MAX_LINE_BYTES + 1);
    struct str safe = utf8_make_safe(&arena, line, MAX_LINE_BYTES);
    transcript->is_cut = transcript->text.len + safe.len + SPARE_BYTES > MAX_TEXT_BYTES;
    if (transcript->is_cut)
        add_stamped(transcript, "--", STR("the rest is left out"));
    else
        add_stamped(transcript, mark, safe);
    arena_fini(&arena);
}

void smtp_transcript_client(struct smtp_transcript *transcript, struct str line)
{
    if (transcript)
        add_line(transcript, "C:", line);
}

void smtp_transcript_server(struct smtp_transcript *transcript, struct str lines)
{
    if (transcript && lines.len)
        transcript->has_server_line = true;
    while (transcript && lines.len)
        add_line(transcript, "S:", str_cut(&lines, '\n'));
}

void smtp_transcript_note(struct smtp_transcript *transcript, const char *format, ...)
{
    if (!transcript)
        return;
    char note[NOTE_BYTES] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);
    add_line(transcript, "--", str_of(note));
}

struct str smtp_transcript_text(const struct smtp_transcript *transcript)
{
    return buf_view(&transcript->text);
}
