#include "api/http/feed.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16384, BEAT_MS = 10000 };

struct pull {
    struct feed feed;
    struct MHD_Connection *connection;
    struct bell_wait wait;
    struct deadline beat_at;
};

static ssize_t beat(struct pull *pull, char *room, size_t bytes)
{
    size_t len = pull->feed.beat.len < bytes ? pull->feed.beat.len : bytes;
    memcpy(room, pull->feed.beat.data, len);
    pull->beat_at = deadline_after_ms(BEAT_MS);
    return (ssize_t)len;
}

/* Too many that wait are as one too many that read: this one ends, and may come again. */
static ssize_t pull_bytes(void *context, uint64_t position, char *room, size_t bytes)
{
    (void)position;
    struct pull *pull = context;
    for (;;) {
        uint64_t seen = pull->feed.bell ? bell_count(pull->feed.bell) : 0;
        size_t got = pull->feed.read(pull->feed.context, room, bytes);
        if (got)
            return (ssize_t)got;
        if (!pull->feed.bell)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (deadline_passed(pull->beat_at))
            return beat(pull, room, bytes);
        switch (bell_await(pull->feed.bell, seen, pull->beat_at, pull->connection, &pull->wait)) {
        case BELL_SUSPENDED: return 0;
        case BELL_RUNG: break;
        case BELL_FULL:
        case BELL_CLOSED: return MHD_CONTENT_READER_END_OF_STREAM;
        }
    }
}

static void end(void *context)
{
    struct pull *pull = context;
    bell_leave(&pull->wait);
    pull->feed.close(pull->feed.context);
    free(pull);
}

struct MHD_Response *feed_respond(const struct feed *feed, struct MHD_Connection *connection)
{
    struct pull *pull = calloc(1, sizeof *pull);
    if (!pull) {
        feed->close(feed->context);
        return NULL;
    }
    *pull = (struct pull){.feed = *feed, .connection = connection, .beat_at = deadline_after_ms(BEAT_MS)};
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, pull_bytes, pull, end);
    if (!response)
        end(pull);
    return response;
}
