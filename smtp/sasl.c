/* Which mechanism, and what it says; how it is carried, and what stays masked, is login.c's. A mechanism
 * that answers more challenges than it has answers for would tell the relay something twice: it cancels
 * instead. */
#include "smtp/sasl.h"

static bool holds_nul(struct str s)
{
    return str_index(s, '\0') < s.len;
}

static bool suits_password(const struct smtp_relay *relay)
{
    return relay->username.data && relay->password.data && !holds_nul(relay->username) &&
           !holds_nul(relay->password);
}

static bool suits_token(const struct smtp_relay *relay)
{
    /* Both OAuth messages are parted by Ctrl-A. */
    return relay->username.data && relay->oauth_token.data &&
           str_index(relay->username, '\1') == relay->username.len &&
           str_index(relay->oauth_token, '\1') == relay->oauth_token.len;
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. */
static bool respond_plain(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    (void)challenge;
    if (sasl->rounds > 1)
        return false;
    buf_append_char(response, '\0');
    buf_append(response, sasl->relay->username);
    buf_append_char(response, '\0');
    buf_append(response, sasl->relay->password);
    return true;
}

/* LOGIN was never standardised (draft-murchison-sasl-login-00). Its prompts are "Username:" and "Password:",
 * or "User Name" and "Password", or something in another language; most relays ask for the name first. */
static bool respond_login(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    struct str prompt = str_trim(challenge);
    bool wants_password = str_starts_with_nocase(prompt, STR("pass"));
    bool wants_username = str_starts_with_nocase(prompt, STR("user"));
    if (!wants_password && !wants_username) {
        if (sasl->gave_username && sasl->gave_password)
            return false;
        wants_password = sasl->gave_username;
    }
    buf_append(response, wants_password ? sasl->relay->password : sasl->relay->username);
    *(wants_password ? &sasl->gave_password : &sasl->gave_username) = true;
    return true;
}

/* Google's and Microsoft's, from before RFC 7628. An error comes as a challenge and wants an empty answer. */
static bool respond_xoauth2(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    (void)challenge;
    if (sasl->rounds == 1)
        buf_append_format(response, "user=%.*s\1auth=Bearer %.*s\1\1", STR_ARG(sasl->relay->username),
                          STR_ARG(sasl->relay->oauth_token));
    return sasl->rounds <= 2;
}

/* RFC 5801 4: "," and "=" in the authorization identity are escaped. */
static void append_saslname(struct buf *response, struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == ',')
            buf_append(response, STR("=2C"));
        else if (name.data[i] == '=')
            buf_append(response, STR("=3D"));
        else
            buf_append_char(response, name.data[i]);
    }
}

/* RFC 7628 3.1; 3.2.3: the error is answered with a lone Ctrl-A. */
static bool respond_oauthbearer(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    (void)challenge;
    if (sasl->rounds > 1) {
        buf_append_char(response, '\1');
        return sasl->rounds == 2;
    }
    buf_append(response, STR("n,a="));
    append_saslname(response, sasl->relay->username);
    buf_append_format(response, ",\1host=%.*s\1port=%u\1auth=Bearer %.*s\1\1", STR_ARG(sasl->relay->host),
                      sasl->relay->port, STR_ARG(sasl->relay->oauth_token));
    return true;
}

/* In the order in which "auto" prefers them. */
static const struct smtp_sasl_mechanism mechanisms[] = {
    {"OAUTHBEARER", true, true, suits_token, respond_oauthbearer},
    {"XOAUTH2", true, true, suits_token, respond_xoauth2},
    {"PLAIN", true, true, suits_password, respond_plain},
    {"LOGIN", true, false, suits_password, respond_login},
};

const struct smtp_sasl_mechanism *smtp_sasl_mechanism_at(size_t row)
{
    return row < sizeof mechanisms / sizeof mechanisms[0] ? &mechanisms[row] : NULL;
}

static bool may_use(const struct smtp_sasl_mechanism *mechanism, const struct smtp_relay *relay,
                    const struct smtp_capabilities *offered, bool is_encrypted)
{
    /* With tls=none the operator has said that the way to this relay may be read. */
    bool is_covered = is_encrypted || !mechanism->is_cleartext || relay->tls == SMTP_TLS_NONE;
    return is_covered && mechanism->suits(relay) &&
           smtp_capabilities_offer_mechanism(offered, str_of(mechanism->name));
}

static const struct smtp_sasl_mechanism *find(struct str name)
{
    for (size_t row = 0; smtp_sasl_mechanism_at(row); row++)
        if (str_equal_nocase(name, str_of(mechanisms[row].name)))
            return &mechanisms[row];
    return NULL;
}

const struct smtp_sasl_mechanism *smtp_sasl_choose(const struct smtp_relay *relay,
                                                   const struct smtp_capabilities *offered, bool is_encrypted)
{
    if (!relay->auth.data || str_equal_nocase(relay->auth, STR("auto"))) {
        for (size_t row = 0; smtp_sasl_mechanism_at(row); row++)
            if (may_use(&mechanisms[row], relay, offered, is_encrypted))
                return &mechanisms[row];
        return NULL;
    }
    for (struct str rest = relay->auth; rest.data;) {
        const struct smtp_sasl_mechanism *mechanism = find(str_cut(&rest, ' '));
        if (mechanism && may_use(mechanism, relay, offered, is_encrypted))
            return mechanism;
    }
    return NULL;
}

void smtp_sasl_start(struct smtp_sasl *sasl, const struct smtp_sasl_mechanism *mechanism,
                     const struct smtp_relay *relay)
{
    *sasl = (struct smtp_sasl){.mechanism = mechanism, .relay = relay};
}

bool smtp_sasl_respond(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    if (++sasl->rounds > SMTP_SASL_MAX_ROUNDS)
        return false;
    return sasl->mechanism->respond(sasl, challenge, response) && !response->failed;
}
