#include "mime/finished.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 20 };

static struct finished finished;
static struct mailbox from;
static struct str message_id;
static struct fault fault;

static bool read_text(struct arena *arena, const char *text)
{
    from = (struct mailbox){0};
    message_id = (struct str){0};
    fault = (struct fault){0};
    return finished_read(arena, str_of(text), &finished, &from, &message_id, &fault);
}

static void what_stands_there_is_passed_on(void)
{
    static const struct {
        const char *name, *text, *header, *body, *address, *id;
        bool is_dated, is_8bit, has_utf8;
    } rows[] = {
        {"least", "From: a@b.example\r\n\r\n", "From: a@b.example\r\n", "", "a@b.example", "", false, false,
         false},
        {"no empty line", "From: a@b.example\r\n", "From: a@b.example\r\n", "", "a@b.example", "", false,
         false, false},
        {"no line end", "From: a@b.example", "From: a@b.example\r\n", "", "a@b.example", "", false, false,
         false},
        {"body", "From: a@b.example\r\n\r\n\r\n.\r\nx", "From: a@b.example\r\n", "\r\n.\r\nx", "a@b.example",
         "", false, false, false},
        {"folded by a tab", "FROM: Ann\r\n\t<a@b.example>\r\n\r\nx", "FROM: Ann\r\n\t<a@b.example>\r\n", "x",
         "a@b.example", "", false, false, false},
        {"Bcc goes, folds and all",
         "bcc: c@b.example,\r\n d@b.example\r\nFrom: a@b.example\r\nResent-Bcc: x\r\n\r\n",
         "From: a@b.example\r\n", "", "a@b.example", "", false, false, false},
        {"date and ID", "Date: x\r\nMessage-ID:\r\n <1@b.example>\r\nFrom: a@b.example\r\n\r\n",
         "Date: x\r\nMessage-ID:\r\n <1@b.example>\r\nFrom: a@b.example\r\n", "", "a@b.example",
         "<1@b.example>", true, false, false},
        {"UTF-8", "From: \xc3\xa4@b.example\r\n\r\nx", "From: \xc3\xa4@b.example\r\n", "x",
         "\xc3\xa4@b.example", "", false, false, true},
        {"8-bit", "From: a@b.example\r\n\r\n\xe4", "From: a@b.example\r\n", "\xe4", "a@b.example", "", false,
         true, false},
        {"trace fields stand twice", "Received: a\r\nReceived: b\r\nFrom: a@b.example\r\n\r\n",
         "Received: a\r\nReceived: b\r\nFrom: a@b.example\r\n", "", "a@b.example", "", false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        test_row("%s", rows[i].name);
        CHECK(read_text(&arena, rows[i].text));
        CHECK_TEXT(finished.header, rows[i].header);
        CHECK_TEXT(finished.body, rows[i].body);
        CHECK_TEXT(from.address, rows[i].address);
        CHECK_TEXT(message_id.data ? message_id : STR(""), rows[i].id);
        CHECK(finished.is_dated == rows[i].is_dated && finished.has_id == (rows[i].id[0] != '\0'));
        CHECK(finished.is_8bit == rows[i].is_8bit && finished.has_utf8 == rows[i].has_utf8);
        arena_fini(&arena);
    }
}

static void what_is_no_message_is_refused(void)
{
    static const struct {
        const char *name, *text, *says;
    } rows[] = {
        {"nothing", "", "no From"},
        {"no header", "\r\nx", "no From"},
        {"no From", "To: a@b.example\r\n\r\nx", "no From"},
        {"From in the body", "To: a@b.example\r\n\r\nFrom: a@b.example\r\n", "no From"},
        {"a fold of nothing", " From: a@b.example\r\n\r\n", "no field"},
        {"a tab before the first", "\tFrom: a@b.example\r\n\r\n", "no field"},
        {"no colon", "From: a@b.example\r\nhello\r\n\r\n", "no field"},
        {"no name", "From: a@b.example\r\n: x\r\n\r\n", "no field"},
        {"a space in the name", "From: a@b.example\r\nX y: x\r\n\r\n", "no field"},
        {"LF alone", "From: a@b.example\n\n", "line 1 of the message ends with an LF alone"},
        {"LF first", "\nFrom: a@b.example\r\n\r\n", "line 1 of the message ends with an LF alone"},
        {"LF alone in the body", "From: a@b.example\r\n\r\nx\ny\r\n", "line 3"},
        {"CR alone", "From: a@b.example\r\n\r\nx\ry\r\n", "line 3 of the message has a CR alone"},
        {"CR at the end", "From: a@b.example\r\n\r\nx\r", "line 3 of the message has a CR alone"},
        {"two CRs", "From: a@b.example\r\r\n\r\n", "line 1 of the message has a CR alone"},
        {"not UTF-8", "From: a@b.example\r\nSubject: \xe4\r\n\r\n", "Subject is not UTF-8"},
        {"two authors", "From: a@b.example, c@b.example\r\n\r\n", ""},
        {"a bad ID", "From: a@b.example\r\nMessage-ID: x\r\n\r\n", ""},
        {"two From", "From: a@b.example\r\nFROM: a@b.example\r\n\r\n", "two From"},
        {"two Date", "Date: x\r\ndate: y\r\nFrom: a@b.example\r\n\r\n", "two Date"},
        {"two Message-ID", "Message-Id: <1@b>\r\nMessage-ID: <1@b>\r\nFrom: a@b.example\r\n\r\n",
         "two Message-ID"},
        {"two Subject", "From: a@b.example\r\nSubject: x\r\nsubject: y\r\n\r\n", "two Subject"},
        {"two To", "From: a@b.example\r\nTo: a@b.example\r\nTo: a@b.example\r\n\r\n", "two To"},
        {"two Content-Type", "From: a@b.example\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n\r\n",
         "two Content-Type"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        test_row("%s", rows[i].name);
        CHECK(!read_text(&arena, rows[i].text));
        CHECK(strstr(fault.detail, rows[i].says) != NULL);
        arena_fini(&arena);
    }
}

static void nul_and_long_lines_are_refused(void)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct str nul = STR("From: a@b.example\r\n\r\nx\0y\r\n");
    CHECK(!finished_read(&arena, nul, &finished, &from, &message_id, &fault));
    CHECK(strstr(fault.detail, "line 3 of the message has a NUL") != NULL);
    for (size_t octets = 998; octets <= 999; octets++) {
        struct buf long_line;
        buf_init(&long_line, 2048);
        buf_append(&long_line, STR("From: a@b.example\r\n\r\n"));
        for (size_t i = 0; i < octets; i++)
            buf_append_char(&long_line, 'x');
        buf_append(&long_line, STR("\r\n"));
        bool valid = finished_read(&arena, buf_view(&long_line), &finished, &from, &message_id, &fault);
        CHECK(valid == (octets == 998));
        buf_fini(&long_line);
    }
    arena_fini(&arena);
}

/* H153: RFC 5321 7.2. What is left of the header, its From aside. */
static void bcc_is_left_out(void)
{
    static const struct {
        const char *name, *fields, *want;
    } rows[] = {
        {"alone", "Bcc: eve@example.net\r\n", ""},
        {"before another", "BCC:eve@example.net\r\nTo: b@example.net\r\n", "To: b@example.net\r\n"},
        {"folded",
         "Bcc: eve@example.net,\r\n mallory@example.net,\r\n\tx@example.net\r\nTo: b@example.net\r\n",
         "To: b@example.net\r\n"},
        {"folded behind nothing", "Bcc:\r\n eve@example.net\r\n\r\nx", ""},
        {"with a space before the colon (RFC 5322 4.5)", "Bcc \t: eve@example.net\r\n", ""},
        {"twice", "Bcc: a@example.net\r\nX: y\r\nbcc: b@example.net\r\n", "X: y\r\n"},
        {"empty", "Bcc:\r\n", ""},
        {"without a line end", "Bcc: eve@example.net", ""},
        {"of somebody who sent it again", "Resent-Bcc: eve@example.net\r\n", ""},
        {"another that begins so", "Bcc-Note: x\r\n", "Bcc-Note: x\r\n"},
        {"one in the body", "\r\nBcc: eve@example.net\r\n", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        test_row("%s", rows[i].name);
        struct str text = arena_format(&arena, "From: a@b.example\r\n%s", rows[i].fields);
        CHECK(finished_read(&arena, text, &finished, &from, &message_id, &fault));
        CHECK_TEXT(str_from(finished.header, sizeof "From: a@b.example\r\n" - 1), rows[i].want);
        arena_fini(&arena);
    }
}

/* RFC 5322 appendix A, of each example its From; the others of its fields are passed on. What stands between the two
 * parts of an address (A.5, A.6.3) is refused: no mail program writes it, and readers disagree about it. */
static void the_examples_of_rfc_5322_are_read(void)
{
    static const struct {
        const char *name, *text, *display_name, *address;
    } rows[] = {
        {"A.1.1",
         "From: John Doe <jdoe@machine.example>\r\nSender: Michael Jones <mjones@machine.example>\r\n"
         "To: Mary Smith <mary@example.net>\r\nSubject: Saying Hello\r\n"
         "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <1234@local.machine.example>\r\n\r\n"
         "This is a message just to say hello.\r\nSo, \"Hello\".\r\n",
         "John Doe", "jdoe@machine.example"},
        {"A.1.2",
         "From: \"Joe Q. Public\" <john.q.public@example.com>\r\nTo: Mary Smith <mary@x.test>,\r\n"
         " jdoe@example.org, Who? <one@y.test>\r\nCc: <boss@nil.test>, \"Giant; \\\"Big\\\" Box\"\r\n"
         " <sysservices@example.net>\r\n\r\nHi everyone.\r\n",
         "Joe Q. Public", "john.q.public@example.com"},
        {"A.1.3",
         "From: Pete <pete@silly.example>\r\nTo: A Group:Ed Jones <c@a.test>,joe@where.test,John\r\n"
         " <jdoe@one.test>;\r\nCc: Undisclosed recipients:;\r\n\r\nTesting.\r\n",
         "Pete", "pete@silly.example"},
        {"A.2",
         "From: Mary Smith <mary@example.net>\r\nTo: John Doe <jdoe@machine.example>\r\n"
         "Reply-To: \"Mary Smith: Personal Account\" <smith@home.example>\r\n"
         "In-Reply-To: <1234@local.machine.example>\r\nReferences: <1234@local.machine.example>\r\n\r\n",
         "Mary Smith", "mary@example.net"},
        {"A.3",
         "Resent-From: Mary Smith <mary@example.net>\r\nResent-To: Jane Brown <j-brown@other.example>\r\n"
         "Resent-Message-ID: <78910@example.net>\r\nFrom: John Doe <jdoe@machine.example>\r\n\r\n",
         "John Doe", "jdoe@machine.example"},
        {"A.4",
         "Received: from x.y.test by example.net via TCP\r\n with ESMTP id ABC12345\r\n"
         " for <mary@example.net>;  21 Nov 1997 10:05:43 -0600\r\n"
         "Received: from node.example by x.y.test; 21 Nov 1997 10:01:22 -0600\r\n"
         "From: John Doe <jdoe@node.example>\r\n\r\n",
         "John Doe", "jdoe@node.example"},
        {"A.5", "From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\r\n\r\n", "", NULL},
        {"A.5 but for the address", "From: Pete(A nice \\) chap) <pete@silly.test(his host)>\r\n\r\n", "Pete",
         "pete@silly.test"},
        {"A.6.1",
         "From: Joe Q. Public <john.q.public@example.com>\r\n"
         "To: Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example\r\n\r\n",
         "Joe Q. Public", "john.q.public@example.com"},
        {"A.6.3", "From  : John Doe <jdoe@machine(comment).  example>\r\n\r\n", "", NULL},
        {"A.6.3 but for the address",
         "From  : John Doe <jdoe@machine.example>\r\nTo    : Mary Smith\r\n\t\r\n"
         "          <mary@example.net>\r\nSubject     : Saying Hello\r\n\r\n",
         "John Doe", "jdoe@machine.example"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        test_row("%s", rows[i].name);
        CHECK(read_text(&arena, rows[i].text) == (rows[i].address != NULL));
        if (rows[i].address) {
            CHECK_TEXT(from.display_name, rows[i].display_name);
            CHECK_TEXT(from.address, rows[i].address);
            CHECK(str_starts_with(str_of(rows[i].text), finished.header));
        }
        arena_fini(&arena);
    }
}

static void a_header_has_its_bound(void)
{
    for (size_t fields = 1100; fields <= 1200; fields += 100) {
        struct arena arena;
        struct buf text;
        arena_init(&arena, 4 * ARENA_BYTES);
        buf_init(&text, 4 * ARENA_BYTES);
        buf_append(&text, STR("From: a@b.example\r\n"));
        for (size_t i = 0; i < fields; i++)
            buf_append_format(&text, "X: %0900d\r\n", 0);
        test_row("%zu", fields);
        CHECK(finished_read(&arena, buf_view(&text), &finished, &from, &message_id, &fault) ==
              (fields == 1100));
        buf_fini(&text);
        arena_fini(&arena);
    }
    CHECK(strstr(fault.detail, "more than 1048576 octets") != NULL);
}

/* Nothing behind the end is read, and a Bcc that was cut is still none. */
static void a_message_may_end_anywhere(void)
{
    static const char whole[] =
        "Bcc: a@b.example,\r\n c@d.example\r\nFrom: a@b.example\r\nDate: x\r\n\r\nx\r\n";
    for (size_t len = 0; len < sizeof whole; len++) {
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        char *cut = memcpy(malloc(len + !len), whole, len);
        test_row("%zu", len);
        if (finished_read(&arena, (struct str){cut, len}, &finished, &from, &message_id, &fault))
            CHECK(!memmem(finished.header.data, finished.header.len, "c@d", 3));
        free(cut);
        arena_fini(&arena);
    }
}

int main(void)
{
    TEST(what_stands_there_is_passed_on);
    TEST(what_is_no_message_is_refused);
    TEST(nul_and_long_lines_are_refused);
    TEST(bcc_is_left_out);
    TEST(the_examples_of_rfc_5322_are_read);
    TEST(a_header_has_its_bound);
    TEST(a_message_may_end_anywhere);
    return test_result();
}
