#include "mime/field.h"

struct str field_next(struct str *rest)
{
    if (!rest->len || str_starts_with(*rest, STR("\r\n"))) {
        *rest = str_from(*rest, 2);
        return (struct str){0};
    }
    size_t end = 0;
    do
        end += str_index(str_from(*rest, end), '\n') + 1;
    while (end < rest->len && (rest->data[end] == ' ' || rest->data[end] == '\t'));
    struct str field = str_first(*rest, end);
    *rest = str_from(*rest, end);
    return field;
}
