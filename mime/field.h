/* mime/field.h: a finished header taken apart into its fields (RFC 5322 2.2). Pure. */
#ifndef POSTERN_MIME_FIELD_H
#define POSTERN_MIME_FIELD_H

#include "base/str.h"

/* The next field with its folds and its last line end. Absent at the empty line that ends the header, which is taken
 * too, and at the end of `rest`. */
struct str field_next(struct str *rest);

#endif
