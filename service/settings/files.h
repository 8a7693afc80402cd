/* service/settings/files.h: a small file, whole. */
#ifndef POSTERN_SERVICE_SETTINGS_FILES_H
#define POSTERN_SERVICE_SETTINGS_FILES_H

#include "base/buf.h"
#include "base/fault.h"

/* Reads up to 1 MiB into `contents`, which the caller finishes on success. Fault: INVALID_REQUEST, with path
 * and reason. */
bool file_read(const char *path, struct buf *contents, struct fault *fault);

/* Reads a descriptor to its end, up to `max_bytes`. */
bool file_read_all(int fd, uint64_t max_bytes, struct buf *contents, struct fault *fault);

#endif
