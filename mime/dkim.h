/* mime/dkim.h: signs a message with the keys of its author's domain (RFC 6376, 8301, 8463).
 *
 * rsa-sha256 and ed25519-sha256, relaxed/relaxed; with a key of each kind a message carries both signatures.
 * The whole body is signed, always (no l=). Fields that a message has once are signed once more than they
 * occur, so that nobody can add another.
 *
 * Ownership  a ring owns its keys; the views it was made from outlive it.
 * Errors     loading: INVALID_REQUEST, naming domain and selector, never the key.
 * Threads    a ring is read only once loaded.
 * Limits     RSA keys of 2,048 to 8,192 bits; DKIM_MAX_KEYS keys.
 */
#ifndef POSTERN_MIME_DKIM_H
#define POSTERN_MIME_DKIM_H

#include "base/arena.h"
#include "base/fault.h"

enum { DKIM_MAX_KEYS = 32 };

struct evp_pkey_st;

struct dkim_key {
    struct str domain; /* A-labels, in lower case */
    struct str selector;
    struct evp_pkey_st *pkey;
};

struct dkim_ring {
    struct dkim_key keys[DKIM_MAX_KEYS];
    size_t count;
    struct str more_fields; /* names to sign beside the usual ones, separated by spaces; may be absent */
};

/* `pem`: a private key, unencrypted. */
bool dkim_ring_add(struct dkim_ring *ring, struct str domain, struct str selector, struct str pem,
                   struct fault *fault);
void dkim_ring_fini(struct dkim_ring *ring);

/* Whether a message of this domain is to be signed. */
bool dkim_ring_has(const struct dkim_ring *ring, struct str domain);

/* The TXT record that verifiers look for at SELECTOR._domainkey.DOMAIN (RFC 6376 3.6.1). */
bool dkim_key_record(const struct dkim_key *key, struct buf *record);

/* Collects the hash of the body as it is pulled. */
struct dkim_hash;
struct dkim_hash *dkim_hash_new(void);
void dkim_hash_feed(struct dkim_hash *hash, struct str body_piece);
void dkim_hash_free(struct dkim_hash **hash);

/* A DKIM-Signature field, CRLF behind it, for each key of the domain, to stand before the message. `header`:
 * all of its fields, CRLF behind each. Ends the hash. False when out of memory, or when OpenSSL fails: what
 * was written is of no use. */
bool dkim_sign(const struct dkim_ring *ring, struct str domain, struct str header, struct dkim_hash *hash,
               int64_t at_s, struct buf *fields);

#endif
