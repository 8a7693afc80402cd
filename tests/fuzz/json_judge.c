/* Says of each text on stdin whether it is JSON that is taken: "y" or "n". Before each stands its length, as four octets in
 * the machine's order. For json_differential_test.py. */
#include "api/json/json_check.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_TEXT_BYTES = 1 << 20, MAX_NODES = 1000000, ARENA_BYTES = 1 << 26 };

static bool is_taken(struct str text)
{
    struct arena arena;
    struct str pointer;
    struct fault fault;
    arena_init(&arena, ARENA_BYTES);
    bool taken = json_check(&arena, text, MAX_NODES, &pointer, &fault);
    arena_fini(&arena);
    return taken;
}

int main(void)
{
    uint32_t len;
    while (fread(&len, sizeof len, 1, stdin) == 1) {
        char *text = malloc(len ? len : 1); /* no longer than the text, for AddressSanitizer */
        if (!text || len > MAX_TEXT_BYTES || fread(text, 1, len, stdin) != len)
            return 1;
        putchar(is_taken((struct str){text, len}) ? 'y' : 'n');
        free(text);
    }
    return ferror(stdin) || fflush(stdout) != 0;
}
