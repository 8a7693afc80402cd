/* Both kinds are heard octet by octet: the octet that ends the proxy's last reply is known when it comes, and
 * none behind it is taken. What a proxy says in words is not shown, for it may echo a login: its number
 * stands for it. */
#include "smtp/proxy.h"

#include "base/base64.h"
#include "smtp/authority.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { MAX_NAME_BYTES = 255, MAX_SAY_BYTES = 2048 };

enum {
    SOCKS_VERSION = 5,
    LOGIN_VERSION = 1,
    METHOD_NONE = 0,
    METHOD_LOGIN = 2,
    METHOD_REFUSED = 0xff,
    CONNECT = 1
};
enum { ADDRESS_V4 = 1, ADDRESS_NAME = 3, ADDRESS_V6 = 4 };

static enum smtp_proxy_state refuse(struct smtp_proxy_talk *talk, const char *problem)
{
    snprintf(talk->problem, sizeof talk->problem, "%s", problem);
    return SMTP_PROXY_REFUSED;
}

static unsigned heard_at(const struct smtp_proxy_talk *talk, size_t at)
{
    return (unsigned char)talk->heard.data[at];
}

static void append_length(struct buf *out, size_t len)
{
    buf_append_char(out, (char)(unsigned char)len);
}

static void append_port(struct buf *out, uint16_t port)
{
    append_length(out, port >> 8);
    append_length(out, port & 0xff);
}

/* RFC 1928 4. An address goes as one: not every proxy reads it from a name. */
static void append_connect(struct buf *out, struct str host, uint16_t port)
{
    char text[MAX_NAME_BYTES + 1] = "";
    char address[sizeof(struct in6_addr)];
    memcpy(text, host.data, host.len);
    const char head[] = {SOCKS_VERSION, CONNECT, 0};
    buf_append(out, (struct str){head, sizeof head});
    if (inet_pton(AF_INET, text, address) == 1) {
        append_length(out, ADDRESS_V4);
        buf_append(out, (struct str){address, sizeof(struct in_addr)});
    } else if (inet_pton(AF_INET6, text, address) == 1) {
        append_length(out, ADDRESS_V6);
        buf_append(out, (struct str){address, sizeof(struct in6_addr)});
    } else {
        append_length(out, ADDRESS_NAME);
        append_length(out, host.len);
        buf_append(out, host);
    }
    append_port(out, port);
}

/* RFC 1928 3: the methods that we know; RFC 1929 only where there is something to log in with. */
static void socks_begin(struct smtp_proxy_talk *talk, struct str host, uint16_t port)
{
    const char methods[] = {SOCKS_VERSION, 2, METHOD_NONE, METHOD_LOGIN};
    const char no_login[] = {SOCKS_VERSION, 1, METHOD_NONE};
    buf_append(&talk->say, talk->proxy->username.data ? (struct str){methods, sizeof methods}
                                                      : (struct str){no_login, sizeof no_login});
    append_connect(&talk->request, host, port);
}

static enum smtp_proxy_state say_request(struct smtp_proxy_talk *talk)
{
    buf_append(&talk->say, buf_view(&talk->request));
    return SMTP_PROXY_MORE;
}

/* RFC 1929 2. */
static enum smtp_proxy_state say_login(struct smtp_proxy_talk *talk)
{
    const struct smtp_proxy *proxy = talk->proxy;
    append_length(&talk->say, LOGIN_VERSION);
    append_length(&talk->say, proxy->username.len);
    buf_append(&talk->say, proxy->username);
    append_length(&talk->say, proxy->password.len);
    buf_append(&talk->say, proxy->password);
    return SMTP_PROXY_MORE;
}

enum socks_step { SOCKS_METHOD, SOCKS_LOGIN, SOCKS_REPLY };

static enum smtp_proxy_state enter(struct smtp_proxy_talk *talk, enum socks_step step)
{
    talk->step = step;
    buf_clear(&talk->heard);
    return step == SOCKS_LOGIN ? say_login(talk) : say_request(talk);
}

static enum smtp_proxy_state socks_hear_method(struct smtp_proxy_talk *talk)
{
    if (talk->heard.len < 2)
        return SMTP_PROXY_MORE;
    unsigned method = heard_at(talk, 1);
    if (method == METHOD_NONE)
        return enter(talk, SOCKS_REPLY);
    if (method == METHOD_LOGIN && talk->proxy->username.data)
        return enter(talk, SOCKS_LOGIN);
    if (method == METHOD_REFUSED && !talk->proxy->username.data)
        return refuse(talk, "wants a login (reply 255), and none is set");
    return refuse(talk, "takes neither a login by user and password nor none (reply 255)");
}

static enum smtp_proxy_state socks_hear_login(struct smtp_proxy_talk *talk)
{
    if (talk->heard.len < 2)
        return SMTP_PROXY_MORE;
    return heard_at(talk, 1) == 0 ? enter(talk, SOCKS_REPLY) : refuse(talk, "refused the login");
}

/* RFC 1928 6, in the order of the codes. */
static enum smtp_proxy_state socks_refuse(struct smtp_proxy_talk *talk, unsigned code)
{
    static const char *const words[] = {"",
                                        "failed (reply 1)",
                                        "does not allow this connection (reply 2)",
                                        "says that the relay's network is unreachable (reply 3)",
                                        "says that the relay is unreachable (reply 4)",
                                        "says that the relay refused the connection (reply 5)",
                                        "says that the relay did not answer (reply 6)",
                                        "does not know CONNECT (reply 7)",
                                        "does not know this kind of address (reply 8)"};
    return refuse(talk,
                  code < sizeof words / sizeof words[0] ? words[code] : "gave a reply that nobody knows");
}

/* How long the whole reply is: its fifth octet may be the length of a name. */
static size_t socks_reply_bytes(const struct smtp_proxy_talk *talk)
{
    enum { FRONT_BYTES = 4, PORT_BYTES = 2 };
    switch (heard_at(talk, 3)) {
    case ADDRESS_V4: return FRONT_BYTES + sizeof(struct in_addr) + PORT_BYTES;
    case ADDRESS_V6: return FRONT_BYTES + sizeof(struct in6_addr) + PORT_BYTES;
    case ADDRESS_NAME: return FRONT_BYTES + 1 + heard_at(talk, 4) + PORT_BYTES;
    default: return 0;
    }
}

static enum smtp_proxy_state socks_hear_reply(struct smtp_proxy_talk *talk)
{
    enum { LENGTH_KNOWN_BYTES = 5 };
    if (talk->heard.len >= 2 && heard_at(talk, 1) != 0)
        return socks_refuse(talk, heard_at(talk, 1));
    if (talk->heard.len < LENGTH_KNOWN_BYTES)
        return SMTP_PROXY_MORE;
    size_t bytes = socks_reply_bytes(talk);
    if (bytes == 0)
        return refuse(talk, "gave an address of a kind that nobody knows");
    return talk->heard.len < bytes ? SMTP_PROXY_MORE : SMTP_PROXY_DONE;
}

static enum smtp_proxy_state socks_hear(struct smtp_proxy_talk *talk)
{
    static enum smtp_proxy_state (*const steps[])(struct smtp_proxy_talk *) = {
        [SOCKS_METHOD] = socks_hear_method,
        [SOCKS_LOGIN] = socks_hear_login,
        [SOCKS_REPLY] = socks_hear_reply};
    unsigned version = talk->step == SOCKS_LOGIN ? LOGIN_VERSION : SOCKS_VERSION;
    if (heard_at(talk, 0) != version)
        return refuse(talk, "does not speak SOCKS5");
    return steps[talk->step](talk);
}

/* RFC 7617 2. */
static void append_basic(struct buf *out, const struct smtp_proxy *proxy)
{
    struct buf login;
    buf_init(&login, MAX_SAY_BYTES);
    buf_append(&login, proxy->username);
    buf_append_char(&login, ':');
    buf_append(&login, proxy->password);
    buf_append(out, STR("Proxy-Authorization: Basic "));
    base64_encode(out, buf_view(&login));
    buf_append(out, STR("\r\n"));
    buf_wipe(&login);
}

static void http_begin(struct smtp_proxy_talk *talk, struct str host, uint16_t port)
{
    struct smtp_authority authority = smtp_authority_of(host, port);
    buf_append_format(&talk->say, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", authority.text, authority.text);
    if (talk->proxy->username.data)
        append_basic(&talk->say, talk->proxy);
    buf_append(&talk->say, STR("\r\n"));
}

static enum smtp_proxy_state http_refuse(struct smtp_proxy_talk *talk, unsigned code)
{
    static const struct {
        unsigned code;
        const char *words;
    } rows[] = {{400, "did not understand CONNECT"}, {403, "does not allow this connection"},
                {405, "does not allow CONNECT"},     {502, "could not reach the relay"},
                {503, "could not reach the relay"},  {504, "got no answer from the relay"}};
    const char *words = "answered CONNECT";
    if (code == 407)
        words = talk->proxy->username.data ? "refused the login" : "wants a login, and none is set";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            words = rows[i].words;
    snprintf(talk->problem, sizeof talk->problem, "%s (reply %u)", words, code);
    return SMTP_PROXY_REFUSED;
}

/* The three digits behind "HTTP/1.1 "; 0 where they are none. */
static unsigned http_status(struct str header)
{
    enum { VERSION_BYTES = 8, DIGITS = 3 };
    uint64_t code = 0;
    struct str line = str_trim(str_cut(&header, '\n'));
    struct str digits = str_first(str_from(line, VERSION_BYTES + 1), DIGITS);
    struct str rest = str_from(line, VERSION_BYTES + 1 + DIGITS);
    if (digits.len != DIGITS || line.data[VERSION_BYTES] != ' ' || !str_to_uint(digits, 999, &code))
        return 0;
    return rest.len == 0 || rest.data[0] == ' ' || rest.data[0] == '\r' ? (unsigned)code : 0;
}

/* RFC 9112 2.2: a lone LF ends a line, too. */
static bool http_is_complete(struct str header)
{
    struct str last = str_from(header, header.len > 3 ? header.len - 3 : 0);
    return str_equal(last, STR("\n\r\n")) || str_equal(str_from(last, 1), STR("\n\n"));
}

static enum smtp_proxy_state http_hear(struct smtp_proxy_talk *talk)
{
    const struct str version = STR("HTTP/1.");
    struct str header = buf_view(&talk->heard);
    if (!str_starts_with(header, str_first(version, header.len)))
        return refuse(talk, "does not speak HTTP");
    if (!http_is_complete(header))
        return SMTP_PROXY_MORE;
    unsigned code = http_status(header);
    if (code == 0)
        return refuse(talk, "gave a reply without a status");
    if (code >= 200 && code < 300)
        return SMTP_PROXY_DONE; /* RFC 9110 9.3.6: a Content-Length beside it means nothing */
    if (code >= 200 || code == 101)
        return http_refuse(talk, code);
    buf_clear(&talk->heard); /* RFC 9110 15.2: what counts comes behind it */
    return SMTP_PROXY_MORE;
}

static const struct {
    const char *name;
    void (*begin)(struct smtp_proxy_talk *talk, struct str host, uint16_t port);
    enum smtp_proxy_state (*hear)(struct smtp_proxy_talk *talk);
} kinds[] = {[SMTP_PROXY_NONE] = {"no", NULL, NULL},
             [SMTP_PROXY_SOCKS5] = {"SOCKS5", socks_begin, socks_hear},
             [SMTP_PROXY_HTTP] = {"HTTP", http_begin, http_hear}};

const char *smtp_proxy_kind_name(enum smtp_proxy_kind kind)
{
    return kinds[kind].name;
}

/* Nothing that could end the line or the field that it stands in. */
static bool can_be_named(struct str host)
{
    return host.len > 0 && host.len <= MAX_NAME_BYTES && str_is_visible(host);
}

static enum smtp_proxy_state with_memory(const struct smtp_proxy_talk *talk, enum smtp_proxy_state state)
{
    return talk->say.failed || talk->heard.failed || talk->request.failed ? SMTP_PROXY_NO_MEMORY : state;
}

enum smtp_proxy_state smtp_proxy_begin(struct smtp_proxy_talk *talk, const struct smtp_proxy *proxy,
                                       struct str host, uint16_t port)
{
    *talk = (struct smtp_proxy_talk){.proxy = proxy};
    buf_init(&talk->say, MAX_SAY_BYTES);
    buf_init(&talk->heard, SMTP_PROXY_MAX_HEADER_BYTES);
    buf_init(&talk->request, MAX_SAY_BYTES);
    if (!can_be_named(host))
        return refuse(talk, "cannot be told the relay's name");
    if (proxy->username.len > MAX_NAME_BYTES || proxy->password.len > MAX_NAME_BYTES)
        return refuse(talk, "takes no login of more than 255 octets");
    kinds[proxy->kind].begin(talk, host, port);
    return with_memory(talk, SMTP_PROXY_MORE);
}

enum smtp_proxy_state smtp_proxy_feed(struct smtp_proxy_talk *talk, struct str bytes, size_t *used)
{
    enum smtp_proxy_state state = SMTP_PROXY_MORE;
    for (*used = 0; state == SMTP_PROXY_MORE && talk->say.len == 0 && *used < bytes.len; ++*used) {
        if (talk->heard_bytes++ == SMTP_PROXY_MAX_HEADER_BYTES)
            return refuse(talk, "says more than 8 KiB before the relay can be heard");
        buf_append_char(&talk->heard, bytes.data[*used]);
        state = with_memory(talk, SMTP_PROXY_MORE);
        if (state == SMTP_PROXY_MORE)
            state = with_memory(talk, kinds[talk->proxy->kind].hear(talk));
    }
    return state;
}

void smtp_proxy_fini(struct smtp_proxy_talk *talk)
{
    buf_wipe(&talk->say);
    buf_wipe(&talk->heard);
    buf_wipe(&talk->request);
}
