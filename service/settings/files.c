#include "service/settings/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 1 << 20, READ_BYTES = 65536 };

bool file_read_all(int fd, uint64_t max_bytes, struct buf *contents, struct fault *fault)
{
    buf_init(contents, max_bytes);
    char block[READ_BYTES];
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        int error = errno;
        if (got > 0)
            buf_append(contents, (struct str){block, (size_t)got});
        if (got > 0 && !contents->failed)
            continue;
        explicit_bzero(block, sizeof block);
        buf_wipe(contents);
        return got < 0 ? fault_set(fault, FAULT_INVALID_REQUEST, "cannot read: %s", fault_errno_text(error))
                       : fault_set(fault, FAULT_PAYLOAD_TOO_LARGE, "longer than %llu bytes",
                                   (unsigned long long)max_bytes);
    }
    explicit_bzero(block, sizeof block);
    return true;
}

bool file_read(const char *path, struct buf *contents, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fault_set(fault, FAULT_INVALID_REQUEST, "%s: %s", path, fault_errno_text(errno));
    struct fault inner;
    bool ok = file_read_all(fd, MAX_FILE_BYTES, contents, &inner) ||
              fault_set(fault, inner.code, "%s: %s", path, inner.detail);
    close(fd);
    return ok;
}
