#include "service/access/keys.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* printf abc | sha256sum */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static struct arena arena;
static struct fault fault;
static struct key_ring ring;

static bool read_text(const char *text)
{
    arena_fini(&arena);
    arena_init(&arena, 1 << 20);
    fault = (struct fault){0};
    return key_ring_read(&arena, str_of(text), "keys.json", &ring, &fault);
}

static bool read_entry(const char *members)
{
    char text[4096];
    snprintf(text, sizeof text, "{\"keys\": [{%s}]}", members);
    return read_text(text);
}

#define GOOD "\"name\": \"shop\", \"sha256\": \"" ABC "\", \"scopes\": [\"send\"]"

static void an_entry_has_what_the_file_says(void)
{
    CHECK(read_entry("\"name\": \"shop\", \"sha256\": \"" ABC "\", \"scopes\": [\"send\", \"metrics\"],"
                     "\"from\": [\"@example.com\", \"ann@example.net\"], \"to\": [\"@*.example.org\"],"
                     "\"rate\": \"10/s burst 50\", \"messages_per_day\": 1000, \"recipients_per_day\": 5000,"
                     "\"expires\": \"2027-01-01T01:00:00+01:00\", \"comment\": \"Bob's\""));
    CHECK_INT(ring.count, 1);
    CHECK(ring.is_given);
    const struct key *key = &ring.keys[0];
    CHECK_TEXT(key->name, "shop");
    CHECK_INT(key->scopes, 1U << ACCESS_SEND | 1U << ACCESS_METRICS);
    CHECK_INT(key->senders.count, 2);
    CHECK(allow_list_has(&key->recipients, STR("x@a.example.org")));
    CHECK_INT(key->limits[KEY_RATE].burst, 50);
    CHECK_INT(key->limits[KEY_MESSAGES].burst, 1000);
    CHECK_INT(key->limits[KEY_RECIPIENTS].burst, 5000);
    CHECK_INT(key->expires_s, 1798761600);
}

static void what_an_entry_leaves_out_is_not_limited(void)
{
    CHECK(read_entry(GOOD));
    const struct key *key = &ring.keys[0];
    CHECK(!key->senders.rules && !key->recipients.rules);
    for (int i = 0; i < KEY_LIMITS; i++)
        CHECK_INT(key->limits[i].interval_ns, 0);
    CHECK(key->expires_s == INT64_MAX);
}

static void no_scope_is_a_key_for_nothing(void)
{
    CHECK(read_entry("\"name\": \"idle\", \"sha256\": \"" ABC "\", \"scopes\": []"));
    CHECK_INT(ring.keys[0].scopes, 0);
}

static void a_fault_names_file_entry_and_member(void)
{
    static const struct {
        const char *members, *detail;
    } rows[] = {
        {"\"sha256\": \"" ABC "\", \"scopes\": []", "keys.json: keys[0]: has no \"name\""},
        {"\"name\": \"shop\", \"scopes\": []", "keys.json: keys[0] (\"shop\"): has no \"sha256\""},
        {"\"name\": \"shop\", \"sha256\": \"" ABC "\"", "keys.json: keys[0] (\"shop\"): has no \"scopes\""},
        {GOOD ", \"form\": []", "keys.json: keys[0] (\"shop\"): has \"form\", which is no member of a key"},
        {GOOD ", \"Rate\": \"1/s\"",
         "keys.json: keys[0] (\"shop\"): has \"Rate\", which is no member of a key"},
        {"\"name\": \"a b\"", "keys.json: keys[0]: \"name\" must be a word"},
        {"\"name\": \"\"", "keys.json: keys[0]: \"name\" must be a word"},
        {"\"name\": 7", "keys.json: keys[0]: \"name\" must be a word"},
        {"\"name\": \"shop\", \"sha256\": \"12\"",
         "keys.json: keys[0] (\"shop\"): \"sha256\" must be the SHA-256"},
        {"\"sha256\": \"x" ABC "\"", "keys.json: keys[0]: \"sha256\" must be"},
        {"\"sha256\": \"ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"",
         "keys.json: keys[0]: \"sha256\" must be"},
        {GOOD ", \"scopes\": []", "keys.json: at byte"},
        {"\"scopes\": [\"sent\"]", "keys.json: keys[0]: \"scopes\" must be a list"},
        {"\"scopes\": [7]", "keys.json: keys[0]: \"scopes\" must be a list"},
        {"\"scopes\": \"send\"", "keys.json: keys[0]: \"scopes\" must be a list"},
        {GOOD ", \"from\": []", "keys.json: keys[0] (\"shop\"): \"from\" must be a list of 1 to 1000"},
        {GOOD ", \"from\": \"@example.com\"",
         "keys.json: keys[0] (\"shop\"): \"from\" must be a list of 1 to 1000"},
        {GOOD ", \"to\": [7]", "keys.json: keys[0] (\"shop\"): \"to\" must be a list of texts"},
        {GOOD ", \"to\": [\"example.com\"]",
         "keys.json: keys[0] (\"shop\"): \"to\" has \"example.com\", which is none"},
        {GOOD ", \"rate\": 10", "keys.json: keys[0] (\"shop\"): \"rate\" must be a text"},
        {GOOD ", \"rate\": \"10\"", "keys.json: keys[0] (\"shop\"): \"rate\" \"10\" is no rate"},
        {GOOD ", \"messages_per_day\": 0",
         "keys.json: keys[0] (\"shop\"): \"messages_per_day\" must be a whole"},
        {GOOD ", \"messages_per_day\": 1.5",
         "keys.json: keys[0] (\"shop\"): \"messages_per_day\" must be a whole"},
        {GOOD ", \"recipients_per_day\": -1",
         "keys.json: keys[0] (\"shop\"): \"recipients_per_day\" must be a"},
        {GOOD ", \"recipients_per_day\": 1e300",
         "keys.json: keys[0] (\"shop\"): \"recipients_per_day\" must be a"},
        {GOOD ", \"expires\": \"2027-13-01T00:00:00Z\"",
         "keys.json: keys[0] (\"shop\"): \"expires\" must be a time"},
        {GOOD ", \"expires\": \"2027-01-01\"", "keys.json: keys[0] (\"shop\"): \"expires\" must be a time"},
        {GOOD ", \"expires\": 1798761600", "keys.json: keys[0] (\"shop\"): \"expires\" must be a time"},
        {GOOD ", \"comment\": null", "keys.json: keys[0] (\"shop\"): \"comment\" must be a text"},
        {GOOD "}, {" GOOD, "keys.json: keys[1] (\"shop\"): has the name of an entry before it"},
        {GOOD "}, {\"name\": \"b\", \"sha256\": \"" ABC "\", \"scopes\": []",
         "keys.json: keys[1] (\"b\"): has the \"sha256\" of an entry before it (\"shop\")"},
        {GOOD "}, 7, {" GOOD, "keys.json: keys[1]: must be an object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%.100s", rows[i].detail);
        CHECK(!read_entry(rows[i].members));
        CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
        CHECK_TEXT(str_first(str_of(fault.detail), strlen(rows[i].detail)), rows[i].detail);
    }
}

static void what_is_no_file_of_keys_is_refused(void)
{
    static const char *const rows[] = {
        "",    "[]", "{}", "{\"keys\": {}}", "{\"keys\": [], \"more\": 1}", "{\"Keys\": []}", "{\"keys\": [}",
        "null"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i]);
        CHECK(!read_text(rows[i]));
        CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
        CHECK(str_starts_with(str_of(fault.detail), STR("keys.json: ")));
    }
}

static void a_file_without_keys_lets_nobody_in(void)
{
    CHECK(read_text("{\"keys\": []}"));
    CHECK(ring.is_given);
    CHECK(!key_ring_find(&ring, STR("abc")));
}

static void a_key_is_found_by_its_hash_alone(void)
{
    CHECK(read_entry(GOOD));
    CHECK(key_ring_find(&ring, STR("abc")) == &ring.keys[0]);
    CHECK(!key_ring_find(&ring, STR("abd")));
    CHECK(!key_ring_find(&ring, STR("abcd")));
    CHECK(!key_ring_find(&ring, STR("")));
    CHECK(!key_ring_find(&ring, (struct str){0}));
    CHECK(!key_ring_find(&ring, STR(ABC)));
    char large[8192];
    memset(large, 'a', sizeof large);
    CHECK(!key_ring_find(&ring, (struct str){large, sizeof large}));
}

static void what_was_used_up_goes_along_to_the_same_key(void)
{
    struct arena before_arena;
    struct key_ring before;
    arena_init(&before_arena, 100000);
    CHECK(key_ring_read(&before_arena, STR("{\"keys\": [{" GOOD "}]}"), "", &before, &fault));
    before.keys[0].buckets[KEY_RATE].full_at_ns = 77;
    CHECK(read_text("{\"keys\": [{\"name\": \"new\", \"scopes\": [], \"sha256\": "
                    "\"00000000000000000000000000000000000000000000000000000000000000ff\"},"
                    "{\"name\": \"renamed\", \"scopes\": [], \"sha256\": \"" ABC "\"}]}"));
    key_ring_inherit(&ring, &before);
    CHECK_INT(ring.keys[0].buckets[KEY_RATE].full_at_ns, 0);
    CHECK_INT(ring.keys[1].buckets[KEY_RATE].full_at_ns, 77);
    arena_fini(&before_arena);
}

static void a_file_that_everybody_may_write_is_refused(void)
{
    static const struct {
        mode_t mode;
        bool loads;
    } rows[] = {{0600, true}, {0640, true}, {0644, true}, {0660, true}, {0602, false}, {0666, false}};
    char path[] = "/tmp/postern-keys-XXXXXX";
    int fd = mkstemp(path);
    CHECK(write(fd, "{\"keys\": []}", 12) == 12);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%o", rows[i].mode);
        fchmod(fd, rows[i].mode);
        fault = (struct fault){0};
        CHECK_INT(key_ring_load(&arena, str_of(path), &ring, &fault), rows[i].loads);
        CHECK(rows[i].loads || str_starts_with(str_of(fault.detail), STR("option api_keys_file: /tmp/")));
    }
    close(fd);
    unlink(path);
    CHECK(!key_ring_load(&arena, str_of(path), &ring, &fault));
    CHECK(key_ring_load(&arena, (struct str){0}, &ring, &fault));
    CHECK(!ring.is_given);
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Four rings of a thousand entries: the hash of what comes is the first of them, the last, none of them but
 * for its last byte, and none of them but for its first. */
enum { RINGS = 4, SAMPLES = 301, ENTRIES = 1000 };
static struct key timed_keys[RINGS][ENTRIES];
static int64_t samples[RINGS][SAMPLES];

static void fill_rings(struct str key)
{
    unsigned char wanted[KEY_DIGEST_BYTES];
    key_digest(key, wanted);
    for (size_t ring_number = 0; ring_number < RINGS; ring_number++)
        for (size_t i = 0; i < ENTRIES; i++) {
            unsigned char *stored = timed_keys[ring_number][i].digest;
            memcpy(stored, wanted, KEY_DIGEST_BYTES);
            bool is_it = (ring_number == 0 && i == 0) || (ring_number == 1 && i == ENTRIES - 1);
            stored[ring_number == 2 ? KEY_DIGEST_BYTES - 1 : 0] ^= !is_it;
        }
}

static int64_t time_ring(size_t ring_number, struct str key)
{
    struct key_ring timed = {timed_keys[ring_number], ENTRIES, true};
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    struct key *found = key_ring_find(&timed, key);
    clock_gettime(CLOCK_MONOTONIC, &end);
    CHECK_INT(found != NULL, ring_number < 2);
    return (end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec;
}

/* The medians of calls that take turns, so that what else the machine does falls on all of them. One that
 * stopped at the first entry, or at the first byte, would be far off; tries are repeated, for a wrong alarm
 * is no finding. */
static bool medians_are_alike(struct str key)
{
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t ring_number = 0; ring_number < RINGS; ring_number++)
            samples[ring_number][i] = time_ring(ring_number, key);
    int64_t least = INT64_MAX, most = 0;
    for (size_t ring_number = 0; ring_number < RINGS; ring_number++) {
        qsort(samples[ring_number], SAMPLES, sizeof samples[0][0], compare_times);
        int64_t median = samples[ring_number][SAMPLES / 2];
        least = median < least ? median : least;
        most = median > most ? median : most;
    }
    return most < least + least / 4;
}

static void how_long_it_takes_tells_nothing(void)
{
    struct str key = STR("postern_abc");
    bool alike = false;
    fill_rings(key);
    for (int tries = 0; tries < 10 && !alike; tries++)
        alike = medians_are_alike(key);
    CHECK(alike);
}

int main(void)
{
    arena_init(&arena, 1);
    TEST(an_entry_has_what_the_file_says);
    TEST(what_an_entry_leaves_out_is_not_limited);
    TEST(no_scope_is_a_key_for_nothing);
    TEST(a_fault_names_file_entry_and_member);
    TEST(what_is_no_file_of_keys_is_refused);
    TEST(a_file_without_keys_lets_nobody_in);
    TEST(a_key_is_found_by_its_hash_alone);
    TEST(what_was_used_up_goes_along_to_the_same_key);
    TEST(how_long_it_takes_tells_nothing);
    TEST(a_file_that_everybody_may_write_is_refused);
    arena_fini(&arena);
    return test_result();
}
