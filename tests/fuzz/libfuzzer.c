/* Hands what libFuzzer makes up to the target, and keeps the time, which is CPU time: on a busy machine a target tries no
 * less than on a quiet one, and an input is slow for what it costs, not for what others do meanwhile. libFuzzer's own
 * limits, -max_total_time and -timeout, go by the clock on the wall.
 *
 * FUZZ_SECONDS in the environment ends the run after so many seconds; without it there is no end.
 */
#include "fuzz.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX_INPUT_S = 10 };

const bool fuzz_has_time = false;

static volatile sig_atomic_t seconds_left; /* 0: no end */
static volatile sig_atomic_t input_second; /* of the input that runs; 0: none does */

/* Aborting makes it a finding; SIGUSR1 asks libFuzzer to end, which it does between two inputs. */
static void count_second(int signal_number)
{
    static const char slow[] = "does not hold: an input takes less than 10 seconds\n";
    (void)signal_number;
    if (input_second && input_second++ > MAX_INPUT_S) {
        (void)!write(STDERR_FILENO, slow, sizeof slow - 1);
        abort();
    }
    if (seconds_left && --seconds_left == 0)
        raise(SIGUSR1);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const struct itimerval each_second = {{.tv_sec = 1}, {.tv_sec = 1}};
    struct sigaction action = {.sa_handler = count_second, .sa_flags = SA_RESTART};
    const char *seconds = getenv("FUZZ_SECONDS");
    (void)argc;
    (void)argv;
    seconds_left = seconds ? (sig_atomic_t)strtol(seconds, NULL, 10) : 0;
    return sigaction(SIGPROF, &action, NULL) || setitimer(ITIMER_PROF, &each_second, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_second = 1;
    fuzz_input((struct str){size ? (const char *)data : "", size});
    input_second = 0;
    return 0;
}
