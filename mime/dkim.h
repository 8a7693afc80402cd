/* mime/dkim.h: signs a message with the keys of its author's domain (RFC 6376, 8301, 8463).
 *
 * rsa-sha256 and ed25519-sha256, relaxed/relaxed; with a key of each kind a message carries both signatures.
 * The whole body is signed, always (no l=). d= has A-labels, which RFC 8616 3 allows in any message.
 */
#ifndef POSTERN_MIME_DKIM_H
#define POSTERN_MIME_DKIM_H

#include "mime/dkim_key.h"

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
