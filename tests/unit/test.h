/* tests/unit/test.h: a table harness in one page.
 *
 *     static void a_lone_dot_is_stuffed(void) { for each row { test_row(row->name); CHECK_STR(got, want); } }
 *     int main(void) { TEST(a_lone_dot_is_stuffed); return test_result(); }
 *
 * A failed check prints the place, the row and both values, and goes on; the exit status is 1 if any failed.
 */
#ifndef POSTERN_TESTS_TEST_H
#define POSTERN_TESTS_TEST_H

#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    const char *test;
    char row[128];
    unsigned checks, failures, skipped;
} test_state;

#define TEST(function)          test_run(#function, function)
#define TEST_NATIVELY(function) test_run_natively(#function, function)

/* Names the case that the checks that follow belong to. */
#define test_row(...)          ((void)snprintf(test_state.row, sizeof test_state.row, __VA_ARGS__))

#define CHECK(condition)       test_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(got, want)   test_check_int((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, #got)
#define CHECK_STR(got, want)   test_check_str((got), (want), __FILE__, __LINE__, #got)
#define CHECK_TEXT(got, c_str) CHECK_STR((got), str_of(c_str))

static inline bool test_check(bool passed, const char *file, int line, const char *what)
{
    test_state.checks++;
    if (!passed) {
        test_state.failures++;
        printf("%s:%d: %s [%s]: failed: %s\n", file, line, test_state.test, test_state.row, what);
    }
    return passed;
}

static inline bool test_check_int(int64_t got, int64_t want, const char *file, int line, const char *what)
{
    if (!test_check(got == want, file, line, what))
        printf("    got %" PRId64 ", want %" PRId64 "\n", got, want);
    return got == want;
}

static inline void test_print_str(const char *label, struct str s)
{
    printf("    %s %s\"", label, s.data ? "" : "(absent) ");
    for (size_t i = 0; s.data && i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        printf(c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? "\\x%02x" : "%c", c);
    }
    printf("\"\n");
}

static inline bool test_check_str(struct str got, struct str want, const char *file, int line,
                                  const char *what)
{
    bool equal = str_equal(got, want) && !got.data == !want.data;
    if (!test_check(equal, file, line, what)) {
        test_print_str("got ", got);
        test_print_str("want", want);
    }
    return equal;
}

/* Waits until no thread but this one is there: for what ends without being joined, and would look like a leak to valgrind. */
static inline void test_wait_for_threads(void)
{
    enum { MOST_MS = 10000, ONE_THREAD_LINKS = 3 }; /* ".", "..", and a folder each */
    struct stat tasks;
    for (int i = 0; i < MOST_MS && stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > ONE_THREAD_LINKS;
         i++)
        usleep(1000);
}

static inline void test_run(const char *name, void (*function)(void))
{
    unsigned failures_before = test_state.failures;
    test_state.test = name;
    test_state.row[0] = '\0';
    function();
    printf("%s %s\n", test_state.failures == failures_before ? "ok  " : "FAIL", name);
}

/* Under a tool that is slow, every POSTERN_TEST_STRIDEth of many like cases will do. */
static inline size_t test_stride(void)
{
    const char *text = getenv("POSTERN_TEST_STRIDE");
    uint64_t stride = 1;
    return text && str_to_uint(str_of(text), 1000, &stride) && stride ? (size_t)stride : 1;
}

/* valgrind makes system calls of its own in the process that it looks at, and has limits of its own. */
static inline bool runs_under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload");
}

/* For what valgrind cannot live with: every other suite runs it. */
static inline void test_run_natively(const char *name, void (*function)(void))
{
    if (runs_under_valgrind())
        printf("skip %s: not under valgrind\n", name);
    else
        test_run(name, function);
    test_state.skipped += runs_under_valgrind();
}

static inline int test_result(void)
{
    printf("%u checks, %u failed\n", test_state.checks, test_state.failures);
    return test_state.failures || !(test_state.checks || test_state.skipped);
}

#endif
