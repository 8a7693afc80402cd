/* service/commands/txt_lookup.h: the TXT records of a name (RFC 1035 3.3.14), by this machine's resolver.
 *
 * The resolver has time-outs of its own, and over TCP none at all: it is asked on a thread that is left behind
 * when the deadline has passed.
 *
 * Ownership  records are copied into the arena.
 * Limits     an answer: 64 KiB, and the first TXT_MAX_RECORDS of it.
 */
#ifndef POSTERN_SERVICE_COMMANDS_TXT_LOOKUP_H
#define POSTERN_SERVICE_COMMANDS_TXT_LOOKUP_H

#include "base/arena.h"
#include "base/clock.h"

enum { TXT_MAX_RECORDS = 16 };

enum txt_status {
    TXT_FOUND,
    TXT_NONE,        /* the name is not there, or has no TXT record */
    TXT_UNREACHABLE, /* no name server answered in time, or at all */
    TXT_FAILED       /* one did, and could not tell, or made no sense */
};

struct txt_answer {
    struct str records[TXT_MAX_RECORDS]; /* each record's strings joined */
    size_t count;
};

enum txt_status txt_lookup(struct arena *arena, const char *name, struct deadline deadline,
                           struct txt_answer *answer);

/* Reads a response as it came from a name server. */
enum txt_status txt_read(struct arena *arena, const unsigned char *response, size_t len,
                         struct txt_answer *answer);

#endif
