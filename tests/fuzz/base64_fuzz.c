/* The input is octets, and a text in base64. Octets come back from their base64; a text that is taken is the one that its
 * octets are written as, so that no two texts are the same value. */
#include "base/base64.h"
#include "reader.h"

void fuzz_input(struct str input)
{
    struct buf text, octets;
    buf_init(&text, READER_MAX_BYTES);
    buf_init(&octets, READER_MAX_BYTES);
    base64_encode(&text, input);
    FUZZ_CHECK(!text.failed && text.len == (input.len + 2) / 3 * 4);
    reader_decode_base64(&octets, buf_view(&text));
    FUZZ_CHECK(str_equal(buf_view(&octets), input));
    buf_clear(&octets);
    FUZZ_CHECK(base64_decode(&octets, buf_view(&text)));
    FUZZ_CHECK(str_equal(buf_view(&octets), input));
    buf_clear(&text);
    buf_clear(&octets);
    if (base64_decode(&octets, input)) {
        base64_encode(&text, buf_view(&octets));
        FUZZ_CHECK(str_equal(buf_view(&text), input));
    } else {
        FUZZ_CHECK(octets.len == 0);
    }
    buf_fini(&text);
    buf_fini(&octets);
}
