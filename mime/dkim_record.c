/* The tags are read into one table first (RFC 6376 3.2), then judged in the order in which verifiers give up. */
#include "mime/dkim_record.h"

#include "base/base64.h"

enum { MAX_KEY_BYTES = 4096 };

enum tag { TAG_VERSION, TAG_HASHES, TAG_KIND, TAG_NOTES, TAG_KEY, TAG_SERVICES, TAG_FLAGS, TAG_COUNT };

static const char tag_names[TAG_COUNT] = {'v', 'h', 'k', 'n', 'p', 's', 't'};

struct tags {
    struct str values[TAG_COUNT]; /* absent where there is none */
    struct str first;             /* the name of the first tag */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str trim(struct str text)
{
    while (text.len && is_space(text.data[0]))
        text = str_from(text, 1);
    while (text.len && is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool is_tag_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!char_is_alpha(name.data[i]) && !(i && (char_is_digit(name.data[i]) || name.data[i] == '_')))
            return false;
    return name.len;
}

/* False where the tag stands there already. A tag that is not known is passed over. */
static bool keep(struct tags *tags, struct str name, struct str value)
{
    for (size_t i = 0; i < TAG_COUNT; i++)
        if (str_equal(name, (struct str){&tag_names[i], 1})) {
            if (tags->values[i].data)
                return false;
            tags->values[i] = value;
        }
    if (!tags->first.data)
        tags->first = name;
    return true;
}

static bool read_tags(struct str record, struct tags *tags)
{
    *tags = (struct tags){0};
    while (record.data) {
        struct str tag = trim(str_cut(&record, ';'));
        size_t equals = str_index(tag, '=');
        struct str name = trim(str_first(tag, equals));
        if (!tag.len && !trim(record).len)
            break;
        if (equals == tag.len || !is_tag_name(name) || !keep(tags, name, trim(str_from(tag, equals + 1))))
            return false;
    }
    return tags->values[TAG_KEY].data;
}

/* Whether one of the words between colons is either of these; of a tag that is not there, true. */
static bool names_one_of(struct str words, struct str one, struct str other)
{
    if (!words.data)
        return true;
    while (words.data) {
        struct str word = trim(str_cut(&words, ':'));
        if (str_equal(word, one) || str_equal(word, other))
            return true;
    }
    return false;
}

/* White space may stand anywhere in it (RFC 6376 2.10). */
static bool is_key(const struct dkim_key *key, struct str base64)
{
    struct buf text, bytes;
    buf_init(&text, MAX_KEY_BYTES);
    buf_init(&bytes, MAX_KEY_BYTES);
    for (size_t i = 0; i < base64.len; i++)
        if (!is_space(base64.data[i]))
            buf_append_char(&text, base64.data[i]);
    bool is_same = !text.failed && base64_decode(&bytes, buf_view(&text)) && !bytes.failed &&
                   dkim_key_is(key, buf_view(&bytes));
    buf_fini(&text);
    buf_fini(&bytes);
    return is_same;
}

enum dkim_record_state dkim_record_compare(const struct dkim_key *key, struct str record)
{
    struct tags tags;
    if (!read_tags(record, &tags))
        return DKIM_RECORD_MALFORMED;
    const struct str *values = tags.values;
    struct str kind = values[TAG_KIND].data ? values[TAG_KIND] : STR("rsa");
    if (values[TAG_VERSION].data &&
        (!str_equal(values[TAG_VERSION], STR("DKIM1")) || !str_equal(tags.first, STR("v"))))
        return DKIM_RECORD_OTHER_VERSION;
    if (!values[TAG_KEY].len)
        return DKIM_RECORD_REVOKED;
    if (!str_equal(kind, str_of(dkim_key_kind(key))))
        return DKIM_RECORD_OTHER_KIND;
    if (!names_one_of(values[TAG_HASHES], STR("sha256"), STR("sha256")))
        return DKIM_RECORD_NO_SHA256;
    if (!names_one_of(values[TAG_SERVICES], STR("*"), STR("email")))
        return DKIM_RECORD_NOT_FOR_MAIL;
    if (!is_key(key, values[TAG_KEY]))
        return DKIM_RECORD_OTHER_KEY;
    bool in_test = values[TAG_FLAGS].data && names_one_of(values[TAG_FLAGS], STR("y"), STR("y"));
    return in_test ? DKIM_RECORD_IN_TEST : DKIM_RECORD_FITS;
}
