/* The stop stands first among the descriptors that are polled, behind it the runners; who drops out gives the
 * place to the last. */
#include "smtp/race.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct race {
    const struct smtp_race_terms *terms;
    struct pollfd polled[1 + SMTP_RACE_MAX_ADDRESSES];
    struct deadline deadlines[1 + SMTP_RACE_MAX_ADDRESSES];
    size_t running; /* at 1, 2, ... */
    struct deadline next_start;
    int winner; /* -1 until there is one */
    int error;
};

/* A family that this machine has no way or no address for tells nothing where another told something. */
static void note_failure(struct race *race, int error)
{
    race->next_start = (struct deadline){0};
    if (error != ENETUNREACH || !race->error)
        race->error = error;
}

/* For IPv6, "no address" is what a machine without IPv6 says; for IPv4, one that is out of ports. */
static int connect_error(const struct addrinfo *address, int error)
{
    return address->ai_family == AF_INET6 && error == EADDRNOTAVAIL ? ENETUNREACH : error;
}

static void start_runner(struct race *race, const struct addrinfo *address)
{
    race->next_start = deadline_after_ms(SMTP_RACE_DELAY_MS);
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        note_failure(race, errno == EAFNOSUPPORT ? ENETUNREACH : errno);
        return;
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
        race->winner = fd;
    } else if (errno == EINPROGRESS) {
        size_t place = ++race->running;
        race->polled[place] = (struct pollfd){.fd = fd, .events = POLLOUT};
        race->deadlines[place] = deadline_after_ms(race->terms->attempt_ms);
    } else {
        note_failure(race, connect_error(address, errno));
        close(fd);
    }
}

static void remove_runner(struct race *race, size_t place)
{
    race->polled[place] = race->polled[race->running];
    race->deadlines[place] = race->deadlines[race->running];
    race->running--;
}

static void judge_runner(struct race *race, size_t place)
{
    int fd = race->polled[place].fd, error = 0;
    socklen_t len = sizeof error;
    if (race->polled[place].revents) {
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
            error = errno;
    } else if (deadline_passed(race->deadlines[place])) {
        error = ETIMEDOUT;
    } else {
        return;
    }
    remove_runner(race, place);
    if (!error) {
        race->winner = fd;
        return;
    }
    close(fd);
    note_failure(race, error);
}

static enum smtp_status await_runners(struct race *race, bool has_more)
{
    struct deadline until = race->terms->total;
    if (has_more)
        until = deadline_earlier(until, race->next_start);
    for (size_t place = 1; place <= race->running; place++)
        until = deadline_earlier(until, race->deadlines[place]);
    int ready = poll(race->polled, race->running + 1, deadline_left_ms(until));
    if (ready < 0)
        return errno == EINTR ? SMTP_STATUS_OK : SMTP_STATUS_NO_MEMORY;
    if (race->polled[0].revents)
        return SMTP_STATUS_STOPPED;
    for (size_t place = race->running; place > 0 && race->winner < 0; place--)
        judge_runner(race, place);
    return SMTP_STATUS_OK;
}

enum smtp_status smtp_race(const struct addrinfo *const *addresses, size_t count,
                           const struct smtp_race_terms *terms, int *fd, int *error)
{
    struct race race = {.terms = terms, .winner = -1, .polled[0] = {.fd = terms->stop_fd, .events = POLLIN}};
    enum smtp_status status = SMTP_STATUS_OK;
    size_t started = 0;
    while (status == SMTP_STATUS_OK && race.winner < 0 && (started < count || race.running)) {
        if (deadline_passed(terms->total))
            status = SMTP_STATUS_TIMEOUT;
        else if (started < count && (race.running == 0 || deadline_passed(race.next_start)))
            start_runner(&race, addresses[started++]);
        else
            status = await_runners(&race, started < count);
    }
    for (size_t place = 1; place <= race.running; place++)
        close(race.polled[place].fd);
    *fd = race.winner;
    *error = race.error;
    return status == SMTP_STATUS_OK && race.winner < 0 ? SMTP_STATUS_RESET : status;
}
