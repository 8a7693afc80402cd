/* How fast a message is made, in MB of CPU time on one core, beside what the machine can do at all: memcpy, and
 * base64 decoded and encoded by OpenSSL.
 *
 * The rounds go over all rows in turn, so that a busy moment of the machine falls on one round of each; what is
 * printed are medians. */
#include "base/clock.h"
#include "mime/base64_wrap.h"
#include "mime/render.h"
#include "mime/transfer.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 15, ROUND_US = 20000, FILE_BYTES = 4 << 20, TEXT_BYTES = 5 << 10, HTML_BYTES = 20 << 10 };
enum { ARENA_BYTES = 1 << 20, OUT_BYTES = 2 * FILE_BYTES };

static char window[TRANSFER_WINDOW_BYTES], out[OUT_BYTES];
static struct str file, unwrapped, wrapped;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "mime_bench: %s\n", what);
    exit(1);
}

/* --- what is measured: each returns the octets that count ----------------------------------------------------- */

struct sample {
    struct str text, html;
};

static struct sample seven_bit, quoted, base64;

static size_t render_sample(const struct sample *sample)
{
    struct arena arena;
    struct message message = {.from = {.address = STR("ann@example.com"), .at = 3},
                              .subject = STR("Minutes of the meeting"),
                              .text = sample->text,
                              .html = sample->html,
                              .message_id = STR("<1@example.com>"),
                              .boundary_token = "abcdefghijklmnopqrstuvwxyz"};
    size_t octets = 0;
    arena_init(&arena, ARENA_BYTES);
    struct render *render = render_start(&arena, &message, NULL);
    require(render, "the message was not rendered");
    for (struct str piece; render_pull(render, &piece); octets += piece.len)
        ;
    require(octets == render_size_octets(render), "the size was not the one foretold");
    arena_fini(&arena);
    return octets;
}

static size_t render_seven_bit(void)
{
    return render_sample(&seven_bit);
}

static size_t render_quoted(void)
{
    return render_sample(&quoted);
}

static size_t render_base64(void)
{
    return render_sample(&base64);
}

static void check(struct str text)
{
    uint64_t decoded_bytes;
    struct fault fault;
    require(base64_wrap_check(text, &decoded_bytes, &fault) && decoded_bytes == file.len, "the check failed");
}

static void pull(struct transfer *transfer)
{
    uint64_t octets = 0;
    for (struct str piece; (piece = transfer_pull(transfer, window, sizeof window)).len > 0;)
        octets += piece.len;
    require(octets == transfer->size_octets, "the size was not the one foretold");
}

static void wrap(struct str text)
{
    struct transfer transfer;
    transfer_set_base64(&transfer, text);
    pull(&transfer);
}

static size_t check_unwrapped(void)
{
    check(unwrapped);
    return unwrapped.len;
}

static size_t check_wrapped(void)
{
    check(wrapped);
    return wrapped.len;
}

static size_t wrap_unwrapped(void)
{
    wrap(unwrapped);
    return unwrapped.len;
}

static size_t wrap_wrapped(void)
{
    wrap(wrapped);
    return wrapped.len;
}

static size_t carry_unwrapped(void)
{
    return check_unwrapped(), wrap_unwrapped();
}

static size_t carry_wrapped(void)
{
    return check_wrapped(), wrap_wrapped();
}

static size_t encode_file(void)
{
    struct transfer transfer;
    transfer_set_file(&transfer, file);
    pull(&transfer);
    return file.len;
}

/* --- what it is measured against ------------------------------------------------------------------------------ */

/* What a line of code a character can do: the alphabet from a table, no two characters at once. */
static size_t carry_by_table(void)
{
    static bool digits[256], known;
    for (size_t i = 0; !known && i < 64; i++)
        digits[(unsigned char)"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[i]] = true;
    known = true;
    size_t used = 0, column = 0;
    for (size_t i = 0; i < wrapped.len; i++) {
        char c = wrapped.data[i];
        if (!digits[(unsigned char)c])
            continue;
        out[used++] = c;
        if (++column == BASE64_LINE_COLUMNS) {
            memcpy(out + used, "\r\n", 2);
            used += 2;
            column = 0;
        }
    }
    require(used > file.len, "digits were lost");
    return wrapped.len;
}

/* Decoded and encoded again, in lines of 64, as OpenSSL has them. */
static size_t carry_by_openssl(void)
{
    enum { PIECE_BYTES = 16384 };
    static unsigned char octets[PIECE_BYTES];
    EVP_ENCODE_CTX *decoder = EVP_ENCODE_CTX_new(), *encoder = EVP_ENCODE_CTX_new();
    require(decoder && encoder, "out of memory");
    EVP_DecodeInit(decoder);
    EVP_EncodeInit(encoder);
    size_t used = 0;
    for (struct str rest = wrapped; rest.len; rest = str_from(rest, PIECE_BYTES)) {
        int len, written;
        EVP_DecodeUpdate(decoder, octets, &len, (const unsigned char *)rest.data,
                         (int)str_first(rest, PIECE_BYTES).len);
        EVP_EncodeUpdate(encoder, (unsigned char *)out + used, &written, octets, len);
        used += (size_t)written;
    }
    require(used > file.len, "digits were lost");
    EVP_ENCODE_CTX_free(decoder);
    EVP_ENCODE_CTX_free(encoder);
    return wrapped.len;
}

static size_t copy(void)
{
    memcpy(out, wrapped.data, wrapped.len);
    __asm__ volatile("" : : "r"(out) : "memory"); /* the copy is not left out */
    return wrapped.len;
}

static const struct row {
    const char *name;
    size_t (*run)(void);
} rows[] = {
    {"render 5 KB text, 20 KB html: 7bit", render_seven_bit},
    {"render 5 KB text, 20 KB html: quoted-printable", render_quoted},
    {"render 5 KB text, 20 KB html: base64", render_base64},
    {"base64 in one line: check", check_unwrapped},
    {"base64 in one line: size and wrap", wrap_unwrapped},
    {"base64 in one line: check, size and wrap", carry_unwrapped},
    {"base64 in lines: check", check_wrapped},
    {"base64 in lines: size and wrap", wrap_wrapped},
    {"base64 in lines: check, size and wrap", carry_wrapped},
    {"file: encode as base64", encode_file},
    {"base64 in lines: wrap by table, an octet at a time", carry_by_table},
    {"base64 in lines: OpenSSL, decode and encode", carry_by_openssl},
    {"memcpy", copy},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* --- the samples ---------------------------------------------------------------------------------------------- */

/* `unit` again and again, `bytes` at least. */
static struct str repeat(const char *unit, size_t bytes)
{
    size_t len = strlen(unit), count = bytes / len + 1;
    char *text = malloc(count * len);
    require(text, "out of memory");
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * len, unit, len);
    return (struct str){text, count * len};
}

static struct sample make_sample(const char *sentence, const char *element)
{
    return (struct sample){repeat(sentence, TEXT_BYTES), repeat(element, HTML_BYTES)};
}

static void make_samples(void)
{
    seven_bit =
        make_sample("The minutes of our last meeting are attached;\nplease read them, and tell us\n\n",
                    "<p class=\"minutes\">The minutes of our last meeting are attached;\n"
                    "<a href=\"https://example.com/minutes?id=7\">please read them</a></p>\n");
    quoted =
        make_sample("Das Protokoll unserer letzten Sitzung hängt an; für Änderungen schreiben Sie uns "
                    "bitte bis Freitag, damit wir es verschicken können.\n\n",
                    "<p class=\"protokoll\">Das Protokoll unserer letzten Sitzung hängt an; für\n"
                    "<a href=\"https://example.com/protokoll?id=7\">Änderungen</a> schreiben Sie uns</p>\n");
    base64 = make_sample("附件是上次会议的纪要，请查收；如有需要修改之处，请在周五之前告诉我们。\n",
                         "<p>附件是上次会议的纪要，请查收；如有需要修改之处，请在周五之前告诉我们。</p>\n");
}

static void make_file(void)
{
    static char octets[FILE_BYTES], lines[OUT_BYTES], digits[OUT_BYTES];
    uint32_t state = 1;
    for (size_t i = 0; i < FILE_BYTES; i++) {
        state = state * 1664525 + 1013904223;
        octets[i] = (char)(state >> 24);
    }
    struct transfer transfer;
    file = (struct str){octets, FILE_BYTES};
    transfer_set_file(&transfer, file);
    for (struct str piece; (piece = transfer_pull(&transfer, window, sizeof window)).len > 0;
         wrapped.len += piece.len)
        memcpy(lines + wrapped.len, piece.data, piece.len);
    wrapped.data = lines;
    for (size_t i = 0; i < wrapped.len; i++)
        if (lines[i] > ' ')
            digits[unwrapped.len++] = lines[i];
    unwrapped.data = digits;
}

/* --- measuring ------------------------------------------------------------------------------------------------ */

static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static double measure(const struct row *row)
{
    uint64_t octets = 0;
    int64_t begin_us = cpu_us(), now_us;
    do
        octets += row->run();
    while ((now_us = cpu_us()) - begin_us < ROUND_US);
    return (double)octets / (double)(now_us - begin_us);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(void)
{
    static double figures[ROWS][ROUNDS];
    make_samples();
    make_file();
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < ROWS; i++)
            figures[i][round] = measure(&rows[i]);
    for (size_t i = 0; i < ROWS; i++)
        qsort(figures[i], ROUNDS, sizeof figures[i][0], compare);
    double most = figures[ROWS - 1][ROUNDS / 2];
    for (size_t i = 0; i < ROWS; i++)
        printf("%-52s %8.0f MB/s %6.1f %% of memcpy\n", rows[i].name, figures[i][ROUNDS / 2],
               100 * figures[i][ROUNDS / 2] / most);
    return 0;
}
