#include "api/http/query.h"

#include "base/utf8.h"

enum { PARAMETER_COUNT = 2, SHOWN_NAME_BYTES = 64 };

static const struct {
    struct str name;
    size_t offset; /* of the flag in the submission */
} parameters[PARAMETER_COUNT] = {{STR("dry_run"), offsetof(struct submission, dry_run)},
                                 {STR("transcript"), offsetof(struct submission, wants_transcript)}};

static bool read_parameter(struct submission *submission, struct str name, struct str value, unsigned *seen,
                           struct fault *fault)
{
    for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
        if (!str_equal(name, parameters[i].name))
            continue;
        if (*seen & 1U << i)
            return fault_set(fault, FAULT_INVALID_REQUEST, "this parameter is given twice");
        *seen |= 1U << i;
        bool *flag = (bool *)((char *)submission + parameters[i].offset);
        *flag = str_equal(value, STR("true"));
        return *flag || str_equal(value, STR("false")) ||
               fault_set(fault, FAULT_INVALID_REQUEST, "must be true or false");
    }
    return fault_set(fault, FAULT_INVALID_REQUEST, "there is no parameter of this name");
}

bool query_next(struct str *rest, struct str *name, struct str *value)
{
    while (rest->data) {
        *value = str_cut(rest, '&');
        *name = str_cut(value, '=');
        if (name->len || value->data)
            return true;
    }
    return false;
}

static bool is_envelope(struct str name)
{
    return str_equal(name, STR("from")) || str_equal(name, STR("to"));
}

void query_read(struct submission *submission, struct str query, bool with_envelope, struct problem *problem)
{
    struct fault fault;
    struct str name, value;
    unsigned seen = 0;
    while (query_next(&query, &name, &value))
        if (!(with_envelope && is_envelope(name)) && !read_parameter(submission, name, value, &seen, &fault))
            problem_add_parameter(problem, &submission->arena, utf8_first(name, SHOWN_NAME_BYTES), &fault);
}
