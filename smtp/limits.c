/* MAILMAX and RCPTDOMAINMAX hold for a session, so that a session remembers what it has had; RCPTMAX holds
 * for each transaction, so that a mail may be sent in parts. */
#include "smtp/limits.h"

enum { MAX_DOMAINS_BYTES = 65536 };

void smtp_tally_init(struct smtp_tally *tally)
{
    *tally = (struct smtp_tally){0};
    buf_init(&tally->domains, MAX_DOMAINS_BYTES);
}

void smtp_tally_fini(struct smtp_tally *tally)
{
    buf_fini(&tally->domains);
}

size_t smtp_limits_part(const struct smtp_capabilities *offered, const struct smtp_envelope *envelope)
{
    bool fits = !offered->max_recipients || envelope->recipient_count <= offered->max_recipients;
    return fits || envelope->partial == PARTIAL_ABORT ? envelope->recipient_count
                                                      : (size_t)offered->max_recipients;
}

static struct str domain_of(struct str address)
{
    return str_from(address, str_last_index(address, '@') + 1);
}

static bool knows(const struct buf *domains, struct str domain)
{
    for (struct str rest = buf_view(domains); rest.data;)
        if (str_equal_nocase(str_cut(&rest, ' '), domain))
            return true;
    return false;
}

/* False where there are more than `max`; without the memory to tell, the relay will. */
static bool add_domains(struct buf *domains, const struct smtp_envelope *envelope, uint64_t max)
{
    uint64_t count = 0;
    for (size_t i = 0; i < domains->len; i++)
        count += domains->data[i] == ' ';
    for (size_t i = 0; i < envelope->recipient_count && count <= max && !domains->failed; i++) {
        struct str domain = domain_of(envelope->recipients[i]);
        if (knows(domains, domain))
            continue;
        buf_append(domains, domain);
        buf_append_char(domains, ' ');
        count++;
    }
    return count <= max;
}

static bool domains_fit(const struct smtp_tally *tally, uint64_t max, const struct smtp_envelope *envelope)
{
    struct buf all;
    buf_init(&all, MAX_DOMAINS_BYTES);
    buf_append(&all, buf_view(&tally->domains));
    bool fit = add_domains(&all, envelope, max);
    buf_fini(&all);
    return fit;
}

bool smtp_limits_allow(const struct smtp_tally *tally, const struct smtp_capabilities *offered,
                       const struct smtp_envelope *envelope)
{
    size_t part = smtp_limits_part(offered, envelope);
    size_t parts = (envelope->recipient_count + part - 1) / part;
    if (offered->max_recipients && part > offered->max_recipients)
        return false;
    if (offered->max_mails &&
        (tally->mails >= offered->max_mails || parts > offered->max_mails - tally->mails))
        return false;
    return !offered->max_domains || domains_fit(tally, offered->max_domains, envelope);
}

void smtp_limits_count(struct smtp_tally *tally, const struct smtp_capabilities *offered,
                       const struct smtp_envelope *envelope)
{
    tally->mails++;
    if (offered->max_domains)
        add_domains(&tally->domains, envelope, offered->max_domains);
}

bool smtp_limits_have_room(const struct smtp_tally *tally, const struct smtp_capabilities *offered)
{
    return !offered->max_mails || tally->mails < offered->max_mails;
}
