/* api/http/allow.h: which addresses may be used: a list of rules, of which one must fit. Pure.
 *
 *     ann@example.com     that address
 *     @example.com        every address of the domain, and none of the domains within it
 *     @*.example.com      every address of a domain within it, and none of its own
 *
 * Domains are compared as A-labels without case, local parts byte by byte (RFC 5321 2.4): a rule that lets
 * too little pass is noticed, one that lets too much pass is not.
 *
 * Ownership  rules are kept in the arena that they were read into.
 * Errors     INVALID_ADDRESS, with what is wrong with a rule; OVERLOADED.
 */
#ifndef POSTERN_API_HTTP_ALLOW_H
#define POSTERN_API_HTTP_ALLOW_H

#include "base/arena.h"
#include "base/fault.h"

enum allow_kind { ALLOW_ADDRESS, ALLOW_DOMAIN, ALLOW_WITHIN };

struct allow_rule {
    enum allow_kind kind;
    struct str local;  /* of an address */
    struct str domain; /* A-labels */
};

struct allow_list {
    struct allow_rule *rules; /* NULL: everything is allowed */
    size_t count;
};

bool allow_rule_read(struct arena *arena, struct str text, struct allow_rule *rule, struct fault *fault);

/* `address` as mime/mailbox.h has it. */
bool allow_list_has(const struct allow_list *list, struct str address);

#endif
