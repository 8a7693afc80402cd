#include "service/sandbox/page.h"
#include "service/sandbox/serve.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Its own script and style, nothing inline, nothing from elsewhere; messages in frames of their own policy. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                             "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
                             "frame-ancestors 'none'";

static void answer_copy(struct api_answer *answer, const char *content_type, const void *bytes, size_t len)
{
    answer->body = malloc(len + 1);
    if (!answer->body)
        return;
    memcpy(answer->body, bytes, len);
    answer->body_bytes = len;
    answer->status = 200;
    answer->content_type = content_type;
}

static void answer_file(struct api_answer *answer, struct str name)
{
    for (size_t i = 0; i < sandbox_page_file_count; i++) {
        const struct sandbox_page_file *file = &sandbox_page_files[i];
        if (!str_equal(name, str_of(file->name)))
            continue;
        answer_copy(answer, file->content_type, file->bytes, file->len);
        serve_field(answer, "Content-Security-Policy", policy);
        serve_field(answer, "Referrer-Policy", "no-referrer");
        return;
    }
    serve_fault(answer, FAULT_NOT_FOUND, "the page has no such file");
}

void serve_page(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context, (void)call;
    answer_file(answer, STR("index.html"));
}

void serve_page_file(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context;
    answer_file(answer, call->rest);
}

void serve_page_address(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context, (void)call;
    answer_copy(answer, "text/plain; charset=utf-8", "/sandbox/\n", 10);
    answer->status = 308;
    serve_field(answer, "Location", "/sandbox/");
}

/* What other clients verify the sandbox's TLS with. */
void serve_certificate(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    char pem[8192];
    (void)call;
    ssize_t len = pread(sandbox->certificate.fd, pem, sizeof pem, 0);
    if (len < 0)
        return;
    answer_copy(answer, "application/x-pem-file", pem, (size_t)len);
    serve_field(answer, "Content-Security-Policy", SERVE_INERT);
}
