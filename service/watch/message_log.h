/* service/watch/message_log.h: the line that each message ends in, and what else the log says of one.
 *
 * Contents and credentials stand in none of it: what a relay says goes through quote.h first.
 */
#ifndef POSTERN_SERVICE_WATCH_MESSAGE_LOG_H
#define POSTERN_SERVICE_WATCH_MESSAGE_LOG_H

#include "api/submission.h"

/* Before it is completed; `total_us` since it was submitted. */
void message_log_end(const struct submission *submission, int64_t total_us);

/* It goes on from this relay to the next. */
void message_log_move(const struct submission *submission, struct str relay);

#endif
