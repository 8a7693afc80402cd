/* api/http/openapi_text.h: openapi.yaml of this very build, as bytes; written by api/CMakeLists.txt. */
#ifndef POSTERN_API_HTTP_OPENAPI_TEXT_H
#define POSTERN_API_HTTP_OPENAPI_TEXT_H

#include <stddef.h>

extern const unsigned char openapi_text[];
extern const size_t openapi_text_bytes;

#endif
