/* api/http/layout.h: what stood on the wire between the parts of a request that libmicrohttpd hands over.
 *
 * Before 1.0 libmicrohttpd repairs what RFC 9112 wants refused, and calls afterwards: a bare LF ends a line, NUL cuts
 * a value short, a field without a name ends the header, a folded line goes to the field's name. But it parses in
 * place: each part points into the buffer that was read, in order. So the places of two neighbours tell whether
 * exactly the delimiter of the grammar stood between them. From 1.0 on libmicrohttpd is strict itself, and trims
 * what it hands over: there is nothing to see, and nothing is looked at.
 *
 * Limits     libmicrohttpd leaves NUL where CR, LF and a colon were. So NUL LF cannot be told from CRLF, nor, at the
 *            header's end, ":" LF or another four of NUL, CR and LF from the empty line. Of a chunk only what was
 *            read in one piece with its data is seen; hence no request is read behind chunks that are looked at.
 */
#ifndef POSTERN_API_HTTP_LAYOUT_H
#define POSTERN_API_HTTP_LAYOUT_H

#include "api/http/guard.h"

#include <microhttpd.h>

struct layout {
    struct str target;  /* where libmicrohttpd read it; what stands there may have changed */
    const char *buffer; /* to which it reads the body; NULL where nothing can be seen */
};

/* The library that runs, which may not be the one that this was compiled for, leaves the parts where it read them. */
bool layout_can_be_seen(void);

/* When the target is known, and before it is changed. */
void layout_begin(struct layout *layout, const char *target);

/* When the header is complete: tells the request where its parts lie, if that says something. */
void layout_find(struct layout *layout, struct MHD_Connection *connection, struct guard_request *request);

/* SP, SP, CRLF, then for each field ":" and CRLF, and an empty line, each of them NUL by now. */
bool layout_of_header_is_exact(const struct guard_request *request);

/* The bytes of a chunked body that were read in one piece with some of a chunk's data, up to that data: its size and
 * extension end with CRLF and have no control character, the chunk before it ended with CRLF. */
bool layout_of_chunk_is_exact(struct str before_data);

/* The same, of data that libmicrohttpd has just handed over. */
bool layout_check_chunk(const struct layout *layout, const char *data, struct fault *fault);

#endif
