/* AUTH PLAIN (RFC 4616) and AUTH LOGIN. What a client sends of its credentials is judged and forgotten: the dialogue
 * shows that something came, not what. */
#include "service/sandbox/connection_inside.h"

/* Asks, and reads the answer. False where the exchange is over: cancelled (RFC 4954 4), or cut. */
static bool challenge(struct connection *connection, const char *prompt, struct str *response)
{
    connection_say(connection, "%s", prompt);
    connection->status =
        sandbox_wire_read_line(&connection->wire, deadline_after_ms(COMMAND_TIMEOUT_MS), response);
    if (connection->status == SANDBOX_WIRE_LONG_LINE) {
        connection->status = SANDBOX_WIRE_OK;
        connection_refuse(connection, "500 5.5.6 Error: authentication exchange line is too long");
        return false;
    }
    if (connection->status != SANDBOX_WIRE_OK)
        return false;
    bool is_cancelled = str_equal(*response, STR("*"));
    connection_hear(connection, is_cancelled ? *response : STR("(the response is not kept)"));
    if (is_cancelled) {
        connection_refuse(connection, "501 5.7.0 Authentication aborted");
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
        connection_refuse(connection, replies[login]);
        return;
    }
    connection->has_login =
        stage_reply(connection, SANDBOX_STEP_AUTH, (struct str){0}, "235 2.7.0 Authentication successful");
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

void authentication_serve(struct connection *connection, struct str argument)
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
    connection_refuse(connection, mechanism.len ? "504 5.5.4 Error: authentication mechanism is not supported"
                                                : "501 5.5.4 Syntax: AUTH mechanism");
}
