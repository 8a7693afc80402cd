/* smtp/transcript.h: the dialogue as an RFC would print it, each line behind its time in milliseconds:
 *
 *     0.0  -- connected to smtp.example.com:587
 *     1.2  S: 220 smtp.example.com ESMTP
 *     1.3  C: EHLO client.example.net
 *
 * Whoever hands in a client's line has masked the credentials in it and left out the body.
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
    bool has_server_line;
    bool is_cut;
};

void smtp_transcript_init(struct smtp_transcript *transcript);
void smtp_transcript_fini(struct smtp_transcript *transcript);

/* Each takes NULL for "nobody wants it". Controls and what is not UTF-8 are made safe; LF ends a line. */
void smtp_transcript_client(struct smtp_transcript *transcript, struct str line);
void smtp_transcript_server(struct smtp_transcript *transcript, struct str lines);
void smtp_transcript_note(struct smtp_transcript *transcript, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct str smtp_transcript_text(const struct smtp_transcript *transcript);

#endif
