#include "smtp/transcript.h"
#include "test.h"

#include <string.h>

/* The text without its stamps. */
static struct str without_stamps(struct smtp_transcript *transcript, struct buf *out)
{
    buf_clear(out);
    for (struct str rest = smtp_transcript_text(transcript); rest.len;) {
        struct str line = str_trim(str_cut(&rest, '\n'));
        line = str_trim(str_from(line, str_index(line, ' ')));
        buf_append(out, line);
        buf_append_char(out, '\n');
    }
    return buf_view(out);
}

static void it_reads_like_a_dialogue(void)
{
    struct smtp_transcript transcript;
    struct buf out;
    smtp_transcript_init(&transcript);
    buf_init(&out, 4096);
    smtp_transcript_note(&transcript, "connected to %s:%d", "relay.example", 587);
    smtp_transcript_server(&transcript, STR("250-relay\n250 AUTH PLAIN\n"));
    smtp_transcript_client(&transcript, STR("AUTH PLAIN ***"));
    smtp_transcript_server(&transcript, STR("250 \x1b[31m\xff \r\0end\n"));
    CHECK_TEXT(without_stamps(&transcript, &out), "-- connected to relay.example:587\n"
                                                  "S: 250-relay\n"
                                                  "S: 250 AUTH PLAIN\n"
                                                  "C: AUTH PLAIN ***\n"
                                                  "S: 250  [31m\xef\xbf\xbd   end\n");
    buf_fini(&out);
    smtp_transcript_fini(&transcript);
}

static void what_does_not_fit_is_cut_and_said_so(void)
{
    struct smtp_transcript transcript;
    char line[5000];
    memset(line, 'x', sizeof line);
    smtp_transcript_init(&transcript);
    for (int i = 0; i < 40; i++)
        smtp_transcript_client(&transcript, (struct str){line, sizeof line});
    struct str text = smtp_transcript_text(&transcript);
    CHECK(!transcript.text.failed);
    CHECK(text.len > 60000 && text.len <= 65536);
    CHECK(memmem(text.data, text.len, "-- the rest is left out\n", 24) == text.data + text.len - 24);
    smtp_transcript_fini(&transcript);
}

static void nobody_wants_it(void)
{
    smtp_transcript_note(NULL, "%s", "x");
    smtp_transcript_client(NULL, STR("x"));
    smtp_transcript_server(NULL, STR("x"));
    CHECK(true);
}

int main(void)
{
    TEST(it_reads_like_a_dialogue);
    TEST(what_does_not_fit_is_cut_and_said_so);
    TEST(nobody_wants_it);
    return test_result();
}
