#include "smtp/redact.h"

#include "base/base64.h"

#include <string.h>

enum { MAX_SECRET_BYTES = 16384 };

static bool add(struct smtp_redactor *redactor, struct str secret, bool as_base64)
{
    if (secret.len < SMTP_REDACT_MIN_BYTES)
        return true;
    if (redactor->count == SMTP_REDACT_MAX_SECRETS)
        return false;
    struct buf *copy = &redactor->secrets[redactor->count++];
    buf_init(copy, MAX_SECRET_BYTES);
    if (as_base64)
        base64_encode(copy, secret);
    else
        buf_append(copy, secret);
    /* Who echoes base64 may leave its padding out. */
    while (as_base64 && copy->len && copy->data[copy->len - 1] == '=')
        copy->len--;
    return !copy->failed;
}

bool smtp_redactor_add(struct smtp_redactor *redactor, struct str secret)
{
    return add(redactor, secret, false);
}

bool smtp_redactor_add_base64(struct smtp_redactor *redactor, struct str secret)
{
    return add(redactor, secret, true);
}

void smtp_redactor_fini(struct smtp_redactor *redactor)
{
    for (size_t i = 0; i < redactor->count; i++)
        buf_wipe(&redactor->secrets[i]);
    redactor->count = 0;
}

static void cover(struct buf *text, struct str secret)
{
    size_t at = 0;
    while (secret.len && text->len - at >= secret.len) {
        char *found = memmem(text->data + at, text->len - at, secret.data, secret.len);
        if (!found)
            return;
        for (size_t i = 0; i < secret.len; i++)
            if (found[i] != '\n')
                found[i] = '*';
        at = (size_t)(found - text->data) + secret.len;
    }
}

void smtp_redactor_apply(const struct smtp_redactor *redactor, struct buf *text)
{
    for (size_t i = 0; i < redactor->count; i++)
        cover(text, buf_view(&redactor->secrets[i]));
}
