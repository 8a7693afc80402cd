/* One walk over the header finds the last instances of every name; then the names are told in the order of the
 * table. However many fields somebody writes, the walk stays one. */
#include "mime/dkim_fields.h"

#include "mime/dkim_canonical.h"
#include "mime/field.h"

#include <assert.h>

/* With `is_single`, named once more than it is there: nothing can be added. */
static const struct usual_field {
    const char *name;
    bool is_single;
} usual_fields[DKIM_USUAL_FIELDS] = {
    {"From", true},
    {"Sender", false}, /* lists add their own */
    {"Reply-To", true},
    {"To", true},
    {"Cc", true},
    {"Subject", true},
    {"Date", true},
    {"Message-ID", true},
    {"In-Reply-To", true},
    {"References", true},
    {"MIME-Version", true},
    {"Content-Type", true},
    {"Content-ID", false},
    {"Content-Transfer-Encoding", true},
    {"Auto-Submitted", false},
    {"List-Unsubscribe", true},
    {"List-Unsubscribe-Post", true},
};

/* A name that is to be signed, and where it was found last. */
struct candidate {
    struct str name;
    bool is_single;
    size_t found;
    struct str last[DKIM_MAX_INSTANCES]; /* the n-th that was found, at n modulo this many */
};

struct candidates {
    struct candidate items[DKIM_USUAL_FIELDS + DKIM_MAX_MORE_FIELDS];
    size_t count;
};

static struct candidate *find(struct candidates *candidates, struct str name)
{
    for (size_t i = 0; i < candidates->count; i++)
        if (str_equal_nocase(candidates->items[i].name, name))
            return &candidates->items[i];
    return NULL;
}

static void add(struct candidates *candidates, struct str name, bool is_single)
{
    if (candidates->count < sizeof candidates->items / sizeof candidates->items[0])
        candidates->items[candidates->count++] = (struct candidate){.name = name, .is_single = is_single};
}

static void add_all(struct candidates *candidates, struct str more)
{
    candidates->count = 0;
    for (size_t i = 0; i < DKIM_USUAL_FIELDS; i++)
        add(candidates, str_of(usual_fields[i].name), usual_fields[i].is_single);
    while (more.data) {
        struct str name = str_cut(&more, ' ');
        if (name.len && !find(candidates, name))
            add(candidates, name, false);
    }
}

static void find_instances(struct candidates *candidates, struct str header)
{
    for (struct str field; (field = field_next(&header)).data;) {
        struct str name = str_trim(str_first(field, str_index(field, ':')));
        struct candidate *candidate = find(candidates, name);
        if (candidate)
            candidate->last[candidate->found++ % DKIM_MAX_INSTANCES] = field;
    }
}

static void name_once(struct dkim_fields *fields, struct str name)
{
    assert(fields->count < DKIM_MAX_SIGNED_FIELDS);
    fields->names[fields->count++] = name;
}

/* RFC 6376 5.4.2: the first of a name in h= is the last of the header, the next the one above it. */
static void choose(struct dkim_fields *fields, const struct candidate *candidate)
{
    bool has_all = candidate->found <= DKIM_MAX_INSTANCES;
    size_t signed_count = has_all ? candidate->found : DKIM_MAX_INSTANCES;
    for (size_t turn = 1; turn <= signed_count; turn++) {
        name_once(fields, candidate->name);
        dkim_canonical_field(&fields->text, candidate->last[(candidate->found - turn) % DKIM_MAX_INSTANCES]);
        buf_append(&fields->text, STR("\r\n"));
    }
    if (candidate->is_single && has_all)
        name_once(fields, candidate->name);
}

void dkim_fields_choose(struct dkim_fields *fields, struct str header, struct str more)
{
    struct candidates candidates;
    add_all(&candidates, more);
    find_instances(&candidates, header);
    fields->count = 0;
    /* The canonical form of a field is never longer than the field, but for a line end that is not there. */
    buf_init(&fields->text, header.len + sizeof "\r\n");
    for (size_t i = 0; i < candidates.count; i++)
        choose(fields, &candidates.items[i]);
}

void dkim_fields_fini(struct dkim_fields *fields)
{
    buf_wipe(&fields->text);
}

/* RFC 6376 5.4.1 and 5.4: a Bcc goes, trace fields come and change on the way. */
bool dkim_fields_may_name(struct str name)
{
    static const char *const changing[] = {"Bcc",         "Resent-Bcc",     "Received",
                                           "Return-Path", "DKIM-Signature", "Authentication-Results"};
    for (size_t i = 0; i < sizeof changing / sizeof changing[0]; i++)
        if (str_equal_nocase(name, str_of(changing[i])))
            return false;
    return true;
}
