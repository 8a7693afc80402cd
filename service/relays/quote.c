/* The words are short and the message may be long: the runs of the words are a hash table, and the message is
 * read along it once. A run of one octet alone, as of blanks, is no quote. */
#include "service/relays/quote.h"

#include "base/base64.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

enum { ATTACHMENT_BYTES = 65536 };

struct run {
    uint64_t octets; /* 0 is an empty place */
    bool is_quoted;
};

struct runs {
    struct run *places;
    size_t count; /* a power of two, twice the runs at least */
};

static uint64_t octets_at(struct str text, size_t at)
{
    uint64_t octets;
    static_assert(sizeof octets == QUOTE_RUN_BYTES, "a run is a number");
    memcpy(&octets, text.data + at, sizeof octets);
    return octets;
}

static bool is_one_octet(uint64_t octets)
{
    return octets == (octets & 0xff) * UINT64_C(0x0101010101010101);
}

/* Where the run stands, or would. */
static struct run *find_place(const struct runs *runs, uint64_t octets)
{
    uint64_t mixed = octets * UINT64_C(0x9e3779b97f4a7c15); /* Knuth's multiplicative hash */
    size_t place = (size_t)(mixed >> 32) & (runs->count - 1);
    while (runs->places[place].octets && runs->places[place].octets != octets)
        place = (place + 1) & (runs->count - 1);
    return &runs->places[place];
}

static bool list_runs(struct arena *arena, struct str text, struct runs *runs)
{
    for (runs->count = 16; runs->count < 2 * text.len;)
        runs->count *= 2;
    runs->places = arena_take_array(arena, runs->count, sizeof *runs->places);
    for (size_t at = 0; runs->places && at + QUOTE_RUN_BYTES <= text.len; at++) {
        uint64_t octets = octets_at(text, at);
        if (!is_one_octet(octets))
            find_place(runs, octets)->octets = octets;
    }
    return runs->places;
}

static void look_at(const struct runs *runs, uint64_t octets)
{
    struct run *run = find_place(runs, octets);
    if (run->octets)
        run->is_quoted = true;
}

static void look_in(const struct runs *runs, struct str content)
{
    for (size_t at = 0; at + QUOTE_RUN_BYTES <= content.len; at++)
        look_at(runs, octets_at(content, at));
}

/* A relay that quotes an attachment quotes what it decoded. The last octets stand in a run as they would in
 * memory; what is not of the alphabet was checked to be white space and padding. */
static void look_in_base64(const struct runs *runs, struct str base64)
{
    uint64_t last = 0;
    uint32_t group = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < base64.len; i++) {
        int value = base64_value(base64.data[i]);
        if (value < 0)
            continue;
        group = (group << 6 | (uint32_t)value) & 0xffff;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        last = last >> 8 | (uint64_t)(group >> bits & 0xff) << 56;
        look_at(runs, htole64(last));
    }
}

static void look_in_attachment(const struct runs *runs, const struct attachment *attachment)
{
    struct str base64 = str_first(attachment->content_base64, ATTACHMENT_BYTES);
    look_in(runs, attachment->filename);
    look_in(runs, str_first(attachment->content, ATTACHMENT_BYTES));
    look_in(runs, base64);
    look_in_base64(runs, base64);
}

static void look_in_message(const struct runs *runs, const struct message *message)
{
    const struct str contents[] = {message->subject,
                                   message->text,
                                   message->html,
                                   message->calendar.content,
                                   message->finished.header,
                                   message->finished.body,
                                   message->list_unsubscribe.url};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++)
        look_in(runs, contents[i]);
    for (size_t i = 0; i < message->header_count; i++)
        look_in(runs, message->headers[i].value);
    for (size_t i = 0; i < message->attachment_count; i++)
        look_in_attachment(runs, &message->attachments[i]);
}

struct str quote_cover(struct arena *arena, struct str text, const struct message *message)
{
    struct runs runs;
    struct str covered = arena_copy(arena, text);
    if (!covered.data || text.len < QUOTE_RUN_BYTES)
        return covered;
    if (!list_runs(arena, text, &runs))
        return (struct str){0};
    look_in_message(&runs, message);
    char *octets = (char *)(uintptr_t)covered.data;
    size_t covered_to = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (at + QUOTE_RUN_BYTES <= text.len && find_place(&runs, octets_at(text, at))->is_quoted)
            covered_to = at + QUOTE_RUN_BYTES;
        if (at < covered_to && octets[at] != '\n')
            octets[at] = '*';
    }
    return covered;
}
