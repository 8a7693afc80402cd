/* mime/dkim_record.h: what a published key record says to those who verify (RFC 6376 3.6.1, 3.6.2), beside the key that
 * signs. */
#ifndef POSTERN_MIME_DKIM_RECORD_H
#define POSTERN_MIME_DKIM_RECORD_H

#include "mime/dkim_key.h"

enum dkim_record_state {
    DKIM_RECORD_FITS,
    DKIM_RECORD_IN_TEST,       /* it fits, but t=y */
    DKIM_RECORD_MALFORMED,     /* no list of tags, a tag twice, or no p= */
    DKIM_RECORD_OTHER_VERSION, /* v= is not DKIM1, or not the first */
    DKIM_RECORD_OTHER_KIND,    /* k= */
    DKIM_RECORD_NO_SHA256,     /* h= */
    DKIM_RECORD_NOT_FOR_MAIL,  /* s= */
    DKIM_RECORD_REVOKED,       /* an empty p= */
    DKIM_RECORD_OTHER_KEY,     /* p= */
    DKIM_RECORD_STATES
};

/* `record`: the strings of one TXT record, joined. */
enum dkim_record_state dkim_record_compare(const struct dkim_key *key, struct str record);

#endif
