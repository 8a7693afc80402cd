#include "base/base64.h"
#include "base/buf.h"
#include "mime/transfer.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_BYTES = 4 * 1024 * 1024 };

static struct arena arena;

static void set_text(struct transfer *transfer, struct str text, struct str forbidden)
{
    arena_init(&arena, OUT_BYTES);
    CHECK(transfer_set_text(transfer, &arena, text, forbidden));
}

/* Through a window of the size that is asked for, so that the sanitizer sees one octet too many. */
static void pull_all(struct transfer *transfer, struct buf *out)
{
    size_t window_bytes = transfer_window_bytes(transfer);
    char *window = malloc(window_bytes);
    CHECK(window || !window_bytes);
    buf_clear(out);
    for (struct str piece; (piece = transfer_pull(transfer, window, window_bytes)).len > 0;)
        buf_append(out, piece);
    free(window);
    CHECK(!out->failed);
    CHECK_INT(out->len, transfer->size_octets);
}

static void the_lightest_safe_encoding_is_chosen(void)
{
    static const struct {
        const char *text, *encoding, *want;
    } rows[] = {
        {"", "7bit", ""},
        {"Hello\n.\n", "7bit", "Hello\r\n.\r\n"},
        {"From a\n", "quoted-printable", "=46rom a\r\n"},
        {"caf\u00E9 au lait, s'il vous pla\u00EEt", "quoted-printable",
         "caf=C3=A9 au lait, s'il vous pla=C3=AEt\r\n"},
        {"\u4E16\u754C\n", "base64", "5LiW55WMDQo=\r\n"},
        {"the token abcdefgh in a text", "quoted-printable", "the token abcdefgh in a text\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct transfer transfer;
        struct buf out;
        buf_init(&out, OUT_BYTES);
        test_row("%s", rows[i].text);
        set_text(&transfer, str_of(rows[i].text), STR("abcdefgh"));
        CHECK_TEXT(transfer_name(&transfer), rows[i].encoding);
        pull_all(&transfer, &out);
        CHECK_TEXT(buf_view(&out), rows[i].want);
        transfer_rewind(&transfer);
        pull_all(&transfer, &out);
        CHECK_TEXT(buf_view(&out), rows[i].want);
        buf_fini(&out);
        arena_fini(&arena);
    }
}

/* Larger than the window, in each encoding: the size that was foretold is the size that comes (H167 too). */
static void large_bodies_have_the_size_foretold(void)
{
    static const struct {
        const char *unit, *encoding;
    } rows[] = {{"a line of text\n", "7bit"},
                {"\r", "7bit"},
                {"a line with \u00E4\r\n", "quoted-printable"},
                {"endless ", "quoted-printable"},
                {"\u4E16", "base64"},
                {"\u4E16\n", "base64"}};
    enum { BYTES = 300 * 1000 };
    char *text = malloc(BYTES);
    if (!CHECK(text))
        return;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct transfer transfer;
        struct buf out;
        buf_init(&out, OUT_BYTES);
        for (size_t at = 0; at < BYTES; at++)
            text[at] = rows[i].unit[at % strlen(rows[i].unit)];
        test_row("%s", rows[i].unit);
        set_text(&transfer, (struct str){text, BYTES}, STR("token"));
        CHECK_TEXT(transfer_name(&transfer), rows[i].encoding);
        pull_all(&transfer, &out);
        CHECK(out.len > TRANSFER_WINDOW_BYTES);
        buf_fini(&out);
        arena_fini(&arena);
    }
    free(text);
}

static void base64_of_text_decodes_to_its_canonical_form(void)
{
    struct transfer transfer;
    struct buf out, decoded;
    buf_init(&out, OUT_BYTES);
    buf_init(&decoded, OUT_BYTES);
    set_text(&transfer, STR("\u4E16\u754C\n\u4E16\u754C\r\u4E16\u754C\u4E16\u754C\u4E16\u754C\u4E16\u754C"),
             STR("token"));
    CHECK_TEXT(transfer_name(&transfer), "base64");
    pull_all(&transfer, &out);
    CHECK_TEXT(buf_view(&out), "5LiW55WMDQrkuJbnlYwNCuS4lueVjOS4lueVjOS4lueVjOS4lueVjA0K\r\n");
    CHECK(base64_decode(&decoded, str_first(buf_view(&out), out.len - 2)));
    CHECK_TEXT(buf_view(&decoded),
               "\u4E16\u754C\r\n\u4E16\u754C\r\n\u4E16\u754C\u4E16\u754C\u4E16\u754C\u4E16\u754C\r\n");
    buf_fini(&out);
    buf_fini(&decoded);
    arena_fini(&arena);
}

/* At the edges of what is kept: encoded once and ready, or pulled through a window. */
static void what_was_measured_is_ready_where_it_fits(void)
{
    enum { MOST = TRANSFER_WINDOW_BYTES };
    static const struct {
        size_t octets;
        bool is_ready;
    } rows[] = {{1, true},
                {100, true},
                {TRANSFER_WINDOW_BYTES / 4 - 1, true},
                {TRANSFER_WINDOW_BYTES / 4, true},
                {TRANSFER_WINDOW_BYTES / 2, true},
                {TRANSFER_WINDOW_BYTES * 9 / 10, true},
                {TRANSFER_WINDOW_BYTES, false}};
    struct transfer transfer;
    struct buf out;
    char *text = malloc(MOST);
    if (!CHECK(text))
        return;
    memset(text, 'a', MOST);
    buf_init(&out, OUT_BYTES);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu octets", rows[i].octets);
        set_text(&transfer, (struct str){text, rows[i].octets}, STR("a"));
        CHECK_TEXT(transfer_name(&transfer), "quoted-printable");
        CHECK_INT(transfer.ready.data != NULL, rows[i].is_ready);
        CHECK_INT(transfer_window_bytes(&transfer), rows[i].is_ready ? 0 : TRANSFER_WINDOW_BYTES);
        pull_all(&transfer, &out);
        transfer_rewind(&transfer);
        pull_all(&transfer, &out);
        arena_fini(&arena);
    }
    buf_fini(&out);
    free(text);
}

static void a_text_that_cannot_be_measured_is_not_set(void)
{
    struct transfer transfer;
    arena_init(&arena, 10);
    CHECK(!transfer_set_text(&transfer, &arena, STR("caf\u00E9 au lait"), STR("token")));
    CHECK(arena.failed);
    arena_fini(&arena);
}

static void an_attachment_goes_as_it_came_but_for_its_lines(void)
{
    enum { DIGITS = 200 * 1000 };
    struct transfer transfer;
    struct buf out;
    char *text = malloc(DIGITS);
    if (!CHECK(text))
        return;
    memset(text, 'Q', DIGITS);
    buf_init(&out, OUT_BYTES);
    transfer_set_base64(&transfer, (struct str){text, DIGITS});
    CHECK_TEXT(transfer_name(&transfer), "base64");
    pull_all(&transfer, &out);
    CHECK_INT(out.len, DIGITS + 2 * ((DIGITS + 75) / 76));
    buf_fini(&out);
    free(text);
}

static void a_file_goes_as_it_is(void)
{
    static const size_t lengths[] = {0, 1, 2, 3, 56, 57, 58, 114, 24 * 1024, 300 * 1000 + 1};
    struct buf out, base64, decoded;
    buf_init(&out, OUT_BYTES);
    buf_init(&base64, OUT_BYTES);
    buf_init(&decoded, OUT_BYTES);
    char *octets = malloc(lengths[9]);
    for (size_t at = 0; at < lengths[9]; at++)
        octets[at] = (char)(at * 7 + at / 256);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct transfer transfer;
        struct str file = {octets, lengths[i]};
        test_row("%zu octets", lengths[i]);
        transfer_set_file(&transfer, file);
        CHECK_TEXT(transfer_name(&transfer), "base64");
        pull_all(&transfer, &out);
        buf_clear(&base64);
        buf_clear(&decoded);
        for (struct str rest = buf_view(&out); rest.len;) {
            struct str line = str_first(rest, str_index(rest, '\r'));
            CHECK(line.len > 0 && line.len <= 76);
            buf_append(&base64, line);
            rest = str_from(rest, line.len + 2);
        }
        CHECK(base64_decode(&decoded, base64.len ? buf_view(&base64) : STR("")));
        CHECK(decoded.len == file.len && memcmp(decoded.len ? decoded.data : "", octets, file.len) == 0);
    }
    free(octets);
    buf_fini(&out);
    buf_fini(&base64);
    buf_fini(&decoded);
}

int main(void)
{
    TEST(a_file_goes_as_it_is);
    TEST(the_lightest_safe_encoding_is_chosen);
    TEST(large_bodies_have_the_size_foretold);
    TEST(base64_of_text_decodes_to_its_canonical_form);
    TEST(what_was_measured_is_ready_where_it_fits);
    TEST(a_text_that_cannot_be_measured_is_not_set);
    TEST(an_attachment_goes_as_it_came_but_for_its_lines);
    return test_result();
}
