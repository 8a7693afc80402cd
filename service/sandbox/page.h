/* service/sandbox/page.h: the files of the page, which the build makes part of the program. */
#ifndef POSTERN_SERVICE_SANDBOX_PAGE_H
#define POSTERN_SERVICE_SANDBOX_PAGE_H

#include <stddef.h>

struct sandbox_page_file {
    const char *name; /* "app.js" */
    const char *content_type;
    const unsigned char *bytes;
    size_t len;
};

extern const struct sandbox_page_file sandbox_page_files[];
extern const size_t sandbox_page_file_count;

#endif
