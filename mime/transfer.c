/* The size of quoted-printable is found by running the encoder once and counting: no second set of rules can
 * then disagree with what is sent. What that wrote is what is sent, where it is not too much to be kept. */
#include "mime/transfer.h"

#include "base/base64.h"
#include "mime/base64_wrap.h"

#include <string.h>

void transfer_rewind(struct transfer *transfer)
{
    transfer->canonical = (struct canonical){.rest = transfer->content};
    transfer->quoted_printable = (struct quoted_printable){.rest = transfer->content};
    transfer->rest = transfer->ready.data ? transfer->ready : transfer->content;
}

static size_t write_line(char *line, struct str octets)
{
    size_t used = base64_write(line, octets);
    memcpy(line + used, "\r\n", 2);
    return used + 2;
}

static size_t pull_base64(struct canonical *canonical, char *window, size_t window_bytes)
{
    size_t used = 0;
    while (window_bytes - used >= BASE64_LINE_COLUMNS + 2) {
        char octets[BASE64_LINE_BYTES];
        size_t len = canonical_pull(canonical, octets, sizeof octets);
        if (!len)
            break;
        used += write_line(window + used, (struct str){octets, len});
    }
    return used;
}

static size_t pull_file(struct str *rest, char *window, size_t window_bytes)
{
    size_t used = 0;
    while (rest->len && window_bytes - used >= BASE64_LINE_COLUMNS + 2) {
        used += write_line(window + used, str_first(*rest, BASE64_LINE_BYTES));
        *rest = str_from(*rest, BASE64_LINE_BYTES);
    }
    return used;
}

static size_t fill(struct transfer *transfer, char *window, size_t window_bytes)
{
    switch (transfer->encoding) {
    case TRANSFER_7BIT: return canonical_pull(&transfer->canonical, window, window_bytes);
    case TRANSFER_QUOTED_PRINTABLE:
        return quoted_printable_pull(&transfer->quoted_printable, window, window_bytes);
    case TRANSFER_BASE64: return pull_base64(&transfer->canonical, window, window_bytes);
    case TRANSFER_BASE64_FILE: return pull_file(&transfer->rest, window, window_bytes);
    case TRANSFER_BASE64_WRAP: break;
    }
    return base64_wrap_pull(&transfer->rest, window, window_bytes);
}

size_t transfer_window_bytes(const struct transfer *transfer)
{
    uint64_t bytes = transfer->size_octets + QUOTED_PRINTABLE_MIN_WINDOW_BYTES;
    if (transfer->ready.data || transfer->size_octets == 0)
        return 0;
    return bytes < TRANSFER_WINDOW_BYTES ? (size_t)bytes : TRANSFER_WINDOW_BYTES;
}

struct str transfer_pull(struct transfer *transfer, char *window, size_t window_bytes)
{
    struct str piece = transfer->rest;
    if (!transfer->ready.data)
        return (struct str){window, transfer->size_octets ? fill(transfer, window, window_bytes) : 0};
    transfer->rest = str_from(piece, piece.len);
    return piece;
}

/* Through room that is large enough for most texts to be kept. */
static bool measure_quoted_printable(struct transfer *transfer, struct arena *arena, uint64_t *octets)
{
    struct quoted_printable encoder = {.rest = transfer->content};
    size_t room_bytes = transfer->content.len < TRANSFER_WINDOW_BYTES / 4
                            ? 4 * transfer->content.len + QUOTED_PRINTABLE_MIN_WINDOW_BYTES
                            : TRANSFER_WINDOW_BYTES;
    char *room = arena_take_room(arena, room_bytes);
    if (!room)
        return false;
    *octets = 0;
    for (size_t len; (len = quoted_printable_pull(&encoder, room, room_bytes)) > 0; *octets += len)
        transfer->ready = *octets ? (struct str){0} : (struct str){room, len};
    if (transfer->ready.data)
        arena_shrink_room(arena, room, transfer->ready.len);
    return true;
}

static uint64_t octets_as_base64(uint64_t octets)
{
    return base64_wrap_octets_of_digits((octets + 2) / 3 * 4);
}

static bool choose_shorter(struct transfer *transfer, struct arena *arena,
                           const struct canonical_survey *survey)
{
    uint64_t base64_octets = octets_as_base64(survey->octets);
    /* Three for each octet beyond ASCII, one for each other, or more: where that is too long, as it is for most texts
     * of other alphabets, nothing need be measured. */
    uint64_t octets = survey->octets + 2 * survey->beyond_ascii;
    if (octets <= base64_octets && !measure_quoted_printable(transfer, arena, &octets))
        return false;
    bool shorter = base64_octets < octets;
    if (shorter)
        transfer->ready = (struct str){0};
    transfer->encoding = shorter ? TRANSFER_BASE64 : TRANSFER_QUOTED_PRINTABLE;
    transfer->size_octets = shorter ? base64_octets : octets;
    return true;
}

bool transfer_set_text(struct transfer *transfer, struct arena *arena, struct str text, struct str forbidden)
{
    struct canonical_survey survey = canonical_survey(text);
    bool forged = str_contains(text, forbidden);
    *transfer = (struct transfer){.encoding = TRANSFER_7BIT, .content = text, .size_octets = survey.octets};
    bool made = (survey.seven_bit && !forged) || choose_shorter(transfer, arena, &survey);
    transfer_rewind(transfer);
    return made;
}

void transfer_set_lines(struct transfer *transfer, struct str lines)
{
    *transfer = (struct transfer){
        .encoding = TRANSFER_7BIT, .content = lines, .size_octets = canonical_survey(lines).octets};
    transfer_rewind(transfer);
}

void transfer_set_file(struct transfer *transfer, struct str octets)
{
    *transfer = (struct transfer){
        .encoding = TRANSFER_BASE64_FILE, .content = octets, .size_octets = octets_as_base64(octets.len)};
    transfer_rewind(transfer);
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
                                        [TRANSFER_BASE64_FILE] = "base64",
                                        [TRANSFER_BASE64_WRAP] = "base64"};
    return str_of(names[transfer->encoding]);
}
