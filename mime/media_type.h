/* mime/media_type.h: a Content-Type value (RFC 2045 5.1), checked and walked, and guessed from a file name.
 */
#ifndef POSTERN_MIME_MEDIA_TYPE_H
#define POSTERN_MIME_MEDIA_TYPE_H

#include "base/fault.h"

enum { MEDIA_TYPE_MAX_BYTES = 255 };

/* In ASCII, `type/subtype` with parameters as tokens or quoted strings. Composite types are refused: their
 * content may not be base64 (RFC 2045 6.4), and all attachments are. Fault: INVALID_ATTACHMENT. */
bool media_type_check(struct str content_type, struct fault *fault);

/* `type/subtype` alone. `rest` is what media_type_next_parameter takes. */
struct str media_type_essence(struct str content_type, struct str *rest);

/* The next `name=value`, the value still quoted where it was; false at the end, or where there is no valid
 * one, which then stands in `rest`. */
bool media_type_next_parameter(struct str *rest, struct str *name, struct str *value);

/* By extension; "application/octet-stream" where it is not known. */
struct str media_type_guess(struct str filename);

#endif
