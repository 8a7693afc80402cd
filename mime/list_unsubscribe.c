#include "mime/list_unsubscribe.h"

#include "mime/header.h"

/* A URL stands on a line of its own, which cannot be folded. */
enum { MAX_URL_BYTES = 900 };

/* RFC 3986 2: what else stands in a URL is percent-encoded. A comma would be read as the next URL's. */
static bool check_characters(struct str url, const char *what, struct fault *fault)
{
    if (url.len > MAX_URL_BYTES)
        return fault_set(fault, FAULT_INVALID_HEADER, "%s is longer than %d octets", what, MAX_URL_BYTES);
    for (size_t i = 0; i < url.len; i++) {
        char c = url.data[i];
        if (c <= ' ' || c > '~' || c == '<' || c == '>' || c == '"' || c == ',' || c == '\\')
            return fault_set(fault, FAULT_INVALID_HEADER,
                             "%s has a character at octet %zu that must be percent-encoded", what, i);
    }
    return true;
}

static bool has_host(struct str url, struct str scheme)
{
    return str_starts_with_nocase(url, scheme) && url.len > scheme.len && url.data[scheme.len] != '/';
}

bool list_unsubscribe_check_url(struct str url, struct fault *fault)
{
    if (!has_host(url, STR("https://")) && !has_host(url, STR("http://")))
        return fault_set(fault, FAULT_INVALID_HEADER, "this is no https: or http: URL");
    return check_characters(url, "the URL", fault);
}

bool list_unsubscribe_check_mailto(struct str mailto, struct fault *fault)
{
    struct str scheme = STR("mailto:");
    struct str address = str_from(mailto, str_starts_with_nocase(mailto, scheme) ? scheme.len : 0);
    address = str_first(address, str_index(address, '?'));
    size_t at = str_index(address, '@');
    if (at == 0 || at + 1 >= address.len)
        return fault_set(fault, FAULT_INVALID_HEADER, "this is neither an address nor a mailto: URL");
    return check_characters(mailto, "the mailto: URL", fault);
}

bool list_unsubscribe_check(const struct list_unsubscribe *list, struct fault *fault)
{
    if (!list->url.data && !list->mailto.data)
        return fault_set(fault, FAULT_INVALID_HEADER, "one of url and mailto is needed");
    /* RFC 8058 3.1. */
    if (list->one_click && !str_starts_with_nocase(list->url, STR("https://")))
        return fault_set(fault, FAULT_INVALID_HEADER, "one_click needs an https: url");
    return true;
}

static void append_url(struct header *header, const char *scheme, struct str url)
{
    header_begin_token(header, str_of(scheme).len + url.len + 2);
    buf_append_format(header->out, "<%s%.*s>", scheme, STR_ARG(url));
}

void list_unsubscribe_write(struct buf *out, const struct list_unsubscribe *list)
{
    if (!list->url.data && !list->mailto.data)
        return;
    struct header header;
    header_begin(&header, out, STR("List-Unsubscribe"));
    if (list->url.data)
        append_url(&header, "", list->url);
    if (list->url.data && list->mailto.data)
        header_append_close(&header, ',');
    if (list->mailto.data)
        append_url(&header,
                   str_starts_with_nocase(list->mailto, STR("mailto:")) ? "" : "mailto:", list->mailto);
    header_end(&header);
    if (list->one_click)
        buf_append(out, STR("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
}
