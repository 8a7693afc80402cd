/* A form is a row of words, compared without case, anywhere in the text:
 *
 *   %    the ID, which may have something in front of it and behind it within its word: "(%)"
 *   ?    any word
 *   <>   any word in angle brackets
 *   ^ $  the beginning and the end of the text; behind ^ an enhanced status code (RFC 3463) may be left out
 *
 * The first row that fits and yields something like an ID wins, so that the particular forms stand before the
 * general ones. A form that ordinary prose may fit is `weak`: there an ID must have a digit. */
#include "smtp/queue_id.h"

#include <string.h>

struct form {
    const char *relay;
    const char *words;
    bool weak;
};

static const struct form forms[] = {
    {"Exchange, Office 365", "[InternalId=%,", false},
    {"Exchange, older: the message ID", "% queued mail for delivery", true},
    {"Cyrus LMTP: the session", "sessionid=<%>", false},
    {"Alibaba Cloud", "###envid=%", false},
    {"KumoMTA", "ids=%", false},
    {"Exim, GMX, IONOS, Mail.ru", "id=%", false},
    {"Haraka", "queued (%)", true},
    {"Stalwart", "queued with id %", false},
    {"Yandex", "queued on ? as %", false},
    {"Yandex, older", "queued on ? %", true},
    {"Postfix, SendGrid, QQ, NetEase, Mailpit", "queued as %", false},
    {"Gmail", "% - gsmtp", false},
    {"qmail", "ok % qp %", true},
    {"IronPort", "message % accepted", true},
    {"Sendmail, OpenSMTPD, CommuniGate", "% message accepted", true},
    {"Dovecot LMTP", "<> % saved $", false},
    {"Courier", "^ ok. % $", true},
    {"Amazon SES, Momentum", "^ ok % $", true},
};

static struct str next_word(struct str *rest)
{
    *rest = str_trim(*rest);
    size_t end = str_index(*rest, ' ');
    struct str word = str_first(*rest, end);
    *rest = str_from(*rest, end);
    return word;
}

static bool has_digit(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (char_is_digit(s.data[i]))
            return true;
    return false;
}

/* "2.0.0" stands where some relays have the ID. */
static bool is_enhanced_code(struct str word)
{
    if (word.len < 5 || !char_is_digit(word.data[0]) || word.data[1] != '.')
        return false;
    for (size_t i = 2; i < word.len; i++)
        if (!char_is_digit(word.data[i]) && word.data[i] != '.')
            return false;
    return true;
}

/* What stands between `pattern`'s parts around the "%"; absent where the word does not have them. */
static struct str capture(struct str pattern, struct str word)
{
    size_t before = str_index(pattern, '%');
    struct str after = str_from(pattern, before + 1);
    if (word.len < before || !str_equal_nocase(str_first(word, before), str_first(pattern, before)))
        return (struct str){0};
    struct str id = str_from(word, before);
    if (after.len) {
        size_t end = str_index(id, after.data[0]);
        if (end == id.len)
            return (struct str){0};
        id.len = end;
    }
    while (id.len && (id.data[id.len - 1] == '.' || id.data[id.len - 1] == ',' || id.data[id.len - 1] == ';'))
        id.len--;
    return id;
}

static bool word_fits(struct str pattern, struct str word, struct str *id)
{
    if (str_equal(pattern, STR("<>")))
        return word.len > 2 && word.data[0] == '<' && word.data[word.len - 1] == '>';
    if (str_index(pattern, '%') == pattern.len)
        return word.len && (str_equal(pattern, STR("?")) || str_equal_nocase(pattern, word));
    struct str part = capture(pattern, word);
    if (part.len == 0 || is_enhanced_code(part))
        return false;
    /* A form with two parts yields all from the first to the second. */
    *id = id->data ? (struct str){id->data, (size_t)(part.data + part.len - id->data)} : part;
    return true;
}

/* The ID where `words` fit the front of `text`. */
static struct str fit_here(struct str words, struct str text)
{
    struct str id = {0};
    while (str_trim(words).len) {
        struct str pattern = next_word(&words);
        if (str_equal(pattern, STR("$"))) {
            if (str_trim(text).len)
                return (struct str){0};
        } else if (!word_fits(pattern, next_word(&text), &id)) {
            return (struct str){0};
        }
    }
    return id;
}

/* A bit for each character that a word begins with, whatever its case. */
static uint32_t first_characters(struct str text)
{
    uint32_t bits = 0;
    for (char before = ' '; text.len; before = text.data[0], text = str_from(text, 1))
        if (before == ' ' || before == '\t')
            bits |= UINT32_C(1) << (text.data[0] & 31);
    return bits;
}

/* A form fits no text that has no word with the first character of one of its own. */
static bool may_fit(const char *words, uint32_t first_there)
{
    char before = ' ';
    for (; *words; before = *words++)
        if (before == ' ' && !strchr("%?^$", *words) && !(first_there & UINT32_C(1) << (*words & 31)))
            return false;
    return true;
}

/* Most rows fail at the first character of most words. */
static bool may_fit_here(struct str words, struct str text)
{
    return words.data[0] == '%' || char_to_lower(words.data[0]) == char_to_lower(text.data[0]);
}

static struct str fit(struct str words, struct str text)
{
    if (words.data[0] == '^') {
        struct str rest = text;
        if (is_enhanced_code(next_word(&rest)))
            text = rest;
        return fit_here(str_from(words, 1), text);
    }
    for (text = str_trim(text); text.len; text = str_trim(text)) {
        struct str id = may_fit_here(words, text) ? fit_here(words, text) : (struct str){0};
        if (id.data)
            return id;
        next_word(&text);
    }
    return (struct str){0};
}

struct str smtp_queue_id_find(struct str text)
{
    const uint32_t there = first_characters(text);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!may_fit(forms[i].words, there))
            continue;
        struct str id = fit(str_of(forms[i].words), text);
        if (id.data && (!forms[i].weak || has_digit(id)))
            return id;
    }
    return (struct str){0};
}
