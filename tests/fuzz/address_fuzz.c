/* The input is a mailbox as a caller writes it, or one on each line. What is taken fits the envelope as it stands,
 * and the header that is made of it reads back as the same mailboxes. */
#include "base/utf8.h"
#include "fuzz.h"
#include "mime/mailbox.h"
#include "mime/mailbox_header.h"
#include "smtp/envelope.h"

enum { MAX_MAILBOXES = 16, ARENA_BYTES = 1 << 20, MAX_HEADER_BYTES = 1 << 20 };
enum { MAX_LOCAL_BYTES = 64, MAX_ADDRESS_BYTES = 254, MAX_LINE_OCTETS = 998 };

static void check_envelope(const struct mailbox *mailbox)
{
    struct fault fault;
    struct smtp_envelope envelope = {.return_path = mailbox->address,
                                     .recipients = &mailbox->address,
                                     .recipient_count = 1,
                                     .smtputf8 = mailbox_needs_smtputf8(mailbox)};
    FUZZ_CHECK(smtp_envelope_check(&envelope, &fault));
}

static void check_bounds(const struct mailbox *mailbox)
{
    FUZZ_CHECK(mailbox->at > 0 && mailbox->at <= MAX_LOCAL_BYTES);
    FUZZ_CHECK(mailbox->address.len <= MAX_ADDRESS_BYTES);
    FUZZ_CHECK(mailbox->address.data[mailbox->at] == '@');
    FUZZ_CHECK(utf8_valid(mailbox->address));
    struct str domain = str_from(mailbox->address, mailbox->at + 1);
    FUZZ_CHECK(utf8_is_ascii(domain) && str_index(domain, '.') < domain.len);
    FUZZ_CHECK(mailbox->display_name.data ? utf8_valid(mailbox->display_name) : !mailbox->display_name.len);
}

static bool is_same(const struct mailbox *a, const struct mailbox *b)
{
    return str_equal(a->address, b->address) && a->at == b->at && mailbox_equal(a, b);
}

/* The address as it goes on the wire is an address, and the same one. */
static void check_address_again(struct arena *arena, const struct mailbox *mailbox)
{
    struct mailbox again;
    struct fault fault;
    FUZZ_CHECK(mailbox_parse_address(arena, mailbox->address, &again, &fault));
    FUZZ_CHECK(is_same(mailbox, &again));
}

/* RFC 5322 2.2.3: what is left of the field when its folds are taken out. */
static struct str unfold(struct arena *arena, struct str field)
{
    char *line = arena_take(arena, field.len + 1);
    size_t len = 0;
    FUZZ_CHECK(line);
    while (field.data && field.len) {
        size_t end = str_index(field, '\n');
        FUZZ_CHECK(end < field.len && end > 0 && field.data[end - 1] == '\r');
        struct str part = str_first(field, end - 1);
        FUZZ_CHECK(part.len <= MAX_LINE_OCTETS && str_trim(part).len > 0);
        FUZZ_CHECK(str_index(part, '\r') == part.len);
        FUZZ_CHECK((part.data[0] == ' ' || part.data[0] == '\t') == (len > 0));
        memcpy(line + len, part.data, part.len);
        len += part.len;
        field = str_from(field, end + 1);
    }
    return (struct str){line, len};
}

/* Cuts a mailbox off a list at the comma behind it, quotes passed over (RFC 5322 3.4). */
static struct str cut_mailbox(struct str *list)
{
    size_t at = 0;
    while (at < list->len && list->data[at] != ',') {
        at = list->data[at] == '"' ? str_skip_quoted(*list, at) : at + 1;
        FUZZ_CHECK(at > 0);
    }
    struct str item = str_first(*list, at);
    *list = at < list->len ? str_from(*list, at + 1) : (struct str){0};
    return str_trim(item);
}

static void check_header(struct arena *arena, const struct mailbox *items, size_t count, bool raw_utf8)
{
    struct buf field;
    buf_init(&field, MAX_HEADER_BYTES);
    mailbox_header_write(&field, STR("To"), items, count, raw_utf8);
    FUZZ_CHECK(!field.failed);
    struct str list = unfold(arena, buf_view(&field));
    FUZZ_CHECK(str_starts_with(list, STR("To: ")));
    list = str_from(list, 4);
    for (size_t i = 0; i < count; i++) {
        struct mailbox again;
        struct fault fault;
        FUZZ_CHECK(list.data);
        FUZZ_CHECK(mailbox_parse(arena, cut_mailbox(&list), &again, &fault));
        FUZZ_CHECK(is_same(&items[i], &again));
        FUZZ_CHECK(!items[i].display_name.len == !again.display_name.len);
        bool is_plain = !fuzz_holds(again.display_name, STR("=?"));
        if (is_plain)
            FUZZ_CHECK(str_equal(items[i].display_name, again.display_name));
        FUZZ_CHECK(raw_utf8 || utf8_is_ascii(again.display_name));
    }
    FUZZ_CHECK(!list.data);
    buf_fini(&field);
}

void fuzz_input(struct str input)
{
    struct arena arena;
    struct mailbox items[MAX_MAILBOXES];
    struct fault fault = {0};
    size_t count = 0;
    bool all_ascii = true;
    arena_init(&arena, ARENA_BYTES);
    for (struct str rest = input; rest.data && count < MAX_MAILBOXES;) {
        struct mailbox alone, *item = &items[count];
        struct str line = str_cut(&rest, '\n');
        bool taken = mailbox_parse(&arena, line, item, &fault);
        FUZZ_CHECK(taken || fault.code == FAULT_INVALID_ADDRESS || arena.failed);
        FUZZ_CHECK(taken || fault.detail[0]);
        if (mailbox_parse_address(&arena, line, &alone, &fault))
            FUZZ_CHECK(taken && is_same(item, &alone));
        if (!taken)
            continue;
        check_bounds(item);
        check_envelope(item);
        check_address_again(&arena, item);
        all_ascii = all_ascii && utf8_is_ascii(item->address);
        count++;
    }
    if (count && !arena.failed)
        check_header(&arena, items, count, true);
    if (count && !arena.failed && all_ascii)
        check_header(&arena, items, count, false);
    arena_fini(&arena);
}
