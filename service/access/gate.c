/* The order: the peer's user, the key, its expiry, its scope; then what it may use up. A bad key never costs
 * a good one anything: behind a proxy, or at a Unix socket, all callers have one address, and whoever shows a
 * valid key is served however often others have failed. */
#include "service/access/gate.h"

#include "base/clock.h"
#include "base/log.h"
#include "service/access/failures.h"
#include "service/process/listen.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>

enum { NS_PER_S = 1000000000, NS_PER_US = 1000, MS_PER_S = 1000 };

struct gate {
    pthread_mutex_t lock; /* guards all that follows, and the buckets of the keys */
    struct configuration *configuration;
    struct rate_bucket all;
    struct failures failures;
    bool is_reached; /* by other hosts, on a listener */
};

/* A limit, and what of it a request needs and takes. */
struct toll {
    const char *name;
    const char *of_what;
    const struct rate *rate;
    struct rate_bucket *bucket;
    uint64_t needs, takes;
};

static uint64_t to_seconds(int64_t ns)
{
    return ((uint64_t)ns + NS_PER_S - 1) / NS_PER_S;
}

static void tell_toll(const struct toll *toll, int64_t now_ns, struct access_grant *grant)
{
    grant->quotas[grant->quota_count++] =
        (struct access_quota){.name = toll->name,
                              .limit = toll->rate->burst,
                              .left = rate_left(toll->rate, toll->bucket, now_ns),
                              .window_s = to_seconds(rate_window_ns(toll->rate)),
                              .refill_s = to_seconds(rate_refill_ns(toll->bucket, now_ns))};
}

/* The limit for which one would have to wait longest; NULL where there is none. */
static const struct toll *find_obstacle(const struct toll *tolls, size_t count, int64_t now_ns,
                                        int64_t *wait_ns)
{
    const struct toll *obstacle = NULL;
    *wait_ns = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t this_ns = rate_wait_ns(tolls[i].rate, tolls[i].bucket, now_ns, tolls[i].needs);
        if (this_ns <= *wait_ns)
            continue;
        obstacle = &tolls[i];
        *wait_ns = this_ns;
    }
    return obstacle;
}

static bool refuse_toll(const struct toll *toll, int64_t wait_ns, struct access_grant *grant,
                        struct fault *fault)
{
    if (wait_ns == RATE_NEVER)
        return fault_set(fault, FAULT_TOO_MANY_RECIPIENTS, "this API key may have at most %" PRIu64 " %s",
                         toll->rate->burst, toll->of_what);
    grant->retry_after_s = to_seconds(wait_ns);
    return fault_set(fault, FAULT_RATE_LIMITED, "no more %s for now: try again in %" PRIu64 " seconds",
                     toll->of_what, grant->retry_after_s);
}

/* All or nothing: what one limit refuses uses up no other. */
static bool pay(const struct toll *tolls, size_t count, struct access_grant *grant, struct fault *fault)
{
    int64_t wait_ns, now_ns = clock_monotonic_us() * NS_PER_US;
    const struct toll *obstacle = find_obstacle(tolls, count, now_ns, &wait_ns);
    grant->quota_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!tolls[i].rate->interval_ns)
            continue;
        if (!obstacle)
            rate_take(tolls[i].rate, tolls[i].bucket, now_ns, tolls[i].takes);
        tell_toll(&tolls[i], now_ns, grant);
    }
    return !obstacle || refuse_toll(obstacle, wait_ns, grant, fault);
}

static const struct {
    const char *name, *of_what;
} key_limits[KEY_LIMITS] = {[KEY_RATE] = {"rate", "requests with this API key"},
                            [KEY_MESSAGES] = {"messages", "messages a day"},
                            [KEY_RECIPIENTS] = {"recipients", "recipients a day"}};

/* The same key by the terms that hold now: a reload has copied what was used up, and what is charged to an
 * entry that is on its way out would be lost. A key that is gone by now stays as it was. */
static struct key *find_now(struct gate *gate, struct key *key)
{
    struct key *now = key ? key_ring_same(&gate->configuration->admission.keys, key) : NULL;
    return now ? now : key;
}

/* A request counts when it comes, with `recipients` 0; a message and its recipients when they are about to go
 * out, for which there must be something left, before a body is read. */
static bool charge_for(struct gate *gate, struct key *key, uint64_t recipients, struct access_grant *grant,
                       struct fault *fault)
{
    bool goes_out = recipients > 0, comes = !goes_out;
    const uint64_t needs[KEY_LIMITS] = {comes, 1, goes_out ? recipients : 1};
    const uint64_t takes[KEY_LIMITS] = {comes, goes_out, recipients};
    pthread_mutex_lock(&gate->lock);
    struct toll tolls[ACCESS_MAX_QUOTAS] = {{"all", "requests of all callers",
                                             &gate->configuration->admission.rate_limit, &gate->all, comes,
                                             comes}};
    size_t count = 1;
    key = find_now(gate, key);
    for (size_t i = 0; key && i < KEY_LIMITS; i++)
        tolls[count++] = (struct toll){
            key_limits[i].name, key_limits[i].of_what, &key->limits[i], &key->buckets[i], needs[i], takes[i]};
    bool enough = pay(tolls, count, grant, fault);
    pthread_mutex_unlock(&gate->lock);
    return enough;
}

static void describe_peer(const struct sockaddr *peer, char text[static INET6_ADDRSTRLEN])
{
    text[0] = '\0';
    if (peer && peer->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, text,
                  INET6_ADDRSTRLEN);
    else if (peer && peer->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, text,
                  INET6_ADDRSTRLEN);
}

/* One answer for a key that is missing, that nobody has, and that was good once. The log tells the last
 * apart. */
static bool refuse_key(struct gate *gate, const struct access_claim *claim, const struct key *expired,
                       struct access_grant *grant, struct fault *fault)
{
    char peer[INET6_ADDRSTRLEN];
    pthread_mutex_lock(&gate->lock);
    int64_t wait_ns = failures_note(&gate->failures, claim->peer, clock_monotonic_us() * NS_PER_US);
    pthread_mutex_unlock(&gate->lock);
    if (wait_ns > 0) {
        grant->retry_after_s = to_seconds(wait_ns);
        return fault_set(fault, FAULT_RATE_LIMITED,
                         "too many requests without a valid API key came from here");
    }
    describe_peer(claim->peer, peer);
    const char *unknown = claim->key.data ? "unknown" : "none";
    log_event(LOG_LEVEL_WARN, "a request without a valid API key",
              LOG_TEXT("why", expired ? "expired" : unknown), LOG_TEXT("peer", peer[0] ? peer : NULL),
              LOG_STR("key", expired ? expired->name : (struct str){0}));
    return fault_set(fault, FAULT_UNAUTHORIZED, "give a valid API key, as in \"Authorization: Bearer KEY\"");
}

static bool check_key(struct gate *gate, const struct access_claim *claim, struct key *key,
                      struct access_grant *grant, struct fault *fault)
{
    if (!key || clock_wall_ms() / MS_PER_S >= key->expires_s)
        return refuse_key(gate, claim, key, grant, fault);
    grant->account = key;
    grant->key_name = key->name;
    grant->senders = key->senders;
    grant->recipients = key->recipients;
    return (key->scopes & 1U << claim->scope) ||
           fault_set(fault, FAULT_FORBIDDEN, "this API key has not the scope \"%s\"",
                     key_scope_name(claim->scope));
}

static bool asks_for_key(const struct gate_door *door, const struct admission *admission)
{
    return door->is_admin ? !door->is_local : admission->keys.is_given;
}

static bool is_unix(const struct access_claim *claim)
{
    int domain = AF_UNSPEC;
    socklen_t len = sizeof domain;
    return getsockopt(claim->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

static bool admit(void *context, const struct access_claim *claim, struct access_grant *grant,
                  struct fault *fault)
{
    const struct gate_door *door = context;
    struct gate *gate = door->gate;
    pthread_mutex_lock(&gate->lock);
    struct configuration *configuration = configuration_hold(gate->configuration);
    pthread_mutex_unlock(&gate->lock);
    struct admission *admission = &configuration->admission;
    struct key *key = NULL;
    bool may = admission_check_user(admission, claim->fd, fault);
    grant->holder = configuration;
    if (may && asks_for_key(door, admission)) {
        key = key_ring_find(&admission->keys, claim->key);
        may = check_key(gate, claim, key, grant, fault);
    } else if (may && !is_unix(claim)) {
        may = access_check_host(claim, admission->hosts, fault) && access_check_origin(claim, fault);
    }
    return may && (claim->scope != ACCESS_SEND || charge_for(gate, key, 0, grant, fault));
}

static bool charge(void *context, struct access_grant *grant, uint64_t recipients, struct fault *fault)
{
    const struct gate_door *door = context;
    return charge_for(door->gate, grant->account, recipients, grant, fault);
}

static void release(void *context, struct access_grant *grant)
{
    (void)context;
    struct configuration *configuration = grant->holder;
    configuration_release(&configuration);
}

struct access_gate gate_for(struct gate_door *door)
{
    return (struct access_gate){.context = door, .admit = admit, .charge = charge, .release = release};
}

struct gate *gate_new(struct configuration *configuration, struct fault *fault)
{
    struct gate *gate = calloc(1, sizeof *gate);
    if (!gate) {
        fault_set(fault, FAULT_OVERLOADED, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&gate->lock, NULL);
    gate->configuration = configuration_hold(configuration);
    return gate;
}

/* A key that can be read on its way is everybody's. */
static void warn_of_clear_keys(const struct settings *settings, const struct gate_door *door)
{
    bool has_tls = settings->listen_tls_cert_file.data && !door->is_admin;
    if (!door->is_local && !has_tls && settings->listen_proxied != AFFIRMED_YES)
        log_event(LOG_LEVEL_WARN,
                  "API keys and mail come in the clear: use TLS, or a proxy that has it (listen_proxied)",
                  LOG_TEXT("listener", door->is_admin ? "admin_listen" : "listen"));
}

void gate_open_door(struct gate *gate, struct gate_door *door, const struct settings *settings, int fd,
                    bool is_admin)
{
    *door = (struct gate_door){.gate = gate, .is_admin = is_admin, .is_local = listen_is_local(fd)};
    gate->is_reached |= !door->is_local;
    warn_of_clear_keys(settings, door);
}

bool gate_check(const struct gate *gate, const struct settings *settings, struct fault *fault)
{
    return !gate->is_reached || settings->api_keys_file.data ||
           fault_set(fault, FAULT_INVALID_REQUEST,
                     "option api_keys_file: it cannot go while other hosts reach a listener");
}

void gate_replace(struct gate *gate, struct configuration *configuration)
{
    pthread_mutex_lock(&gate->lock);
    struct configuration *before = gate->configuration;
    key_ring_inherit(&configuration->admission.keys, &before->admission.keys);
    gate->configuration = configuration_hold(configuration);
    pthread_mutex_unlock(&gate->lock);
    configuration_release(&before);
}

void gate_free(struct gate **gate)
{
    struct gate *gone = *gate;
    *gate = NULL;
    if (!gone)
        return;
    configuration_release(&gone->configuration);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}
