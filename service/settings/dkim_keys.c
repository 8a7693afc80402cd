#include "service/settings/dkim_keys.h"

#include "base/idna.h"
#include "mime/dkim_fields.h"
#include "service/settings/files.h"

enum { MAX_SELECTOR_BYTES = 63 };

/* RFC 6376 3.1: labels of a domain name, with dots between. */
static bool is_selector(struct str selector)
{
    bool after_dot = true;
    for (size_t i = 0; i < selector.len; i++) {
        char c = selector.data[i];
        bool is_dot = c == '.' && !after_dot;
        if (!is_dot && !char_is_alpha(c) && !char_is_digit(c) && c != '-' && c != '_')
            return false;
        after_dot = is_dot;
    }
    return !after_dot && selector.len <= MAX_SELECTOR_BYTES;
}

static struct str to_lower(struct arena *arena, struct str text)
{
    struct str copy = arena_copy(arena, text);
    char *bytes = (char *)copy.data;
    for (size_t i = 0; i < copy.len; i++)
        bytes[i] = char_to_lower(bytes[i]);
    return copy;
}

static bool refuse(struct fault *fault, struct str entry, const char *what)
{
    return fault_set(fault, FAULT_INVALID_REQUEST, "option dkim_keys: \"%.*s\" %s", STR_ARG(entry), what);
}

static bool load_entry(struct arena *arena, struct str entry, struct dkim_ring *ring, struct fault *fault)
{
    struct str path = entry, domain = str_cut(&path, ':'), selector = str_cut(&path, ':');
    struct str ascii, terminated = arena_copy(arena, path);
    struct fault unfit;
    struct buf pem;
    if (!terminated.len)
        return refuse(fault, entry, "is not domain:selector:file");
    if (!idna_to_ascii(arena, domain, &ascii, &unfit))
        return refuse(fault, entry, "does not begin with a domain");
    if (!is_selector(selector))
        return refuse(fault, entry, "has no selector of letters, digits and hyphens");
    if (!file_read(terminated.data, &pem, &unfit))
        return fault_set(fault, unfit.code, "option dkim_keys: %s", unfit.detail);
    struct str kept = arena_copy(arena, selector);
    bool added = dkim_ring_add(ring, to_lower(arena, ascii), kept, buf_view(&pem), &unfit) ||
                 fault_set(fault, unfit.code, "option dkim_keys: %s (%s)", unfit.detail, terminated.data);
    buf_wipe(&pem);
    return added;
}

static bool refuse_name(struct fault *fault, struct str name, const char *what)
{
    return fault_set(fault, FAULT_INVALID_REQUEST, "option dkim_headers: \"%.*s\" %s", STR_ARG(name), what);
}

static bool check_names(struct str names, struct fault *fault)
{
    size_t count = 0;
    while (names.data) {
        struct str name = str_cut(&names, ' ');
        if (!name.len)
            continue;
        if (!str_is_token(name))
            return refuse_name(fault, name, "is no name of a header field");
        if (!dkim_fields_may_name(name))
            return refuse_name(fault, name, "changes on the way, and so cannot be signed");
        if (++count > DKIM_MAX_MORE_FIELDS)
            return refuse_name(fault, name, "is one name too many");
    }
    return true;
}

bool dkim_keys_load(struct arena *arena, const struct settings *settings, struct dkim_ring *ring,
                    struct fault *fault)
{
    struct str entries = settings->dkim_keys;
    ring->more_fields = settings->dkim_headers;
    while (entries.data) {
        struct str entry = str_cut(&entries, ' ');
        if (entry.len && !load_entry(arena, entry, ring, fault))
            return false;
    }
    if (arena->failed)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory while reading the DKIM keys");
    return check_names(settings->dkim_headers, fault);
}
