/* A keyword that comes twice adds to what the first one said; a parameter that cannot be read is none. */
#include "smtp/capabilities.h"

enum { MAX_MECHANISM_BYTES = 2048 };

static void take_size(struct smtp_capabilities *capabilities, struct str parameters)
{
    uint64_t octets;
    /* RFC 1870 4: no parameter, or 0, is "no fixed limit"; a number too large to hold limits nobody. */
    if (str_to_uint(str_cut(&parameters, ' '), UINT64_MAX, &octets))
        capabilities->max_size_octets = octets;
}

static void take_auth(struct smtp_capabilities *capabilities, struct str parameters)
{
    while (parameters.data) {
        struct str mechanism = str_cut(&parameters, ' ');
        if (mechanism.len == 0 || mechanism.len >= MAX_MECHANISM_BYTES - capabilities->mechanisms.len ||
            smtp_capabilities_offer_mechanism(capabilities, mechanism))
            continue;
        buf_append_char(&capabilities->mechanisms, ' ');
        buf_append(&capabilities->mechanisms, mechanism);
    }
}

static void take_limit(struct smtp_capabilities *capabilities, struct str name, uint64_t limit)
{
    if (str_equal_nocase(name, STR("RCPTMAX")))
        capabilities->max_recipients = limit;
    else if (str_equal_nocase(name, STR("MAILMAX")))
        capabilities->max_mails = limit;
    else if (str_equal_nocase(name, STR("RCPTDOMAINMAX")))
        capabilities->max_domains = limit;
}

static void take_limits(struct smtp_capabilities *capabilities, struct str parameters)
{
    while (parameters.data) {
        struct str value = str_cut(&parameters, ' ');
        struct str name = str_cut(&value, '=');
        uint64_t limit;
        if (value.data && str_to_uint(value, UINT64_MAX, &limit))
            take_limit(capabilities, name, limit);
    }
}

static const struct keyword {
    const char *name;
    enum smtp_extension extension;
    void (*take)(struct smtp_capabilities *capabilities, struct str parameters);
} keywords[] = {
    {"STARTTLS", SMTP_STARTTLS, NULL},
    {"AUTH", SMTP_AUTH, take_auth},
    {"SIZE", SMTP_SIZE, take_size},
    {"8BITMIME", SMTP_8BITMIME, NULL},
    {"SMTPUTF8", SMTP_SMTPUTF8, NULL},
    {"PIPELINING", SMTP_PIPELINING, NULL},
    {"CHUNKING", SMTP_CHUNKING, NULL},
    {"BINARYMIME", SMTP_BINARYMIME, NULL},
    {"DSN", SMTP_DSN, NULL},
    {"ENHANCEDSTATUSCODES", SMTP_ENHANCEDSTATUSCODES, NULL},
    {"REQUIRETLS", SMTP_REQUIRETLS, NULL},
    {"LIMITS", SMTP_LIMITS, take_limits},
};

void smtp_capabilities_init(struct smtp_capabilities *capabilities)
{
    *capabilities = (struct smtp_capabilities){0};
    buf_init(&capabilities->mechanisms, MAX_MECHANISM_BYTES);
    buf_init(&capabilities->keywords, SMTP_REPLY_MAX_BYTES);
}

void smtp_capabilities_fini(struct smtp_capabilities *capabilities)
{
    buf_fini(&capabilities->mechanisms);
    buf_fini(&capabilities->keywords);
}

void smtp_capabilities_forget(struct smtp_capabilities *capabilities)
{
    capabilities->extensions = 0;
    capabilities->max_size_octets = 0;
    capabilities->max_recipients = 0;
    capabilities->max_mails = 0;
    capabilities->max_domains = 0;
    buf_clear(&capabilities->mechanisms);
    buf_clear(&capabilities->keywords);
}

/* "AUTH=PLAIN", from before RFC 2554, is still said beside "AUTH PLAIN", or in its place. */
static struct str cut_name(struct str *line)
{
    size_t end = str_index(*line, ' ');
    size_t equals = str_index(*line, '=');
    return str_cut(line, equals < end ? '=' : ' ');
}

static void take_line(struct smtp_capabilities *capabilities, struct str line)
{
    struct str name = cut_name(&line);
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (!str_equal_nocase(name, str_of(keywords[i].name)))
            continue;
        capabilities->extensions |= keywords[i].extension;
        if (keywords[i].take)
            keywords[i].take(capabilities, line);
    }
}

bool smtp_capabilities_read(struct smtp_capabilities *capabilities, const struct smtp_reply *reply)
{
    smtp_capabilities_forget(capabilities);
    struct str rest = buf_view(&reply->lines);
    smtp_reply_next_text(&rest); /* the relay's name and greeting */
    while (rest.data) {
        struct str line = str_trim(smtp_reply_next_text(&rest));
        take_line(capabilities, line);
        buf_append(&capabilities->keywords, line);
        buf_append_char(&capabilities->keywords, '\n');
    }
    return !capabilities->mechanisms.failed;
}

bool smtp_capabilities_offer(const struct smtp_capabilities *capabilities, enum smtp_extension extension)
{
    return capabilities->extensions & extension;
}

bool smtp_capabilities_offer_mechanism(const struct smtp_capabilities *capabilities, struct str name)
{
    for (struct str rest = buf_view(&capabilities->mechanisms); rest.data;)
        if (str_equal_nocase(str_cut(&rest, ' '), name) && name.len)
            return true;
    return false;
}
