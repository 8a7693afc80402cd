/* api/json/json_write.h: JSON text, member by member, into a buffer.
 *
 * Opens and closes must match; commas look after themselves. A name is NULL inside an array and at the top.
 *
 * Errors     none until json_take: it gives NULL where memory or the bound did not suffice.
 */
#ifndef POSTERN_API_JSON_JSON_WRITE_H
#define POSTERN_API_JSON_JSON_WRITE_H

#include "base/buf.h"

struct json_writer {
    struct buf out;
    bool wants_comma;
};

void json_writer_init(struct json_writer *json, size_t max_bytes);

void json_open_object(struct json_writer *json, const char *name);
void json_close_object(struct json_writer *json);
void json_open_array(struct json_writer *json, const char *name);
void json_close_array(struct json_writer *json);

/* An absent text is null. What is not UTF-8 becomes U+FFFD. */
void json_text(struct json_writer *json, const char *name, struct str text);
void json_bool(struct json_writer *json, const char *name, bool value);
void json_uint(struct json_writer *json, const char *name, uint64_t value);
void json_null(struct json_writer *json, const char *name);

/* As milliseconds with one decimal: "3.4". */
void json_milliseconds(struct json_writer *json, const char *name, int64_t us);

/* The text, with a NUL behind that `bytes` does not count; freed by the caller. */
char *json_take(struct json_writer *json, size_t *bytes);

#endif
