/* The input is a relay's URL, and a proxy's. What is taken names a place that can be said on a line; what is refused is told of
 * without the password in it, which in the corpus is "hunter2". */
#include "fuzz.h"
#include "service/relays/relay_url.h"

enum { ARENA_BYTES = 1 << 20 };

/* RFC 3986 3.2.2 leaves a host no white space and no controls; a path may have the first (RFC 3986 2.1). */
static void check_host(struct str host, bool is_path)
{
    FUZZ_CHECK(host.len > 0 && host.data[host.len] == '\0');
    for (size_t i = 0; i < host.len; i++)
        FUZZ_CHECK((unsigned char)host.data[i] > ' ' || (is_path && host.data[i] == ' '));
}

static void check_taken(const struct smtp_relay *relay)
{
    check_host(relay->host, smtp_relay_is_local(relay));
    FUZZ_CHECK(!relay->username.data || relay->username.len > 0);
    FUZZ_CHECK(relay->username.data || !relay->password.data);
}

static void check_refused(const struct fault *fault, const struct arena *arena)
{
    FUZZ_CHECK(fault->code == FAULT_INVALID_REQUEST || arena->failed);
    FUZZ_CHECK(fault->detail[0]);
    FUZZ_CHECK(!fuzz_holds(str_of(fault->detail), STR("hunter2")));
}

void fuzz_input(struct str input)
{
    struct arena arena;
    struct smtp_relay relay = {0};
    struct smtp_proxy proxy = {0};
    struct fault fault = {0};
    arena_init(&arena, ARENA_BYTES);
    if (!relay_url_parse(&arena, input, &relay, &fault))
        check_refused(&fault, &arena);
    else if (!arena.failed)
        check_taken(&relay);
    if (!proxy_url_parse(&arena, input, &proxy, &fault))
        check_refused(&fault, &arena);
    else if (!arena.failed)
        check_host(proxy.host, false);
    arena_fini(&arena);
}
