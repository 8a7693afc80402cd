/* The input is what a relay says. However it is split, the same is found in it; what is found keeps to its bounds,
 * and may be shown. */
#include "base/utf8.h"
#include "fuzz.h"
#include "smtp/reply.h"

enum { MAX_PIECE_BYTES = 32, ARENA_BYTES = 16384 };

struct parse {
    struct smtp_reply reply;
    enum smtp_reply_state state;
    size_t used;
};

/* In pieces of `piece_bytes`, or of lengths that `*pieces` yields where it is 0. */
static void parse(struct parse *parse, struct str input, size_t piece_bytes, uint32_t *pieces)
{
    smtp_reply_init(&parse->reply);
    parse->state = SMTP_REPLY_PARTIAL;
    parse->used = 0;
    while (parse->state == SMTP_REPLY_PARTIAL && parse->used < input.len) {
        size_t piece = piece_bytes ? piece_bytes : 1 + fuzz_next(pieces) % MAX_PIECE_BYTES;
        struct str bytes = str_first(str_from(input, parse->used), piece);
        size_t used;
        parse->state = smtp_reply_feed(&parse->reply, bytes, &used);
        FUZZ_CHECK(used <= bytes.len);
        FUZZ_CHECK(used == bytes.len || parse->state != SMTP_REPLY_PARTIAL);
        parse->used += used;
    }
}

static void check_same(const struct parse *a, const struct parse *b)
{
    FUZZ_CHECK(a->state == b->state);
    if (a->state == SMTP_REPLY_MALFORMED)
        return;
    FUZZ_CHECK(a->used == b->used);
    FUZZ_CHECK(a->reply.code == b->reply.code);
    FUZZ_CHECK(a->reply.line_count == b->reply.line_count);
    FUZZ_CHECK(str_equal(buf_view(&a->reply.lines), buf_view(&b->reply.lines)));
}

static void check_bounds(const struct smtp_reply *reply)
{
    FUZZ_CHECK(reply->lines.len <= SMTP_REPLY_MAX_BYTES);
    FUZZ_CHECK(reply->line_count <= SMTP_REPLY_MAX_LINES);
    FUZZ_CHECK(reply->line_at <= reply->lines.len);
    FUZZ_CHECK(reply->code == 0 || (reply->code >= 200 && reply->code <= 599));
}

/* RFC 5321 4.2.1: every line has the code, and all but the last a hyphen behind it. */
static void check_lines(const struct smtp_reply *reply)
{
    char code[4];
    unsigned lines = 0;
    snprintf(code, sizeof code, "%03d", reply->code);
    struct str rest = buf_view(&reply->lines);
    FUZZ_CHECK(str_index(rest, '\0') == rest.len);
    while (rest.len) {
        struct str line = str_cut(&rest, '\n');
        FUZZ_CHECK(rest.data);
        FUZZ_CHECK(line.len < SMTP_REPLY_MAX_LINE_BYTES);
        FUZZ_CHECK(str_starts_with(line, str_of(code)));
        FUZZ_CHECK((line.len > 3 && line.data[3] == '-') == (rest.len > 0));
        lines++;
    }
    FUZZ_CHECK(lines == reply->line_count);
}

static void check_safe(struct str text)
{
    FUZZ_CHECK(utf8_valid(text));
    for (struct str rest = text; rest.len;) {
        uint32_t code_point;
        rest = str_from(rest, utf8_decode(rest, &code_point));
        FUZZ_CHECK(!utf8_is_control(code_point));
    }
}

/* RFC 3463 2: class "." subject "." detail, the class being the code's. */
static void check_enhanced(struct str enhanced, int code)
{
    FUZZ_CHECK(enhanced.len >= 5 && enhanced.len <= 9);
    FUZZ_CHECK(enhanced.data[0] == '0' + code / 100 && code / 100 != 3);
    struct str rest = enhanced;
    for (int part = 0; part < 3; part++) {
        uint64_t number;
        FUZZ_CHECK(str_to_uint(str_cut(&rest, '.'), 999, &number));
    }
    FUZZ_CHECK(!rest.data);
}

static void check_shown(const struct smtp_reply *reply)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct outcome_reply shown = smtp_reply_show(reply, &arena);
    FUZZ_CHECK(shown.code == reply->code);
    FUZZ_CHECK(shown.text.len <= OUTCOME_TEXT_MAX_BYTES);
    check_safe(shown.text);
    if (shown.enhanced.data)
        check_enhanced(shown.enhanced, reply->code);
    arena_fini(&arena);
}

/* A relay that says it over and over is not listened to for ever. */
static void check_end(struct parse *parse, struct str input)
{
    size_t fed = parse->used;
    while (parse->state == SMTP_REPLY_PARTIAL && input.len) {
        size_t used;
        FUZZ_CHECK(fed <= 2 * SMTP_REPLY_MAX_BYTES); /* the CRs are not kept */
        parse->state = smtp_reply_feed(&parse->reply, input, &used);
        fed += used;
        check_bounds(&parse->reply);
    }
}

void fuzz_input(struct str input)
{
    struct parse whole, by_byte, in_pieces;
    uint32_t pieces = fuzz_seed(input);
    parse(&whole, input, SIZE_MAX, NULL);
    parse(&by_byte, input, 1, NULL);
    parse(&in_pieces, input, 0, &pieces);
    check_same(&whole, &by_byte);
    check_same(&whole, &in_pieces);
    check_bounds(&whole.reply);
    if (whole.state == SMTP_REPLY_COMPLETE) {
        check_lines(&whole.reply);
        check_shown(&whole.reply);
        struct str behind = str_from(input, whole.used);
        smtp_reply_fini(&in_pieces.reply);
        parse(&in_pieces, str_first(input, input.len - behind.len), SIZE_MAX, NULL);
        check_same(&whole, &in_pieces);
    }
    check_end(&whole, input);
    smtp_reply_fini(&whole.reply);
    smtp_reply_fini(&by_byte.reply);
    smtp_reply_fini(&in_pieces.reply);
}
