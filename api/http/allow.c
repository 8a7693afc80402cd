#include "api/http/allow.h"

#include "base/idna.h"
#include "mime/mailbox.h"

static bool read_domain(struct arena *arena, struct str text, enum allow_kind kind, struct allow_rule *rule,
                        struct fault *fault)
{
    rule->kind = kind;
    return idna_to_ascii(arena, text, &rule->domain, fault);
}

bool allow_rule_read(struct arena *arena, struct str text, struct allow_rule *rule, struct fault *fault)
{
    struct mailbox mailbox;
    *rule = (struct allow_rule){0};
    if (str_starts_with(text, STR("@*.")))
        return read_domain(arena, str_from(text, 3), ALLOW_WITHIN, rule, fault);
    if (str_starts_with(text, STR("@")))
        return read_domain(arena, str_from(text, 1), ALLOW_DOMAIN, rule, fault);
    if (!mailbox_parse_address(arena, text, &mailbox, fault))
        return false;
    rule->local = str_first(mailbox.address, mailbox.at);
    rule->domain = str_from(mailbox.address, mailbox.at + 1);
    return true;
}

/* "example.com" is not within itself, and "anexample.com" is not within it either. */
static bool is_within(struct str domain, struct str outer)
{
    if (domain.len <= outer.len + 1)
        return false;
    struct str tail = str_from(domain, domain.len - outer.len - 1);
    return tail.data[0] == '.' && str_equal_nocase(str_from(tail, 1), outer);
}

static bool fits(const struct allow_rule *rule, struct str local, struct str domain)
{
    switch (rule->kind) {
    case ALLOW_ADDRESS: return str_equal(rule->local, local) && str_equal_nocase(rule->domain, domain);
    case ALLOW_DOMAIN: return str_equal_nocase(rule->domain, domain);
    case ALLOW_WITHIN: return is_within(domain, rule->domain);
    }
    return false;
}

bool allow_list_has(const struct allow_list *list, struct str address)
{
    size_t at = str_last_index(address, '@');
    struct str local = str_first(address, at), domain = str_from(address, at + 1);
    for (size_t i = 0; i < list->count; i++)
        if (fits(&list->rules[i], local, domain))
            return true;
    return !list->rules;
}
