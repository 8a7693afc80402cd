/* The session's rules are one table: which command may come in which state, and with which reply it is
 * refused where it may not. What is allowed goes to its handler; a handler answers, and changes the state.
 * The words are Postfix's, because those are what a client meets most.
 *
 * A message is taken when the reply to its end of data can say so, and never else: a connection that ends
 * before leaves nothing behind. */
#include "service/sandbox/connection.h"

#include "base/log.h"
#include "service/sandbox/command.h"
#include "service/sandbox/data.h"
#include "service/sandbox/wire.h"

#include <inttypes.h>

enum { COMMAND_TIMEOUT_MS = 300000, MESSAGE_TIMEOUT_MS = 600000, MAX_ERRORS = 20 };

enum state {
    STATE_CLEAR,        /* connected */
    STATE_CLEAR_HELLO,  /* EHLO was said: STARTTLS is next */
    STATE_SECURE,       /* after the handshake everything said before is forgotten (RFC 3207 4.2) */
    STATE_SECURE_HELLO, /* AUTH is next */
    STATE_READY,        /* logged in */
    STATE_MAIL,         /* in a transaction, without a recipient */
    STATE_RCPT,         /* in a transaction, with one */
    STATE_COUNT
};

struct connection {
    const struct sandbox_terms *terms;
    struct sandbox_wire wire;
    enum state state;
    unsigned errors;
    struct sandbox_message *message; /* NULL outside of a transaction */
    bool smtputf8;
    enum sandbox_wire_status status; /* of the wire; the session is over when it is not OK */
    bool quit;
};

#define OK          NULL
#define NO_HELLO    "503 5.5.1 Error: send HELO/EHLO first"
#define NO_TLS      "530 5.7.0 Must issue a STARTTLS command first" /* RFC 3207 4 */
#define TLS_ACTIVE  "554 5.5.1 Error: TLS already active"
#define NO_AUTH     "530 5.7.0 Authentication required" /* RFC 4954 6 */
#define CLEAR_AUTH  "538 5.7.11 Encryption required for requested authentication mechanism"
#define AUTH_ACTIVE "503 5.5.1 Error: already authenticated"
#define IN_MAIL     "503 5.5.1 Error: MAIL transaction in progress"
#define NESTED_MAIL "503 5.5.1 Error: nested MAIL command"
#define NO_MAIL     "503 5.5.1 Error: need MAIL command"
#define NO_RCPT     "554 5.5.1 Error: no valid recipients" /* RFC 5321 4.1.1.4 */
#define UNKNOWN     "500 5.5.2 Error: command not recognized"
#define EVERY(word)                                                                                          \
    {                                                                                                        \
        word, word, word, word, word, word, word                                                             \
    }

/* Columns: clear, clear and greeted, secure, secure and greeted, ready, MAIL, RCPT. */
static const char *const refusals[SANDBOX_VERB_COUNT][STATE_COUNT] = {
    [SANDBOX_VERB_UNKNOWN] = EVERY(UNKNOWN),
    [SANDBOX_VERB_EHLO] = EVERY(OK),
    [SANDBOX_VERB_HELO] = EVERY(OK),
    [SANDBOX_VERB_STARTTLS] = {NO_HELLO, OK, TLS_ACTIVE, TLS_ACTIVE, TLS_ACTIVE, TLS_ACTIVE, TLS_ACTIVE},
    [SANDBOX_VERB_AUTH] = {NO_HELLO, CLEAR_AUTH, NO_HELLO, OK, AUTH_ACTIVE, IN_MAIL, IN_MAIL},
    [SANDBOX_VERB_MAIL] = {NO_HELLO, NO_TLS, NO_HELLO, NO_AUTH, OK, NESTED_MAIL, NESTED_MAIL},
    [SANDBOX_VERB_RCPT] = {NO_HELLO, NO_TLS, NO_HELLO, NO_AUTH, NO_MAIL, OK, OK},
    [SANDBOX_VERB_DATA] = {NO_HELLO, NO_TLS, NO_HELLO, NO_AUTH, NO_MAIL, NO_RCPT, OK},
    [SANDBOX_VERB_RSET] = EVERY(OK),
    [SANDBOX_VERB_NOOP] = EVERY(OK),
    [SANDBOX_VERB_VRFY] = {OK, NO_TLS, OK, NO_AUTH, OK, OK, OK},
    [SANDBOX_VERB_QUIT] = EVERY(OK),
};

/* Verbs that stand alone on their line. */
static const char *const bare_syntax[SANDBOX_VERB_COUNT] = {
    [SANDBOX_VERB_STARTTLS] = "501 5.5.4 Syntax: STARTTLS",
    [SANDBOX_VERB_DATA] = "501 5.5.4 Syntax: DATA",
    [SANDBOX_VERB_RSET] = "501 5.5.4 Syntax: RSET",
    [SANDBOX_VERB_QUIT] = "501 5.5.4 Syntax: QUIT",
};

/* The last words where a session ends by other ways than QUIT (RFC 5321 3.8). */
static const char *const farewells[] = {
    [SANDBOX_WIRE_BARE_LF] = "521 5.5.2 localhost Error: bare <LF> received",
    [SANDBOX_WIRE_TIMED_OUT] = "421 4.4.2 localhost Error: timeout exceeded",
    [SANDBOX_WIRE_STOPPED] = "421 4.3.2 localhost Service shutting down",
};

static void say(struct connection *connection, const char *reply)
{
    sandbox_wire_say(&connection->wire, "%s", reply);
}

static void refuse(struct connection *connection, const char *reply)
{
    connection->errors++;
    say(connection, reply);
}

static void end_transaction(struct connection *connection)
{
    sandbox_store_discard(connection->terms->store, &connection->message);
    if (connection->state > STATE_READY)
        connection->state = STATE_READY;
}

/* RFC 5321 4.1.4: a greeting ends a transaction as RSET does. */
static bool greet(struct connection *connection, struct str argument, const char *syntax)
{
    if (argument.len == 0) {
        refuse(connection, syntax);
        return false;
    }
    end_transaction(connection);
    if (connection->state < STATE_READY)
        connection->state = connection->wire.tls ? STATE_SECURE_HELLO : STATE_CLEAR_HELLO;
    return true;
}

static void handle_ehlo(struct connection *connection, struct str argument)
{
    if (!greet(connection, argument, "501 5.5.4 Syntax: EHLO hostname"))
        return;
    say(connection, "250-localhost");
    say(connection, "250-PIPELINING");
    sandbox_wire_say(&connection->wire, "250-SIZE %" PRIu64, connection->terms->max_message_bytes);
    say(connection, connection->wire.tls ? "250-AUTH PLAIN LOGIN" : "250-STARTTLS");
    say(connection, "250-ENHANCEDSTATUSCODES");
    say(connection, "250-8BITMIME");
    say(connection, "250 SMTPUTF8");
}

static void handle_helo(struct connection *connection, struct str argument)
{
    if (greet(connection, argument, "501 5.5.4 Syntax: HELO hostname"))
        say(connection, "250 localhost");
}

/* RFC 3207 6: what was sent in the clear behind STARTTLS could be anybody's. It is not only dropped:
 * a client that does this, or somebody in the middle who did, is told. */
static void handle_starttls(struct connection *connection, struct str argument)
{
    (void)argument;
    if (sandbox_wire_ahead(&connection->wire).len) {
        refuse(connection, "554 5.5.0 Error: commands after STARTTLS, before the handshake");
        connection->quit = true;
        return;
    }
    say(connection, "220 2.0.0 Ready to start TLS");
    connection->status =
        sandbox_wire_secure(&connection->wire, connection->terms->tls, deadline_after_ms(COMMAND_TIMEOUT_MS));
    connection->state = STATE_SECURE;
}

/* Asks, and reads the answer. False where the exchange is over: cancelled (RFC 4954 4), or cut. */
static bool challenge(struct connection *connection, const char *prompt, struct str *response)
{
    say(connection, prompt);
    connection->status =
        sandbox_wire_read_line(&connection->wire, deadline_after_ms(COMMAND_TIMEOUT_MS), response);
    if (connection->status == SANDBOX_WIRE_LONG_LINE) {
        connection->status = SANDBOX_WIRE_OK;
        refuse(connection, "500 5.5.6 Error: authentication exchange line is too long");
        return false;
    }
    if (connection->status != SANDBOX_WIRE_OK)
        return false;
    if (str_equal(*response, STR("*"))) {
        refuse(connection, "501 5.7.0 Authentication aborted");
        return false;
    }
    return true;
}

static void conclude_login(struct connection *connection, enum sandbox_login login)
{
    static const char *const replies[] = {
        [SANDBOX_LOGIN_WRONG] = "535 5.7.8 Error: authentication failed",
        [SANDBOX_LOGIN_MALFORMED] = "501 5.5.2 Error: invalid base64 data or response",
    };
    if (login != SANDBOX_LOGIN_RIGHT) {
        refuse(connection, replies[login]);
        return;
    }
    connection->state = STATE_READY;
    say(connection, "235 2.7.0 Authentication successful");
}

static void login_plain(struct connection *connection, struct str response)
{
    if (response.len || challenge(connection, "334 ", &response))
        conclude_login(connection, sandbox_login_check_plain(&connection->terms->credentials, response));
}

/* Both values are asked for before either is judged, so that the answer does not tell which was wrong. */
static void login_login(struct connection *connection, struct str response)
{
    const struct sandbox_credentials *wanted = &connection->terms->credentials;
    if (!response.len && !challenge(connection, "334 VXNlcm5hbWU6", &response))
        return;
    enum sandbox_login username = sandbox_login_check_value(wanted->username, response);
    if (!challenge(connection, "334 UGFzc3dvcmQ6", &response))
        return;
    enum sandbox_login password = sandbox_login_check_value(wanted->password, response);
    conclude_login(connection, username > password ? username : password);
}

static void handle_auth(struct connection *connection, struct str argument)
{
    static const struct {
        struct str name;
        void (*login)(struct connection *connection, struct str response);
    } mechanisms[] = {{STR("PLAIN"), login_plain}, {STR("LOGIN"), login_login}};

    struct str response = argument;
    struct str mechanism = str_cut(&response, ' ');
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++)
        if (str_equal_nocase(mechanism, mechanisms[i].name)) {
            mechanisms[i].login(connection, str_trim(response));
            return;
        }
    refuse(connection, mechanism.len ? "504 5.5.4 Error: authentication mechanism is not supported"
                                     : "501 5.5.4 Syntax: AUTH mechanism");
}

/* Room for what is declared, so that it is received without copies; pages that nothing comes for cost
 * nothing. */
static bool begin_message(struct connection *connection, const struct sandbox_mail *mail)
{
    connection->message = sandbox_message_new(connection->terms->max_message_bytes);
    if (!connection->message)
        return false;
    buf_append(&connection->message->return_path, mail->return_path);
    buf_reserve(&connection->message->content, (size_t)mail->size_octets);
    if (connection->message->return_path.failed || connection->message->content.failed)
        sandbox_store_discard(connection->terms->store, &connection->message);
    return connection->message;
}

static void handle_mail(struct connection *connection, struct str argument)
{
    struct sandbox_mail mail;
    const char *refusal = sandbox_command_read_mail(argument, &mail);
    if (!refusal && mail.size_octets > connection->terms->max_message_bytes)
        refusal = "552 5.3.4 Message size exceeds fixed limit"; /* RFC 1870 6.1 */
    if (!refusal && !begin_message(connection, &mail))
        refusal = "452 4.3.1 Insufficient system storage";
    if (refusal) {
        refuse(connection, refusal);
        return;
    }
    connection->smtputf8 = mail.smtputf8;
    connection->state = STATE_MAIL;
    say(connection, "250 2.1.0 Ok");
}

static void handle_rcpt(struct connection *connection, struct str argument)
{
    struct str recipient;
    const char *refusal = sandbox_command_read_rcpt(argument, connection->smtputf8, &recipient);
    if (!refusal && !sandbox_message_add_recipient(connection->message, recipient))
        refusal = "452 4.5.3 Error: too many recipients"; /* RFC 5321 4.5.3.1.10 */
    if (refusal) {
        refuse(connection, refusal);
        return;
    }
    connection->state = STATE_RCPT;
    say(connection, "250 2.1.5 Ok");
}

/* Reads to the end of data, whatever becomes of the content: the dialogue can only go on behind it. Returns
 * the reply that refuses the message; NULL where it was kept whole, or the wire failed. */
static const char *receive_content(struct connection *connection)
{
    struct deadline deadline = deadline_after_ms(MESSAGE_TIMEOUT_MS);
    struct sandbox_message *message = connection->message;
    struct sandbox_data data = {0};
    const char *refusal = NULL;
    while (data.state != SANDBOX_DATA_END) {
        connection->status = sandbox_wire_fill(&connection->wire, deadline);
        if (connection->status != SANDBOX_WIRE_OK)
            return NULL;
        struct str ahead = sandbox_wire_ahead(&connection->wire);
        if (!refusal && !sandbox_store_claim(connection->terms->store, message, ahead.len))
            refusal = "452 4.3.1 Insufficient system storage";
        size_t used = sandbox_data_feed(&data, ahead, refusal ? NULL : &message->content);
        sandbox_wire_consume(&connection->wire, used);
        if (message->content.failed)
            refusal = "552 5.3.4 Error: message file too big";
    }
    return refusal;
}

static void handle_data(struct connection *connection, struct str argument)
{
    (void)argument;
    say(connection, "354 End data with <CR><LF>.<CR><LF>");
    const char *refusal = receive_content(connection);
    if (connection->status != SANDBOX_WIRE_OK)
        return;
    char queue_id[SANDBOX_QUEUE_ID_BYTES];
    int64_t size_bytes = (int64_t)connection->message->content.len;
    int64_t recipients = (int64_t)connection->message->recipient_count;
    if (!refusal && !sandbox_store_put(connection->terms->store, &connection->message, queue_id))
        refusal = "452 4.3.1 Insufficient system storage";
    if (refusal) {
        refuse(connection, refusal);
    } else {
        connection->errors = 0; /* they end sessions that get nowhere, not those that live long */
        sandbox_wire_say(&connection->wire, "250 2.0.0 Ok: queued as %s", queue_id);
        log_event(LOG_LEVEL_INFO, "captured", LOG_TEXT("queue_id", queue_id), LOG_INT("bytes", size_bytes),
                  LOG_INT("recipients", recipients));
    }
    end_transaction(connection);
}

static void handle_rset(struct connection *connection, struct str argument)
{
    (void)argument;
    end_transaction(connection);
    say(connection, "250 2.0.0 Ok");
}

static void handle_noop(struct connection *connection, struct str argument)
{
    (void)argument;
    say(connection, "250 2.0.0 Ok");
}

/* RFC 5321 3.5.3: every recipient is taken here, and none is known. */
static void handle_vrfy(struct connection *connection, struct str argument)
{
    if (argument.len)
        say(connection, "252 2.5.0 Cannot VRFY user, but will take the message");
    else
        refuse(connection, "501 5.5.4 Syntax: VRFY address");
}

static void handle_quit(struct connection *connection, struct str argument)
{
    (void)argument;
    say(connection, "221 2.0.0 Bye");
    connection->quit = true;
}

static void (*const handlers[SANDBOX_VERB_COUNT])(struct connection *connection, struct str argument) = {
    [SANDBOX_VERB_EHLO] = handle_ehlo,         [SANDBOX_VERB_HELO] = handle_helo,
    [SANDBOX_VERB_STARTTLS] = handle_starttls, [SANDBOX_VERB_AUTH] = handle_auth,
    [SANDBOX_VERB_MAIL] = handle_mail,         [SANDBOX_VERB_RCPT] = handle_rcpt,
    [SANDBOX_VERB_DATA] = handle_data,         [SANDBOX_VERB_RSET] = handle_rset,
    [SANDBOX_VERB_NOOP] = handle_noop,         [SANDBOX_VERB_VRFY] = handle_vrfy,
    [SANDBOX_VERB_QUIT] = handle_quit,
};

static void serve_command(struct connection *connection, struct str line)
{
    struct sandbox_command command = sandbox_command_parse(line);
    const char *refusal = refusals[command.verb][connection->state];
    if (!refusal && command.argument.len)
        refusal = bare_syntax[command.verb];
    if (refusal)
        refuse(connection, refusal);
    else
        handlers[command.verb](connection, command.argument);
}

static void serve_line(struct connection *connection)
{
    struct str line;
    connection->status =
        sandbox_wire_read_line(&connection->wire, deadline_after_ms(COMMAND_TIMEOUT_MS), &line);
    if (connection->status == SANDBOX_WIRE_LONG_LINE) {
        connection->status = SANDBOX_WIRE_OK;
        refuse(connection, "500 5.5.2 Error: line too long");
    } else if (connection->status == SANDBOX_WIRE_OK) {
        serve_command(connection, line);
    }
}

static void say_farewell(struct connection *connection)
{
    if (connection->status < sizeof farewells / sizeof farewells[0] && farewells[connection->status])
        say(connection, farewells[connection->status]);
    else if (connection->errors > MAX_ERRORS)
        say(connection, "421 4.7.0 localhost Error: too many errors");
    sandbox_wire_flush_last(&connection->wire);
}

void sandbox_connection_serve(const struct sandbox_terms *terms, int fd, int stop_fd)
{
    struct connection connection = {.terms = terms};
    sandbox_wire_init(&connection.wire, fd, stop_fd);
    say(&connection, "220 localhost ESMTP Postern sandbox");
    while (connection.status == SANDBOX_WIRE_OK && !connection.quit && connection.errors <= MAX_ERRORS)
        serve_line(&connection);
    say_farewell(&connection);
    sandbox_store_discard(terms->store, &connection.message);
    sandbox_wire_fini(&connection.wire);
}
