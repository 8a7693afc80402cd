/* `postern check`: opens a session with each relay, tells in plain words what it found, and sends nothing. */
#include "base/utf8.h"
#include "service/commands.h"
#include "service/configuration.h"
#include "service/exit_code.h"
#include "smtp/session.h"
#include "smtp/transport.h"

#include <signal.h>
#include <sysexits.h>

enum { MAX_REPORT_BYTES = 256 * 1024, ARENA_BYTES = 512 * 1024 };

/* What an operator would look at first. */
static const struct {
    enum fault_code code;
    const char *advice;
} advices[] = {
    {FAULT_UPSTREAM_NO_SUCH_HOST, "check the spelling of the host in POSTERN_SMTP_URL"},
    {FAULT_UPSTREAM_UNRESOLVED, "check this machine's DNS resolver"},
    {FAULT_UPSTREAM_UNREACHABLE, "check host and port, and whether a firewall or the provider blocks the "
                                 "port; 587 or 465 is usual for submission"},
    {FAULT_UPSTREAM_TIMEOUT,
     "check the port: a firewall may swallow it, or smtp:// meets a port that wants smtps://"},
    {FAULT_UPSTREAM_TLS, "check host name and port (smtps:// is TLS from the first byte, smtp:// is "
                         "STARTTLS); for a private authority set POSTERN_SMTP_CA_FILE"},
    {FAULT_UPSTREAM_TLS_BROKEN, "try again; if it stays, ask who runs the relay"},
    {FAULT_UPSTREAM_TLS_REQUIRED,
     "use a port that offers STARTTLS, or smtps://; ?tls=none sends everything in the clear"},
    {FAULT_UPSTREAM_AUTH_FAILED,
     "check user and password; many providers want an app password, or SMTP switched on for the account"},
    {FAULT_UPSTREAM_PROTOCOL_ERROR, "check whether an SMTP relay listens at that port at all"},
    {FAULT_UPSTREAM_REJECTED_SESSION,
     "the relay's words above say why; it may not take mail from this address"},
};

static const char *advice_for(enum fault_code code)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (advices[i].code == code)
            return advices[i].advice;
    return "try again later";
}

static void append_head(struct buf *report, const struct smtp_relay *relay)
{
    static const char *const policies[] = {"STARTTLS", "TLS from the first byte", "no TLS"};
    buf_append_format(report, "%.*s, port %d, %s%s\n", STR_ARG(relay->host), relay->port,
                      policies[relay->tls], relay->insecure ? ", certificate NOT verified" : "");
}

static void append_tls(struct buf *report, const struct smtp_tls_facts *tls)
{
    if (!tls->version) {
        buf_append(report, STR("  tls       none: everything is sent in the clear\n"));
        return;
    }
    buf_append_format(report, "  tls       %s, %s\n", tls->version, tls->cipher);
    buf_append_format(
        report, "            certificate of %s\n            issued by %s\n            valid from %s to %s\n",
        tls->subject, tls->issuer, tls->not_before, tls->not_after);
}

/* A line of the relay's own words, which may hold anything. */
static void append_words(struct buf *report, const char *label, struct str words, struct arena *arena)
{
    struct str safe = utf8_make_safe(arena, words, OUTCOME_TEXT_MAX_BYTES);
    buf_append_format(report, "  %-8s  %.*s\n", label, STR_ARG(safe));
}

static void append_success(struct buf *report, const struct smtp_session *session, struct arena *arena)
{
    struct smtp_session_facts facts;
    smtp_session_describe(session, &facts);
    append_words(report, "greeting", facts.greeting, arena);
    append_tls(report, facts.tls);
    struct str rest = facts.keywords;
    for (const char *label = "offers"; rest.len; label = "")
        append_words(report, label, str_cut(&rest, '\n'), arena);
    if (facts.mechanism.data)
        buf_append_format(report, "  login     accepted, by AUTH %.*s\n", STR_ARG(facts.mechanism));
    else
        buf_append(report, STR("  login     none: no user name is set\n"));
    buf_append(report, STR("  ok        a mail could be sent\n"));
}

static void append_failure(struct buf *report, const struct outcome *outcome,
                           struct smtp_transcript *transcript, struct arena *arena)
{
    struct str rest = smtp_transcript_text(transcript);
    while (rest.len)
        append_words(report, "|", str_cut(&rest, '\n'), arena);
    buf_append_format(report, "  failed    %s: %s\n", fault_kind(outcome->fault.code)->name,
                      outcome->fault.detail);
    if (outcome->reply.code)
        buf_append_format(report, "  reply     %d %.*s\n", outcome->reply.code, STR_ARG(outcome->reply.text));
    buf_append_format(report, "  advice    %s\n", advice_for(outcome->fault.code));
}

/* The fault's code, NONE where a mail could be sent. */
static enum fault_code check_relay(const struct smtp_relay *relay, int64_t timeout_ms, struct buf *report)
{
    struct arena arena;
    struct smtp_transcript transcript;
    struct outcome outcome = {0};
    arena_init(&arena, ARENA_BYTES);
    smtp_transcript_init(&transcript);
    append_head(report, relay);
    struct smtp_session *session =
        smtp_session_open(relay, deadline_after_ms(timeout_ms), &arena, &transcript, &outcome);
    if (session) {
        append_success(report, session, &arena);
        smtp_session_close(&session);
    } else {
        append_failure(report, &outcome, &transcript, &arena);
    }
    smtp_transcript_fini(&transcript);
    arena_fini(&arena);
    return outcome.fault.code;
}

static int check_all(struct configuration *configuration)
{
    int exit_code = EX_OK;
    for (size_t i = 0; i < configuration->relays.count; i++) {
        struct buf report;
        buf_init(&report, MAX_REPORT_BYTES);
        enum fault_code code = check_relay(configuration_relay(configuration, i),
                                           configuration->settings.timeout_request_ms, &report);
        if (exit_code == EX_OK)
            exit_code = exit_code_of(code);
        if (command_print(buf_view(&report)) != EX_OK)
            exit_code = EX_IOERR;
        buf_fini(&report);
    }
    return exit_code;
}

int command_check(const struct option_sources *sources)
{
    struct fault fault;
    signal(SIGPIPE, SIG_IGN);
    struct configuration *configuration = configuration_load(sources, NULL, -1, &fault);
    int exit_code = configuration ? check_all(configuration) : command_fail(&fault, EX_CONFIG);
    configuration_release(&configuration);
    return exit_code;
}
