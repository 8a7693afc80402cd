#include "base/log.h"
#include "service/process/descriptors.h"
#include "test.h"

#include <sys/resource.h>

static void limit_to(rlim_t soft, rlim_t hard)
{
    const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* The rows go down: a hard limit is never given back. */
static void connections_fit_beside_what_else_is_needed(void)
{
    static const struct {
        const char *name;
        rlim_t limit;
        uint64_t wanted, sessions, allotted;
    } rows[] = {{"room for all", 2000, 1000, 16, 1000},
                {"just room for all", 1320, 1000, 16, 1000},
                {"one too many", 1319, 1000, 16, 999},
                {"sessions come first", 1319, 1000, 216, 199},
                {"some, whatever is left", 1319, 1000, 1000, 16},
                {"no more than wanted", 100, 10, 16, 10}};
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        limit_to(rows[i].limit, rows[i].limit);
        CHECK_INT(descriptors_allot(rows[i].wanted, rows[i].sessions), rows[i].allotted);
    }
}

static void the_limit_is_raised_to_what_may_be_had(void)
{
    struct rlimit limit;
    limit_to(50, 90);
    descriptors_raise_limit();
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK_INT(limit.rlim_cur, 90);
    CHECK_INT(limit.rlim_max, 90);
}

int main(void)
{
    TEST_NATIVELY(connections_fit_beside_what_else_is_needed);
    TEST_NATIVELY(the_limit_is_raised_to_what_may_be_had);
    return test_result();
}
