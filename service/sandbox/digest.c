#include "service/sandbox/digest.h"

#include "service/sandbox/header.h"
#include "service/sandbox/part.h"
#include "service/sandbox/words.h"

enum { MAX_FIELD_BYTES = 2048, ARENA_BYTES = 4 << 20 };

static const struct str shown_fields[] = {STR("Subject"), STR("From"), STR("To")};
enum { SHOWN_FIELDS = sizeof shown_fields / sizeof shown_fields[0] };

/* "+" and the value, or "-" for none, and a NUL, which would end it in the value. */
static void append_field(struct buf *summary, struct str value)
{
    struct buf text;
    buf_init(&text, MAX_FIELD_BYTES);
    if (value.data)
        sandbox_words_append(&text, value);
    struct str shown = buf_view(&text);
    buf_append(summary, value.data ? STR("+") : STR("-"));
    buf_append(summary, str_first(shown, str_index(shown, '\0')));
    buf_append_char(summary, '\0');
    buf_fini(&text);
}

void sandbox_digest_message(struct sandbox_message *message)
{
    struct str content = buf_view(&message->content);
    struct arena arena;
    struct sandbox_parts parts;
    for (size_t i = 0; i < SHOWN_FIELDS; i++)
        append_field(&message->summary, sandbox_header_find(content, shown_fields[i]));
    arena_init(&arena, ARENA_BYTES);
    sandbox_parts_read(&arena, content, &parts);
    for (size_t i = 0; i < parts.count; i++)
        message->attachment_count += sandbox_part_is_attachment(&parts.items[i]);
    arena_fini(&arena);
}

void sandbox_digest_read(const struct sandbox_message *message, struct sandbox_digest *digest)
{
    struct str rest = buf_view(&message->summary);
    struct str *const fields[SHOWN_FIELDS] = {&digest->subject, &digest->from, &digest->to};
    for (size_t i = 0; i < SHOWN_FIELDS; i++) {
        struct str field = rest.data ? str_cut(&rest, '\0') : STR("");
        *fields[i] = str_starts_with(field, STR("+")) ? str_from(field, 1) : (struct str){0};
    }
}

/* Looked for in every message that there is, so the first letter is compared first. */
static bool holds(struct str text, struct str words)
{
    if (!words.len)
        return true;
    char first = char_to_lower(words.data[0]);
    for (size_t i = 0; i + words.len <= text.len; i++)
        if (char_to_lower(text.data[i]) == first && str_starts_with_nocase(str_from(text, i), words))
            return true;
    return false;
}

bool sandbox_digest_has(const struct sandbox_message *message, struct str words)
{
    return holds(buf_view(&message->summary), words) || holds(buf_view(&message->return_path), words) ||
           holds(buf_view(&message->recipients), words) || str_equal(str_of(message->queue_id), words);
}

bool sandbox_digest_is_to(const struct sandbox_message *message, struct str address)
{
    struct str rest = buf_view(&message->recipients), recipient, parameters;
    while (sandbox_message_next_recipient(&rest, &recipient, &parameters))
        if (str_equal_nocase(recipient, address))
            return true;
    return false;
}
