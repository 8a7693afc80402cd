#include "service/sandbox/store.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX_BYTES = 1 << 20 };

/* A message that holds `bytes` of content, claimed as a connection claims them. */
static struct sandbox_message *arrive(struct sandbox_store *store, char letter, size_t bytes)
{
    struct sandbox_message *message = sandbox_message_new(MESSAGE_MAX_BYTES);
    if (!sandbox_store_claim(store, message, bytes)) {
        sandbox_store_discard(store, &message);
        return NULL;
    }
    for (size_t i = 0; i < bytes; i++)
        buf_append_char(&message->content, letter);
    return message;
}

static bool put(struct sandbox_store *store, char letter, size_t bytes,
                char queue_id[static SANDBOX_QUEUE_ID_BYTES])
{
    struct sandbox_message *message = arrive(store, letter, bytes);
    bool taken = message && sandbox_store_put(store, &message, queue_id);
    sandbox_store_discard(store, &message);
    return taken;
}

struct seen {
    char letters[64];
    size_t count;
    uint64_t bytes;
};

static bool see(void *context, struct sandbox_message *message)
{
    struct seen *seen = context;
    seen->letters[seen->count++] = message->content.data[0];
    seen->bytes += message->content.len;
    return true;
}

static struct seen look(struct sandbox_store *store)
{
    struct seen seen = {0};
    sandbox_store_each(store, see, &seen);
    return seen;
}

static void the_last_messages_are_kept_newest_first(void)
{
    char queue_id[SANDBOX_QUEUE_ID_BYTES];
    struct sandbox_store *store = sandbox_store_new(3, 1 << 20);
    static const char *const kept[] = {"a", "ba", "cba", "dcb", "edc", "fed", "gfe"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        CHECK(put(store, (char)('a' + i), 10, queue_id));
        CHECK_TEXT(str_of(look(store).letters), kept[i]);
    }
    sandbox_store_free(&store);
}

static void the_oldest_make_room_for_bytes(void)
{
    char queue_id[SANDBOX_QUEUE_ID_BYTES];
    struct sandbox_store *store = sandbox_store_new(10, 100000);
    CHECK(put(store, 'a', 30000, queue_id));
    CHECK(put(store, 'b', 30000, queue_id));
    CHECK(put(store, 'c', 30000, queue_id));
    CHECK_TEXT(str_of(look(store).letters), "cba");
    CHECK(put(store, 'd', 50000, queue_id));
    CHECK_TEXT(str_of(look(store).letters), "dc");
    CHECK(put(store, 'e', 95000, queue_id));
    CHECK_TEXT(str_of(look(store).letters), "e");
    sandbox_store_free(&store);
}

static void a_message_larger_than_the_store_drops_nothing(void)
{
    char queue_id[SANDBOX_QUEUE_ID_BYTES];
    struct sandbox_store *store = sandbox_store_new(10, 10000);
    CHECK(put(store, 'a', 3000, queue_id));
    CHECK(!put(store, 'b', 10001, queue_id));
    CHECK_TEXT(str_of(look(store).letters), "a");
    sandbox_store_free(&store);
}

/* The claim fits, the message with what it needs besides does not. */
static void a_message_that_is_refused_stays_the_callers(void)
{
    char queue_id[SANDBOX_QUEUE_ID_BYTES];
    struct sandbox_store *store = sandbox_store_new(10, 10000);
    struct sandbox_message *message = arrive(store, 'a', 10000);
    CHECK(message != NULL);
    CHECK(!sandbox_store_put(store, &message, queue_id));
    CHECK(message != NULL);
    sandbox_store_discard(store, &message);
    CHECK(!message);
    CHECK(put(store, 'b', 9000, queue_id));
    sandbox_store_free(&store);
}

static void what_is_arriving_counts_and_is_given_back(void)
{
    char queue_id[SANDBOX_QUEUE_ID_BYTES];
    struct sandbox_store *store = sandbox_store_new(10, 10000);
    CHECK(put(store, 'a', 4000, queue_id));
    struct sandbox_message *first = arrive(store, 'b', 5000);
    CHECK(first != NULL);
    CHECK_TEXT(str_of(look(store).letters), "a");
    struct sandbox_message *second = arrive(store, 'c', 5000);
    CHECK(second != NULL);
    CHECK_TEXT(str_of(look(store).letters), "");
    CHECK(!arrive(store, 'd', 1));
    sandbox_store_discard(store, &second);
    CHECK(put(store, 'e', 4000, queue_id));
    CHECK(sandbox_store_put(store, &first, queue_id));
    CHECK_TEXT(str_of(look(store).letters), "be");
    sandbox_store_free(&store);
}

static void messages_are_found_by_queue_id_and_cleared(void)
{
    char first[SANDBOX_QUEUE_ID_BYTES], second[SANDBOX_QUEUE_ID_BYTES];
    struct sandbox_store *store = sandbox_store_new(10, 1 << 20);
    put(store, 'a', 10, first);
    put(store, 'b', 10, second);
    CHECK_INT(strlen(first), SANDBOX_QUEUE_ID_BYTES - 1);
    CHECK(!str_equal(str_of(first), str_of(second)));
    struct sandbox_message *found = sandbox_store_find(store, str_of(first));
    CHECK(found && found->content.data[0] == 'a');
    CHECK(!sandbox_store_find(store, STR("unknown")));
    CHECK(!sandbox_store_find(store, STR("")));
    sandbox_store_clear(store);
    CHECK(!sandbox_store_find(store, str_of(first)));
    CHECK_INT(found->content.len, 10); /* held, it outlives the store's hold */
    sandbox_message_release(&found);
    CHECK_INT(look(store).count, 0);
    CHECK(put(store, 'c', 10, first));
    CHECK_TEXT(str_of(look(store).letters), "c");
    sandbox_store_free(&store);
}

static void one_message_is_removed_from_any_place(void)
{
    static const struct {
        size_t place;
        const char *left;
    } rows[] = {{0, "dcb"}, {1, "dca"}, {2, "dba"}, {3, "cba"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char queue_ids[4][SANDBOX_QUEUE_ID_BYTES], later[SANDBOX_QUEUE_ID_BYTES];
        struct sandbox_store *store = sandbox_store_new(4, 1 << 20);
        test_row("the one at %zu", rows[i].place);
        put(store, 'x', 10, later); /* so that the ring has turned */
        put(store, 'y', 10, later);
        for (size_t k = 0; k < 4; k++)
            put(store, (char)('a' + k), 10, queue_ids[k]);
        CHECK(sandbox_store_remove(store, str_of(queue_ids[rows[i].place])));
        CHECK(!sandbox_store_remove(store, str_of(queue_ids[rows[i].place])));
        CHECK_TEXT(str_of(look(store).letters), rows[i].left);
        CHECK_INT(sandbox_store_count(store), 3);
        put(store, 'e', 10, later);
        CHECK_INT(look(store).letters[0], 'e');
        CHECK_INT(look(store).count, 4);
        sandbox_store_free(&store);
    }
}

static void a_thousand_recipients_are_the_most(void)
{
    char address[254];
    memset(address, 'a', sizeof address);
    struct sandbox_message *message = sandbox_message_new(10);
    struct sandbox_store *store = sandbox_store_new(1, 1 << 20);
    for (size_t i = 0; i < SANDBOX_MAX_RECIPIENTS; i++)
        CHECK(sandbox_message_add_recipient(message, (struct str){address, sizeof address}, STR("")));
    CHECK(!sandbox_message_add_recipient(message, STR("a@b"), STR("")));
    CHECK_INT(message->recipient_count, SANDBOX_MAX_RECIPIENTS);
    CHECK_INT(message->recipients.len, SANDBOX_MAX_RECIPIENTS * (sizeof address + 2));
    sandbox_store_discard(store, &message);
    sandbox_store_free(&store);
}

int main(void)
{
    TEST(the_last_messages_are_kept_newest_first);
    TEST(the_oldest_make_room_for_bytes);
    TEST(a_message_larger_than_the_store_drops_nothing);
    TEST(a_message_that_is_refused_stays_the_callers);
    TEST(what_is_arriving_counts_and_is_given_back);
    TEST(messages_are_found_by_queue_id_and_cleared);
    TEST(a_thousand_recipients_are_the_most);
    TEST(one_message_is_removed_from_any_place);
    return test_result();
}
