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

#include "mime/date.h"
#include "mime/finished.h"
#include "mime/list_unsubscribe.h"
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
    struct str content;           /* octets as they are; absent where they came as base64 */
    struct str content_base64;    /* as the caller sent it, checked; white space allowed between groups */
    struct str filename;          /* UTF-8, path stripped; absent where there is none */
    struct str content_type;      /* type/subtype with parameters, checked; never absent */
    struct str content_id;        /* without angle brackets; absent where there is none */
    enum disposition disposition; /* inline with a content ID: shown within the html */
};

/* An invitation, or what became of one (RFC 5545, 6047). */
struct calendar {
    struct str content; /* iCalendar text, any line endings; absent where there is none */
    struct str method;  /* that of the content */
};

enum { BOUNDARY_TOKEN_BYTES = 27 };

struct message {
    struct mailbox from;
    struct finished
        finished; /* the whole of it but for `from` and `message_id`, where somebody else has built it */
    struct mailbox sender; /* address absent where there is none */
    struct mailbox_list to, cc, reply_to;
    struct str subject; /* absent where there is none */
    struct str text;    /* UTF-8, any line endings; absent where there is none */
    struct str html;
    struct calendar calendar;
    struct attachment *attachments;
    size_t attachment_count;
    struct header_field *headers; /* the caller's own, in order */
    size_t header_count;
    struct header_field trace; /* of the operator's, on top of it; name absent where there is none */
    struct list_unsubscribe list_unsubscribe;
    struct str in_reply_to, references; /* message IDs, spaces between them; absent where there are none */
    struct str message_id;              /* with angle brackets */
    struct str *original_recipients;    /* whom it was meant for, where it goes to somebody else */
    size_t original_recipient_count;
    struct date date;
    bool is_dated;                             /* `date` was given */
    int64_t created_s;                         /* when it was stamped: seconds since 1970 */
    char boundary_token[BOUNDARY_TOKEN_BYTES]; /* random and unguessable, with a NUL behind: boundaries are
                                                  made of it */
};

/* Draws Message-ID (in the domain of `from`, from the UUID `id`), date and boundary token for a message that
 * has none. */
bool message_stamp(struct arena *arena, struct message *message, const char *id);

/* A caller's own header field: name of token characters, not one that Postern writes; value without
 * controls. */
bool message_check_header(struct str name, struct str value, struct fault *fault);

/* The caller's own header field `index` is one that a message has once at most, and it stands there already. */
bool message_repeats_header(const struct message *message, size_t index);

/* A one-line value that Postern puts into a header of its own (a subject): UTF-8, no control characters. */
bool message_check_line(struct str value, struct fault *fault);

/* type/subtype and parameters (RFC 2045 5.1); no multipart and no message type: attachments are base64. */
bool message_check_content_type(struct str content_type, struct fault *fault);
bool message_check_content_id(struct str content_id, struct fault *fault);

/* Begins a VCALENDAR; sets the method, where the caller gave none, from the content's METHOD, with which it
 * must agree (RFC 6047 2.4). */
bool message_check_calendar(struct calendar *calendar, struct fault *fault);

/* base64 with correct padding; spaces and line ends are allowed, nothing else. `decoded_bytes` is what it
 * decodes to. */
bool message_check_base64(struct str base64, uint64_t *decoded_bytes, struct fault *fault);

/* The last component of a path of either kind, without controls or bidirectional overrides; absent where
 * nothing is left. */
struct str message_clean_filename(struct arena *arena, struct str filename);

/* By the file name's extension, from a table; "application/octet-stream" where it is not known. */
struct str message_guess_content_type(struct str filename);

#endif
