/* api/http/evidence.h: what is kept of a request for a message until its witness sees it together with the answer.
 *
 * Ownership  the front of the body is its own.
 * Errors     none: without memory for it, the witness sees no body.
 */
#ifndef POSTERN_API_HTTP_EVIDENCE_H
#define POSTERN_API_HTTP_EVIDENCE_H

#include "api/http/response.h"
#include "api/http/witness.h"

/* Begins as zeros. */
struct evidence {
    int64_t began_us;
    const char *target; /* the request's */
    char *body;
    size_t body_bytes, all_bytes;
};

void evidence_begin(struct evidence *evidence, const char *target);

/* Does nothing where there is no witness. */
void evidence_keep(struct evidence *evidence, const struct api_witness *witness, struct str body);
void evidence_give(const struct evidence *evidence, const struct api_witness *witness,
                   struct MHD_Connection *connection, const struct response *response,
                   const struct submission *submission);
void evidence_fini(struct evidence *evidence);

#endif
