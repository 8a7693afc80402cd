#include "mime/line.h"

#include "base/utf8.h"

bool line_is_control(uint32_t code_point)
{
    return utf8_is_control(code_point) || code_point == 0x2028 || code_point == 0x2029;
}

bool line_check(struct str value, enum fault_code code, const char *what, struct fault *fault)
{
    if (value.len > LINE_MAX_BYTES)
        return fault_set(fault, code, "%s is longer than %d octets", what, LINE_MAX_BYTES);
    for (struct str rest = value; rest.len;) {
        uint32_t code_point;
        size_t len = utf8_decode(rest, &code_point);
        if (!len)
            return fault_set(fault, code, "%s is not valid UTF-8 at octet %zu", what, value.len - rest.len);
        if (line_is_control(code_point))
            return fault_set(fault, code, "%s has a control character or line break (U+%04X) at octet %zu",
                             what, (unsigned)code_point, value.len - rest.len);
        rest = str_from(rest, len);
    }
    return true;
}

void line_append_hex(struct buf *out, char mark, char octet)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char value = (unsigned char)octet;
    char text[] = {mark, digits[value >> 4], digits[value & 15]};
    buf_append(out, (struct str){text, sizeof text});
}
