/* api/http/front.h: what the main listener tells about itself: GET / and GET /openapi.yaml. */
#ifndef POSTERN_API_HTTP_FRONT_H
#define POSTERN_API_HTTP_FRONT_H

#include "api/http/server.h"

void front_answer_page(void *context, const struct api_call *call, struct api_answer *answer);
void front_answer_openapi(void *context, const struct api_call *call, struct api_answer *answer);

#endif
