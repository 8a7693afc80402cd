#include "base/arena.h"
#include "base/buf.h"
#include "test.h"

#include <stdalign.h>
#include <string.h>

static void a_buffer_takes_its_bound_and_not_a_byte_more(void)
{
    struct buf buf;
    buf_init(&buf, 4);
    buf_append(&buf, STR("abcd"));
    CHECK(!buf.failed);
    buf_append_char(&buf, 'e');
    CHECK(buf.failed);
    CHECK_TEXT(buf_view(&buf), "abcd");
    buf_fini(&buf);
}

static void a_failed_buffer_stays_failed_until_it_is_cleared(void)
{
    struct buf buf;
    buf_init(&buf, 4);
    buf_append(&buf, STR("too long"));
    buf_append_char(&buf, 'x');
    CHECK(buf.failed && buf.len == 0);
    buf_clear(&buf);
    buf_append_char(&buf, 'x');
    CHECK_TEXT(buf_view(&buf), "x");
    buf_fini(&buf);
}

static void a_buffer_grows_and_keeps_what_it_holds(void)
{
    struct buf buf;
    buf_init(&buf, 100000);
    for (int i = 0; i < 10000; i++)
        buf_append_format(&buf, "%d,", i % 10);
    CHECK_INT(buf.len, 20000);
    CHECK_TEXT(str_first(buf_view(&buf), 6), "0,1,2,");
    CHECK_TEXT(str_from(buf_view(&buf), 19998), "9,");
    buf_wipe(&buf);
}

static void an_arena_gives_zeroed_and_aligned_memory(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t size = 1; size < 10000; size = size * 3 + 1) {
        unsigned char *piece = arena_take(&arena, size);
        test_row("%zu", size);
        CHECK((uintptr_t)piece % alignof(max_align_t) == 0);
        bool zeroed = true;
        for (size_t i = 0; i < size; i++)
            zeroed = zeroed && piece[i] == 0;
        CHECK(zeroed);
        memset(piece, 0xff, size);
    }
    CHECK(!arena.failed);
    arena_fini(&arena);
}

/* What is given back is taken next, and zeroed where that is asked for; what stays is as it was. */
static void room_that_is_not_needed_is_given_back(void)
{
    static const size_t sizes[] = {1, 100, 8000, 100 * 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t kept = 0; kept <= sizes[i]; kept += sizes[i]) {
            struct arena arena;
            arena_init(&arena, 1 << 20);
            test_row("%zu of %zu", kept, sizes[i]);
            char *before = arena_take(&arena, 16), *room = arena_take_room(&arena, sizes[i]);
            if (!CHECK(before && room))
                return;
            memset(before, 'b', 16);
            memset(room, 'r', kept);
            arena_shrink_room(&arena, room, kept);
            char *next = arena_take(&arena, 64);
            CHECK(next && next[0] == '\0' && next[63] == '\0');
            CHECK(before[15] == 'b' && (kept == 0 || room[kept - 1] == 'r'));
            arena_fini(&arena);
        }
}

static void an_arena_at_its_cap_gives_nothing_more(void)
{
    struct arena arena;
    arena_init(&arena, 100);
    CHECK(arena_take(&arena, 100));
    CHECK(!arena_take(&arena, 1));
    CHECK(arena.failed);
    arena_fini(&arena);
    arena_init(&arena, 100);
    CHECK(!arena_take_array(&arena, SIZE_MAX / 2, 4));
    CHECK(arena.failed);
    CHECK(!arena_copy(&arena, STR("x")).data);
    arena_fini(&arena);
}

static void an_array_of_more_octets_than_there_are_is_refused(void)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    CHECK(!arena_take_array(&arena, SIZE_MAX / 2, 3));
    CHECK(arena.failed);
    arena_fini(&arena);
    arena_init(&arena, 1000);
    CHECK(arena_take_array(&arena, SIZE_MAX, 0));
    CHECK(!arena.failed);
    arena_fini(&arena);
}

static void copies_keep_absence_and_emptiness_apart(void)
{
    struct arena arena;
    arena_init(&arena, 1000);
    CHECK(!arena_copy(&arena, (struct str){0}).data);
    struct str empty = arena_copy(&arena, STR(""));
    CHECK(empty.data && empty.len == 0 && empty.data[0] == '\0');
    CHECK_TEXT(arena_format(&arena, "%s-%d", "a", 7), "a-7");
    arena_fini(&arena);
}

static void keeping_a_failed_buffer_fails_the_arena(void)
{
    struct arena arena;
    struct buf buf;
    arena_init(&arena, 1000);
    buf_init(&buf, 2);
    buf_append(&buf, STR("abc"));
    CHECK(!arena_keep(&arena, &buf).data);
    CHECK(arena.failed);
    buf_fini(&buf);
    arena_fini(&arena);
}

int main(void)
{
    TEST(a_buffer_takes_its_bound_and_not_a_byte_more);
    TEST(a_failed_buffer_stays_failed_until_it_is_cleared);
    TEST(a_buffer_grows_and_keeps_what_it_holds);
    TEST(an_arena_gives_zeroed_and_aligned_memory);
    TEST(room_that_is_not_needed_is_given_back);
    TEST(an_arena_at_its_cap_gives_nothing_more);
    TEST(an_array_of_more_octets_than_there_are_is_refused);
    TEST(copies_keep_absence_and_emptiness_apart);
    TEST(keeping_a_failed_buffer_fails_the_arena);
    return test_result();
}
