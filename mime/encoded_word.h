/* mime/encoded_word.h: one encoded word (RFC 2047 section 2), charset utf-8.
 *
 * A word holds whole code points, as section 5 demands, and whole clusters where a cluster fits into a word
 * at all. The Q alphabet is the small one of section 5 (3), so that a word may stand in a phrase too.
 */
#ifndef POSTERN_MIME_ENCODED_WORD_H
#define POSTERN_MIME_ENCODED_WORD_H

#include "base/buf.h"

enum { ENCODED_WORD_MAX_OCTETS = 75 };

enum encoded_word_kind { ENCODED_WORD_B, ENCODED_WORD_Q };

/* Whichever makes `text` shorter. */
enum encoded_word_kind encoded_word_choose(struct str text);

/* Octets of `text` that one word of at most `room` octets can hold, in whole clusters. Where not even the
 * first fits: 0, or with `may_cut` what fits of it in whole code points. Only the last word of a text is padded
 * base64; where another would be, `kind` becomes Q. */
size_t encoded_word_fit(enum encoded_word_kind *kind, struct str text, size_t room, bool may_cut);

void encoded_word_append(struct buf *out, enum encoded_word_kind kind, struct str text);

#endif
