#include "service/relays/url.h"

#include "base/percent.h"

enum { MAX_HOST_BYTES = 255 };

/* Absent on a broken escape, or where a control comes out: no name, password or path has one. */
static struct str decode(struct arena *arena, struct str text)
{
    struct str decoded = percent_is_valid(text) ? percent_decode(arena, text) : (struct str){0};
    for (size_t i = 0; i < decoded.len; i++)
        if (char_is_control(decoded.data[i]))
            return (struct str){0};
    return decoded;
}

static bool cut_scheme(struct str *rest, const char *const *schemes, size_t *scheme)
{
    for (*scheme = 0; schemes[*scheme]; ++*scheme) {
        struct str prefix = str_of(schemes[*scheme]);
        if (str_starts_with(*rest, prefix)) {
            *rest = str_from(*rest, prefix.len);
            return true;
        }
    }
    return false;
}

/* The last "@" ends the credentials, so that a forgotten %40 in a password still reads as meant. */
static struct str cut_userinfo(struct str *authority)
{
    size_t at = str_last_index(*authority, '@');
    if (at == authority->len)
        return (struct str){0};
    struct str userinfo = str_first(*authority, at);
    *authority = str_from(*authority, at + 1);
    return userinfo;
}

static bool parse_userinfo(struct arena *arena, struct str userinfo, struct url *url)
{
    struct str password = userinfo;
    struct str username = str_cut(&password, ':');
    url->username = decode(arena, username);
    if (password.data)
        url->password = decode(arena, password);
    return url->username.data && url->username.len && (!password.data || url->password.data);
}

static bool is_host(struct str host)
{
    const struct str barred = STR(" /\\#<>\"");
    for (size_t i = 0; i < host.len; i++)
        if (char_is_control(host.data[i]) || str_index(barred, host.data[i]) < barred.len)
            return false;
    return host.len > 0 && host.len <= MAX_HOST_BYTES;
}

/* host, host:port, [v6], [v6]:port */
static bool parse_host_port(struct arena *arena, struct str text, struct url *url)
{
    struct str host, port = {0};
    if (text.len && text.data[0] == '[') {
        struct str rest = str_from(text, 1);
        host = str_cut(&rest, ']');
        if (!rest.data || (rest.len && rest.data[0] != ':'))
            return false;
        if (rest.len)
            port = str_from(rest, 1);
    } else {
        port = text;
        host = str_cut(&port, ':');
    }
    uint64_t number = 0;
    if (port.data && (!str_to_uint(port, UINT16_MAX, &number) || number == 0))
        return false;
    url->host = arena_copy(arena, host);
    url->port = (uint16_t)number;
    return is_host(host);
}

const char *url_parse(struct arena *arena, struct str text, const char *const *schemes, struct url *url)
{
    struct str rest = text;
    *url = (struct url){0};
    if (!cut_scheme(&rest, schemes, &url->scheme))
        return "it does not begin with a scheme that is known";
    struct str userinfo = cut_userinfo(&rest);
    if (userinfo.data && !parse_userinfo(arena, userinfo, url))
        return "user and password are not user:password with %XX for special characters";
    url->query = rest;
    struct str where = str_cut(&url->query, '?');
    if (where.len > 1 && where.data[0] == '/') {
        url->host = decode(arena, where);
        return url->host.data ? NULL : "the path has a broken %XX, or a control character";
    }
    if (where.len && where.data[where.len - 1] == '/')
        where.len--;
    return parse_host_port(arena, where, url) ? NULL : "no valid host, or no valid port";
}
