/* mime/parameter.h: parameters of Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2231, RFC 2183).
 *
 * A file name is written for three generations of readers: as RFC 2231 has it where it is not short ASCII, as
 * plain ASCII in the `filename` that those before it read, and as encoded words in the `name` of
 * Content-Type, which RFC 2047 forbids and many a mail program reads nevertheless.
 */
#ifndef POSTERN_MIME_PARAMETER_H
#define POSTERN_MIME_PARAMETER_H

#include "mime/header.h"

/* `; name="value"` for a value in ASCII. */
void parameter_append(struct header *header, const char *name, struct str value);

/* The same with a value that is a token or a quoted string already. */
void parameter_append_given(struct header *header, struct str name, struct str value);

/* `; name*0*=utf-8''...; name*1*=...`: whole code points, no cut within a "%C3" (RFC 2231 3, 4). */
void parameter_append_extended(struct header *header, const char *name, struct str value);

/* The `filename` parameters of a Content-Disposition. */
void parameter_append_filename(struct header *header, struct str filename);

/* The `name` parameter of a Content-Type. */
void parameter_append_name(struct header *header, struct str filename);

#endif
