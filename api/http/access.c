/* A key travels in the Authorization field and nowhere else: a query ends up in logs, and a second field is
 * one that a proxy in front may have read in place of ours.
 *
 * Where no key is asked for, on loopback, the caller to fear is a browser on the same machine: any page that
 * it shows can post a form to us without asking (a "simple" request), and a page whose name is made to point
 * at 127.0.0.1 can read our answers, too. The first says whose page it is, and the second calls us by that
 * name.
 */
#include "api/http/access.h"

#include "api/http/guard.h"
#include "api/http/response.h"
#include "mime/finished.h"

#include <inttypes.h>
#include <stdio.h>

static struct str first_field(const struct guard_request *request, struct str name, size_t *count)
{
    struct str value = {0};
    *count = 0;
    for (size_t i = 0; i < request->field_count && i < GUARD_MAX_FIELDS; i++)
        if (str_equal_nocase(request->fields[i].name, name) && (*count)++ == 0)
            value = str_trim(request->fields[i].value);
    return value;
}

/* RFC 6750 2.1, RFC 9110 11.4: the scheme in any case, spaces, one token. What is none is no key of ours
 * either. */
bool access_read_key(const struct guard_request *request, struct str *key, struct fault *fault)
{
    size_t count;
    struct str credentials = first_field(request, STR("Authorization"), &count);
    *key = (struct str){0};
    if (count > 1)
        return fault_set(fault, FAULT_MALFORMED_HTTP, "there are %zu Authorization fields", count);
    struct str scheme = str_cut(&credentials, ' ');
    if (str_equal_nocase(scheme, STR("Bearer")) && credentials.data)
        *key = str_trim(credentials);
    return true;
}

static struct str without_port(struct str host)
{
    size_t colon = str_last_index(host, ':');
    bool is_port = colon < host.len && str_index(str_from(host, colon), ']') == host.len - colon;
    return is_port ? str_first(host, colon) : host;
}

static bool is_among(struct str names, struct str name)
{
    while (names.data) {
        struct str one = str_cut(&names, ' ');
        if (one.len && str_equal_nocase(one, name))
            return true;
    }
    return false;
}

/* Digits and dots beginning with 127: an address, which no name server gives out as a name. */
static bool is_loopback_v4(struct str host)
{
    for (size_t i = 0; i < host.len; i++)
        if (!char_is_digit(host.data[i]) && host.data[i] != '.')
            return false;
    return str_starts_with(host, STR("127."));
}

/* RFC 6761 6.3: localhost, and what is within it, is never another host. */
static bool is_own_name(struct str host, struct str hosts)
{
    static const struct str within = STR(".localhost");
    bool is_within = host.len > within.len && str_equal_nocase(str_from(host, host.len - within.len), within);
    return !host.len || is_within || is_loopback_v4(host) || str_equal(host, STR("[::1]")) ||
           str_equal_nocase(host, STR("localhost")) || is_among(hosts, host);
}

/* The page that asks was served by us: its origin is the name by which it calls us. */
static bool is_own_origin(struct str origin, struct str host)
{
    static const struct str schemes[] = {STR("http://"), STR("https://")};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (str_starts_with(origin, schemes[i]) && str_equal_nocase(str_from(origin, schemes[i].len), host))
            return true;
    return !origin.data;
}

bool access_check_host(const struct access_claim *claim, struct str hosts, struct fault *fault)
{
    return is_own_name(without_port(claim->host), hosts) ||
           fault_set(fault, FAULT_FORBIDDEN,
                     "without API keys only names of loopback are answered to, and those in the option "
                     "allow_hosts; "
                     "the Host field has another");
}

bool access_check_origin(const struct access_claim *claim, struct fault *fault)
{
    bool site_is_own = !claim->fetch_site.data || str_equal(claim->fetch_site, STR("same-origin")) ||
                       str_equal(claim->fetch_site, STR("none"));
    return !claim->changes || (site_is_own && is_own_origin(claim->origin, claim->host)) ||
           fault_set(fault, FAULT_FORBIDDEN, "without API keys no page of another origin may ask for this");
}

/* Quoted names are Structured Fields' strings (RFC 9651): an item each, with its parameters. */
static void tell_quotas(const struct access_grant *grant, struct response *response)
{
    char policy[RESPONSE_HEADER_BYTES] = "", state[RESPONSE_HEADER_BYTES] = "";
    size_t policy_len = 0, state_len = 0;
    for (size_t i = 0; i < grant->quota_count; i++) {
        const struct access_quota *quota = &grant->quotas[i];
        const char *comma = i ? ", " : "";
        policy_len += (size_t)snprintf(policy + policy_len, sizeof policy - policy_len,
                                       "%s\"%s\";q=%" PRIu64 ";w=%" PRIu64, comma, quota->name, quota->limit,
                                       quota->window_s);
        state_len +=
            (size_t)snprintf(state + state_len, sizeof state - state_len, "%s\"%s\";r=%" PRIu64 ";t=%" PRIu64,
                             comma, quota->name, quota->left, quota->refill_s);
        if (policy_len >= sizeof policy || state_len >= sizeof state)
            return;
    }
    if (grant->quota_count) {
        response_add_header(response, "RateLimit-Policy", policy);
        response_add_header(response, "RateLimit", state);
    }
}

static void tell(const struct access_grant *grant, const struct fault *fault, struct response *response)
{
    tell_quotas(grant, response);
    /* RFC 9110 11.6.1 */
    if (fault->code == FAULT_UNAUTHORIZED)
        response_add_header(response, "WWW-Authenticate", "Bearer realm=\"postern\"");
    if (fault->code == FAULT_RATE_LIMITED) {
        char seconds[24];
        snprintf(seconds, sizeof seconds, "%" PRIu64, grant->retry_after_s);
        response_add_header(response, "Retry-After", seconds);
    }
}

static void look_at_connection(struct MHD_Connection *connection, struct access_claim *claim)
{
    /* One after the other: libmicrohttpd 1.0 answers each question in the same place. */
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    claim->peer = info ? info->client_addr : NULL;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    claim->fd = info ? info->connect_fd : -1;
}

bool access_admit(const struct access_gate *gate, enum access_scope scope,
                  const struct guard_request *request, struct MHD_Connection *connection,
                  struct access_grant *grant, struct response *response, struct fault *fault)
{
    size_t ignored;
    if (!gate->admit || scope == ACCESS_ANYONE)
        return true;
    bool reads = str_equal(request->method, STR("GET")) || str_equal(request->method, STR("HEAD"));
    struct access_claim claim = {.scope = scope,
                                 .changes = !reads,
                                 .host = first_field(request, STR("Host"), &ignored),
                                 .origin = first_field(request, STR("Origin"), &ignored),
                                 .fetch_site = first_field(request, STR("Sec-Fetch-Site"), &ignored)};
    look_at_connection(connection, &claim);
    bool admitted =
        access_read_key(request, &claim.key, fault) && gate->admit(gate->context, &claim, grant, fault);
    tell(grant, admitted ? &(struct fault){.code = FAULT_NONE} : fault, response);
    return admitted;
}

/* Where in a request a sender stands: in a field of the JSON, or in the query; the finished message as a
 * whole is "". */
struct place_of_sender {
    const char *pointer, *parameter;
};

static void refuse_sender(struct submission *submission, struct str sender, struct place_of_sender place,
                          struct problem *problem)
{
    struct fault fault;
    fault_set(&fault, FAULT_FORBIDDEN_SENDER, "this API key may not send as %.*s", STR_ARG(sender));
    if (place.parameter)
        problem_add_parameter(problem, &submission->arena, str_of(place.parameter), &fault);
    else
        problem_add(problem, &submission->arena, str_of(place.pointer), &fault);
}

static void check_sender(const struct access_grant *grant, struct submission *submission, struct str address,
                         struct place_of_sender place, struct problem *problem)
{
    if (address.len && !allow_list_has(&grant->senders, address))
        refuse_sender(submission, address, place, problem);
}

/* RFC 5322 3.6.2 and 3.6.6: who else a finished message says it comes from. */
static bool names_sender(struct str field_name)
{
    return str_equal_nocase(field_name, STR("Sender")) || str_equal_nocase(field_name, STR("Resent-From")) ||
           str_equal_nocase(field_name, STR("Resent-Sender"));
}

/* What is not one mailbox could be anybody's. */
static void check_finished(const struct access_grant *grant, struct submission *submission,
                           struct problem *problem)
{
    struct str rest = submission->message.finished.header, name, value;
    while (finished_next_field(&submission->arena, &rest, &name, &value)) {
        struct mailbox mailbox;
        struct fault unfit;
        if (!names_sender(name))
            continue;
        if (!mailbox_parse(&submission->arena, value, &mailbox, &unfit))
            refuse_sender(submission, value, (struct place_of_sender){.pointer = ""}, problem);
        else
            check_sender(grant, submission, mailbox.address, (struct place_of_sender){.pointer = ""},
                         problem);
    }
}

static void check_senders(const struct access_grant *grant, struct submission *submission,
                          struct problem *problem)
{
    const struct message *message = &submission->message;
    bool is_finished = message->finished.header.data;
    struct place_of_sender from = {.pointer = is_finished ? "" : "/from"}, sender = {.pointer = "/sender"};
    struct place_of_sender return_path = {"/return_path", is_finished ? "from" : NULL};
    check_sender(grant, submission, message->from.address, from, problem);
    check_sender(grant, submission, message->sender.address, sender, problem);
    /* The null path names nobody (RFC 5321 4.5.5). */
    if (!str_equal(submission->return_path, message->from.address))
        check_sender(grant, submission, submission->return_path, return_path, problem);
    if (is_finished)
        check_finished(grant, submission, problem);
}

static void check_recipients(const struct access_grant *grant, struct submission *submission,
                             struct problem *problem)
{
    for (size_t i = 0; i < submission->recipient_count; i++) {
        struct fault fault;
        if (allow_list_has(&grant->recipients, submission->recipients[i]))
            continue;
        fault_set(&fault, FAULT_FORBIDDEN_RECIPIENT, "this API key may not send to %.*s",
                  STR_ARG(submission->recipients[i]));
        if (submission->pointers[i].data)
            problem_add(problem, &submission->arena, submission->pointers[i], &fault);
        else
            problem_add_parameter(problem, &submission->arena, STR("to"), &fault);
    }
}

/* One after the other, so that a problem has one code. */
bool access_check_addresses(const struct access_grant *grant, struct submission *submission,
                            struct problem *problem)
{
    if (grant->senders.rules)
        check_senders(grant, submission, problem);
    if (grant->recipients.rules && !problem->errors_found)
        check_recipients(grant, submission, problem);
    return problem_conclude(problem);
}

bool access_check_message(const struct access_gate *gate, struct access_grant *grant,
                          struct submission *submission, struct response *response, struct problem *problem)
{
    if (!gate->charge)
        return true;
    submission->key_name = arena_copy(&submission->arena, grant->key_name);
    if (!access_check_addresses(grant, submission, problem))
        return false;
    if (submission->dry_run)
        return true;
    bool charged = gate->charge(gate->context, grant, submission->recipient_count, &problem->fault);
    tell(grant, &problem->fault, response);
    return charged;
}

void access_release(const struct access_gate *gate, struct access_grant *grant)
{
    if (gate->release)
        gate->release(gate->context, grant);
    *grant = (struct access_grant){0};
}
