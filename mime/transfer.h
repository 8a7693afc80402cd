/* mime/transfer.h: a body in its transfer encoding (RFC 2045 section 6), pulled through a window.
 *
 * Text goes as 7bit where that is safe, else as quoted-printable or base64, whichever is shorter; an
 * attachment goes as base64, which it mostly came as.
 *
 * Ownership  the window is the caller's who pulls; what was encoded to be measured is kept in the arena.
 */
#ifndef POSTERN_MIME_TRANSFER_H
#define POSTERN_MIME_TRANSFER_H

#include "base/arena.h"
#include "mime/canonical.h"
#include "mime/quoted_printable.h"

enum transfer_encoding {
    TRANSFER_7BIT,
    TRANSFER_QUOTED_PRINTABLE,
    TRANSFER_BASE64,
    TRANSFER_BASE64_FILE, /* of octets as they are, no text */
    TRANSFER_BASE64_WRAP, /* the content is base64 already */
};

enum { TRANSFER_WINDOW_BYTES = 32 * 1024 };

struct transfer {
    enum transfer_encoding encoding;
    struct str content;
    uint64_t size_octets; /* of all that will be pulled */
    struct str ready;     /* all of that, where it stands somewhere already; else absent */
    struct canonical canonical;
    struct quoted_printable quoted_printable;
    struct str rest; /* of what is ready, of a file, or of base64 content */
};

/* `forbidden` is what boundaries are made of: a text that holds it does not go as it is. False when the arena is
 * full. */
bool transfer_set_text(struct transfer *transfer, struct arena *arena, struct str text, struct str forbidden);

/* As it is, whatever it holds; the last line is given an end. */
void transfer_set_lines(struct transfer *transfer, struct str lines);
void transfer_set_file(struct transfer *transfer, struct str octets);
void transfer_set_base64(struct transfer *transfer, struct str base64);

/* The value of Content-Transfer-Encoding. */
struct str transfer_name(const struct transfer *transfer);

/* The window that pulls it with the fewest pieces: no larger than the largest, 0 where none is needed. */
size_t transfer_window_bytes(const struct transfer *transfer);

/* The next piece, in the window or where it is ready; empty at the end. The window has what was asked for, or
 * more. */
struct str transfer_pull(struct transfer *transfer, char *window, size_t window_bytes);
void transfer_rewind(struct transfer *transfer);

#endif
