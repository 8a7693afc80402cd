/* smtp/reply.h: one reply of a relay, parsed as its bytes come (RFC 5321 4.2).
 *
 * Lenient where nothing is lost: LF alone ends a line, a bare code is a reply, the text may be in any
 * encoding. Strict where a reply could be taken for another: the code, the same one on every line, no NUL.
 *
 * Ownership  the reply owns its bytes; views of it live until it is cleared.
 * Limits     4,096 octets a line (RFC 5321 4.5.3.1.5 promises 512), 128 lines, 64 KiB.
 */
#ifndef POSTERN_SMTP_REPLY_H
#define POSTERN_SMTP_REPLY_H

#include "base/arena.h"
#include "base/outcome.h"

enum { SMTP_REPLY_MAX_LINE_BYTES = 4096, SMTP_REPLY_MAX_LINES = 128, SMTP_REPLY_MAX_BYTES = 65536 };

enum smtp_reply_state { SMTP_REPLY_PARTIAL, SMTP_REPLY_COMPLETE, SMTP_REPLY_MALFORMED, SMTP_REPLY_NO_MEMORY };

struct smtp_reply {
    struct buf lines; /* as they came, but that LF alone ends each */
    size_t line_at;   /* where the last of them begins */
    unsigned line_count;
    int code; /* 0 until the first line is whole */
};

void smtp_reply_init(struct smtp_reply *reply);
void smtp_reply_fini(struct smtp_reply *reply);
void smtp_reply_clear(struct smtp_reply *reply);

/* Takes bytes up to the end of the reply; `used` says how many. Nothing may be fed behind COMPLETE or
 * MALFORMED. */
enum smtp_reply_state smtp_reply_feed(struct smtp_reply *reply, struct str bytes, size_t *used);

/* The text of the first line of `rest`, which is moved behind it; begin with the view of all lines. */
struct str smtp_reply_next_text(struct str *rest);

/* RFC 3463, of the first line; absent where there is none, or where its class is not the code's (RFC 2034
 * 4). */
struct str smtp_reply_enhanced(const struct smtp_reply *reply);

/* The reply as the outcome shows it, made safe. */
struct outcome_reply smtp_reply_show(const struct smtp_reply *reply, struct arena *arena);

#endif
