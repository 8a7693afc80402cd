/* service/relays/quote.h: takes out of a relay's words what they quote of the message, before they are logged.
 *
 * "550 5.7.1 Your subject 'Quarterly figures' is refused": the caller may read that, who has written it; the
 * log is somebody else's. So each run of 8 octets that stands in the subject, a body, a header field of the
 * caller's own, a file name or an attachment, as the caller gave them, is covered.
 *
 * Limits     shorter quotes stay, and so do those that the relay has put into other words or encoded. Of an
 *            attachment the first 64 KiB are looked at.
 */
#ifndef POSTERN_SERVICE_RELAYS_QUOTE_H
#define POSTERN_SERVICE_RELAYS_QUOTE_H

#include "base/arena.h"
#include "mime/message.h"

/* An arena of so much is room for what a whole dialogue needs. */
enum { QUOTE_RUN_BYTES = 8, QUOTE_ARENA_BYTES = 8 << 20 };

/* Of all that is said of a message at once, for which the message is read once: makes each text a copy with "*" over
 * each octet of a quote, line ends excepted. Absent stays absent, and all are when out of memory. */
void quote_cover(struct arena *arena, struct str texts[], size_t count, const struct message *message);

#endif
