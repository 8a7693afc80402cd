#include "smtp/sasl_prep.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <stringprep.h>

enum { MAX_TEXT_BYTES = 8192 };

static bool is_printable_ascii(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    return true;
}

/* RFC 5802 2.2: as a "stored string", in which unassigned code points are prohibited. */
static bool prepare(const char *text, struct buf *prepared)
{
    char *made = NULL;
    int status = stringprep_profile(text, &made, "SASLprep", STRINGPREP_NO_UNASSIGNED);
    prepared->failed |= status == STRINGPREP_MALLOC_ERROR;
    if (status != STRINGPREP_OK)
        return status == STRINGPREP_MALLOC_ERROR;
    size_t len = strlen(made);
    buf_append(prepared, (struct str){made, len});
    explicit_bzero(made, len);
    free(made);
    return len > 0;
}

bool smtp_sasl_prep(struct str text, struct buf *prepared)
{
    if (text.len == 0 || text.len > MAX_TEXT_BYTES)
        return false;
    if (is_printable_ascii(text)) { /* prepared already */
        buf_append(prepared, text);
        return true;
    }
    if (!utf8_valid(text) || str_index(text, '\0') < text.len)
        return false;
    struct buf terminated;
    buf_init(&terminated, MAX_TEXT_BYTES + 1);
    buf_append(&terminated, text);
    buf_append_char(&terminated, '\0');
    prepared->failed |= terminated.failed;
    bool is_prepared = terminated.failed || prepare(terminated.data, prepared);
    buf_wipe(&terminated);
    return is_prepared;
}
