#include "service/access/keys.h"

#include "api/json/json_check.h"
#include "base/log.h"
#include "mime/date.h"
#include "service/settings/files.h"

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_KEYS = 1000, MAX_RULES = 1000, MAX_NODES = 200000, MAX_PER_DAY = 1000000000 };

static const char *const scope_names[] = {[ACCESS_ANYONE] = NULL,
                                          [ACCESS_SEND] = "send",
                                          [ACCESS_METRICS] = "metrics",
                                          [ACCESS_SANDBOX] = "sandbox"};
enum { SCOPE_COUNT = sizeof scope_names / sizeof scope_names[0] };

const char *key_scope_name(enum access_scope scope)
{
    return scope_names[scope];
}

/* It goes into logs and into "RateLimit": nothing there needs to be quoted. */
bool key_name_is_valid(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!char_is_alpha(name.data[i]) && !char_is_digit(name.data[i]) &&
            !(name.data[i] && strchr("-_.", name.data[i])))
            return false;
    return name.len > 0 && name.len <= KEY_MAX_NAME_BYTES;
}

bool key_digest(struct str key, unsigned char digest[static KEY_DIGEST_BYTES])
{
    return EVP_Digest(str_chars(key), key.len, digest, NULL, EVP_sha256(), NULL) == 1;
}

/* --- Members: each reads its value, and says what is wanted where it is something else. */

struct key_reader {
    struct arena *arena;
    struct key *key;
};

static bool want(struct fault *fault, const char *what)
{
    return fault_set(fault, FAULT_INVALID_REQUEST, "must be %s", what);
}

static bool read_name(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    struct str text = str_of(cJSON_GetStringValue(value));
    reader->key->name = arena_copy(reader->arena, text);
    return key_name_is_valid(text) ||
           want(fault, "a word of at most 64 letters, digits, \"-\", \"_\" and \".\"");
}

static bool read_digest(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    struct str text = str_of(cJSON_GetStringValue(value));
    bool valid = text.len == (size_t)2 * KEY_DIGEST_BYTES;
    for (size_t i = 0; valid && i < KEY_DIGEST_BYTES; i++) {
        int high = char_hex_value(text.data[2 * i]), low = char_hex_value(text.data[2 * i + 1]);
        valid = high >= 0 && low >= 0;
        reader->key->digest[i] = (unsigned char)(high * 16 + low);
    }
    return valid || want(fault, "the SHA-256 of the key, 64 hexadecimal digits");
}

static bool add_scope(struct key *key, struct str name)
{
    for (unsigned scope = ACCESS_ANYONE + 1; scope < SCOPE_COUNT; scope++)
        if (str_equal(name, str_of(scope_names[scope]))) {
            key->scopes |= 1U << scope;
            return true;
        }
    return false;
}

static bool read_scopes(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    bool valid = cJSON_IsArray(value);
    for (const cJSON *scope = valid ? value->child : NULL; valid && scope; scope = scope->next)
        valid = cJSON_IsString(scope) && add_scope(reader->key, str_of(scope->valuestring));
    return valid || want(fault, "a list of \"send\", \"metrics\" and \"sandbox\"");
}

/* An empty list would forbid everything: whoever means that leaves the scope out. */
static bool read_rules(struct key_reader *reader, const cJSON *value, struct allow_list *list,
                       struct fault *fault)
{
    struct fault unfit;
    int count = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : 0;
    if (count < 1 || count > MAX_RULES)
        return want(fault, "a list of 1 to 1000 addresses or domains");
    list->rules = arena_take_array(reader->arena, (size_t)count, sizeof *list->rules);
    for (const cJSON *rule = list->rules ? value->child : NULL; rule; rule = rule->next) {
        struct str text = str_of(cJSON_GetStringValue(rule));
        if (!text.data)
            return want(fault, "a list of texts");
        if (!allow_rule_read(reader->arena, text, &list->rules[list->count++], &unfit))
            return fault_set(
                fault, FAULT_INVALID_REQUEST,
                "has \"%.*s\", which is none of ann@example.com, @example.com, @*.example.com: %s",
                STR_ARG(str_first(text, 64)), unfit.detail);
    }
    return true;
}

static bool read_from(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    return read_rules(reader, value, &reader->key->senders, fault);
}

static bool read_to(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    return read_rules(reader, value, &reader->key->recipients, fault);
}

static bool read_rate(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    if (!cJSON_IsString(value))
        return want(fault, "a text such as \"10/s\"");
    return rate_parse(str_of(value->valuestring), &reader->key->limits[KEY_RATE], fault);
}

static bool read_per_day(struct key_reader *reader, const cJSON *value, enum key_limit limit,
                         struct fault *fault)
{
    double count = cJSON_IsNumber(value) ? value->valuedouble : 0;
    if (count < 1 || count > MAX_PER_DAY || count != (double)(uint64_t)count)
        return want(fault, "a whole number from 1 to 1000000000");
    reader->key->limits[limit] = rate_per_day((uint64_t)count);
    return true;
}

static bool read_messages(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    return read_per_day(reader, value, KEY_MESSAGES, fault);
}

static bool read_recipients(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    return read_per_day(reader, value, KEY_RECIPIENTS, fault);
}

static bool read_expires(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    struct str text = str_of(cJSON_GetStringValue(value));
    struct date date;
    struct fault unfit;
    bool valid = text.len && char_is_digit(text.data[0]) && date_parse(text, &date, &unfit);
    if (valid)
        reader->key->expires_s = date.utc_s;
    return valid || want(fault, "a time such as \"2027-12-31T00:00:00Z\" (RFC 3339)");
}

static bool read_comment(struct key_reader *reader, const cJSON *value, struct fault *fault)
{
    (void)reader;
    return cJSON_IsString(value) || want(fault, "a text");
}

static const struct member {
    const char *name;
    bool (*read)(struct key_reader *reader, const cJSON *value, struct fault *fault);
    bool is_needed;
} members[] = {{"name", read_name, true},
               {"sha256", read_digest, true},
               {"scopes", read_scopes, true},
               {"from", read_from, false},
               {"to", read_to, false},
               {"rate", read_rate, false},
               {"messages_per_day", read_messages, false},
               {"recipients_per_day", read_recipients, false},
               {"expires", read_expires, false},
               {"comment", read_comment, false}};
enum { MEMBER_COUNT = sizeof members / sizeof members[0] };

static const struct member *find_member(const char *name)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

/* --- The file. */

/* "keys[2] ("shop")": by its place, and its name where it has one that can be shown. */
static void describe_entry(const cJSON *entry, size_t index, char text[static 128])
{
    struct str name = str_of(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "name")));
    if (key_name_is_valid(name))
        snprintf(text, 128, "keys[%zu] (\"%.*s\")", index, STR_ARG(name));
    else
        snprintf(text, 128, "keys[%zu]", index);
}

static bool check_needed(const cJSON *entry, struct fault *fault)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (members[i].is_needed && !cJSON_GetObjectItemCaseSensitive(entry, members[i].name))
            return fault_set(fault, FAULT_INVALID_REQUEST, "has no \"%s\"", members[i].name);
    return true;
}

static bool read_entry(struct key_reader *reader, const cJSON *entry, struct fault *fault)
{
    struct fault unfit;
    if (!cJSON_IsObject(entry))
        return want(fault, "an object");
    reader->key->expires_s = INT64_MAX;
    for (const cJSON *value = entry->child; value; value = value->next) {
        const struct member *member = find_member(value->string);
        if (!member)
            return fault_set(fault, FAULT_INVALID_REQUEST, "has \"%.64s\", which is no member of a key",
                             value->string);
        if (!member->read(reader, value, &unfit))
            return fault_set(fault, unfit.code, "\"%s\" %s", member->name, unfit.detail);
    }
    return check_needed(entry, fault);
}

static bool check_unlike(const struct key_ring *ring, const struct key *key, struct fault *fault)
{
    for (const struct key *other = ring->keys; other < key; other++) {
        if (str_equal(other->name, key->name))
            return fault_set(fault, FAULT_INVALID_REQUEST, "has the name of an entry before it");
        if (memcmp(other->digest, key->digest, KEY_DIGEST_BYTES) == 0)
            return fault_set(fault, FAULT_INVALID_REQUEST,
                             "has the \"sha256\" of an entry before it (\"%.*s\")", STR_ARG(other->name));
    }
    return true;
}

static bool read_entries(struct arena *arena, const cJSON *root, struct key_ring *ring, struct fault *fault)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "keys");
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(root) != 1)
        return fault_set(fault, FAULT_INVALID_REQUEST, "there must be one member, \"keys\", with a list");
    int count = cJSON_GetArraySize(list);
    if (count > MAX_KEYS)
        return fault_set(fault, FAULT_INVALID_REQUEST, "there are %d keys; at most %d are taken", count,
                         MAX_KEYS);
    ring->keys = arena_take_array(arena, (size_t)count, sizeof *ring->keys);
    for (const cJSON *entry = ring->keys ? list->child : NULL; entry; entry = entry->next, ring->count++) {
        struct key_reader reader = {.arena = arena, .key = &ring->keys[ring->count]};
        struct fault unfit;
        char which[128];
        describe_entry(entry, ring->count, which);
        if (!read_entry(&reader, entry, &unfit) || !check_unlike(ring, reader.key, &unfit))
            return fault_set(fault, unfit.code, "%s: %s", which, unfit.detail);
    }
    return !arena->failed || fault_set(fault, FAULT_OVERLOADED, "there is no memory for so many keys");
}

bool key_ring_read(struct arena *arena, struct str text, const char *where, struct key_ring *ring,
                   struct fault *fault)
{
    struct fault inner;
    struct str pointer;
    *ring = (struct key_ring){.is_given = true};
    bool valid = json_check(arena, text, MAX_NODES, &pointer, &inner);
    cJSON *root = valid ? cJSON_ParseWithLength(text.data, text.len) : NULL;
    valid = valid && read_entries(arena, root, ring, &inner);
    cJSON_Delete(root);
    return valid || fault_set(fault, inner.code == FAULT_OVERLOADED ? inner.code : FAULT_INVALID_REQUEST,
                              "%s: %s", where, inner.detail);
}

/* Whoever can write it makes keys of his own; whoever can read it learns names and limits, but no key. */
static bool check_mode(const char *path, struct fault *fault)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return true; /* reading it says what is wrong */
    if (status.st_mode & S_IWOTH)
        return fault_set(fault, FAULT_INVALID_REQUEST, "%s: everybody may write it (chmod 600 %s)", path,
                         path);
    if (status.st_mode & (S_IROTH | S_IWGRP))
        log_event(LOG_LEVEL_WARN, "the file of API keys is open to others (chmod 600)",
                  LOG_TEXT("file", path));
    return true;
}

bool key_ring_load(struct arena *arena, struct str path, struct key_ring *ring, struct fault *fault)
{
    struct buf contents;
    struct fault inner;
    *ring = (struct key_ring){0};
    if (!path.data)
        return true;
    struct str terminated = arena_copy(arena, path);
    if (!terminated.data)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory");
    bool ok = check_mode(terminated.data, &inner) && file_read(terminated.data, &contents, &inner);
    if (ok) {
        ok = key_ring_read(arena, buf_view(&contents), terminated.data, ring, &inner);
        buf_wipe(&contents);
    }
    return ok || fault_set(fault, inner.code, "option api_keys_file: %s", inner.detail);
}

/* All entries are compared, whole, in constant time: how long it takes tells nothing of which byte, or
 * whether any entry, was right. What is longer than any key is not hashed at length: its size is no secret.
 */
struct key *key_ring_find(const struct key_ring *ring, struct str key)
{
    unsigned char digest[KEY_DIGEST_BYTES];
    struct key *found = NULL;
    if (!key.len || key.len > KEY_MAX_BYTES || !key_digest(key, digest))
        return NULL;
    for (size_t i = 0; i < ring->count; i++)
        if (CRYPTO_memcmp(ring->keys[i].digest, digest, sizeof digest) == 0)
            found = &ring->keys[i];
    OPENSSL_cleanse(digest, sizeof digest);
    return found;
}

struct key *key_ring_same(const struct key_ring *ring, const struct key *key)
{
    for (size_t i = 0; i < ring->count; i++)
        if (memcmp(ring->keys[i].digest, key->digest, KEY_DIGEST_BYTES) == 0)
            return &ring->keys[i];
    return NULL;
}

void key_ring_inherit(struct key_ring *ring, const struct key_ring *before)
{
    for (size_t i = 0; i < before->count; i++) {
        struct key *same = key_ring_same(ring, &before->keys[i]);
        if (same)
            memcpy(same->buckets, before->keys[i].buckets, sizeof same->buckets);
    }
}
