#include "api/http/evidence.h"

#include "api/http/fields.h"

#include <stdlib.h>
#include <string.h>

void evidence_begin(struct evidence *evidence, const char *target)
{
    evidence->began_us = clock_monotonic_us();
    evidence->target = target;
}

void evidence_keep(struct evidence *evidence, const struct api_witness *witness, struct str body)
{
    if (!witness->see)
        return;
    struct str front = str_first(body, WITNESS_MAX_BODY_BYTES);
    evidence->all_bytes = body.len;
    evidence->body = malloc(front.len + 1);
    if (!evidence->body)
        return;
    memcpy(evidence->body, front.data, front.len);
    evidence->body_bytes = front.len;
}

void evidence_give(const struct evidence *evidence, const struct api_witness *witness,
                   struct MHD_Connection *connection, const struct response *response,
                   const struct submission *submission)
{
    if (!witness->see)
        return;
    struct guard_request request = {0};
    fields_gather(connection, &request);
    const struct witnessed seen = {
        .began_us = evidence->began_us,
        .answered_us = clock_monotonic_us(),
        .method = "POST",
        .target = evidence->target,
        .request = &request,
        .body = {evidence->body, evidence->body_bytes},
        .body_bytes = evidence->all_bytes,
        .status = response->status,
        .problem = response->fault == FAULT_NONE ? NULL : fault_kind(response->fault)->name,
        .content_type = str_of(response->content_type),
        .answer = {response->body, response->body_bytes},
        .submission = submission,
    };
    witness->see(witness->context, &seen);
}

void evidence_fini(struct evidence *evidence)
{
    free(evidence->body);
    evidence->body = NULL;
}
