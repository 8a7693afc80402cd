#include "service/commands/dkim_check.h"

#include "base/utf8.h"
#include "mime/dkim_record.h"

enum { MAX_NAME_BYTES = 512, MAX_RECORD_BYTES = 4096, ARENA_BYTES = 256 * 1024 };

/* What is wrong, and what to change; without the latter, nothing is wrong. */
struct finding {
    const char *says;
    const char *advice;
};

#define PUBLISH "publish the record above in place of it; until then the signatures count as forged"

static const struct finding record_findings[DKIM_RECORD_STATES] = {
    [DKIM_RECORD_FITS] = {"the published record is that of this key", NULL},
    [DKIM_RECORD_IN_TEST] = {"the published record says t=y: in test",
                             "take t=y out when all is well: until then a message counts as not signed"},
    [DKIM_RECORD_MALFORMED] = {"the published record is malformed", PUBLISH},
    [DKIM_RECORD_OTHER_VERSION] = {"the published record does not begin with v=DKIM1", PUBLISH},
    [DKIM_RECORD_OTHER_KIND] = {"the published record is of another kind of key (k=)", PUBLISH},
    [DKIM_RECORD_NO_SHA256] = {"the published record does not allow SHA-256 (h=)", PUBLISH},
    [DKIM_RECORD_NOT_FOR_MAIL] = {"the published record is not for mail (s=)", PUBLISH},
    [DKIM_RECORD_REVOKED] = {"the published record revokes the key (p= is empty)",
                             "sign with a new key, under another selector"},
    [DKIM_RECORD_OTHER_KEY] = {"the published record is of another key (p=)", PUBLISH},
};

static const struct finding lookup_findings[] = {
    [TXT_NONE] = {"no record is published at this name",
                  "publish the record above; until then the signatures cannot be verified"},
    [TXT_UNREACHABLE] =
        {"not known: no name server could be asked",
         "check this machine's name servers (/etc/resolv.conf), or compare by hand elsewhere"},
    [TXT_FAILED] = {"not known: the name server gave no answer that can be read",
                    "try again later, or compare by hand elsewhere"},
};

static const struct finding several = {
    "several TXT records are published at this name: nobody knows which one counts",
    "leave only the record above there"};

static void append_finding(const struct finding *finding, struct buf *report)
{
    buf_append_format(report, "  %-8s  %s\n", finding->advice ? "WARNING" : "ok", finding->says);
    if (finding->advice)
        buf_append_format(report, "  advice    %s\n", finding->advice);
}

static void append_found(const struct txt_answer *answer, struct buf *report)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    for (size_t i = 0; i < answer->count; i++) {
        struct str safe = utf8_make_safe(&arena, answer->records[i], MAX_RECORD_BYTES);
        buf_append_format(report, "  %-8s  %.*s\n", i == 0 ? "found" : "", STR_ARG(safe));
    }
    arena_fini(&arena);
}

static void append_key(const struct dkim_key *key, struct buf *report)
{
    struct buf record;
    buf_init(&record, MAX_RECORD_BYTES);
    buf_append_format(report, "DKIM %.*s._domainkey.%.*s, ", STR_ARG(key->selector), STR_ARG(key->domain));
    buf_append_format(report, "%s, %u bits\n", dkim_key_kind(key), dkim_key_bits(key));
    if (dkim_key_record(key, &record))
        buf_append_format(report, "  record    %.*s\n", STR_ARG(buf_view(&record)));
    buf_fini(&record);
}

void dkim_check_append_finding(const struct dkim_key *key, enum txt_status status,
                               const struct txt_answer *answer, struct buf *report)
{
    const struct finding *finding = &lookup_findings[status];
    if (status == TXT_FOUND)
        finding =
            answer->count > 1 ? &several : &record_findings[dkim_record_compare(key, answer->records[0])];
    append_key(key, report);
    if (status == TXT_FOUND && finding->advice)
        append_found(answer, report);
    append_finding(finding, report);
}

void dkim_check_append(const struct dkim_ring *ring, struct buf *report)
{
    struct deadline deadline = deadline_after_ms(DKIM_CHECK_MS);
    for (size_t i = 0; i < ring->count; i++) {
        const struct dkim_key *key = &ring->keys[i];
        struct arena arena;
        struct txt_answer answer = {0};
        arena_init(&arena, ARENA_BYTES);
        struct str name =
            arena_format(&arena, "%.*s._domainkey.%.*s", STR_ARG(key->selector), STR_ARG(key->domain));
        enum txt_status status = name.data ? txt_lookup(&arena, name.data, deadline, &answer) : TXT_FAILED;
        dkim_check_append_finding(key, status, &answer, report);
        arena_fini(&arena);
    }
}
