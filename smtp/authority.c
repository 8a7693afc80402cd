#include "smtp/authority.h"

#include <stdio.h>

struct smtp_authority smtp_authority_of(struct str host, uint16_t port)
{
    struct smtp_authority authority;
    bool is_path = str_starts_with(host, STR("/"));
    bool is_v6 = !is_path && str_index(host, ':') < host.len;
    struct str named = str_first(host, SMTP_HOST_BYTES - 1);
    if (is_path)
        snprintf(authority.text, sizeof authority.text, "%.*s", STR_ARG(named));
    else
        snprintf(authority.text, sizeof authority.text, is_v6 ? "[%.*s]:%u" : "%.*s:%u", STR_ARG(named),
                 port);
    return authority;
}
