/* service/access/keys.h: API keys from a file: who may do what, and how often.
 *
 *     {"keys": [{"name": "shop", "sha256": "9f86d0...", "scopes": ["send"],
 *                "from": ["@example.com"], "to": ["ann@example.net", "@*.example.net"],
 *                "rate": "10/s burst 50", "messages_per_day": 1000, "recipients_per_day": 5000,
 *                "expires": "2027-12-31T00:00:00Z", "comment": "asked for by Bob"}]}
 *
 * The file has a key's SHA-256 and never the key. A key is 256 bits at random: nothing slower than a hash is
 * needed to keep it from being found by trying, and what came over the network is compared as a hash, in
 * constant time.
 *
 * Ownership  names and rules are kept in the arena.
 * Errors     INVALID_REQUEST, naming the file, the entry and the member; OVERLOADED.
 * Threads    read only once loaded, but for the buckets.
 * Limits     1,000 keys, 1,000 rules a list, a file of 1 MiB.
 */
#ifndef POSTERN_SERVICE_ACCESS_KEYS_H
#define POSTERN_SERVICE_ACCESS_KEYS_H

#include "api/http/access.h"
#include "service/access/rate.h"

enum { KEY_DIGEST_BYTES = 32, KEY_MAX_NAME_BYTES = 64, KEY_MAX_BYTES = 512 };

enum key_limit { KEY_RATE, KEY_MESSAGES, KEY_RECIPIENTS, KEY_LIMITS };

struct key {
    struct str name;
    unsigned char digest[KEY_DIGEST_BYTES];
    unsigned scopes; /* a bit for each enum access_scope */
    struct allow_list senders, recipients;
    struct rate limits[KEY_LIMITS];
    struct rate_bucket buckets[KEY_LIMITS]; /* whoever counts guards them */
    int64_t expires_s;                      /* since 1970; INT64_MAX: never */
};

struct key_ring {
    struct key *keys;
    size_t count;
    bool is_given; /* a file was named: even if it has no keys, nobody may do anything without one */
};

/* A file that others may write is refused, one that others may read is warned of. */
bool key_ring_load(struct arena *arena, struct str path, struct key_ring *ring, struct fault *fault);

/* Of the text of such a file; `where` is what a fault begins with. */
bool key_ring_read(struct arena *arena, struct str text, const char *where, struct key_ring *ring,
                   struct fault *fault);

/* The key's entry, be it expired or not; takes as long whether there is one or not. */
struct key *key_ring_find(const struct key_ring *ring, struct str key);

/* The entry with this one's digest in another ring; NULL where it has none. */
struct key *key_ring_same(const struct key_ring *ring, const struct key *key);

/* What was used up goes along from the entries of one ring to the same keys of the next. */
void key_ring_inherit(struct key_ring *ring, const struct key_ring *before);

/* "send": as in "scopes"; NULL for what needs no key. */
const char *key_scope_name(enum access_scope scope);
bool key_name_is_valid(struct str name);
bool key_digest(struct str key, unsigned char digest[static KEY_DIGEST_BYTES]);

#endif
