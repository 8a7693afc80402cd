/* api/answer/problem_write.h: the members that all problems share, for problem.c and receipt.c. */
#ifndef POSTERN_API_ANSWER_PROBLEM_WRITE_H
#define POSTERN_API_ANSWER_PROBLEM_WRITE_H

#include "api/json/json_write.h"
#include "base/fault.h"
#include "base/outcome.h"

/* Far above any answer that the bounds on errors, recipients and replies allow. */
enum { PROBLEM_MAX_BYTES = 64 * 1024 * 1024 };

/* "type" to "detail" (RFC 9457 3.1), then "id" and "delivery" where there is an id, "retryable". */
void problem_write_head(struct json_writer *json, enum fault_code code, struct str detail, struct str id,
                        enum delivery delivery);

/* One element of "errors". */
void problem_write_error(struct json_writer *json, const char *place_name, struct str place,
                         enum fault_code code, struct str detail);

#endif
