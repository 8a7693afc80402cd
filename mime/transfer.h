/* mime/transfer.h: a body in its transfer encoding (RFC 2045 section 6), pulled through a window.
 *
 * Text goes as 7bit where that is safe, else as quoted-printable or base64, whichever is shorter; an
 * attachment goes as base64, which it mostly came as.
 */
#ifndef POSTERN_MIME_TRANSFER_H
#define POSTERN_MIME_TRANSFER_H

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
    struct str encoded;   /* all of it, where the window that measured it holds it still; else absent */
    struct canonical canonical;
    struct quoted_printable quoted_printable;
    struct str rest; /* of a file, or of base64 content */
};

/* `forbidden` is what boundaries are made of: a text that holds it does not go as it is. `window` is used to
 * measure. */
void transfer_set_text(struct transfer *transfer, struct str text, struct str forbidden,
                       char window[static TRANSFER_WINDOW_BYTES]);

/* As it is, whatever it holds; the last line is given an end. */
void transfer_set_lines(struct transfer *transfer, struct str lines);
void transfer_set_file(struct transfer *transfer, struct str octets);
void transfer_set_base64(struct transfer *transfer, struct str base64);

/* The value of Content-Transfer-Encoding. */
struct str transfer_name(const struct transfer *transfer);

/* Fills the window; returns the octets, 0 at the end. */
size_t transfer_pull(struct transfer *transfer, char window[static TRANSFER_WINDOW_BYTES]);
void transfer_rewind(struct transfer *transfer);

#endif
