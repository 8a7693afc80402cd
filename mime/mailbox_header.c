#include "mime/mailbox_header.h"

#include "base/utf8.h"
#include "mime/address.h"
#include "mime/header.h"

/* Neither a word nor a quoted string can be folded without changing it; what is longer gets encoded. */
enum { MAX_PHRASE_TOKEN_OCTETS = 60 };

/* Words of atext with single spaces between: they need no quotes, and fold. */
static bool is_plain_phrase(struct str name)
{
    for (struct str rest = name; rest.data;) {
        struct str word = str_cut(&rest, ' ');
        if (word.len == 0)
            return false;
        for (size_t i = 0; i < word.len; i++)
            if (!address_is_atext(word.data[i]) && !(word.data[i] & 0x80))
                return false;
    }
    return true;
}

static size_t longest_word(struct str name)
{
    size_t longest = 0;
    for (struct str rest = name; rest.data;) {
        struct str word = str_cut(&rest, ' ');
        longest = word.len > longest ? word.len : longest;
    }
    return longest;
}

static void append_phrase(struct header *header, struct str name, bool raw_utf8)
{
    bool plain = is_plain_phrase(name);
    size_t octets = plain ? longest_word(name) : address_quoted_octets(name);
    bool looks_encoded = str_contains(name, STR("=?"));
    if ((!raw_utf8 && !utf8_is_ascii(name)) || looks_encoded || octets > MAX_PHRASE_TOKEN_OCTETS) {
        header_append_encoded(header, name);
    } else if (plain) {
        for (struct str rest = name; rest.data;)
            header_append_token(header, str_cut(&rest, ' '));
    } else {
        header_begin_token(header, octets);
        address_quote(header->out, name);
    }
}

static void append_mailbox(struct header *header, const struct mailbox *mailbox, bool last, bool raw_utf8)
{
    size_t comma = last ? 0 : 1;
    if (!mailbox->display_name.len) {
        header_begin_token(header, mailbox->address.len + comma);
        buf_append(header->out, mailbox->address);
    } else {
        append_phrase(header, mailbox->display_name, raw_utf8);
        header_begin_token(header, mailbox->address.len + 2 + comma);
        buf_append_char(header->out, '<');
        buf_append(header->out, mailbox->address);
        buf_append_char(header->out, '>');
    }
    if (!last)
        buf_append_char(header->out, ',');
}

/* A mailbox that would be folded within is taken back and begun again on a line of its own. */
static void append_whole_mailbox(struct header *header, const struct mailbox *mailbox, bool last,
                                 bool raw_utf8)
{
    struct header before = *header;
    size_t len = header->out->len;
    append_mailbox(header, mailbox, last, raw_utf8);
    if (header->folds == before.folds || before.at_colon || header->out->failed)
        return;
    *header = before;
    header->out->len = len;
    header->must_fold = true;
    append_mailbox(header, mailbox, last, raw_utf8);
}

void mailbox_header_write(struct buf *out, struct str name, const struct mailbox *items, size_t count,
                          bool raw_utf8)
{
    struct header header;
    header_begin(&header, out, name);
    for (size_t i = 0; i < count; i++)
        append_whole_mailbox(&header, &items[i], i + 1 == count, raw_utf8);
    header_end(&header);
}
