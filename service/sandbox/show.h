/* service/sandbox/show.h: what is kept, as JSON for people and their tests.
 *
 * Limits     of a message's text and HTML 1 MiB each, the whole is in its part; 1,000 header fields of 16 KiB.
 */
#ifndef POSTERN_SERVICE_SANDBOX_SHOW_H
#define POSTERN_SERVICE_SANDBOX_SHOW_H

#include "api/json/json_write.h"
#include "service/sandbox/exchange.h"
#include "service/sandbox/journal.h"
#include "service/sandbox/part.h"
#include "service/sandbox/store.h"

/* What a browser fetches by itself carries no key: a frame, a picture in it, a file to be saved. So these addresses are
 * made for the message and cannot be guessed; whoever has one may see that message. `what`: "html", "eml", "parts/2". */
enum { SHOW_URL_BYTES = 96 };
void show_url(char url[static SHOW_URL_BYTES], const struct sandbox_message *message, const char *what);
void show_part_url(char url[static SHOW_URL_BYTES], const struct sandbox_message *message, size_t place);

/* What stands in a list. */
void show_message_line(struct json_writer *json, const struct sandbox_message *message);

/* `exchange_id`: of the request that caused it; absent where none did. */
void show_message(struct json_writer *json, const struct sandbox_message *message,
                  const struct sandbox_parts *parts, struct str exchange_id);

/* An array of lines, their times counted from the first. */
void show_dialogue(struct json_writer *json, const char *name, struct str dialogue);

void show_session_line(struct json_writer *json, const struct sandbox_record *record);
void show_session(struct json_writer *json, const struct sandbox_record *record);

void show_exchange_line(struct json_writer *json, const struct sandbox_exchange *exchange);

/* `captured_id` is of its message; absent for none. */
void show_exchange(struct json_writer *json, const struct sandbox_exchange *exchange, struct str captured_id);

#endif
