/* The words are short and the message may be long: the runs of the words are a hash table, and the message is
 * read along it once. A run of one octet alone, as of blanks, is no quote.
 *
 * Not every place of the message is looked up. A run of 8 octets holds a piece of 4 at each of five places, so that
 * one place of five is enough to see whether there stands a piece of any run; mostly a bit says that there is none. */
#include "service/relays/quote.h"

#include "base/base64.h"

#include <assert.h>
#include <string.h>

enum { ATTACHMENT_BYTES = 65536, PIECE_BYTES = 4, STEP = QUOTE_RUN_BYTES - PIECE_BYTES + 1 };
enum { BITS_PER_PLACE = 16, WINDOW_BYTES = 3072 };

struct run {
    uint64_t octets; /* 0 is an empty place */
    bool is_quoted;
};

struct runs {
    struct run *places;
    size_t count;     /* a power of two, twice the runs at least */
    uint64_t *pieces; /* a bit for each hash of a piece of any */
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

/* Knuth's multiplicative hash. */
static size_t mix(uint64_t octets)
{
    return (size_t)((octets * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static size_t bit_of_piece(const struct runs *runs, const char *piece)
{
    uint32_t octets;
    static_assert(sizeof octets == PIECE_BYTES, "a piece is a number");
    memcpy(&octets, piece, sizeof octets);
    return mix(octets) & (runs->count * BITS_PER_PLACE - 1);
}

/* Where the run stands, or would. */
static struct run *find_place(const struct runs *runs, uint64_t octets)
{
    size_t place = mix(octets) & (runs->count - 1);
    while (runs->places[place].octets && runs->places[place].octets != octets)
        place = (place + 1) & (runs->count - 1);
    return &runs->places[place];
}

static void add_run(const struct runs *runs, const char *run, uint64_t octets)
{
    find_place(runs, octets)->octets = octets;
    for (size_t i = 0; i < STEP; i++) {
        size_t bit = bit_of_piece(runs, run + i);
        runs->pieces[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}

static bool list_runs(struct arena *arena, struct str text, struct runs *runs)
{
    for (runs->count = 16; runs->count < 2 * text.len;)
        runs->count *= 2;
    runs->places = arena_take_array(arena, runs->count, sizeof *runs->places);
    runs->pieces = arena_take(arena, runs->count * BITS_PER_PLACE / 8);
    for (size_t at = 0; runs->pieces && at + QUOTE_RUN_BYTES <= text.len; at++) {
        uint64_t octets = octets_at(text, at);
        if (!is_one_octet(octets))
            add_run(runs, text.data + at, octets);
    }
    return runs->pieces;
}

static void look_at(const struct runs *runs, uint64_t octets)
{
    struct run *run = find_place(runs, octets);
    if (run->octets)
        run->is_quoted = true;
}

static bool has_piece(const struct runs *runs, const char *piece)
{
    size_t bit = bit_of_piece(runs, piece);
    return runs->pieces[bit / 64] >> bit % 64 & 1;
}

static void look_around(const struct runs *runs, struct str content, size_t piece)
{
    size_t first = piece < STEP ? 0 : piece - STEP + 1;
    for (size_t at = first; at <= piece && at + QUOTE_RUN_BYTES <= content.len; at++)
        look_at(runs, octets_at(content, at));
}

static void look_in(const struct runs *runs, struct str content)
{
    for (size_t at = 0; at + PIECE_BYTES <= content.len; at += STEP)
        if (has_piece(runs, content.data + at))
            look_around(runs, content, at);
}

/* Looks in all of it, and leaves what a run may have begun in. */
static size_t look_in_window(const struct runs *runs, char window[static WINDOW_BYTES], size_t len)
{
    size_t kept = len < QUOTE_RUN_BYTES ? len : QUOTE_RUN_BYTES - 1;
    look_in(runs, (struct str){window, len});
    memmove(window, window + len - kept, kept);
    return kept;
}

/* A relay that quotes an attachment quotes what it decoded. What is not of the alphabet was checked to be white space
 * and padding. */
static void look_in_base64(const struct runs *runs, struct str base64)
{
    char window[WINDOW_BYTES];
    size_t len = 0;
    uint32_t group = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < base64.len; i++) {
        int value = base64_value(base64.data[i]);
        if (value < 0)
            continue;
        group = group << 6 | (uint32_t)value;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        window[len++] = (char)(group >> bits);
        if (len == sizeof window)
            len = look_in_window(runs, window, len);
    }
    look_in_window(runs, window, len);
    explicit_bzero(window, sizeof window);
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
