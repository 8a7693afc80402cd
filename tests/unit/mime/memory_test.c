/* The end of memory, wherever it comes: what is given is whole, or nothing is. */
#include "memory.h"
#include "mime/dkim.h"
#include "mime/dkim_record.h"
#include "mime/filename.h"
#include "mime/finished.h"
#include "mime/form.h"
#include "mime/render.h"
#include "rsa_keys.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 20, OUT_BYTES = 1 << 20, PEM_BYTES = 8192 };

static char rsa_pem[PEM_BYTES], ed25519_pem[PEM_BYTES];

static bool a_mailbox_is_read(struct fault *fault)
{
    struct arena arena;
    struct mailbox mailbox;
    arena_init(&arena, ARENA_BYTES);
    bool done =
        mailbox_parse(&arena, STR("\"Lee, \\\"Ann\\\"\" <\"ann lee\"@b\u00FCcher.example>"), &mailbox, fault);
    if (done) {
        CHECK_TEXT(mailbox.display_name, "Lee, \"Ann\"");
        CHECK_TEXT(mailbox.address, "\"ann lee\"@xn--bcher-kva.example");
    }
    arena_fini(&arena);
    return done;
}

static bool a_name_is_set(struct fault *fault)
{
    struct arena arena;
    struct mailbox mailbox = {0};
    arena_init(&arena, ARENA_BYTES);
    bool done = mailbox_set_display_name(&arena, STR("Ann Lee"), &mailbox, fault);
    if (done)
        CHECK_TEXT(mailbox.display_name, "Ann Lee");
    arena_fini(&arena);
    return done;
}

static bool a_finished_message_is_read(struct fault *fault)
{
    struct arena arena;
    struct finished finished;
    struct mailbox from;
    struct str id = {0};
    arena_init(&arena, ARENA_BYTES);
    bool done = finished_read(
        &arena,
        STR("From: Ann\r\n <a@b.example>\r\nBcc: x\r\nMessage-ID:\r\n <1@b.example>\r\n\r\nHello\r\n"),
        &finished, &from, &id, fault);
    if (done && !arena.failed) {
        CHECK_TEXT(finished.header, "From: Ann\r\n <a@b.example>\r\nMessage-ID:\r\n <1@b.example>\r\n");
        CHECK_TEXT(from.display_name, "Ann");
        CHECK_TEXT(id, "<1@b.example>");
    }
    done = done && !arena.failed;
    arena_fini(&arena);
    return done;
}

static bool a_form_is_read(struct fault *fault)
{
    struct arena arena;
    struct form form;
    struct form_part part;
    arena_init(&arena, ARENA_BYTES);
    bool done =
        form_begin(&form, &arena, STR("multipart/form-data; boundary=\"xx\""),
                   STR("--xx\r\nContent-Disposition: form-data; name=\"a\"; filename*=utf-8''%41.txt\r\n"
                       "\r\n1\r\n--xx--"),
                   fault) &&
        form_next(&form, &part, fault) && !arena.failed;
    if (done) {
        CHECK_TEXT(part.name, "a");
        CHECK_TEXT(part.filename, "A.txt");
    }
    arena_fini(&arena);
    return done;
}

static bool a_file_name_is_cleaned(struct fault *fault)
{
    struct arena arena;
    (void)fault;
    arena_init(&arena, ARENA_BYTES);
    struct str name = filename_clean(&arena, STR("C:\\report.pdf"));
    bool done = !arena.failed;
    CHECK_TEXT(name, done ? "report.pdf" : NULL);
    arena_fini(&arena);
    return done;
}

static bool add_keys(struct dkim_ring *keys, struct fault *fault)
{
    return dkim_ring_add(keys, STR("b.example"), STR("rsa"), str_of(rsa_pem), fault) &&
           dkim_ring_add(keys, STR("b.example"), STR("ed"), str_of(ed25519_pem), fault);
}

static bool keys_are_read_and_published(struct fault *fault)
{
    struct dkim_ring keys = {0};
    bool done = add_keys(&keys, fault);
    for (size_t i = 0; done && i < keys.count; i++) {
        struct buf record;
        buf_init(&record, PEM_BYTES);
        done = dkim_key_record(&keys.keys[i], &record) &&
               dkim_record_compare(&keys.keys[i], buf_view(&record)) == DKIM_RECORD_FITS;
        buf_fini(&record);
    }
    dkim_ring_fini(&keys);
    return done;
}

/* Stamped, and so written anew each time but for its length. */
static size_t rendered_octets;

static void check_rendered(struct render *render, const struct message *message)
{
    struct str piece;
    size_t octets = 0, signatures = 0;
    while (render_pull(render, &piece)) {
        octets += piece.len;
        for (struct str rest = piece; rest.len && octets == piece.len;) {
            signatures += str_starts_with(rest, STR("DKIM-Signature: "));
            rest = str_from(rest, str_index(rest, '\n') + 1);
        }
    }
    CHECK_INT(octets, render_size_octets(render));
    CHECK_INT(signatures, 2);
    CHECK(message->message_id.len > 2);
    rendered_octets = rendered_octets ? rendered_octets : octets;
    CHECK_INT(octets, rendered_octets);
}

static struct dkim_ring ring;

static bool a_message_is_signed(struct fault *fault)
{
    static struct mailbox to[] = {
        {.display_name = STR("Lee, \u00C4nn"), .address = STR("c@d.example"), .at = 1}};
    struct arena arena;
    struct attachment file = {
        .content_base64 = STR("Zm9v"), .content_type = STR("a/b"), .filename = STR("\u00E4.txt")};
    struct message message = {.from = {.address = STR("a@b.example"), .at = 1},
                              .to = {to, 1},
                              .subject = STR("Gr\u00FC\u00DFe"),
                              .text = STR("Hello\n"),
                              .attachments = &file,
                              .attachment_count = 1};
    arena_init(&arena, ARENA_BYTES);
    (void)fault;
    bool done = message_stamp(&arena, &message, "01234567-89AB-cdef");
    message.created_s = 1795417560;
    message.date = (struct date){.utc_s = message.created_s};
    struct render *render = done ? render_start(&arena, &message, &ring) : NULL;
    if (render)
        check_rendered(render, &message);
    arena_fini(&arena);
    return render;
}

static void memory_may_end_anywhere(void)
{
    static const struct {
        const char *name;
        bool (*work)(struct fault *fault);
        enum fault_code code; /* FAULT_NONE: the arena, or what is returned, tells it */
    } rows[] = {
        {"mailbox", a_mailbox_is_read, FAULT_OVERLOADED},
        {"display name", a_name_is_set, FAULT_OVERLOADED},
        {"finished message", a_finished_message_is_read, FAULT_NONE},
        {"form", a_form_is_read, FAULT_NONE},
        {"file name", a_file_name_is_cleaned, FAULT_NONE},
        {"keys", keys_are_read_and_published, FAULT_NONE},
        {"message", a_message_is_signed, FAULT_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        memory_fail_each(rows[i].name, rows[i].work, rows[i].code);
}

static void write_pem(EVP_PKEY *key, char pem[static PEM_BYTES])
{
    char *data;
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    long len = BIO_get_mem_data(bio, &data);
    snprintf(pem, PEM_BYTES, "%.*s", (int)len, data);
    BIO_free(bio);
    EVP_PKEY_free(key);
}

int main(void)
{
    struct fault fault;
    memory_begin();
    write_pem(rsa_test_key(0), rsa_pem);
    write_pem(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), ed25519_pem);
    CHECK(add_keys(&ring, &fault));
    TEST(memory_may_end_anywhere);
    dkim_ring_fini(&ring);
    return test_result();
}
