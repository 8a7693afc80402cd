#include "api/http/fields.h"

static enum MHD_Result gather_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_bytes,
                                    const char *value, size_t value_bytes)
{
    struct guard_request *request = cls;
    (void)kind;
    if (request->field_count < GUARD_MAX_FIELDS)
        request->fields[request->field_count] =
            (struct guard_field){{name, name_bytes}, {value ? value : "", value_bytes}};
    request->field_count++;
    return MHD_YES;
}

void fields_gather(struct MHD_Connection *connection, struct guard_request *request)
{
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, gather_field, request);
}
