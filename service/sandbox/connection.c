/* The session's rules are one table: what each command needs, and with which reply it is refused without. What is
 * allowed goes to its handler; a handler answers, and changes the state. The words are Postfix's, because those are
 * what a client meets most.
 */
#include "service/sandbox/connection_inside.h"

#include <inttypes.h>
#include <stdio.h>

enum { MAX_ERRORS = 20, MAX_TEXT_BYTES = 1024 };

bool connection_is_over(const struct connection *connection)
{
    return connection->status != SANDBOX_WIRE_OK || connection->quit;
}

void connection_end_transaction(struct connection *connection)
{
    sandbox_store_discard(connection->terms->store, &connection->message);
    connection->has_chunks = false;
    connection->message_refusal = NULL;
    connection->agreed = NULL;
}

/* --- The rules */

enum {
    NEEDS_HELLO = 1 << 0,
    NEEDS_LOGIN = 1 << 1, /* where the sandbox was given credentials */
    NEEDS_MAIL = 1 << 2,
    NEEDS_RCPT = 1 << 3,
    NO_MAIL = 1 << 4,
    NO_TLS = 1 << 5,
    NO_LOGIN = 1 << 6,
    NO_CHUNKS = 1 << 7,
    SAFE = 1 << 8, /* credentials that are worth something go by TLS alone */
};

static bool wants_login(const struct connection *connection)
{
    return connection->terms->credentials.username;
}

static bool has_greeted(const struct connection *connection)
{
    return connection->has_greeted;
}

static bool is_safe(const struct connection *connection)
{
    return !wants_login(connection) || connection->wire.tls;
}

static bool may_send(const struct connection *connection)
{
    return !wants_login(connection) || connection->has_login;
}

static bool has_mail(const struct connection *connection)
{
    return connection->message;
}

static bool has_recipient(const struct connection *connection)
{
    return !connection->message || connection->message->recipient_count > 0;
}

static bool has_no_mail(const struct connection *connection)
{
    return !connection->message;
}

static bool has_no_tls(const struct connection *connection)
{
    return !connection->wire.tls;
}

static bool has_no_login(const struct connection *connection)
{
    return !connection->has_login;
}

static bool has_no_chunks(const struct connection *connection)
{
    return !connection->has_chunks;
}

/* In this order. */
static const struct {
    unsigned need;
    bool (*is_met)(const struct connection *connection);
    const char *refusal;
} needs[] = {
    {NO_TLS, has_no_tls, "554 5.5.1 Error: TLS already active"},
    {NEEDS_HELLO, has_greeted, "503 5.5.1 Error: send HELO/EHLO first"},
    {SAFE, is_safe, "538 5.7.11 Encryption required for requested authentication mechanism"}, /* RFC 4954 4 */
    {NEEDS_LOGIN, is_safe, "530 5.7.0 Must issue a STARTTLS command first"},                  /* RFC 3207 4 */
    {NEEDS_LOGIN, may_send, "530 5.7.0 Authentication required"},                             /* RFC 4954 6 */
    {NO_MAIL, has_no_mail, "503 5.5.1 Error: MAIL transaction in progress"},
    {NO_LOGIN, has_no_login, "503 5.5.1 Error: already authenticated"},
    {NEEDS_MAIL, has_mail, "503 5.5.1 Error: need MAIL command"},
    {NEEDS_RCPT, has_recipient, "554 5.5.1 Error: no valid recipients"},      /* RFC 5321 4.1.1.4 */
    {NO_CHUNKS, has_no_chunks, "503 5.5.1 Error: the message comes by BDAT"}, /* RFC 3030 2 */
};

/* The last words where a session ends by other ways than QUIT (RFC 5321 3.8). */
static const char *const farewells[] = {
    [SANDBOX_WIRE_BARE_LF] = "521 5.5.2 localhost Error: bare <LF> received",
    [SANDBOX_WIRE_TIMED_OUT] = "421 4.4.2 localhost Error: timeout exceeded",
    [SANDBOX_WIRE_STOPPED] = "421 4.3.2 localhost Service shutting down",
};

/* --- The simple commands */

/* RFC 5321 4.1.4: a greeting ends a transaction as RSET does. */
static bool greet(struct connection *connection, struct str argument, const char *syntax)
{
    if (argument.len == 0) {
        connection_refuse(connection, syntax);
        return false;
    }
    connection_end_transaction(connection);
    return true;
}

static bool is_among(struct str words, struct str word)
{
    while (words.data)
        if (str_equal_nocase(str_cut(&words, ' '), word))
            return true;
    return false;
}

/* What is offered: absent lines, those that make no sense now, and those that a rule takes away. */
static size_t list_keywords(const struct connection *connection, char lines[static 16][64])
{
    const struct {
        bool offered;
        const char *keyword, *parameters;
    } keywords[] = {
        {true, "PIPELINING", ""},
        {true, "SIZE", ""},
        {!connection->wire.tls, "STARTTLS", ""},
        {is_safe(connection), "AUTH", " PLAIN LOGIN"},
        {true, "ENHANCEDSTATUSCODES", ""},
        {true, "8BITMIME", ""},
        {true, "SMTPUTF8", ""},
        {true, "DSN", ""},
        {true, "CHUNKING", ""},
        {connection->wire.tls, "REQUIRETLS", ""}, /* RFC 8689 4.1: by TLS alone */
        {true, "HELP", ""},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        bool hidden = is_among(str_of(connection->act.without), str_of(keywords[i].keyword));
        if (!keywords[i].offered || hidden)
            continue;
        int len = snprintf(lines[count], 64, "%s%s", keywords[i].keyword, keywords[i].parameters);
        if (i == 1)
            snprintf(lines[count] + len, 64 - (size_t)len, " %" PRIu64, connection->terms->max_message_bytes);
        count++;
    }
    return count;
}

static void handle_ehlo(struct connection *connection, struct str argument)
{
    char lines[16][64];
    if (!greet(connection, argument, "501 5.5.4 Syntax: EHLO hostname"))
        return;
    const char *reply = stage_prepare(connection, SANDBOX_STEP_EHLO, (struct str){0}, "");
    if (!reply)
        return;
    if (reply[0]) {
        connection->has_greeted |= stage_say(connection, reply);
        return;
    }
    connection->has_greeted = true;
    size_t count = list_keywords(connection, lines);
    connection_say(connection, "250%clocalhost", count ? '-' : ' ');
    for (size_t i = 0; i < count; i++)
        connection_say(connection, "250%c%s", i + 1 < count ? '-' : ' ', lines[i]);
}

static void handle_helo(struct connection *connection, struct str argument)
{
    if (greet(connection, argument, "501 5.5.4 Syntax: HELO hostname"))
        connection->has_greeted |=
            stage_reply(connection, SANDBOX_STEP_EHLO, (struct str){0}, "250 localhost");
}

static void shake_hands(struct connection *connection, SSL_CTX *tls)
{
    if (!stage_prepare(connection, SANDBOX_STEP_TLS, (struct str){0}, ""))
        return;
    connection->status = sandbox_wire_secure(&connection->wire, tls, deadline_after_ms(COMMAND_TIMEOUT_MS));
    /* Everything said before is forgotten (RFC 3207 4.2). */
    connection->has_greeted = connection->has_login = false;
    if (connection->status == SANDBOX_WIRE_OK)
        connection_note(connection, "%s, %s", SSL_get_version(connection->wire.tls),
                        SSL_get_cipher_name(connection->wire.tls));
    else
        connection_note(connection, "the TLS handshake failed");
}

/* RFC 3207 6: what was sent in the clear behind STARTTLS could be anybody's. It is not only dropped:
 * a client that does this, or somebody in the middle who did, is told. */
static void handle_starttls(struct connection *connection, struct str argument)
{
    (void)argument;
    if (sandbox_wire_ahead(&connection->wire).len) {
        connection_refuse(connection, "554 5.5.0 Error: commands after STARTTLS, before the handshake");
        connection->quit = true;
        return;
    }
    bool begins =
        stage_reply(connection, SANDBOX_STEP_STARTTLS, (struct str){0}, "220 2.0.0 Ready to start TLS");
    if (begins && connection->act.is_untrusted)
        connection_note(connection, "rehearsed: a certificate that nobody trusts");
    if (begins)
        shake_hands(connection,
                    connection->act.is_untrusted ? connection->terms->untrusted_tls : connection->terms->tls);
}

static void handle_rset(struct connection *connection, struct str argument)
{
    (void)argument;
    connection_end_transaction(connection);
    connection_say(connection, "250 2.0.0 Ok");
}

static void handle_noop(struct connection *connection, struct str argument)
{
    (void)argument;
    connection_say(connection, "250 2.0.0 Ok");
}

/* RFC 5321 3.5.3: every recipient is taken here, and none is known. */
static void handle_vrfy(struct connection *connection, struct str argument)
{
    if (argument.len)
        connection_say(connection, "252 2.5.0 Cannot VRFY user, but will take the message");
    else
        connection_refuse(connection, "501 5.5.4 Syntax: VRFY address");
}

static void handle_help(struct connection *connection, struct str argument)
{
    (void)argument;
    connection_say(connection,
                   "214-2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT");
    connection_say(connection, "214 2.0.0 Nothing that is sent here leaves this machine");
}

static void handle_quit(struct connection *connection, struct str argument)
{
    (void)argument;
    connection_say(connection, "221 2.0.0 Bye");
    connection->quit = true;
}

static const struct {
    unsigned needs;
    const char *bare_syntax; /* of a verb that stands alone on its line */
    void (*handle)(struct connection *connection, struct str argument);
} rules[SANDBOX_VERB_COUNT] = {
    [SANDBOX_VERB_EHLO] = {0, NULL, handle_ehlo},
    [SANDBOX_VERB_HELO] = {0, NULL, handle_helo},
    [SANDBOX_VERB_STARTTLS] = {NO_TLS | NEEDS_HELLO | NO_MAIL, "501 5.5.4 Syntax: STARTTLS", handle_starttls},
    [SANDBOX_VERB_AUTH] = {NEEDS_HELLO | SAFE | NO_MAIL | NO_LOGIN, NULL, authentication_serve},
    [SANDBOX_VERB_MAIL] = {NEEDS_HELLO | NEEDS_LOGIN | NO_MAIL, NULL, transaction_mail},
    [SANDBOX_VERB_RCPT] = {NEEDS_HELLO | NEEDS_LOGIN | NEEDS_MAIL | NO_CHUNKS, NULL, transaction_rcpt},
    [SANDBOX_VERB_DATA] = {NEEDS_HELLO | NEEDS_LOGIN | NEEDS_MAIL | NEEDS_RCPT | NO_CHUNKS,
                           "501 5.5.4 Syntax: DATA", transaction_data},
    [SANDBOX_VERB_BDAT] = {0, NULL, transaction_bdat}, /* what follows it must be read, whatever it needs */
    [SANDBOX_VERB_RSET] = {0, "501 5.5.4 Syntax: RSET", handle_rset},
    [SANDBOX_VERB_NOOP] = {0, NULL, handle_noop},
    [SANDBOX_VERB_VRFY] = {NEEDS_LOGIN, NULL, handle_vrfy},
    [SANDBOX_VERB_HELP] = {0, NULL, handle_help},
    [SANDBOX_VERB_QUIT] = {0, "501 5.5.4 Syntax: QUIT", handle_quit},
};

/* --- The session */

static const char *find_refusal(const struct connection *connection, const struct sandbox_command *command)
{
    if (!rules[command->verb].handle)
        return "500 5.5.2 Error: command not recognized";
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (rules[command->verb].needs & needs[i].need && !needs[i].is_met(connection))
            return needs[i].refusal;
    return command->argument.len ? rules[command->verb].bare_syntax : NULL;
}

/* The name of a mechanism is all that is kept of AUTH. */
static void hear_command(struct connection *connection, const struct sandbox_command *command,
                         struct str line)
{
    struct str rest = command->argument;
    struct str mechanism = str_cut(&rest, ' ');
    if (command->verb == SANDBOX_VERB_MAIL && !connection->said.max_bytes)
        connection_begin_lines(connection);
    if (command->verb != SANDBOX_VERB_AUTH || !rest.data) {
        connection_hear(connection, line);
        return;
    }
    char shown[MAX_TEXT_BYTES];
    snprintf(shown, sizeof shown, "AUTH %.*s (the response is not kept)", STR_ARG(str_first(mechanism, 32)));
    connection_hear(connection, str_of(shown));
}

static void serve_command(struct connection *connection, struct str line)
{
    struct sandbox_command command = sandbox_command_parse(line);
    hear_command(connection, &command, line);
    const char *refusal = find_refusal(connection, &command);
    if (refusal)
        connection_refuse(connection, refusal);
    else
        rules[command.verb].handle(connection, command.argument);
}

static void serve_line(struct connection *connection)
{
    struct str line;
    connection->status =
        sandbox_wire_read_line(&connection->wire, deadline_after_ms(COMMAND_TIMEOUT_MS), &line);
    if (connection->status == SANDBOX_WIRE_LONG_LINE) {
        connection->status = SANDBOX_WIRE_OK;
        connection_refuse(connection, "500 5.5.2 Error: line too long");
    } else if (connection->status == SANDBOX_WIRE_OK) {
        serve_command(connection, line);
    }
}

static void say_farewell(struct connection *connection)
{
    if (connection->status < sizeof farewells / sizeof farewells[0] && farewells[connection->status])
        connection_say(connection, "%s", farewells[connection->status]);
    else if (connection->errors > MAX_ERRORS)
        connection_say(connection, "421 4.7.0 localhost Error: too many errors");
    else if (connection->status == SANDBOX_WIRE_CLOSED)
        connection_note(connection, "the client has closed the connection");
    if (!connection->wire.broken)
        sandbox_wire_flush_last(&connection->wire);
}

static void keep_record(struct connection *connection)
{
    char number[24];
    struct sandbox_record *record = connection->record;
    if (!record)
        return;
    connection_take_dialogue(connection, &record->lines);
    snprintf(number, sizeof number, "%" PRIu64, record->session);
    sandbox_journal_put(connection->terms->journal, &connection->record);
    sandbox_events_add(connection->terms->events, SANDBOX_EVENT_SESSION, number);
}

static void begin_session(struct connection *connection, int fd)
{
    buf_init(&connection->opening, CONNECTION_OPENING_BYTES);
    connection->record = sandbox_record_new(connection->terms->journal, fd);
    if (connection->record) {
        connection->session = connection->record->session;
        connection_note(connection, "connected from %s", connection->record->peer);
    }
}

void sandbox_connection_serve(const struct sandbox_terms *terms, int fd, int stop_fd)
{
    struct connection connection = {.terms = terms};
    sandbox_wire_init(&connection.wire, fd, stop_fd);
    begin_session(&connection, fd);
    if (!stage_reply(&connection, SANDBOX_STEP_GREETING, (struct str){0},
                     "220 localhost ESMTP Postern sandbox"))
        connection.quit = true;
    while (!connection_is_over(&connection) && connection.errors <= MAX_ERRORS)
        serve_line(&connection);
    say_farewell(&connection);
    sandbox_store_discard(terms->store, &connection.message);
    sandbox_wire_fini(&connection.wire);
    keep_record(&connection);
    buf_fini(&connection.opening);
    buf_fini(&connection.said);
}
