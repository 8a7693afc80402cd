#include "api/http/front.h"

#include "api/http/openapi_text.h"

#include <stdlib.h>
#include <string.h>

static const char page[] = "Postern: mail over HTTP.\n"
                           "\n"
                           "  POST /v1/messages    send a message (JSON)\n"
                           "  GET  /openapi.yaml   all of it, described\n"
                           "\n"
                           "  curl -H 'Content-Type: application/json' http://HOST/v1/messages -d '{\n"
                           "    \"from\": \"Ann Lee <ann@example.com>\", \"to\": \"bob@example.net\",\n"
                           "    \"subject\": \"Hello\", \"text\": \"Hello Bob\"}'\n";

static void answer_copy(struct api_answer *answer, const char *content_type, const void *text, size_t bytes)
{
    *answer = (struct api_answer){
        .status = 200, .content_type = content_type, .body = malloc(bytes), .body_bytes = bytes};
    if (answer->body)
        memcpy(answer->body, text, bytes);
}

void front_answer_page(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context;
    (void)call;
    answer_copy(answer, "text/plain; charset=utf-8", page, sizeof page - 1);
}

void front_answer_openapi(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context;
    (void)call;
    answer_copy(answer, "application/yaml", openapi_text, openapi_text_bytes);
}
