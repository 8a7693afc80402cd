#include "api/message/recipient.h"

#include <stdlib.h>

struct recipient {
    const struct mailbox *mailbox;
    struct str pointer;
    bool repeated;
};

struct recipient_set {
    struct recipient *items;
    size_t count, capacity;
    bool overfull;
};

/* Both members as they are given; absent where they are not. */
struct mailbox_parts {
    struct str email, name;
};

static void read_email(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    field_read_text(reader, value, place, &((struct mailbox_parts *)target)->email);
}

static void read_name(struct reader *reader, const cJSON *value, const struct place *place, void *target)
{
    field_read_text(reader, value, place, &((struct mailbox_parts *)target)->name);
}

static const struct field mailbox_fields[] = {{"email", read_email}, {"name", read_name}, {0}};

static bool read_parts(struct reader *reader, const cJSON *value, const struct place *place,
                       struct mailbox *mailbox)
{
    struct mailbox_parts parts = {0};
    struct fault fault;
    size_t problems_before = reader->problem->errors_found;
    field_read_object(reader, value, place, mailbox_fields, &parts);
    struct place email = place_member(place, STR("email")), name = place_member(place, STR("name"));
    if (parts.email.data && !mailbox_parse_address(reader->arena, parts.email, mailbox, &fault))
        field_refuse(reader, &email, &fault);
    else if (!parts.email.data && !cJSON_GetObjectItemCaseSensitive(value, "email"))
        field_refuse_with(reader, &email, FAULT_INVALID_REQUEST, "a mailbox needs its email");
    if (parts.name.len && !mailbox_set_display_name(reader->arena, parts.name, mailbox, &fault))
        field_refuse(reader, &name, &fault);
    return reader->problem->errors_found == problems_before;
}

bool recipient_read_mailbox(struct reader *reader, const cJSON *value, const struct place *place,
                            struct mailbox *mailbox)
{
    struct fault fault;
    struct str text;
    if (cJSON_IsObject(value))
        return read_parts(reader, value, place, mailbox);
    if (!cJSON_IsString(value)) {
        field_refuse_type(reader, value, place, "a string or an object with email and name");
        return false;
    }
    if (!field_read_text(reader, value, place, &text))
        return false;
    if (mailbox_parse(reader->arena, text, mailbox, &fault))
        return true;
    field_refuse(reader, place, &fault);
    return false;
}

void recipient_read_list(struct reader *reader, const cJSON *value, const struct place *place,
                         struct mailbox_list *list)
{
    size_t count = field_count(value);
    list->items = arena_take_array(reader->arena, count, sizeof *list->items);
    if (!list->items)
        return;
    if (!cJSON_IsArray(value)) {
        list->count = recipient_read_mailbox(reader, value, place, &list->items[0]);
        return;
    }
    const cJSON *element;
    size_t index = 0;
    cJSON_ArrayForEach(element, value)
    {
        struct place at = place_element(place, index++);
        /* A refused one keeps its place: nothing is sent, and the others are told by the right pointer. */
        recipient_read_mailbox(reader, element, &at, &list->items[list->count++]);
    }
}

struct recipient_set *recipient_set_new(struct arena *arena, size_t count)
{
    struct recipient_set *set = arena_take(arena, sizeof *set);
    if (!set)
        return NULL;
    set->items = arena_take_array(arena, count, sizeof *set->items);
    set->capacity = set->items ? count : 0;
    return set;
}

void recipient_set_put(struct reader *reader, const struct mailbox *mailbox, const struct place *at)
{
    struct recipient_set *set = reader->recipients;
    if (set->overfull)
        return;
    set->overfull = set->count == set->capacity;
    if (set->overfull)
        field_refuse_with(reader, at, FAULT_TOO_MANY_RECIPIENTS, "at most %zu recipients are taken",
                          set->capacity);
    else
        set->items[set->count++] = (struct recipient){
            .mailbox = mailbox, .pointer = at ? place_pointer(reader->arena, at) : (struct str){0}};
}

void recipient_set_add(struct reader *reader, const cJSON *value, const struct place *place,
                       const struct mailbox_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct place element = place_element(place, i);
        recipient_set_put(reader, &list->items[i], cJSON_IsArray(value) ? &element : place);
    }
}

static int compare_nocase(struct str a, struct str b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        char of_a = char_to_lower(a.data[i]), of_b = char_to_lower(b.data[i]);
        if (of_a != of_b)
            return of_a < of_b ? -1 : 1;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* The same mailboxes become neighbours, the first of the request first; as mailbox_equal has it (RFC 5321
 * 2.4: local parts by case, domains without). */
static int compare_recipients(const void *a, const void *b)
{
    const struct recipient *x = *(const struct recipient *const *)a, *y = *(const struct recipient *const *)b;
    int order = compare_nocase(str_from(x->mailbox->address, x->mailbox->at),
                               str_from(y->mailbox->address, y->mailbox->at));
    if (order == 0)
        order = str_compare(str_first(x->mailbox->address, x->mailbox->at),
                            str_first(y->mailbox->address, y->mailbox->at));
    return order ? order : (x > y) - (x < y);
}

/* By sorting: with many recipients, comparing each with each is what an attacker hopes for. */
static bool mark_repeated(struct arena *arena, struct recipient_set *set)
{
    struct recipient **sorted = arena_take_array(arena, set->count, sizeof *sorted);
    if (!sorted)
        return false;
    for (size_t i = 0; i < set->count; i++)
        sorted[i] = &set->items[i];
    qsort(sorted, set->count, sizeof *sorted, compare_recipients);
    for (size_t i = 1; i < set->count; i++)
        sorted[i]->repeated = mailbox_equal(sorted[i]->mailbox, sorted[i - 1]->mailbox);
    return true;
}

void recipient_set_keep(struct reader *reader)
{
    struct submission *submission = reader->submission;
    struct recipient_set *set = reader->recipients;
    submission->recipients = arena_take_array(reader->arena, set->count, sizeof *submission->recipients);
    submission->pointers = arena_take_array(reader->arena, set->count, sizeof *submission->pointers);
    if (!submission->recipients || !submission->pointers || !mark_repeated(reader->arena, set))
        return;
    for (size_t i = 0; i < set->count; i++) {
        const struct recipient *recipient = &set->items[i];
        if (recipient->repeated)
            continue;
        submission->recipients[submission->recipient_count] = recipient->mailbox->address;
        submission->pointers[submission->recipient_count++] = recipient->pointer;
        submission->smtputf8 |= mailbox_needs_smtputf8(recipient->mailbox);
    }
}
