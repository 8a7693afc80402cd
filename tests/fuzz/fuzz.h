/* tests/fuzz/fuzz.h: what a fuzz target is written in. A target is one file, NAME_fuzz.c, with one function:
 * fuzz_input, which does with the bytes what the program would, and checks what must hold for any bytes at all.
 *
 * libFuzzer drives it (libfuzzer.c), or a list of files does (corpus_main.c): each file of corpus/NAME is run
 * as a test.
 */
#ifndef POSTERN_TESTS_FUZZ_H
#define POSTERN_TESTS_FUZZ_H

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `input` is as long as its memory: what reads beyond is caught. */
void fuzz_input(struct str input);

/* The allocation of this number, from 0 on, fails, and no other of this thread; fuzz_end_of_memory says whether it came
 * to that. While paused, for what the target itself needs, none is counted. */
void fuzz_fail_allocation(size_t number);
bool fuzz_end_of_memory(void);
size_t fuzz_allocations(void); /* since fuzz_fail_allocation */
void fuzz_pause_memory(bool paused);

/* The corpus is run as a test: what is too slow for the fuzzer may be done. */
extern const bool fuzz_has_time;

/* A rule that any input must leave true; where it does not, that input is a finding. */
#define FUZZ_CHECK(rule) ((rule) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #rule))

static inline _Noreturn void fuzz_fail(const char *file, int line, const char *rule)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, rule);
    abort();
}

/* Numbers that follow from the input alone, for what a run has to choose (FNV-1a, then xorshift). */
static inline uint32_t fuzz_seed(struct str input)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < input.len; i++)
        hash = (hash ^ (unsigned char)input.data[i]) * 16777619U;
    return hash ? hash : 1;
}

static inline uint32_t fuzz_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static inline bool fuzz_holds(struct str text, struct str part)
{
    return part.len && text.len && memmem(text.data, text.len, part.data, part.len);
}

static inline bool fuzz_lies_within(struct str part, struct str whole)
{
    return part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
}

#endif
