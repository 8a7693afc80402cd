/* mime/render.h: the bytes of a message, pulled piece by piece (RFC 5322, 2045, 2046, 2047, 2231, 2387).
 *
 * The tree is mixed( alternative( text, related( html, inline... ), calendar ), attachments..., calendar ); a
 * wrapper with one child is left out. What is small is made once when the rendering starts; base64 content is re-wrapped on
 * the way out, never copied whole.
 *
 * Ownership  the render lives in the arena and reads the message and what it points at; a piece lives until
 *            the next pull.
 * Errors     starting fails only when the arena is full, or OpenSSL fails. The size is exact before the first
 *            pull.
 * Threads    one at a time; it may change hands between pulls.
 */
#ifndef POSTERN_MIME_RENDER_H
#define POSTERN_MIME_RENDER_H

#include "mime/message.h"

struct render;
struct dkim_ring;

/* Signed with the ring's keys of the author's domain, where it has any; `ring` may be NULL. NULL when the
 * arena is full, or when it cannot be signed. */
struct render *render_start(struct arena *arena, const struct message *message, const struct dkim_ring *ring);

/* Octets of the whole, CRLF line ends counted, before any dot-stuffing (RFC 1870 section 3). */
uint64_t render_size_octets(const struct render *render);

/* The headers hold raw UTF-8, because an address in them cannot be written without (RFC 6532). */
bool render_needs_smtputf8(const struct render *render);

/* A body has octets beyond ASCII (RFC 6152), as only one that was not built here can. */
bool render_needs_8bitmime(const struct render *render);

/* The next piece, never empty; false at the end. */
bool render_pull(struct render *render, struct str *piece);

/* Back to the first piece, for another try. */
void render_rewind(struct render *render);

#endif
