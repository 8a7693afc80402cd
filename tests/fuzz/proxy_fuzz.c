/* The input is what a proxy says. Split anywhere it is understood alike, its talk ends within bounds, and not an
 * octet of the relay's is taken for the proxy's. */
#include "base/utf8.h"
#include "fuzz.h"
#include "smtp/proxy.h"

enum { MAX_PIECE_BYTES = 8, MAX_SAID_BYTES = 4096 };

struct talk {
    enum smtp_proxy_state state;
    size_t used;
    struct buf said;
    char problem[SMTP_PROXY_PROBLEM_BYTES];
};

static void say(struct talk *talk, struct smtp_proxy_talk *proxy)
{
    buf_append(&talk->said, buf_view(&proxy->say));
    buf_clear(&proxy->say);
    FUZZ_CHECK(!talk->said.failed);
}

/* In pieces of `piece_bytes`, or of lengths that `*pieces` yields where it is 0. */
static void run_talk(struct talk *talk, const struct smtp_proxy *settings, struct str input,
                     size_t piece_bytes, uint32_t *pieces)
{
    struct smtp_proxy_talk proxy;
    *talk = (struct talk){0};
    buf_init(&talk->said, MAX_SAID_BYTES);
    talk->state = smtp_proxy_begin(&proxy, settings, STR("relay.example"), 587);
    while (talk->state == SMTP_PROXY_MORE && talk->used < input.len) {
        say(talk, &proxy);
        size_t piece = piece_bytes ? piece_bytes : 1 + fuzz_next(pieces) % MAX_PIECE_BYTES;
        struct str bytes = str_first(str_from(input, talk->used), piece);
        size_t used;
        talk->state = smtp_proxy_feed(&proxy, bytes, &used);
        FUZZ_CHECK(used <= bytes.len);
        FUZZ_CHECK(used > 0 || talk->state != SMTP_PROXY_MORE);
        talk->used += used;
        FUZZ_CHECK(proxy.heard.len <= SMTP_PROXY_MAX_HEADER_BYTES);
    }
    say(talk, &proxy);
    memcpy(talk->problem, proxy.problem, sizeof talk->problem);
    smtp_proxy_fini(&proxy);
}

static void check_problem(const struct talk *talk)
{
    struct str problem = str_of(talk->problem);
    FUZZ_CHECK((problem.len > 0) == (talk->state == SMTP_PROXY_REFUSED));
    FUZZ_CHECK(utf8_valid(problem));
    for (size_t i = 0; i < problem.len; i++)
        FUZZ_CHECK((unsigned char)problem.data[i] >= ' ' && problem.data[i] != 0x7f);
    FUZZ_CHECK(!fuzz_holds(problem, STR("hunter2")));
    FUZZ_CHECK(!fuzz_holds(problem, STR("YW5uOmh1bnRlcjI")));
}

static void check_same(const struct talk *a, const struct talk *b)
{
    FUZZ_CHECK(a->state == b->state);
    FUZZ_CHECK(a->state == SMTP_PROXY_REFUSED || a->used == b->used);
    FUZZ_CHECK(str_equal(buf_view(&a->said), buf_view(&b->said)));
}

static void run_kind(enum smtp_proxy_kind kind, bool has_login, struct str input)
{
    struct smtp_proxy settings = {.kind = kind, .host = STR("proxy.example"), .port = 1080};
    if (has_login) {
        settings.username = STR("ann");
        settings.password = STR("hunter2");
    }
    uint32_t pieces = fuzz_seed(input);
    struct talk whole, by_byte, in_pieces;
    run_talk(&whole, &settings, input, SIZE_MAX, NULL);
    run_talk(&by_byte, &settings, input, 1, NULL);
    run_talk(&in_pieces, &settings, input, 0, &pieces);
    check_same(&whole, &by_byte);
    check_same(&whole, &in_pieces);
    check_problem(&whole);
    check_problem(&by_byte);
    buf_fini(&whole.said);
    buf_fini(&by_byte.said);
    buf_fini(&in_pieces.said);
}

void fuzz_input(struct str input)
{
    run_kind(SMTP_PROXY_SOCKS5, false, input);
    run_kind(SMTP_PROXY_SOCKS5, true, input);
    run_kind(SMTP_PROXY_HTTP, false, input);
    run_kind(SMTP_PROXY_HTTP, true, input);
}
