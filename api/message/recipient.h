/* api/message/recipient.h: mailboxes of a request, and the envelope's recipients that are gathered from them.
 *
 * A mailbox that stands in several places, or twice in one, is one recipient: the first place counts, and the
 * header keeps them all.
 */
#ifndef POSTERN_API_MESSAGE_RECIPIENT_H
#define POSTERN_API_MESSAGE_RECIPIENT_H

#include "api/message/field.h"

/* A string, or an object of "email" and "name". */
bool recipient_read_mailbox(struct reader *reader, const cJSON *value, const struct place *place,
                            struct mailbox *mailbox);

/* One mailbox or an array of them. */
void recipient_read_list(struct reader *reader, const cJSON *value, const struct place *place,
                         struct mailbox_list *list);

/* Room for `count` recipients. NULL when the arena is full. */
struct recipient_set *recipient_set_new(struct arena *arena, size_t count);

/* Adds a list that was read from `value` at `place`; refuses the first one for which there is no room. */
void recipient_set_add(struct reader *reader, const cJSON *value, const struct place *place,
                       const struct mailbox_list *list);

/* Adds one; `at` is NULL where it stands in no JSON. */
void recipient_set_put(struct reader *reader, const struct mailbox *mailbox, const struct place *at);

/* Fills the submission's recipients and pointers, without duplicates, in the order of the request. */
void recipient_set_keep(struct reader *reader);

#endif
