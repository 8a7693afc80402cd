#include "service/commands/txt_lookup.h"
#include "test.h"

#include <string.h>

enum { ARENA_BYTES = 1 << 20 };

/* A response for "a.": one question, `answers` records, which follow. */
static void begin_response(struct buf *out, unsigned answers)
{
    buf_clear(out);
    buf_append(out, STR("\x12\x34\x81\x80\0\1"));
    buf_append_char(out, (char)(answers >> 8));
    buf_append_char(out, (char)answers);
    buf_append(out, STR("\0\0\0\0\1a\0\0\x10\0\1"));
}

static void add_record(struct buf *out, char type, struct str data)
{
    buf_append(out, STR("\xc0\x0c\0"));
    buf_append_char(out, type);
    buf_append(out, STR("\0\1\0\0\0\x3c"));
    buf_append_char(out, (char)(data.len >> 8));
    buf_append_char(out, (char)data.len);
    buf_append(out, data);
}

static enum txt_status read_response(struct arena *arena, const struct buf *response,
                                     struct txt_answer *answer)
{
    return txt_read(arena, (const unsigned char *)response->data, response->len, answer);
}

static void the_strings_of_a_record_are_joined(void)
{
    struct arena arena;
    struct txt_answer answer;
    struct buf response;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&response, 65535);
    begin_response(&response, 4);
    add_record(&response, 5, STR("\1b\0"));
    add_record(&response, 16, STR("\3abc\0\2de"));
    add_record(&response, 16, STR("\0"));
    add_record(&response, 16, STR("\2f\0"));
    CHECK_INT(read_response(&arena, &response, &answer), TXT_FOUND);
    CHECK_INT(answer.count, 3);
    CHECK_TEXT(answer.records[0], "abcde");
    CHECK_TEXT(answer.records[1], "");
    CHECK(str_equal(answer.records[2], STR("f\0")));
    buf_fini(&response);
    arena_fini(&arena);
}

static void what_is_no_answer_is_told(void)
{
    struct arena arena;
    struct txt_answer answer;
    struct buf response;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&response, 65535);
    begin_response(&response, 0);
    CHECK_INT(read_response(&arena, &response, &answer), TXT_NONE);
    begin_response(&response, 1);
    add_record(&response, 5, STR("\1b\0"));
    CHECK_INT(read_response(&arena, &response, &answer), TXT_NONE);
    begin_response(&response, 1);
    add_record(&response, 16, STR("\4abc"));
    CHECK_INT(read_response(&arena, &response, &answer), TXT_FAILED);
    begin_response(&response, 1);
    CHECK_INT(read_response(&arena, &response, &answer), TXT_FAILED);
    begin_response(&response, 40);
    for (size_t i = 0; i < 40; i++)
        add_record(&response, 16, STR("\1x"));
    CHECK_INT(read_response(&arena, &response, &answer), TXT_FOUND);
    CHECK_INT(answer.count, TXT_MAX_RECORDS);
    buf_fini(&response);
    arena_fini(&arena);
}

static void a_response_may_be_cut_and_altered_anywhere(void)
{
    struct arena arena;
    struct txt_answer answer;
    struct buf response;
    arena_init(&arena, 4 * ARENA_BYTES);
    buf_init(&response, 65535);
    begin_response(&response, 2);
    add_record(&response, 16, STR("\3abc\2de"));
    add_record(&response, 16, STR("\1x"));
    struct str whole = arena_copy(&arena, buf_view(&response));
    for (size_t len = 0; len < whole.len; len++) {
        struct str part = arena_copy(&arena, str_first(whole, len));
        CHECK(txt_read(&arena, (const unsigned char *)part.data, part.len, &answer) != TXT_FOUND);
    }
    for (size_t at = 0; at < whole.len; at++)
        for (unsigned octet = 0; octet < 256; octet += 5) {
            response.data[at] = (char)octet;
            CHECK(read_response(&arena, &response, &answer) <= TXT_FAILED && answer.count <= 2);
            response.data[at] = whole.data[at];
        }
    buf_fini(&response);
    arena_fini(&arena);
}

/* Past the deadline nobody is asked. */
static void a_lookup_keeps_to_its_deadline(void)
{
    struct arena arena;
    struct txt_answer answer;
    arena_init(&arena, ARENA_BYTES);
    CHECK_INT(txt_lookup(&arena, "a.example", deadline_after_ms(-1), &answer), TXT_UNREACHABLE);
    CHECK_INT(answer.count, 0);
    char name[300];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK_INT(txt_lookup(&arena, name, deadline_after_ms(1000), &answer), TXT_FAILED);
    arena_fini(&arena);
}

int main(void)
{
    TEST(the_strings_of_a_record_are_joined);
    TEST(what_is_no_answer_is_told);
    TEST(a_response_may_be_cut_and_altered_anywhere);
    TEST(a_lookup_keeps_to_its_deadline);
    return test_result();
}
