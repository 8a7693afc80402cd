#include "mime/encoded_word.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "mime/cluster.h"
#include "mime/line.h"

#include <string.h>

enum { FRAME_OCTETS = sizeof "=?utf-8?Q?" - 1 + sizeof "?=" - 1 };

/* RFC 2047 5 (3): the characters that may stand for themselves wherever an encoded word may. */
static bool is_q_plain(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c && strchr("!*+-/", c));
}

static size_t q_octets(struct str text)
{
    size_t octets = 0;
    for (size_t i = 0; i < text.len; i++)
        octets += is_q_plain(text.data[i]) || text.data[i] == ' ' ? 1 : 3;
    return octets;
}

static size_t octets_of(enum encoded_word_kind kind, struct str text)
{
    return kind == ENCODED_WORD_Q ? q_octets(text) : (text.len + 2) / 3 * 4;
}

enum encoded_word_kind encoded_word_choose(struct str text)
{
    bool q = octets_of(ENCODED_WORD_Q, text) <= octets_of(ENCODED_WORD_B, text);
    return q ? ENCODED_WORD_Q : ENCODED_WORD_B;
}

static size_t code_point_first(struct str text)
{
    uint32_t code_point;
    size_t len = utf8_decode(text, &code_point);
    return len ? len : 1;
}

/* The longest front of `text`, in steps of `first`, that takes at most `payload` octets. Readers that join
 * neighbouring words before they decode them, as GMime does, stop at the first "=" that pads base64: only the
 * last word has one. */
static size_t fit_steps(enum encoded_word_kind kind, struct str text, size_t payload,
                        size_t (*first)(struct str))
{
    size_t q_used = 0;
    size_t len = 0;
    size_t kept = 0;
    while (len < text.len) {
        struct str rest = str_from(text, len);
        size_t step = first(rest);
        q_used += kind == ENCODED_WORD_Q ? q_octets(str_first(rest, step)) : 0;
        size_t used = kind == ENCODED_WORD_Q ? q_used : octets_of(kind, str_first(text, len + step));
        if (used > payload)
            break;
        len += step;
        if (kind == ENCODED_WORD_Q || len % 3 == 0 || len == text.len)
            kept = len;
    }
    return kept;
}

/* Where base64 would need padding in the midst, one word of the other kind comes between. */
static size_t fit_either(enum encoded_word_kind *kind, struct str text, size_t payload,
                         size_t (*first)(struct str))
{
    size_t len = fit_steps(*kind, text, payload, first);
    if (len || *kind == ENCODED_WORD_Q)
        return len;
    len = fit_steps(ENCODED_WORD_Q, text, payload, first);
    if (len)
        *kind = ENCODED_WORD_Q;
    return len;
}

size_t encoded_word_fit(enum encoded_word_kind *kind, struct str text, size_t room, bool may_cut)
{
    if (room > ENCODED_WORD_MAX_OCTETS)
        room = ENCODED_WORD_MAX_OCTETS;
    size_t payload = room > FRAME_OCTETS ? room - FRAME_OCTETS : 0;
    size_t len = fit_either(kind, text, payload, cluster_first);
    return len || !may_cut ? len : fit_either(kind, text, payload, code_point_first);
}

void encoded_word_append(struct buf *out, enum encoded_word_kind kind, struct str text)
{
    if (kind == ENCODED_WORD_B) {
        buf_append(out, STR("=?utf-8?B?"));
        base64_encode(out, text);
    } else {
        buf_append(out, STR("=?utf-8?Q?"));
        for (size_t i = 0; i < text.len; i++) {
            char c = text.data[i];
            if (c == ' ' || is_q_plain(c))
                buf_append_char(out, c == ' ' ? '_' : c);
            else
                line_append_hex(out, '=', c);
        }
    }
    buf_append(out, STR("?="));
}
