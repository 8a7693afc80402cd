/* The size of quoted-printable is found by running the encoder once and counting: no second set of rules can
 * then disagree with what is sent. */
#include "mime/transfer.h"

#include "base/base64.h"
#include "mime/base64_wrap.h"

#include <string.h>

void transfer_rewind(struct transfer *transfer)
{
    transfer->canonical = (struct canonical){.rest = transfer->content};
    transfer->quoted_printable = (struct quoted_printable){.rest = transfer->content};
    transfer->rest = transfer->content;
}

static size_t pull_base64(struct canonical *canonical, char *window)
{
    size_t used = 0;
    while (TRANSFER_WINDOW_BYTES - used >= BASE64_LINE_COLUMNS + 2) {
        char line[BASE64_LINE_BYTES];
        size_t len = canonical_pull(canonical, line, sizeof line);
        if (!len)
            break;
        used += base64_write(window + used, (struct str){line, len});
        memcpy(window + used, "\r\n", 2);
        used += 2;
    }
    return used;
}

size_t transfer_pull(struct transfer *transfer, char window[static TRANSFER_WINDOW_BYTES])
{
    switch (transfer->encoding) {
    case TRANSFER_7BIT: return canonical_pull(&transfer->canonical, window, TRANSFER_WINDOW_BYTES);
    case TRANSFER_QUOTED_PRINTABLE:
        return quoted_printable_pull(&transfer->quoted_printable, window, TRANSFER_WINDOW_BYTES);
    case TRANSFER_BASE64: return pull_base64(&transfer->canonical, window);
    case TRANSFER_BASE64_WRAP: return base64_wrap_pull(&transfer->rest, window, TRANSFER_WINDOW_BYTES);
    }
    return 0;
}

static uint64_t measure(struct transfer *transfer, char *window)
{
    uint64_t octets = 0;
    transfer_rewind(transfer);
    for (size_t len; (len = transfer_pull(transfer, window)) > 0;)
        octets += len;
    transfer_rewind(transfer);
    return octets;
}

void transfer_set_text(struct transfer *transfer, struct str text, struct str forbidden,
                       char window[static TRANSFER_WINDOW_BYTES])
{
    struct canonical_survey survey = canonical_survey(text);
    bool forged = text.len && memmem(text.data, text.len, forbidden.data, forbidden.len) != NULL;
    *transfer = (struct transfer){.content = text, .size_octets = survey.octets};
    if (survey.seven_bit && !forged) {
        transfer_rewind(transfer);
        return;
    }
    uint64_t base64_octets = base64_wrap_octets_of_digits((survey.octets + 2) / 3 * 4);
    transfer->encoding = TRANSFER_QUOTED_PRINTABLE;
    transfer->size_octets = measure(transfer, window);
    if (base64_octets < transfer->size_octets) {
        transfer->encoding = TRANSFER_BASE64;
        transfer->size_octets = base64_octets;
    }
}

void transfer_set_base64(struct transfer *transfer, struct str base64)
{
    *transfer = (struct transfer){
        .encoding = TRANSFER_BASE64_WRAP, .content = base64, .size_octets = base64_wrap_octets(base64)};
    transfer_rewind(transfer);
}

struct str transfer_name(const struct transfer *transfer)
{
    static const char *const names[] = {[TRANSFER_7BIT] = "7bit",
                                        [TRANSFER_QUOTED_PRINTABLE] = "quoted-printable",
                                        [TRANSFER_BASE64] = "base64",
                                        [TRANSFER_BASE64_WRAP] = "base64"};
    return str_of(names[transfer->encoding]);
}
