/* The words are short and the message may be long: the runs of all words are one hash table, and the message is read
 * along it once. A run of one octet alone, as of blanks, is no quote.
 *
 * Not every place of the message is looked up. A run of 8 octets holds a piece of 4 at each of five places, so that
 * one place of five is enough to see whether there stands a piece of any run; mostly a mark says that there is none.
 *
 * What is base64 is not decoded for that: a run of 8 octets holds two whole groups of 3, one behind the other, wherever
 * it begins, and a group is 4 characters. So these are the pieces there, and every second one is enough; only around
 * one that stands in the words, too, it is decoded. */
#include "service/relays/quote.h"

#include "base/base64.h"
#include "base/block.h"

#include <assert.h>
#include <string.h>

enum { ATTACHMENT_BYTES = 65536, PIECE_BYTES = 4, STEP = QUOTE_RUN_BYTES - PIECE_BYTES + 1 };
enum { GROUP_OCTETS = 3, GROUP_CHARS = PIECE_BYTES, GROUP_STEP = 2 * GROUP_CHARS };
enum { WINDOW_BYTES = 3072, KEPT_BYTES = 4 * GROUP_CHARS }; /* no run lies in more groups than four */
enum { MIN_PLACES_BITS = 4, MARKS_BITS_PER_PLACE = 3 };

struct run {
    uint64_t octets; /* 0 is an empty place */
    bool is_quoted;
};

/* A mark for the hash of each. */
struct pieces {
    uint8_t *marks;
    unsigned bits; /* of the hash */
};

struct runs {
    struct run *places;
    size_t count;                 /* a power of two, twice the runs at least */
    struct pieces plain, encoded; /* without attachments none is encoded */
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

/* --- Pieces: of the words, marked; of the message, looked for */

/* Knuth's multiplicative hash. */
static uint8_t *mark_of(const struct pieces *pieces, const char *piece)
{
    uint32_t octets;
    static_assert(sizeof octets == PIECE_BYTES, "a piece is a number");
    memcpy(&octets, piece, sizeof octets);
    return &pieces->marks[octets * UINT32_C(0x9e3779b1) >> (32 - pieces->bits)];
}

static void mark_plain(const struct pieces *pieces, struct str text)
{
    for (size_t at = 0; at + PIECE_BYTES <= text.len; at++)
        *mark_of(pieces, text.data + at) = 1;
}

static void mark_encoded(const struct pieces *pieces, struct str text)
{
    char group[GROUP_CHARS];
    for (size_t at = 0; at + GROUP_OCTETS <= text.len; at++) {
        base64_write(group, (struct str){text.data + at, GROUP_OCTETS});
        *mark_of(pieces, group) = 1;
    }
}

/* Where, of the places from `at` on in steps, the next piece stands that is marked; else where none fits any more. */
static size_t find_marked(const struct pieces *pieces, struct str content, size_t at, size_t step)
{
    for (; at + 3 * step + PIECE_BYTES <= content.len; at += 4 * step) {
        const char *four = content.data + at;
        if (*mark_of(pieces, four) | *mark_of(pieces, four + step) | *mark_of(pieces, four + 2 * step) |
            *mark_of(pieces, four + 3 * step))
            break;
    }
    while (at + PIECE_BYTES <= content.len && !*mark_of(pieces, content.data + at))
        at += step;
    return at;
}

/* --- Runs */

/* Where the run stands, or would. */
static struct run *find_place(const struct runs *runs, uint64_t octets)
{
    size_t place = (size_t)(octets * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (runs->count - 1);
    while (runs->places[place].octets && runs->places[place].octets != octets)
        place = (place + 1) & (runs->count - 1);
    return &runs->places[place];
}

static void make_marks(struct arena *arena, unsigned bits, struct pieces *pieces)
{
    pieces->bits = bits;
    pieces->marks = arena_take(arena, (size_t)1 << bits);
}

static bool make_room(struct arena *arena, size_t text_bytes, bool has_encoded, struct runs *runs)
{
    *runs = (struct runs){0};
    unsigned bits = MIN_PLACES_BITS;
    while ((size_t)1 << bits < 2 * text_bytes)
        bits++;
    runs->count = (size_t)1 << bits;
    runs->places = arena_take_array(arena, runs->count, sizeof *runs->places);
    make_marks(arena, bits + MARKS_BITS_PER_PLACE, &runs->plain);
    if (has_encoded)
        make_marks(arena, bits + MARKS_BITS_PER_PLACE, &runs->encoded);
    return !arena->failed;
}

static void add_runs(const struct runs *runs, struct str text)
{
    mark_plain(&runs->plain, text);
    if (runs->encoded.marks)
        mark_encoded(&runs->encoded, text);
    for (size_t at = 0; at + QUOTE_RUN_BYTES <= text.len; at++) {
        uint64_t octets = octets_at(text, at);
        if (!is_one_octet(octets))
            find_place(runs, octets)->octets = octets;
    }
}

/* Looks at the runs that begin at `first` to `last`, where they are whole. */
static void look_at(const struct runs *runs, struct str content, size_t first, size_t last)
{
    for (size_t at = first; at <= last && at + QUOTE_RUN_BYTES <= content.len; at++) {
        struct run *run = find_place(runs, octets_at(content, at));
        if (run->octets)
            run->is_quoted = true;
    }
}

/* --- The message */

static void look_in(const struct runs *runs, struct str content)
{
    size_t at = find_marked(&runs->plain, content, 0, STEP);
    while (at + PIECE_BYTES <= content.len) {
        look_at(runs, content, at < STEP ? 0 : at - STEP + 1, at);
        at = find_marked(&runs->plain, content, at + STEP, STEP);
    }
}

/* The group with those that a run around it may reach into: two to either side. */
static void look_around_group(const struct runs *runs, struct str base64, size_t at)
{
    enum { SIDE = 2 * GROUP_CHARS };
    size_t first = at < SIDE ? 0 : at - SIDE;
    char octets[5 * GROUP_OCTETS];
    size_t len = 0;
    uint32_t bits = 0;
    for (size_t i = first; i < at + GROUP_CHARS + SIDE && i < base64.len; i++) {
        int value = base64_value(base64.data[i]);
        if (value < 0)
            break; /* padding */
        bits = bits << 6 | (uint32_t)value;
        if (i % GROUP_CHARS)
            octets[len++] = (char)(bits >> (6 - 2 * (i % GROUP_CHARS)));
    }
    look_at(runs, (struct str){octets, len}, 0, len);
    explicit_bzero(octets, sizeof octets);
}

/* Groups without anything between them. */
static void look_in_groups(const struct runs *runs, struct str base64)
{
    size_t at = find_marked(&runs->encoded, base64, 0, GROUP_STEP);
    while (at + GROUP_CHARS <= base64.len) {
        look_around_group(runs, base64, at);
        at = find_marked(&runs->encoded, base64, at + GROUP_STEP, GROUP_STEP);
    }
}

static block find_white_space(block octets)
{
    return (block)(octets <= ' ');
}

/* A relay that quotes an attachment quotes what it decoded. It was checked: white space may stand between the groups,
 * and padding at the end. */
static void look_in_base64(const struct runs *runs, struct str base64)
{
    char window[WINDOW_BYTES];
    size_t len = 0;
    while (base64.len) {
        size_t run = block_run(base64, WINDOW_BYTES - len, find_white_space);
        memcpy(window + len, base64.data, run);
        len += run;
        if (len == WINDOW_BYTES) {
            look_in_groups(runs, (struct str){window, len});
            len = KEPT_BYTES;
            memcpy(window, window + WINDOW_BYTES - len, len);
        }
        base64 = str_from(base64, run ? run : 1);
    }
    look_in_groups(runs, (struct str){window, len});
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

static void cover(const struct runs *runs, struct str text)
{
    char *octets = (char *)(uintptr_t)text.data;
    size_t covered_to = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (at + QUOTE_RUN_BYTES <= text.len && find_place(runs, octets_at(text, at))->is_quoted)
            covered_to = at + QUOTE_RUN_BYTES;
        if (at < covered_to && octets[at] != '\n')
            octets[at] = '*';
    }
}

static void forget(struct str texts[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        texts[i] = (struct str){0};
}

void quote_cover(struct arena *arena, struct str texts[], size_t count, const struct message *message)
{
    struct runs runs;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        texts[i] = arena_copy(arena, texts[i]);
        bytes += texts[i].len < QUOTE_RUN_BYTES ? 0 : texts[i].len;
    }
    if (arena->failed || !make_room(arena, bytes, message->attachment_count, &runs)) {
        forget(texts, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        add_runs(&runs, texts[i]);
    if (bytes)
        look_in_message(&runs, message);
    for (size_t i = 0; i < count; i++)
        cover(&runs, texts[i]);
}
