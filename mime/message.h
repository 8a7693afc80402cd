/* mime/message.h: a message as a value, before it has bytes.
 *
 * Filled by whoever reads it from somewhere; every string was checked by the functions here and in mailbox.h
 * before it gets in, so that rendering cannot fail on content. There is no Bcc here: blind recipients are the
 * envelope's alone, and so cannot leak.
 *
 * Ownership  every view points into memory that outlives the message (the request's arena and body).
 * Errors     checks give INVALID_HEADER, INVALID_ATTACHMENT or INVALID_REQUEST, with the rule that was
 *            broken.
 */
#ifndef POSTERN_MIME_MESSAGE_H
#define POSTERN_MIME_MESSAGE_H

#include "mime/mailbox.h"

struct mailbox_list {
    struct mailbox *items;
    size_t count;
};

struct header_field {
    struct str name;
    struct str value; /* UTF-8, one line, unencoded */
};

enum disposition { DISPOSITION_ATTACHMENT, DISPOSITION_INLINE };

struct attachment {
    struct str content_base64;    /* as the caller sent it, checked; white space allowed between groups */
    struct str filename;          /* UTF-8, path stripped; absent where there is none */
    struct str content_type;      /* type/subtype with parameters, checked; never absent */
    struct str content_id;        /* without angle brackets; absent where there is none */
    enum disposition disposition; /* inline with a content ID: shown within the html */
};

enum { BOUNDARY_TOKEN_BYTES = 27 };

struct message {
    struct mailbox from;
    struct mailbox sender; /* address absent where there is none */
    struct mailbox_list to, cc, reply_to;
    struct str subject; /* absent where there is none */
    struct str text;    /* UTF-8, any line endings; absent where there is none */
    struct str html;
    struct attachment *attachments;
    size_t attachment_count;
    struct header_field *headers; /* the caller's own, in order */
    size_t header_count;
    struct str message_id;                     /* with angle brackets */
    int64_t date_s;                            /* seconds since 1970, UTC */
    char boundary_token[BOUNDARY_TOKEN_BYTES]; /* random and unguessable, with a NUL behind: boundaries are
                                                  made of it */
};

/* Draws Message-ID (in the domain of `from`, from the UUID `id`), date and boundary token for a message that
 * has none. */
bool message_stamp(struct arena *arena, struct message *message, const char *id);

/* A caller's own header field: name of token characters, not one that Postern writes; value without
 * controls. */
bool message_check_header(struct str name, struct str value, struct fault *fault);

/* A one-line value that Postern puts into a header of its own (a subject): UTF-8, no control characters. */
bool message_check_line(struct str value, struct fault *fault);

/* type/subtype and parameters (RFC 2045 5.1); no multipart and no message type: attachments are base64. */
bool message_check_content_type(struct str content_type, struct fault *fault);
bool message_check_content_id(struct str content_id, struct fault *fault);

/* base64 with correct padding; spaces and line ends are allowed, nothing else. `decoded_bytes` is what it
 * decodes to. */
bool message_check_base64(struct str base64, uint64_t *decoded_bytes, struct fault *fault);

/* The last component of a path of either kind, without controls or bidirectional overrides; absent where
 * nothing is left. */
struct str message_clean_filename(struct arena *arena, struct str filename);

/* By the file name's extension, from a table; "application/octet-stream" where it is not known. */
struct str message_guess_content_type(struct str filename);

#endif
