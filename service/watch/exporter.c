/* Each second, or when the ring is half full, what is there is made one request, of BATCH_MESSAGES at most, and sent. A
 * batch that is not taken for now is sent again, after a wait that doubles, until it has been tried MAX_TRIES times; new
 * records wait in the ring meanwhile, and those that find no room are dropped. */
#include "service/watch/exporter.h"

#include "base/log.h"
#include "base/thread.h"
#include "base/wipe.h"
#include "service/watch/exposition.h"
#include "service/watch/otlp_json.h"
#include "service/watch/otlp_post.h"
#include "service/watch/span_ring.h"
#include "smtp/socket.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    BATCH_MESSAGES = 128,
    GATHER_MS = 1000,
    FIRST_WAIT_MS = 1000,
    LONGEST_WAIT_MS = 30000,
    MAX_TRIES = 5,
    HOST_BYTES = 256
};

/* Why records were dropped, or that they were not. */
enum fate { FATE_SENT, FATE_NO_ROOM, FATE_NOT_TAKEN, FATE_REFUSED, FATES };

struct batch {
    char *json;
    size_t bytes;
    size_t messages;
    unsigned tries;
};

struct exporter {
    struct span_ring ring;
    int wake_fd; /* readable: there is much to send, or the end has come */
    int stop_fd; /* readable: all waits end now */
    int done_fd; /* readable: the thread has ended */
    atomic_bool closing;
    pthread_t thread;
    pthread_mutex_t lock;
    struct configuration *configuration; /* guarded by it */
    char host[HOST_BYTES];
    bool is_failing; /* the thread's own, as are the next */
    int64_t wait_ms;
    atomic_uint_fast64_t fates[FATES];
};

static void count(struct exporter *exporter, enum fate fate, size_t messages)
{
    atomic_fetch_add_explicit(&exporter->fates[fate], messages, memory_order_relaxed);
}

void exporter_add(struct exporter *exporter, const struct submission *submission, struct str relay)
{
    size_t place;
    if (!exporter || !submission->trace.is_sampled)
        return;
    struct span_record *record = span_ring_claim(&exporter->ring, &place);
    if (!record) {
        count(exporter, FATE_NO_ROOM, 1);
        return;
    }
    span_record_fill(record, submission, relay);
    span_ring_publish(&exporter->ring, place);
    if ((place + 1) % (SPAN_RING_RECORDS / 2) == 0)
        (void)eventfd_write(exporter->wake_fd, 1);
}

/* --- The thread */

static struct configuration *hold_configuration(struct exporter *exporter)
{
    pthread_mutex_lock(&exporter->lock);
    struct configuration *configuration = configuration_hold(exporter->configuration);
    pthread_mutex_unlock(&exporter->lock);
    return configuration;
}

/* What is there, as one request; false where there is nothing. */
static bool gather(struct exporter *exporter, struct batch *batch)
{
    struct otlp_json otlp;
    const struct span_record *record = span_ring_next(&exporter->ring);
    if (!record)
        return false;
    otlp_json_begin(&otlp, clock_wall_us() - clock_monotonic_us(), str_of(exporter->host));
    *batch = (struct batch){0};
    for (; record && batch->messages < BATCH_MESSAGES; record = span_ring_next(&exporter->ring)) {
        otlp_json_add(&otlp, record);
        span_ring_release(&exporter->ring);
        batch->messages++;
    }
    batch->json = otlp_json_take(&otlp, &batch->bytes);
    return true;
}

/* Once when it begins, and once when it is over. */
static void tell(struct exporter *exporter, const struct otlp_result *result)
{
    bool fails = result->end != OTLP_TAKEN;
    if (fails && !exporter->is_failing)
        log_event(LOG_LEVEL_WARN, "the collector takes no spans", LOG_TEXT("detail", result->why.detail));
    if (!fails && exporter->is_failing)
        log_event(LOG_LEVEL_INFO, "the collector takes spans again");
    exporter->is_failing = fails;
}

/* Grows with each try in vain, unless the collector says how long. */
static void choose_wait(struct exporter *exporter, const struct otlp_result *result, unsigned tries)
{
    int64_t wait_ms = FIRST_WAIT_MS << (tries - 1);
    if (result->wait_s)
        wait_ms = (int64_t)result->wait_s * 1000;
    exporter->wait_ms = wait_ms < LONGEST_WAIT_MS ? wait_ms : LONGEST_WAIT_MS;
}

/* True once the batch is done with, in one way or the other. */
static bool send_batch(struct exporter *exporter, struct batch *batch, struct deadline deadline)
{
    struct otlp_result result;
    struct configuration *configuration = hold_configuration(exporter);
    otlp_post(&configuration->collector, (struct str){batch->json, batch->bytes}, exporter->stop_fd, deadline,
              &result);
    configuration_release(&configuration);
    tell(exporter, &result);
    batch->tries++;
    exporter->wait_ms = GATHER_MS;
    if (result.end == OTLP_AGAIN)
        choose_wait(exporter, &result, batch->tries);
    if (result.end == OTLP_AGAIN && batch->tries < MAX_TRIES && !atomic_load(&exporter->closing))
        return false;
    count(exporter,
          result.end == OTLP_TAKEN     ? FATE_SENT
          : result.end == OTLP_REFUSED ? FATE_REFUSED
                                       : FATE_NOT_TAKEN,
          batch->messages);
    return true;
}

static void drop_batch(struct batch *batch)
{
    free(batch->json);
    *batch = (struct batch){0};
}

/* Until it is time to send: woken early by a ring that fills, but not out of the wait for a collector. */
static void rest(struct exporter *exporter, const struct batch *batch)
{
    eventfd_t ignored;
    struct deadline until = deadline_after_ms(exporter->wait_ms);
    do {
        smtp_socket_wait(-1, exporter->wake_fd, 0, until);
        (void)eventfd_read(exporter->wake_fd, &ignored);
    } while (batch->json && !atomic_load(&exporter->closing) && !deadline_passed(until));
}

/* False where there was nothing to send, or it has to wait. */
static bool work(struct exporter *exporter, struct batch *batch, struct deadline deadline)
{
    if (!batch->json && !gather(exporter, batch))
        return false;
    if (!batch->json)
        count(exporter, FATE_NOT_TAKEN, batch->messages); /* there was no memory to tell of them */
    else if (!send_batch(exporter, batch, deadline))
        return false;
    drop_batch(batch);
    return true;
}

static void count_what_is_left(struct exporter *exporter)
{
    for (; span_ring_next(&exporter->ring); span_ring_release(&exporter->ring))
        count(exporter, FATE_NOT_TAKEN, 1);
}

static void *run(void *argument)
{
    struct exporter *exporter = argument;
    struct batch batch = {0};
    thread_name("exporter");
    while (!atomic_load(&exporter->closing)) {
        rest(exporter, &batch);
        while (!atomic_load(&exporter->closing) && work(exporter, &batch, deadline_after_ms(OTLP_POST_MS)))
            continue;
    }
    struct deadline flush = deadline_after_ms(EXPORTER_FLUSH_MS);
    while (!deadline_passed(flush) && work(exporter, &batch, flush))
        continue;
    drop_batch(&batch);
    count_what_is_left(exporter);
    (void)eventfd_write(exporter->done_fd, 1);
    return NULL;
}

/* --- Its life */

static void exporter_free(struct exporter *exporter)
{
    int fds[] = {exporter->wake_fd, exporter->stop_fd, exporter->done_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    span_ring_fini(&exporter->ring);
    configuration_release(&exporter->configuration);
    pthread_mutex_destroy(&exporter->lock);
    free(exporter);
}

static bool prepare(struct exporter *exporter)
{
    exporter->wait_ms = GATHER_MS;
    exporter->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    exporter->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    exporter->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (gethostname(exporter->host, sizeof exporter->host - 1) != 0)
        exporter->host[0] = '\0';
    return exporter->wake_fd >= 0 && exporter->stop_fd >= 0 && exporter->done_fd >= 0 &&
           span_ring_init(&exporter->ring) && thread_start(&exporter->thread, run, exporter);
}

struct exporter *exporter_start(struct configuration *configuration, struct fault *fault)
{
    struct exporter *exporter = calloc(1, sizeof *exporter);
    if (exporter) {
        pthread_mutex_init(&exporter->lock, NULL);
        exporter->configuration = configuration_hold(configuration);
    }
    if (exporter && prepare(exporter))
        return exporter;
    fault_set(fault, FAULT_OVERLOADED, "there is no memory, or no descriptor, for the export of spans");
    if (exporter)
        exporter_free(exporter);
    return NULL;
}

bool exporter_bears(const struct exporter *exporter, const struct configuration *configuration,
                    struct fault *fault)
{
    return configuration->collector.is_given == (exporter != NULL) ||
           fault_set(fault, FAULT_INVALID_REQUEST,
                     "option otlp_endpoint: the export of spans begins, or ends, with a restart alone");
}

void exporter_replace(struct exporter *exporter, struct configuration *configuration)
{
    if (!exporter)
        return;
    pthread_mutex_lock(&exporter->lock);
    struct configuration *old = exporter->configuration;
    exporter->configuration = configuration_hold(configuration);
    pthread_mutex_unlock(&exporter->lock);
    configuration_release(&old);
}

void exporter_append_metrics(struct buf *out, const struct exporter *exporter)
{
    static const struct {
        enum fate fate;
        const char *labels;
    } reasons[] = {{FATE_NO_ROOM, "reason=\"no-room\""},
                   {FATE_NOT_TAKEN, "reason=\"not-taken\""},
                   {FATE_REFUSED, "reason=\"refused\""}};
    exposition_append_head(out, "postern_traces_exported_total", "counter",
                           "Messages whose spans the collector took.");
    exposition_append_count(out, "postern_traces_exported_total", "",
                            atomic_load(&exporter->fates[FATE_SENT]));
    exposition_append_head(out, "postern_traces_dropped_total", "counter",
                           "Messages whose spans were dropped: the mail was not.");
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        exposition_append_count(out, "postern_traces_dropped_total", reasons[i].labels,
                                atomic_load(&exporter->fates[reasons[i].fate]));
}

void exporter_stop(struct exporter **exporter)
{
    struct exporter *gone = *exporter;
    *exporter = NULL;
    if (!gone)
        return;
    atomic_store(&gone->closing, true);
    (void)eventfd_write(gone->wake_fd, 1);
    smtp_socket_wait(-1, gone->done_fd, 0, deadline_after_ms(EXPORTER_FLUSH_MS + EXPORTER_FLUSH_MS / 2));
    (void)eventfd_write(gone->stop_fd, 1);
    pthread_join(gone->thread, NULL);
    exporter_free(gone);
}
