/* The input is a relay's reply to EHLO. Its letters' case means nothing, nor does the order of its lines mean more
 * than which of two numbers counts; nothing of one reply lasts beyond the next. */
#include "fuzz.h"
#include "smtp/capabilities.h"

enum { MAX_MECHANISM_BYTES = 4096, KNOWN_EXTENSIONS = 32 };

/* False where the bytes are no reply. */
static bool read_reply(struct smtp_capabilities *capabilities, struct str bytes)
{
    struct smtp_reply reply;
    size_t used;
    smtp_reply_init(&reply);
    bool complete = smtp_reply_feed(&reply, bytes, &used) == SMTP_REPLY_COMPLETE;
    if (complete)
        smtp_capabilities_read(capabilities, &reply);
    smtp_reply_fini(&reply);
    return complete;
}

static void check_same(const struct smtp_capabilities *a, const struct smtp_capabilities *b)
{
    for (unsigned bit = 0; bit < KNOWN_EXTENSIONS; bit++)
        FUZZ_CHECK(smtp_capabilities_offer(a, (enum smtp_extension)(1U << bit)) ==
                   smtp_capabilities_offer(b, (enum smtp_extension)(1U << bit)));
    FUZZ_CHECK(a->max_size_octets == b->max_size_octets);
    FUZZ_CHECK(a->max_recipients == b->max_recipients);
    FUZZ_CHECK(a->max_mails == b->max_mails && a->max_domains == b->max_domains);
    FUZZ_CHECK(str_equal_nocase(buf_view(&a->mechanisms), buf_view(&b->mechanisms)));
    FUZZ_CHECK(str_equal_nocase(buf_view(&a->keywords), buf_view(&b->keywords)));
}

static void check_mechanisms(const struct smtp_capabilities *capabilities)
{
    FUZZ_CHECK(capabilities->mechanisms.len <= MAX_MECHANISM_BYTES);
    FUZZ_CHECK(!smtp_capabilities_offer_mechanism(capabilities, STR("")));
    for (struct str rest = buf_view(&capabilities->mechanisms); rest.data;) {
        struct str name = str_cut(&rest, ' ');
        FUZZ_CHECK(name.len == 0 || smtp_capabilities_offer_mechanism(capabilities, name));
    }
    if (capabilities->mechanisms.len)
        FUZZ_CHECK(smtp_capabilities_offer(capabilities, SMTP_AUTH));
}

/* What is offered stands at the front of a line, and behind it the end, a space or "=" (RFC 5321 4.1.1.1). */
static bool has_line_of(const struct smtp_capabilities *capabilities, struct str keyword)
{
    for (struct str rest = buf_view(&capabilities->keywords); rest.data;) {
        struct str line = str_cut(&rest, '\n');
        struct str behind = str_from(line, keyword.len);
        if (str_starts_with_nocase(line, keyword) &&
            (!behind.len || behind.data[0] == ' ' || behind.data[0] == '='))
            return true;
    }
    return false;
}

static void check_offers(const struct smtp_capabilities *capabilities)
{
    static const struct {
        enum smtp_extension extension;
        struct str keyword;
    } rows[] = {
        {SMTP_STARTTLS, STR("STARTTLS")},
        {SMTP_AUTH, STR("AUTH")},
        {SMTP_SIZE, STR("SIZE")},
        {SMTP_8BITMIME, STR("8BITMIME")},
        {SMTP_SMTPUTF8, STR("SMTPUTF8")},
        {SMTP_PIPELINING, STR("PIPELINING")},
        {SMTP_CHUNKING, STR("CHUNKING")},
        {SMTP_BINARYMIME, STR("BINARYMIME")},
        {SMTP_REQUIRETLS, STR("REQUIRETLS")},
        {SMTP_ENHANCEDSTATUSCODES, STR("ENHANCEDSTATUSCODES")},
        {SMTP_LIMITS, STR("LIMITS")},
        {SMTP_DSN, STR("DSN")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        FUZZ_CHECK(smtp_capabilities_offer(capabilities, rows[i].extension) ==
                   has_line_of(capabilities, rows[i].keyword));
    FUZZ_CHECK(!capabilities->max_size_octets || smtp_capabilities_offer(capabilities, SMTP_SIZE));
    bool is_limited = capabilities->max_recipients || capabilities->max_mails || capabilities->max_domains;
    FUZZ_CHECK(!is_limited || smtp_capabilities_offer(capabilities, SMTP_LIMITS));
}

/* As they are, in capitals, and behind another relay's: what is read is the same. */
void fuzz_input(struct str input)
{
    struct smtp_capabilities first, again;
    smtp_capabilities_init(&first);
    smtp_capabilities_init(&again);
    if (read_reply(&first, input)) {
        FUZZ_CHECK(first.keywords.len <= SMTP_REPLY_MAX_BYTES);
        check_mechanisms(&first);
        check_offers(&first);
        char *capitals = malloc(input.len);
        for (size_t i = 0; capitals && i < input.len; i++)
            capitals[i] = char_is_alpha(input.data[i]) ? (char)(input.data[i] & ~0x20) : input.data[i];
        FUZZ_CHECK(read_reply(&again, STR("250-x\n250-SIZE 1\n250-AUTH X\n250-LIMITS RCPTMAX=1\n250 DSN\n")));
        FUZZ_CHECK(capitals && read_reply(&again, (struct str){capitals, input.len}));
        check_same(&first, &again);
        free(capitals);
        struct smtp_capabilities none;
        smtp_capabilities_init(&none);
        smtp_capabilities_forget(&first);
        check_same(&first, &none);
    }
    smtp_capabilities_fini(&first);
    smtp_capabilities_fini(&again);
}
