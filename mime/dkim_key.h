/* mime/dkim_key.h: the keys that messages are signed with, and what is published of them (RFC 6376 3.6.1, 8301,
 * 8463).
 *
 * Ownership  a ring owns its keys; the views it was made from outlive it.
 * Errors     INVALID_REQUEST, naming domain and selector, never the key.
 * Threads    a ring is read only once loaded.
 * Limits     RSA keys of 2,048 to 8,192 bits; DKIM_MAX_KEYS keys.
 */
#ifndef POSTERN_MIME_DKIM_KEY_H
#define POSTERN_MIME_DKIM_KEY_H

#include "base/buf.h"
#include "base/fault.h"

enum { DKIM_MAX_KEYS = 32, DKIM_MAX_SIGNATURE_BYTES = 1024, DKIM_DIGEST_BYTES = 32 };

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

/* `pem`: a private key, unencrypted. A domain has a selector once. */
bool dkim_ring_add(struct dkim_ring *ring, struct str domain, struct str selector, struct str pem,
                   struct fault *fault);
void dkim_ring_fini(struct dkim_ring *ring);

/* Whether a message of this domain is to be signed. */
bool dkim_ring_has(const struct dkim_ring *ring, struct str domain);

/* As in k= and in a=: "rsa" or "ed25519". */
const char *dkim_key_kind(const struct dkim_key *key);
unsigned dkim_key_bits(const struct dkim_key *key);

/* The TXT record that verifiers look for at SELECTOR._domainkey.DOMAIN. */
bool dkim_key_record(const struct dkim_key *key, struct buf *record);

/* Whether the bytes of a published p= are the public half of the key. */
bool dkim_key_is(const struct dkim_key *key, struct str published);

/* Signs a SHA-256; returns the length of the signature, 0 when OpenSSL fails. */
size_t dkim_key_sign(const struct dkim_key *key, const unsigned char digest[static DKIM_DIGEST_BYTES],
                     unsigned char signature[static DKIM_MAX_SIGNATURE_BYTES]);

#endif
