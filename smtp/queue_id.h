/* smtp/queue_id.h: the relay's name for a message, read from the text of its last reply.
 *
 * No standard says where it stands: a table has the form that each kind of relay uses, a row each.
 */
#ifndef POSTERN_SMTP_QUEUE_ID_H
#define POSTERN_SMTP_QUEUE_ID_H

#include "base/str.h"

/* `text` as the outcome shows it; the view points into it. Absent where no form fits, or where no ID stands
 * in it. */
struct str smtp_queue_id_find(struct str text);

#endif
