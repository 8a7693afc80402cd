/* OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE on a dead connection, and does not say
 * how much went out when a record failed half way. */
#include "smtp/tls_bio.h"

#include <errno.h>

static int finish(BIO *bio, ssize_t done, int retry_flag)
{
    BIO_clear_retry_flags(bio);
    if (done < 0 && errno == EAGAIN)
        BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
    return (int)done;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
    struct str view = {bytes, len > 0 ? (size_t)len : 0};
    return finish(bio, smtp_socket_send(BIO_get_data(bio), view), BIO_FLAGS_WRITE);
}

static int bio_read(BIO *bio, char *bytes, int room)
{
    ssize_t got = smtp_socket_recv(BIO_get_data(bio), bytes, room > 0 ? (size_t)room : 0);
    if (got == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return finish(bio, got, BIO_FLAGS_READ);
}

/* EOF is asked for to tell a truncated stream from a failed call. */
static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)number, (void)pointer;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH;
}

/* Without an index of its own: there are 127 of them, and a method is made at each reload. */
BIO_METHOD *smtp_tls_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "smtp socket");
    if (method) {
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_ctrl(method, bio_ctrl);
    }
    return method;
}

BIO *smtp_tls_bio_new(const BIO_METHOD *method, struct smtp_socket *socket)
{
    BIO *bio = BIO_new(method);
    if (bio) {
        BIO_set_data(bio, socket);
        BIO_set_init(bio, 1);
    }
    return bio;
}
