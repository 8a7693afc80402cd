#include "service/relays/gateway.h"

#include "base/log.h"
#include "mime/render.h"
#include "service/access/redirect.h"
#include "service/relays/balance.h"
#include "service/watch/message_log.h"
#include "service/watch/trace_header.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

/* How old a look at a relay may be before readiness asks for another. */
enum { CHECK_AGAIN_MS = 10000 };

struct gateway {
    struct pool *pools[MAX_RELAYS];
    struct str hosts[MAX_RELAYS];
    _Atomic int64_t probed_at_us[MAX_RELAYS];
    size_t count;
    pthread_mutex_t lock;
    struct balance balance; /* guarded by it, as is the next */
    struct configuration *configuration;
    int stop_fd;
    atomic_bool draining;
    struct metrics *metrics;
    struct exporter *exporter; /* NULL without one */
    struct arena arena;
};

/* A bit for each relay that would refuse a message without a try. */
static unsigned find_refusing(struct gateway *gateway)
{
    unsigned refusing = 0;
    for (size_t i = 0; i < gateway->count; i++)
        refusing |= (unsigned)pool_refuses(gateway->pools[i]) << i;
    return refusing;
}

static size_t choose_relay(struct gateway *gateway)
{
    if (gateway->count == 1)
        return 0;
    unsigned refusing = find_refusing(gateway);
    pthread_mutex_lock(&gateway->lock);
    size_t relay = balance_choose(&gateway->balance, refusing);
    pthread_mutex_unlock(&gateway->lock);
    return relay;
}

/* The next relay may be tried only while it is provable that the mail is not sent, and only for what is the
 * relay's fault and not the message's. */
static bool may_fail_over(const struct submission *submission)
{
    const struct outcome *outcome = &submission->outcome;
    return outcome->delivery == DELIVERY_NOT_SENT && fault_kind(outcome->fault.code)->blame == BLAME_RELAY &&
           !deadline_passed(submission->deadline);
}

static bool fail_over(struct gateway *gateway, struct job *job)
{
    struct fault ignored;
    struct submission *submission = job->submission;
    job->tried |= 1U << job->relay;
    if (gateway->count == 1 || !may_fail_over(submission))
        return false;
    size_t next = balance_next(gateway->count, job->relay, job->tried | find_refusing(gateway));
    if (next == gateway->count)
        return false;
    size_t last = job->relay;
    message_log_move(submission, gateway->hosts[last]);
    job->relay = next;
    job->returns = 0;
    job->queued_at_us = clock_monotonic_us();
    metrics_count_move(gateway->metrics, last);
    return pool_push(gateway->pools[next], job, JOB_AHEAD, &ignored);
}

/* What the operator learns of it. */
static void tell_end(struct gateway *gateway, const struct job *job)
{
    const struct submission *submission = job->submission;
    int64_t total_us = clock_monotonic_us() - job->submitted_at_us;
    message_log_end(submission, total_us);
    metrics_count_message(gateway->metrics, job->relay, submission->key_name, &submission->outcome, total_us);
    exporter_add(gateway->exporter, submission, gateway->hosts[job->relay]);
}

static void job_done(void *context, struct job *job)
{
    struct gateway *gateway = context;
    struct submission *submission = job->submission;
    if (submission && fail_over(gateway, job))
        return;
    if (submission)
        tell_end(gateway, job);
    free(job);
    if (submission)
        submission->complete(submission);
}

static struct job *job_new(struct submission *submission, size_t relay)
{
    struct job *job = calloc(1, sizeof *job);
    int64_t now_us = clock_monotonic_us();
    if (job)
        *job = (struct job){
            .submission = submission, .relay = relay, .submitted_at_us = now_us, .queued_at_us = now_us};
    return job;
}

static struct configuration *hold_configuration(struct gateway *gateway)
{
    pthread_mutex_lock(&gateway->lock);
    struct configuration *configuration = configuration_hold(gateway->configuration);
    pthread_mutex_unlock(&gateway->lock);
    return configuration;
}

/* What the operator wants of every message. */
static bool apply_terms(const struct configuration *configuration, struct submission *submission,
                        struct fault *fault)
{
    return redirect_apply(configuration->redirect_to, submission, fault) &&
           trace_header_apply(configuration->settings.trace_header, submission, fault);
}

struct render *gateway_compose(void *context, struct submission *submission)
{
    struct fault ignored;
    struct configuration *configuration = hold_configuration(context);
    struct render *render = NULL;
    if (apply_terms(configuration, submission, &ignored))
        render = render_start(&submission->arena, &submission->message, &configuration->dkim);
    configuration_release(&configuration);
    return render;
}

static bool apply_configuration(struct gateway *gateway, struct submission *submission, struct fault *fault)
{
    struct configuration *configuration = hold_configuration(gateway);
    bool applied = apply_terms(configuration, submission, fault);
    configuration_release(&configuration);
    return applied;
}

bool gateway_submit(void *context, struct submission *submission, struct fault *fault)
{
    struct gateway *gateway = context;
    if (!apply_configuration(gateway, submission, fault))
        return false;
    struct job *job = job_new(submission, choose_relay(gateway));
    if (!job)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory");
    if (pool_push(gateway->pools[job->relay], job, JOB_BEHIND, fault))
        return true;
    submission->outcome.fault = *fault;
    tell_end(gateway, job);
    free(job);
    return false;
}

static bool is_check_due(struct gateway *gateway, size_t relay, const struct pool_view *view)
{
    int64_t now_us = clock_monotonic_us();
    int64_t probed_at_us = atomic_load(&gateway->probed_at_us[relay]);
    int64_t latest_us = view->checked_at_us > probed_at_us ? view->checked_at_us : probed_at_us;
    return (latest_us == 0 || now_us - latest_us > CHECK_AGAIN_MS * 1000) &&
           atomic_compare_exchange_strong(&gateway->probed_at_us[relay], &probed_at_us, now_us);
}

static void check_again(struct gateway *gateway, size_t relay)
{
    struct fault ignored;
    struct job *job = job_new(NULL, relay);
    if (job && !pool_push(gateway->pools[relay], job, JOB_BEHIND, &ignored))
        free(job);
}

bool gateway_is_ready(struct gateway *gateway, struct fault *why_not)
{
    bool ready = false;
    fault_set(why_not, FAULT_UPSTREAM_UNREACHABLE, "no relay has been reached yet");
    for (size_t i = 0; i < gateway->count; i++) {
        struct pool_view view;
        pool_look(gateway->pools[i], &view);
        if (is_check_due(gateway, i, &view))
            check_again(gateway, i);
        ready = ready || (view.checked_at_us && view.health.code == FAULT_NONE);
        if (view.health.code != FAULT_NONE)
            *why_not = view.health;
    }
    if (atomic_load(&gateway->draining))
        return fault_set(why_not, FAULT_SHUTTING_DOWN, "Postern is stopping");
    return ready;
}

void gateway_drain(struct gateway *gateway)
{
    atomic_store(&gateway->draining, true);
}

static void take_configuration(struct gateway *gateway, struct configuration *configuration)
{
    pthread_mutex_lock(&gateway->lock);
    struct configuration *old = gateway->configuration;
    gateway->configuration = configuration_hold(configuration);
    gateway->balance = (struct balance){.count = gateway->count};
    for (size_t i = 0; i < gateway->count; i++)
        gateway->balance.weights[i] = configuration->relays.items[i].weight;
    pthread_mutex_unlock(&gateway->lock);
    configuration_release(&old);
}

struct gateway *gateway_start(struct configuration *configuration, int stop_fd, struct exporter *exporter,
                              struct fault *fault)
{
    enum { HOSTS_BYTES = 16384 };
    struct gateway *gateway = calloc(1, sizeof *gateway);
    struct metrics *metrics = gateway ? metrics_new(&configuration->relays) : NULL;
    if (!metrics) {
        free(gateway);
        fault_set(fault, FAULT_OVERLOADED, "out of memory");
        return NULL;
    }
    gateway->stop_fd = stop_fd;
    gateway->metrics = metrics;
    gateway->exporter = exporter;
    pthread_mutex_init(&gateway->lock, NULL);
    arena_init(&gateway->arena, HOSTS_BYTES);
    for (size_t i = 0; i < configuration->relays.count; i++) {
        gateway->pools[i] = pool_start(configuration, i, &metrics->relays[i], job_done, gateway);
        gateway->hosts[i] = arena_copy(&gateway->arena, configuration->relays.items[i].host);
        gateway->count++;
        if (!gateway->pools[i] || !gateway->hosts[i].data) {
            fault_set(fault, FAULT_OVERLOADED, "out of memory");
            gateway_free(&gateway);
            return NULL;
        }
    }
    take_configuration(gateway, configuration);
    return gateway;
}

void gateway_tick(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->count; i++)
        pool_tick(gateway->pools[i]);
}

bool gateway_replace(struct gateway *gateway, struct configuration *configuration, struct fault *fault)
{
    if (configuration->relays.count != gateway->count)
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option smtp_url: the number of relays cannot change while Postern runs");
    for (size_t i = 0; i < gateway->count; i++)
        pool_replace(gateway->pools[i], configuration);
    take_configuration(gateway, configuration);
    return true;
}

size_t gateway_relay_count(const struct gateway *gateway)
{
    return gateway->count;
}

void gateway_look(struct gateway *gateway, size_t relay, struct str *host, struct pool_view *view)
{
    *host = gateway->hosts[relay];
    pool_look(gateway->pools[relay], view);
}

struct metrics *gateway_metrics(struct gateway *gateway)
{
    return gateway->metrics;
}

void gateway_stop(struct gateway *gateway)
{
    if (eventfd_write(gateway->stop_fd, 1) != 0)
        log_event(LOG_LEVEL_ERROR, "cannot end the sessions' waits",
                  LOG_TEXT("error", fault_errno_text(errno)));
    /* What would fail over to one that is stopped ends: it takes nothing. */
    for (size_t i = 0; i < gateway->count; i++)
        pool_stop(gateway->pools[i]);
}

void gateway_free(struct gateway **gateway)
{
    struct gateway *gone = *gateway;
    *gateway = NULL;
    if (!gone)
        return;
    for (size_t i = 0; i < gone->count; i++)
        pool_free(&gone->pools[i]);
    configuration_release(&gone->configuration);
    pthread_mutex_destroy(&gone->lock);
    metrics_free(&gone->metrics);
    arena_fini(&gone->arena);
    free(gone);
}
