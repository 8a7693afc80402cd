/* smtp/transcript.h: the dialogue as an RFC would print it: "S: 220 ...", "C: EHLO ...", credentials masked,
 * body elided.
 *
 * Ownership  the transcript owns its text until smtp_transcript_fini.
 * Limits     64 KiB; what is more is cut, and says so.
 */
#ifndef POSTERN_SMTP_TRANSCRIPT_H
#define POSTERN_SMTP_TRANSCRIPT_H

#include "base/buf.h"

struct smtp_transcript {
    struct buf text;
    int64_t began_us;
};

void smtp_transcript_init(struct smtp_transcript *transcript);
void smtp_transcript_fini(struct smtp_transcript *transcript);

/* Each takes NULL for "nobody wants it". Lines end in LF and carry the milliseconds since the beginning. */
void smtp_transcript_client(struct smtp_transcript *transcript, struct str line);
void smtp_transcript_server(struct smtp_transcript *transcript, struct str lines);
void smtp_transcript_note(struct smtp_transcript *transcript, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct str smtp_transcript_text(struct smtp_transcript *transcript);

#endif
