/* libmicrohttpd alone, set up as Postern does but for the guard: what does it make of a request by itself? Takes the
 * port; answers 200 with what it was handed. For table.py. */
#include <microhttpd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTION_MEMORY_BYTES = 32 * 1024,
    CONNECTION_LIMIT = 64,
    IDLE_TIMEOUT_S = 1,
    MAX_TOLD_BYTES = 8192
};

struct seen {
    size_t body_bytes;
};

static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls, (void)connection;
    return strlen(text);
}

static void forget(void *cls, struct MHD_Connection *connection, void **context,
                   enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)connection, (void)code;
    free(*context);
}

static enum MHD_Result tell(struct MHD_Connection *connection, const char *target, const char *method,
                            const struct seen *seen)
{
    char *text = calloc(1, MAX_TOLD_BYTES);
    if (!text)
        return MHD_NO;
    snprintf(text, MAX_TOLD_BYTES, "%.99s %.999s with %zu bytes", method, target, seen->body_bytes);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result take(void *cls, struct MHD_Connection *connection, const char *target,
                            const char *method, const char *version, const char *upload, size_t *upload_bytes,
                            void **context)
{
    struct seen *seen = *context;
    (void)cls, (void)version, (void)upload;
    if (!seen) {
        *context = calloc(1, sizeof *seen);
        return *context ? MHD_YES : MHD_NO;
    }
    seen->body_bytes += *upload_bytes;
    if (*upload_bytes == 0)
        return tell(connection, target, method, seen);
    *upload_bytes = 0;
    return MHD_YES;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_escaped, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)forget, NULL},
#if MHD_VERSION >= 0x00097701
        {MHD_OPTION_CLIENT_DISCIPLINE_LVL, 2, NULL},
#endif
        {MHD_OPTION_END, 0, NULL}
    };
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL,
                         take, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!daemon)
        return 1;
    printf("%s\n", MHD_get_version());
    fflush(stdout);
    sigset_t end;
    int caught;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigwait(&end, &caught);
    MHD_stop_daemon(daemon);
    return 0;
}
