/* The pool's threads with a carrier of our own in the place of carrier.c: sessions open, die and are refused as
 * each test wants it, without a relay. */
#include "service/relays/carrier.h"
#include "service/relays/pool_inside.h"
#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 400, WAIT_MS = 20000 };

/* --- The carrier. */

static struct {
    enum fault_code (*open)(struct carrier *carrier);                      /* NULL: it always opens */
    void (*carry)(struct carrier *carrier, struct submission *submission); /* NULL: it is sent */
    atomic_uint opens, opening, most_opening, sessions, most_sessions;
} fake;

static char a_session;

static void raise_most(atomic_uint *most, unsigned now)
{
    for (unsigned seen = atomic_load(most); now > seen && !atomic_compare_exchange_weak(most, &seen, now);)
        continue;
}

static enum carrier_end open_fake(struct carrier *carrier, struct configuration *configuration,
                                  struct outcome *outcome)
{
    carrier_close(carrier);
    if (!carrier->owner.may_open(carrier->owner.context))
        return CARRIER_BARRED;
    atomic_fetch_add(&fake.opens, 1);
    raise_most(&fake.most_opening, atomic_fetch_add(&fake.opening, 1) + 1);
    enum fault_code code = fake.open ? fake.open(carrier) : FAULT_NONE;
    atomic_fetch_sub(&fake.opening, 1);
    fault_set(&outcome->fault, code, "as wanted");
    outcome->reply.code = code == FAULT_UPSTREAM_TEMPORARY ? 421 : 0;
    if (code == FAULT_NONE) {
        carrier->session = (struct smtp_session *)&a_session;
        carrier->configuration = configuration_hold(configuration);
        raise_most(&fake.most_sessions, atomic_fetch_add(&fake.sessions, 1) + 1);
    }
    carrier->owner.opened(carrier->owner.context, outcome);
    return carrier->session ? CARRIER_SERVED : CARRIER_UNOPENED;
}

enum carrier_end carrier_deliver(struct carrier *carrier, struct configuration *configuration, size_t relay,
                                 struct submission *submission)
{
    (void)relay;
    bool is_good = carrier->session && !carrier->spent && carrier->configuration == configuration;
    enum carrier_end end = is_good ? CARRIER_SERVED : open_fake(carrier, configuration, &submission->outcome);
    if (end != CARRIER_SERVED)
        return end;
    submission->outcome.fault.code = FAULT_NONE;
    submission->outcome.delivery = DELIVERY_SENT;
    if (fake.carry)
        fake.carry(carrier, submission);
    return end;
}

enum carrier_end carrier_probe(struct carrier *carrier, struct configuration *configuration, size_t relay,
                               struct outcome *outcome, struct arena *arena)
{
    (void)relay, (void)arena;
    return carrier->session ? CARRIER_SERVED : open_fake(carrier, configuration, outcome);
}

bool carrier_has_room(const struct carrier *carrier, const struct configuration *configuration)
{
    return carrier->messages < configuration->settings.smtp_max_messages;
}

void carrier_close(struct carrier *carrier)
{
    if (carrier->session)
        atomic_fetch_sub(&fake.sessions, 1);
    carrier->session = NULL;
    carrier->spent = false;
    configuration_release(&carrier->configuration);
}

/* --- The pool and its jobs. */

static struct {
    struct configuration *configuration;
    struct pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job jobs[MANY];
    struct submission submissions[MANY];
    size_t order[MANY]; /* in which they were done */
    size_t done;
    unsigned carried; /* that have reached the carrier */
    bool is_open;     /* the gate in `carry` */
    struct relay_metrics metrics;
} bench;

static struct configuration *configuration_of(uint64_t connections, bool has_login)
{
    struct configuration *configuration = calloc(1, sizeof *configuration);
    pthread_mutex_init(&configuration->naming, NULL);
    atomic_init(&configuration->references, 1);
    arena_init(&configuration->arena, 1000);
    arena_init(&configuration->settings.arena, 1000);
    configuration->settings.smtp_max_connections = connections;
    configuration->settings.smtp_max_messages = 1000;
    configuration->settings.smtp_max_failures = 3;
    configuration->settings.smtp_login_window_ms = 60000;
    configuration->settings.timeout_smtp_idle_ms = 50;
    configuration->settings.max_queue = MANY;
    configuration->relays.count = 1;
    configuration->relays.items[0].host = STR("relay.test");
    if (has_login)
        configuration->relays.items[0].username = STR("ann");
    return configuration;
}

static void on_done(void *context, struct job *job)
{
    (void)context;
    pthread_mutex_lock(&bench.lock);
    bench.order[bench.done++] = (size_t)(job - bench.jobs);
    pthread_cond_broadcast(&bench.changed);
    pthread_mutex_unlock(&bench.lock);
}

static void begin(uint64_t connections, bool has_login)
{
    memset(&fake, 0, sizeof fake);
    memset(&bench, 0, sizeof bench);
    pthread_mutex_init(&bench.lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&bench.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    bench.configuration = configuration_of(connections, has_login);
    bench.pool = pool_start(bench.configuration, 0, &bench.metrics, on_done, NULL);
}

static void end(void)
{
    pool_stop(bench.pool);
    struct pool_view view;
    pool_look(bench.pool, &view);
    CHECK_INT(view.threads, 0);
    CHECK_INT(view.sessions, 0);
    CHECK_INT(view.idle_threads, 0);
    CHECK_INT(atomic_load(&fake.sessions), 0);
    pool_free(&bench.pool);
    configuration_release(&bench.configuration);
    for (size_t i = 0; i < MANY; i++)
        arena_fini(&bench.submissions[i].arena);
}

static bool push_with(size_t number, int64_t deadline_ms)
{
    struct fault fault;
    struct submission *submission = &bench.submissions[number];
    arena_init(&submission->arena, 10000);
    submission->deadline = deadline_after_ms(deadline_ms);
    bench.jobs[number] = (struct job){.submission = submission, .queued_at_us = clock_monotonic_us()};
    return pool_push(bench.pool, &bench.jobs[number], JOB_BEHIND, &fault);
}

static bool push(size_t number)
{
    return push_with(number, WAIT_MS);
}

/* True once the condition that `counter` reaches `count` holds. */
#define AWAIT(counter, count) CHECK(await(&(counter), sizeof(counter) == sizeof(size_t), (count)))

static bool await(const void *counter, bool is_size, size_t count)
{
    struct timespec until = deadline_timespec(deadline_after_ms(WAIT_MS));
    int waited = 0;
    pthread_mutex_lock(&bench.lock);
    while ((is_size ? *(const size_t *)counter : *(const unsigned *)counter) < count && waited == 0)
        waited = pthread_cond_timedwait(&bench.changed, &bench.lock, &until);
    pthread_mutex_unlock(&bench.lock);
    return waited == 0;
}

/* Holds every message until the gate is opened. */
static void carry_when_open(struct carrier *carrier, struct submission *submission)
{
    (void)carrier, (void)submission;
    pthread_mutex_lock(&bench.lock);
    bench.carried++;
    pthread_cond_broadcast(&bench.changed);
    while (!bench.is_open)
        pthread_cond_wait(&bench.changed, &bench.lock);
    pthread_mutex_unlock(&bench.lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&bench.lock);
    bench.is_open = true;
    pthread_cond_broadcast(&bench.changed);
    pthread_mutex_unlock(&bench.lock);
}

static enum fault_code delivery_fault(size_t number)
{
    return bench.submissions[number].outcome.fault.code;
}

/* --- Taking ahead. */

static struct submission *taken_ahead;
static bool dies_behind;

static void carry_and_ask(struct carrier *carrier, struct submission *submission)
{
    carry_when_open(carrier, submission);
    if (submission != &bench.submissions[0])
        return;
    taken_ahead = carrier->owner.next(carrier->owner.context);
    carrier->spent = dies_behind;
}

static void one_that_waits_is_taken_ahead_and_served_next(void)
{
    for (int dies = 0; dies < 2; dies++) {
        test_row(dies ? "the session dies" : "the session lives");
        begin(1, false);
        taken_ahead = NULL;
        dies_behind = dies;
        fake.carry = carry_and_ask;
        CHECK(push(0));
        AWAIT(bench.carried, 1);
        CHECK(push(1) && push(2));
        open_gate();
        AWAIT(bench.done, 3);
        CHECK(taken_ahead == &bench.submissions[1]);
        for (size_t i = 0; i < 3; i++)
            CHECK_INT(bench.order[i], i);
        CHECK_INT(atomic_load(&fake.opens), dies ? 2 : 1);
        end();
    }
}

enum waiting { NOTHING, EXPIRED, PROBE, NO_ROOM, SOONER, REPLACED };

static void what_cannot_follow_is_not_taken_ahead(void)
{
    for (enum waiting waiting = NOTHING; waiting <= REPLACED; waiting++) {
        struct fault fault;
        test_row("case %d", (int)waiting);
        begin(1, false);
        taken_ahead = NULL;
        dies_behind = false;
        fake.carry = carry_and_ask;
        bench.configuration->settings.smtp_max_messages = waiting == NO_ROOM ? 0 : 1000;
        CHECK(push(0));
        AWAIT(bench.carried, 1);
        struct configuration *fresh = configuration_of(1, false);
        if (waiting == PROBE) {
            bench.jobs[1] = (struct job){.queued_at_us = clock_monotonic_us()};
            CHECK(pool_push(bench.pool, &bench.jobs[1], JOB_BEHIND, &fault));
        } else if (waiting != NOTHING) {
            CHECK(push_with(1, waiting == EXPIRED ? 0 : waiting == SOONER ? WAIT_MS / 2 : WAIT_MS));
        }
        if (waiting == REPLACED)
            pool_replace(bench.pool, fresh);
        open_gate();
        AWAIT(bench.done, waiting == NOTHING ? 1U : 2U);
        CHECK(!taken_ahead);
        end();
        configuration_release(&fresh);
    }
}

static unsigned asked, given;

/* Each asks for the next; the first ends as nobody knows. */
static void carry_and_break(struct carrier *carrier, struct submission *submission)
{
    carry_when_open(carrier, submission);
    asked++;
    given += carrier->owner.next(carrier->owner.context) != NULL;
    if (submission != &bench.submissions[0])
        return;
    submission->outcome.delivery = DELIVERY_UNKNOWN;
    fault_set(&submission->outcome.fault, FAULT_OUTCOME_UNKNOWN, "it broke off");
    carrier->spent = true;
}

static void a_relay_that_breaks_off_is_given_none_ahead_any_more(void)
{
    begin(1, false);
    asked = given = 0;
    fake.carry = carry_and_break;
    CHECK(push(0));
    AWAIT(bench.carried, 1);
    CHECK(push(1) && push(2) && push(3));
    open_gate();
    AWAIT(bench.done, 4);
    CHECK_INT(asked, 4);
    CHECK_INT(given, 1);
    end();
}

/* The second waits for replies to what the relay has thrown away. */
static void carry_and_lose(struct carrier *carrier, struct submission *submission)
{
    carry_when_open(carrier, submission);
    asked++;
    given += carrier->owner.next(carrier->owner.context) != NULL;
    if (submission != &bench.submissions[1])
        return;
    submission->outcome.delivery = DELIVERY_NOT_SENT;
    fault_set(&submission->outcome.fault, FAULT_UPSTREAM_TIMEOUT, "it was not answered");
    carrier->spent = true;
}

static void a_relay_that_loses_what_was_begun_is_given_none_ahead_any_more(void)
{
    begin(1, false);
    asked = given = 0;
    fake.carry = carry_and_lose;
    CHECK(push(0));
    AWAIT(bench.carried, 1);
    for (size_t i = 1; i < 6; i++)
        CHECK(push(i));
    open_gate();
    AWAIT(bench.done, 6);
    CHECK_INT(asked, 6);
    CHECK_INT(given, 2); /* the third was taken before the end of the second was known */
    end();
}

static void overlap_can_be_switched_off(void)
{
    begin(1, false);
    struct configuration *fresh = configuration_of(1, false);
    fresh->settings.smtp_overlap = SWITCHED_OFF;
    pool_replace(bench.pool, fresh);
    taken_ahead = NULL;
    fake.carry = carry_and_ask;
    CHECK(push(0));
    AWAIT(bench.carried, 1);
    CHECK(push(1));
    open_gate();
    AWAIT(bench.done, 2);
    CHECK(!taken_ahead);
    end();
    configuration_release(&fresh);
}

/* --- Opening. */

static enum fault_code refuse_login(struct carrier *carrier)
{
    (void)carrier;
    usleep(20000);
    return FAULT_UPSTREAM_AUTH_FAILED;
}

static void sixteen_with_a_wrong_password_log_in_once(void)
{
    begin(16, true);
    fake.open = refuse_login;
    for (size_t i = 0; i < 16; i++)
        CHECK(push(i));
    AWAIT(bench.done, 16);
    CHECK_INT(atomic_load(&fake.opens), 1);
    for (size_t i = 0; i < 16; i++)
        CHECK_INT(delivery_fault(i), FAULT_UPSTREAM_AUTH_FAILED);
    CHECK_TEXT(bench.submissions[15].outcome.host, "relay.test");

    struct configuration *fresh = configuration_of(16, true);
    fake.open = NULL;
    CHECK(pool_refuses(bench.pool));
    pool_replace(bench.pool, fresh);
    CHECK(!pool_refuses(bench.pool));
    CHECK(push(16));
    AWAIT(bench.done, 17);
    CHECK_INT(delivery_fault(16), FAULT_NONE);
    end();
    configuration_release(&fresh);
}

static void a_password_that_was_changed_while_nothing_stood_is_tried_once(void)
{
    struct pool_view view;
    begin(16, true);
    CHECK(push(0));
    AWAIT(bench.done, 1);
    do {
        usleep(1000);
        pool_look(bench.pool, &view);
    } while (view.threads);
    fake.open = refuse_login;
    for (size_t i = 1; i < 17; i++)
        CHECK(push(i));
    AWAIT(bench.done, 17);
    CHECK_INT(atomic_load(&fake.opens), 2);
    end();
}

enum { SHORT_MS = 100 };

static enum fault_code time_out(struct carrier *carrier)
{
    (void)carrier;
    usleep((SHORT_MS + 10) * 1000);
    return FAULT_UPSTREAM_TIMEOUT;
}

static void messages_in_their_last_moments_do_not_speak_against_the_relay(void)
{
    begin(1, false);
    fake.open = time_out;
    size_t pushed = 0;
    for (; pushed < 4; pushed++) {
        CHECK(push_with(pushed, SHORT_MS));
        AWAIT(bench.done, pushed + 1);
    }
    CHECK(!pool_refuses(bench.pool));
    unsigned opens_before = atomic_load(&fake.opens);
    for (; pushed < 8; pushed++) {
        CHECK(push(pushed));
        AWAIT(bench.done, pushed + 1);
    }
    CHECK(pool_refuses(bench.pool));
    CHECK_INT(atomic_load(&fake.opens) - opens_before, 3);
    end();
}

static void behind_the_first_login_all_go(void)
{
    begin(8, true);
    fake.carry = carry_when_open;
    for (size_t i = 0; i < 8; i++)
        CHECK(push(i));
    AWAIT(bench.carried, 8);
    open_gate();
    AWAIT(bench.done, 8);
    CHECK_INT(atomic_load(&fake.most_sessions), 8);
    end();
}

static enum fault_code take_one_only(struct carrier *carrier)
{
    (void)carrier;
    return atomic_load(&fake.sessions) ? FAULT_UPSTREAM_TEMPORARY : FAULT_NONE;
}

static unsigned view_limit(void)
{
    struct pool_view view;
    pool_look(bench.pool, &view);
    return view.limit;
}

static void a_relay_that_takes_one_session_serves_all(void)
{
    begin(16, false);
    fake.open = take_one_only;
    fake.carry = carry_when_open;
    CHECK(push(0));
    AWAIT(bench.carried, 1);
    for (size_t i = 1; i < 100; i++)
        CHECK(push(i));
    for (int i = 0; i < WAIT_MS && view_limit() > 1; i++)
        usleep(1000);
    open_gate();
    AWAIT(bench.done, 100);
    for (size_t i = 0; i < 100; i++)
        CHECK_INT(delivery_fault(i), FAULT_NONE);
    CHECK_INT(view_limit(), 1);
    CHECK_INT(atomic_load(&fake.most_sessions), 1);
    end();
}

static enum fault_code take_none(struct carrier *carrier)
{
    (void)carrier;
    return FAULT_UPSTREAM_TEMPORARY;
}

static void without_another_session_the_refusal_is_told(void)
{
    begin(16, false);
    fake.open = take_none;
    CHECK(push(0));
    AWAIT(bench.done, 1);
    CHECK_INT(delivery_fault(0), FAULT_UPSTREAM_TEMPORARY);
    CHECK_INT(bench.jobs[0].returns, 0);
    end();
}

/* --- Who takes it. */

static void carry_but_the_tenth(struct carrier *carrier, struct submission *submission)
{
    if (submission == &bench.submissions[10])
        carry_when_open(carrier, submission);
}

static unsigned count_asleep(void)
{
    pthread_mutex_lock(&bench.pool->lock);
    unsigned asleep = bench.pool->asleep;
    pthread_mutex_unlock(&bench.pool->lock);
    return asleep;
}

static void wait_until_asleep(unsigned threads)
{
    for (int i = 0; i < WAIT_MS && count_asleep() < threads; i++)
        usleep(1000);
    CHECK_INT(count_asleep(), threads);
}

static size_t count_done(void)
{
    pthread_mutex_lock(&bench.lock);
    size_t done = bench.done;
    pthread_mutex_unlock(&bench.lock);
    return done;
}

/* Two threads with a session each. */
static void begin_with_two_that_rest(void)
{
    begin(2, false);
    bench.configuration->settings.timeout_smtp_idle_ms = WAIT_MS;
    fake.carry = carry_when_open;
    CHECK(push(0) && push(1));
    AWAIT(bench.carried, 2);
    open_gate();
    AWAIT(bench.done, 2);
    wait_until_asleep(2);
    pthread_mutex_lock(&bench.lock);
    bench.is_open = false;
    pthread_mutex_unlock(&bench.lock);
}

/* However quick it was: the thread that sleeps is woken by the tick, or by the next message. */
static void behind_one_that_comes_to_a_halt_none_waits_for_long(void)
{
    begin_with_two_that_rest();
    fake.carry = carry_but_the_tenth;
    for (size_t i = 2; i < 10; i++) {
        CHECK(push(i));
        AWAIT(bench.done, i + 1);
    }
    CHECK(push(10) && push(11));
    for (int i = 0; i < WAIT_MS && count_done() < 11; i++) {
        usleep(1000);
        pool_tick(bench.pool);
    }
    AWAIT(bench.done, 11);
    CHECK_INT(bench.order[10], 11);
    open_gate();
    AWAIT(bench.done, 12);
    end();
}

static struct carrier *last_carrier;

static void note_carrier(struct carrier *carrier, struct submission *submission)
{
    (void)submission;
    last_carrier = carrier;
}

/* What is needed is needed of few: the others' sessions end. */
static void who_rested_last_is_woken_first(void)
{
    begin_with_two_that_rest();
    fake.carry = note_carrier;
    struct carrier *first = NULL;
    for (size_t i = 2; i < 30; i++) {
        CHECK(push(i));
        AWAIT(bench.done, i + 1);
        wait_until_asleep(2);
        first = first ? first : last_carrier;
        CHECK(last_carrier == first);
    }
    end();
}

/* --- All at once. */

static atomic_uint dice;

static unsigned roll(unsigned sides)
{
    unsigned x = atomic_fetch_add(&dice, 0x9e3779b9U);
    x = (x ^ x >> 16) * 0x45d9f3bU;
    return (x ^ x >> 16) % sides;
}

static enum fault_code open_by_chance(struct carrier *carrier)
{
    static const enum fault_code results[] = {
        FAULT_NONE,      FAULT_NONE, FAULT_NONE, FAULT_UPSTREAM_TEMPORARY, FAULT_UPSTREAM_UNREACHABLE,
        FAULT_OVERLOADED};
    (void)carrier;
    usleep(roll(500));
    return results[roll(sizeof results / sizeof results[0])];
}

static void carry_by_chance(struct carrier *carrier, struct submission *submission)
{
    usleep(roll(300));
    carrier->owner.next(carrier->owner.context);
    carrier->spent = roll(4) == 0;
    if (roll(10) == 0) {
        submission->outcome.delivery = DELIVERY_NOT_SENT;
        submission->outcome.fault.code = FAULT_UPSTREAM_TEMPORARY;
        submission->outcome.reply = (struct outcome_reply){.code = 451, .enhanced = STR("4.7.1")};
    }
}

static void *push_quarter(void *argument)
{
    size_t first = (size_t)((size_t *)argument - bench.order);
    for (size_t i = first; i < first + MANY / 4; i++) {
        push(i);
        usleep(roll(400));
    }
    return NULL;
}

static void every_job_is_done_once_whatever_happens(void)
{
    for (int round = 0; round < 4; round++) {
        pthread_t threads[4];
        bool seen[MANY] = {0};
        test_row("round %d", round);
        begin(8, round % 2);
        fake.open = open_by_chance;
        fake.carry = carry_by_chance;
        for (size_t i = 0; i < 4; i++)
            pthread_create(&threads[i], NULL, push_quarter, &bench.order[i * MANY / 4]);
        struct configuration *fresh = configuration_of(6, round % 2);
        for (int i = 0; i < 30; i++) {
            usleep(2000);
            pool_tick(bench.pool);
            if (i == 15)
                pool_replace(bench.pool, fresh);
        }
        for (size_t i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        if (round < 2)
            AWAIT(bench.done, MANY);
        end(); /* in the later rounds a stop comes between */
        CHECK_INT(bench.done, MANY);
        for (size_t i = 0; i < bench.done; i++) {
            CHECK(!seen[bench.order[i]]);
            seen[bench.order[i]] = true;
            CHECK(bench.jobs[bench.order[i]].returns <= 3);
        }
        CHECK(atomic_load(&fake.most_sessions) <= 8);
        configuration_release(&fresh);
    }
}

int main(void)
{
    TEST(one_that_waits_is_taken_ahead_and_served_next);
    TEST(what_cannot_follow_is_not_taken_ahead);
    TEST(a_relay_that_breaks_off_is_given_none_ahead_any_more);
    TEST(a_relay_that_loses_what_was_begun_is_given_none_ahead_any_more);
    TEST(overlap_can_be_switched_off);
    TEST(sixteen_with_a_wrong_password_log_in_once);
    TEST(a_password_that_was_changed_while_nothing_stood_is_tried_once);
    TEST(messages_in_their_last_moments_do_not_speak_against_the_relay);
    TEST(behind_the_first_login_all_go);
    TEST(a_relay_that_takes_one_session_serves_all);
    TEST(without_another_session_the_refusal_is_told);
    TEST(behind_one_that_comes_to_a_halt_none_waits_for_long);
    TEST(who_rested_last_is_woken_first);
    TEST(every_job_is_done_once_whatever_happens);
    return test_result();
}
