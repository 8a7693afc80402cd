/* `postern check`: opens a session with each relay, tells in plain words what it found, and sends nothing.
 *
 * A relay that says nothing at a port for STARTTLS may be one that waits for TLS: that is tried out, for nobody could
 * tell it from the silence. */
#include "base/utf8.h"
#include "service/commands/check_advice.h"
#include "service/commands/commands.h"
#include "service/commands/dkim_check.h"
#include "service/commands/exit_code.h"
#include "service/settings/configuration.h"
#include "smtp/chain.h"
#include "smtp/dial.h"
#include "smtp/session.h"

#include <signal.h>
#include <sysexits.h>

enum { MAX_REPORT_BYTES = 256 * 1024, ARENA_BYTES = 512 * 1024 };

/* Somebody sits and waits: shorter than RFC 5321 would have it. */
enum { MAX_GREETING_MS = 30000, TLS_PROBE_MS = 5000 };

/* One relay's report. */
struct check {
    struct smtp_relay relay; /* a copy, with a chain and less patience */
    struct smtp_chain chain;
    struct smtp_transcript transcript;
    struct outcome outcome;
    struct arena arena;
    struct buf *report;
};

static void append_head(struct buf *report, const struct smtp_relay *relay)
{
    static const char *const policies[] = {"STARTTLS", "TLS from the first byte", "no TLS"};
    const char *protocol = relay->protocol == SMTP_PROTOCOL_LMTP ? ", LMTP" : "";
    if (smtp_relay_is_local(relay)) {
        buf_append_format(report, "%.*s, a Unix socket%s\n", STR_ARG(relay->host), protocol);
        return;
    }
    buf_append_format(report, "%.*s, port %d%s, %s%s\n", STR_ARG(relay->host), relay->port, protocol,
                      policies[relay->tls], relay->insecure ? ", certificate NOT verified" : "");
    if (relay->proxy.kind != SMTP_PROXY_NONE)
        buf_append_format(report, "  by        the %s proxy %.*s, port %d\n",
                          smtp_proxy_kind_name(relay->proxy.kind), STR_ARG(relay->proxy.host),
                          relay->proxy.port);
}

/* A line of the relay's own words, which may hold anything. */
static void append_words(struct check *check, const char *label, struct str words)
{
    struct str safe = utf8_make_safe(&check->arena, words, OUTCOME_TEXT_MAX_BYTES);
    buf_append_format(check->report, "  %-8s  %.*s\n", label, STR_ARG(safe));
}

static void append_chain(struct check *check)
{
    for (size_t i = 0; i < check->chain.count; i++) {
        const struct smtp_certificate *certificate = &check->chain.items[i];
        buf_append_format(
            check->report,
            "  %-8s  %zu. %s\n               issued by %s\n               valid from %s to %s\n",
            i == 0 ? "chain" : "", i + 1, certificate->subject, certificate->issuer, certificate->not_before,
            certificate->not_after);
    }
    if (check->chain.count)
        buf_append_format(check->report, "  names     %s\n",
                          check->chain.names[0] ? check->chain.names
                                                : "none (subjectAltName): nobody can verify whose it is");
}

static void append_tls(struct check *check, const struct smtp_tls_facts *tls)
{
    if (tls->version)
        buf_append_format(check->report, "  tls       %s, %s\n", tls->version, tls->cipher);
    else if (smtp_relay_is_local(&check->relay))
        buf_append(check->report, STR("  tls       none: nothing leaves this machine\n"));
    else
        buf_append(check->report, STR("  tls       none: everything is sent in the clear\n"));
    append_chain(check);
}

/* What the relay says of a keyword's parameters; absent where it does not offer it. */
static struct str find_keyword(struct str keywords, struct str wanted)
{
    while (keywords.len) {
        struct str rest = str_cut(&keywords, '\n');
        if (str_equal_nocase(str_cut(&rest, ' '), wanted))
            return rest.data ? rest : STR("");
    }
    return (struct str){0};
}

static void append_limits(struct check *check, struct str keywords)
{
    uint64_t octets = 0;
    struct str size = find_keyword(keywords, STR("SIZE")), limits = find_keyword(keywords, STR("LIMITS"));
    if (str_to_uint(size, UINT64_MAX, &octets) && octets > 0)
        buf_append_format(check->report, "  size      a message has %.*s octets at most\n", STR_ARG(size));
    else
        buf_append(check->report, STR("  size      no limit is told\n"));
    if (limits.data)
        append_words(check, "limits", limits);
}

static void append_success(struct check *check, const struct smtp_session *session)
{
    struct smtp_session_facts facts;
    smtp_session_describe(session, &facts);
    if (facts.address.len)
        append_words(check, "address", facts.address);
    append_words(check, "hello", facts.ehlo_name);
    append_words(check, "greeting", facts.greeting);
    append_tls(check, facts.tls);
    struct str rest = facts.keywords;
    for (const char *label = "offers"; rest.len; label = "")
        append_words(check, label, str_cut(&rest, '\n'));
    append_limits(check, facts.keywords);
    if (facts.mechanism.data)
        buf_append_format(check->report, "  login     accepted, by AUTH %.*s\n", STR_ARG(facts.mechanism));
    else
        buf_append(check->report, STR("  login     none: no user name is set\n"));
    buf_append(check->report, STR("  ok        a mail could be sent\n"));
}

/* The dialogue tells which mechanism it was: the last AUTH that was said. */
static struct str tried_mechanism(const struct smtp_transcript *transcript)
{
    struct str found = {0};
    for (struct str rest = smtp_transcript_text(transcript); rest.len;) {
        const struct str mark = STR("C: AUTH ");
        struct str line = str_trim(str_cut(&rest, '\n'));
        line = str_trim(str_from(line, str_index(line, ' ')));
        if (str_starts_with(line, mark)) {
            found = str_from(line, mark.len);
            found = str_cut(&found, ' ');
        }
    }
    return found;
}

/* A handshake, whoever it is with. */
static bool speaks_tls(const struct smtp_relay *relay)
{
    struct smtp_relay probed = *relay;
    struct fault ignored;
    probed.tls = SMTP_TLS_IMPLICIT;
    probed.insecure = true;
    probed.chain = NULL;
    if (!smtp_relay_prepare(&probed, &ignored))
        return false;
    struct deadline deadline = deadline_after_ms(TLS_PROBE_MS);
    struct smtp_transport *transport = smtp_dial(&probed, deadline, &ignored);
    bool speaks = transport && transport->ops->start_tls(transport, &probed, deadline) == SMTP_STATUS_OK;
    if (transport)
        transport->ops->free(transport);
    smtp_relay_fini(&probed);
    return speaks;
}

static void look_behind_silence(struct check *check)
{
    struct fault *fault = &check->outcome.fault;
    const struct smtp_relay *relay = &check->relay;
    bool was_silent = fault->code == FAULT_UPSTREAM_TIMEOUT && relay->tls != SMTP_TLS_IMPLICIT &&
                      !smtp_relay_is_local(relay) && !check->transcript.has_server_line;
    if (was_silent && speaks_tls(relay))
        fault_set(fault, FAULT_UPSTREAM_TLS,
                  "relay %.*s:%u waits for TLS where it was to greet: this is implicit TLS",
                  STR_ARG(relay->host), relay->port);
}

static void append_failure(struct check *check)
{
    const struct outcome *outcome = &check->outcome;
    look_behind_silence(check);
    for (struct str rest = smtp_transcript_text(&check->transcript); rest.len;)
        append_words(check, "|", str_cut(&rest, '\n'));
    append_chain(check);
    buf_append_format(check->report, "  failed    %s: %s\n", fault_kind(outcome->fault.code)->name,
                      outcome->fault.detail);
    if (outcome->reply.code)
        buf_append_format(check->report, "  reply     %d %.*s\n", outcome->reply.code,
                          STR_ARG(outcome->reply.text));
    struct str mechanism = tried_mechanism(&check->transcript);
    if (mechanism.data)
        buf_append_format(check->report, "  login     %s, by AUTH %.*s\n",
                          outcome->fault.code == FAULT_UPSTREAM_AUTH_FAILED ? "refused" : "tried",
                          STR_ARG(mechanism));
    buf_append_format(check->report, "  advice    %s\n", check_advice(&outcome->fault, check->chain.error));
}

static void check_open(struct check *check, const struct smtp_relay *relay, struct buf *report)
{
    *check = (struct check){.relay = *relay, .report = report};
    check->relay.chain = &check->chain;
    if (check->relay.timeouts.greeting_ms > MAX_GREETING_MS)
        check->relay.timeouts.greeting_ms = MAX_GREETING_MS;
    arena_init(&check->arena, ARENA_BYTES);
    smtp_transcript_init(&check->transcript);
}

/* The fault's code, NONE where a mail could be sent. */
static enum fault_code check_relay(const struct smtp_relay *relay, int64_t timeout_ms, struct buf *report)
{
    struct check check;
    check_open(&check, relay, report);
    append_head(report, relay);
    struct smtp_session *session = smtp_session_open(&check.relay, deadline_after_ms(timeout_ms),
                                                     &check.arena, &check.transcript, &check.outcome);
    if (session) {
        append_success(&check, session);
        smtp_session_close(&session);
    } else {
        append_failure(&check);
    }
    smtp_transcript_fini(&check.transcript);
    arena_fini(&check.arena);
    return check.outcome.fault.code;
}

/* No matter of the exit status: a mail could be sent, if not one that verifies. */
static bool check_keys(const struct configuration *configuration)
{
    struct buf report;
    buf_init(&report, DKIM_MAX_KEYS * MAX_REPORT_BYTES);
    dkim_check_append(&configuration->dkim, &report);
    bool printed = command_print(buf_view(&report)) == EX_OK;
    buf_fini(&report);
    return printed;
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
    return check_keys(configuration) ? exit_code : EX_IOERR;
}

int command_check(const struct option_sources *sources)
{
    struct fault fault;
    signal(SIGPIPE, SIG_IGN);
    struct configuration *configuration = configuration_load(sources, NULL, NULL, -1, &fault);
    int exit_code =
        configuration ? check_all(configuration) : command_fail(&fault, exit_code_of_start(fault.code));
    configuration_release(&configuration);
    return exit_code;
}
