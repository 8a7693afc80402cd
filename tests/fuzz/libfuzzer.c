/* Hands what libFuzzer makes up to the target. */
#include "fuzz.h"

const bool fuzz_has_time = false;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input((struct str){size ? (const char *)data : "", size});
    return 0;
}
