/* Which mechanism, and what it says; how it is carried, and what stays masked, is login.c's. A mechanism
 * that answers more challenges than it has answers for would tell the relay something twice: it gives up
 * instead. */
#include "smtp/sasl.h"

static bool holds(struct str s, char c)
{
    return str_index(s, c) < s.len;
}

static bool has_username(const struct smtp_relay *relay)
{
    return relay->username.data && relay->username.len <= SMTP_SASL_MAX_USERNAME_BYTES &&
           !holds(relay->username, '\0');
}

static bool suits_password(const struct smtp_relay *relay)
{
    return has_username(relay) && relay->password.data &&
           relay->password.len <= SMTP_SASL_MAX_PASSWORD_BYTES && !holds(relay->password, '\0');
}

static bool suits_scram(const struct smtp_relay *relay)
{
    return suits_password(relay) && smtp_scram_suits(relay);
}

/* Both OAuth messages are parted by Ctrl-A. */
static bool suits_token(const struct smtp_relay *relay)
{
    return has_username(relay) && relay->token.fetch && !holds(relay->username, '\1');
}

/* RFC 4422 A: the certificate says who we are; a user name, whom we want to act for. */
static bool suits_certificate(const struct smtp_relay *relay)
{
    return relay->client_cert_file.data && relay->tls != SMTP_TLS_NONE &&
           (!relay->username.data || has_username(relay));
}

enum smtp_status smtp_sasl_refuse(struct smtp_sasl *sasl, const char *problem)
{
    sasl->problem = problem;
    return SMTP_STATUS_MALFORMED;
}

static enum smtp_status refuse_more(struct smtp_sasl *sasl)
{
    return smtp_sasl_refuse(sasl, "it asks for more than the mechanism has to give");
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. */
static enum smtp_status respond_plain(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    (void)challenge;
    if (sasl->rounds > 1)
        return refuse_more(sasl);
    buf_append_char(response, '\0');
    buf_append(response, sasl->relay->username);
    buf_append_char(response, '\0');
    sasl->public_bytes = response->len;
    buf_append(response, sasl->relay->password);
    return SMTP_STATUS_OK;
}

/* LOGIN was never standardised (draft-murchison-sasl-login-00). Its prompts are "Username:" and "Password:",
 * or "User Name" and "Password", or something in another language; most relays ask for the name first. */
static enum smtp_status respond_login(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    struct str prompt = str_trim(challenge);
    bool wants_password = str_starts_with_nocase(prompt, STR("pass"));
    bool wants_username = str_starts_with_nocase(prompt, STR("user"));
    if (!wants_password && !wants_username) {
        if (sasl->gave_username && sasl->gave_password)
            return refuse_more(sasl);
        wants_password = sasl->gave_username;
    }
    buf_append(response, wants_password ? sasl->relay->password : sasl->relay->username);
    sasl->public_bytes = wants_password ? 0 : response->len;
    *(wants_password ? &sasl->gave_password : &sasl->gave_username) = true;
    return SMTP_STATUS_OK;
}

/* RFC 2195: the keyed hash of the challenge, in hexadecimal. HMAC hashes a key longer than its block of 64
 * octets first (RFC 2104 2), so that no password is too long. */
static enum smtp_status respond_cram_md5(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    struct smtp_digest digest;
    if (sasl->rounds > 1)
        return refuse_more(sasl);
    /* The answer to an empty challenge would be good for every login to come. */
    if (challenge.len == 0)
        return smtp_sasl_refuse(sasl, "its challenge is empty");
    if (!smtp_hmac("MD5", sasl->relay->password, challenge, &digest))
        return smtp_sasl_refuse(sasl, "OpenSSL has no MD5 here");
    buf_append(response, sasl->relay->username);
    buf_append_char(response, ' ');
    sasl->public_bytes = response->len;
    for (size_t i = 0; i < digest.len; i++)
        buf_append_format(response, "%02x", (unsigned char)digest.bytes[i]);
    return SMTP_STATUS_OK;
}

static enum smtp_status respond_external(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    (void)challenge;
    if (sasl->rounds > 1)
        return refuse_more(sasl);
    buf_append(response, sasl->relay->username);
    sasl->public_bytes = response->len;
    return SMTP_STATUS_OK;
}

/* Google's and Microsoft's, from before RFC 7628. An error comes as a challenge and wants an empty answer. */
static enum smtp_status respond_xoauth2(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    (void)challenge;
    if (sasl->rounds > 2)
        return refuse_more(sasl);
    if (sasl->rounds == 1) {
        buf_append_format(response, "user=%.*s\1auth=Bearer ", STR_ARG(sasl->relay->username));
        sasl->public_bytes = response->len;
        buf_append_format(response, "%.*s\1\1", STR_ARG(sasl->terms.token));
    }
    return SMTP_STATUS_OK;
}

void smtp_sasl_append_name(struct buf *out, struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == ',')
            buf_append(out, STR("=2C"));
        else if (name.data[i] == '=')
            buf_append(out, STR("=3D"));
        else
            buf_append_char(out, name.data[i]);
    }
}

/* RFC 7628 3.1; 3.2.3: the error is answered with a lone Ctrl-A. */
static enum smtp_status respond_oauthbearer(struct smtp_sasl *sasl, struct str challenge,
                                            struct buf *response)
{
    (void)challenge;
    if (sasl->rounds > 2)
        return refuse_more(sasl);
    if (sasl->rounds == 2) {
        buf_append_char(response, '\1');
        sasl->public_bytes = response->len;
        return SMTP_STATUS_OK;
    }
    buf_append(response, STR("n,a="));
    smtp_sasl_append_name(response, sasl->relay->username);
    buf_append_format(response, ",\1host=%.*s\1port=%u\1auth=Bearer ", STR_ARG(sasl->relay->host),
                      sasl->relay->port);
    sasl->public_bytes = response->len;
    buf_append_format(response, "%.*s\1\1", STR_ARG(sasl->terms.token));
    return SMTP_STATUS_OK;
}

/* In the order in which "auto" prefers them. CRAM-MD5 is no stronger than PLAIN under TLS: its hash is
 * broken, the relay proves nothing, must keep passwords readable for it, and often offers it to accounts
 * where it does not. */
static const struct smtp_sasl_mechanism mechanisms[] = {
    {.name = "SCRAM-SHA-256-PLUS",
     .digest = "SHA256",
     .binds_channel = true,
     .has_initial_response = true,
     .suits = suits_scram,
     .respond = smtp_scram_respond},
    {.name = "SCRAM-SHA-1-PLUS",
     .digest = "SHA1",
     .binds_channel = true,
     .has_initial_response = true,
     .suits = suits_scram,
     .respond = smtp_scram_respond},
    {.name = "SCRAM-SHA-256",
     .digest = "SHA256",
     .has_initial_response = true,
     .suits = suits_scram,
     .respond = smtp_scram_respond},
    {.name = "SCRAM-SHA-1",
     .digest = "SHA1",
     .has_initial_response = true,
     .suits = suits_scram,
     .respond = smtp_scram_respond},
    {.name = "OAUTHBEARER",
     .is_cleartext = true,
     .needs_token = true,
     .has_initial_response = true,
     .suits = suits_token,
     .respond = respond_oauthbearer},
    {.name = "XOAUTH2",
     .is_cleartext = true,
     .needs_token = true,
     .has_initial_response = true,
     .suits = suits_token,
     .respond = respond_xoauth2},
    {.name = "PLAIN",
     .is_cleartext = true,
     .has_initial_response = true,
     .suits = suits_password,
     .respond = respond_plain},
    {.name = "LOGIN", .is_cleartext = true, .suits = suits_password, .respond = respond_login},
    {.name = "CRAM-MD5", .suits = suits_password, .respond = respond_cram_md5},
    {.name = "EXTERNAL",
     .has_initial_response = true,
     .suits = suits_certificate,
     .respond = respond_external},
};

const struct smtp_sasl_mechanism *smtp_sasl_mechanism_at(size_t row)
{
    return row < sizeof mechanisms / sizeof mechanisms[0] ? &mechanisms[row] : NULL;
}

const struct smtp_sasl_mechanism *smtp_sasl_mechanism_find(struct str name)
{
    for (size_t row = 0; smtp_sasl_mechanism_at(row); row++)
        if (str_equal_nocase(name, str_of(mechanisms[row].name)))
            return &mechanisms[row];
    return NULL;
}

bool smtp_sasl_offers_binding(const struct smtp_capabilities *offered)
{
    for (size_t row = 0; smtp_sasl_mechanism_at(row); row++)
        if (mechanisms[row].binds_channel &&
            smtp_capabilities_offer_mechanism(offered, str_of(mechanisms[row].name)))
            return true;
    return false;
}

/* With tls=none the operator has said that the way to this relay may be read. */
static bool may_use(const struct smtp_sasl_mechanism *mechanism, const struct smtp_relay *relay,
                    const struct smtp_capabilities *offered, const struct smtp_tls_facts *tls)
{
    bool is_covered = tls->version || !mechanism->is_cleartext || relay->tls == SMTP_TLS_NONE;
    bool is_bound = tls->binding.type || !mechanism->binds_channel;
    return is_covered && is_bound && smtp_capabilities_offer_mechanism(offered, str_of(mechanism->name)) &&
           mechanism->suits(relay);
}

static bool is_auto(const struct smtp_relay *relay)
{
    return !relay->auth.data || str_equal_nocase(relay->auth, STR("auto"));
}

bool smtp_sasl_is_wanted(const struct smtp_relay *relay)
{
    bool names_external = false;
    for (struct str rest = relay->auth; rest.data;)
        names_external |= str_equal_nocase(str_cut(&rest, ' '), STR("EXTERNAL"));
    return relay->username.data || (names_external && relay->client_cert_file.data);
}

/* Of the mechanisms that tell the credentials to whoever listens, or of the others. */
static const struct smtp_sasl_mechanism *find_best(const struct smtp_relay *relay,
                                                   const struct smtp_capabilities *offered,
                                                   const struct smtp_tls_facts *tls, bool may_tell)
{
    for (size_t row = 0; smtp_sasl_mechanism_at(row); row++)
        if ((may_tell || !mechanisms[row].is_cleartext) && may_use(&mechanisms[row], relay, offered, tls))
            return &mechanisms[row];
    return NULL;
}

const struct smtp_sasl_mechanism *smtp_sasl_choose(const struct smtp_relay *relay,
                                                   const struct smtp_capabilities *offered,
                                                   const struct smtp_tls_facts *tls)
{
    if (is_auto(relay)) {
        const struct smtp_sasl_mechanism *hidden = NULL;
        if (!tls->version)
            hidden = find_best(relay, offered, tls, false);
        return hidden ? hidden : find_best(relay, offered, tls, true);
    }
    for (struct str rest = relay->auth; rest.data;) {
        const struct smtp_sasl_mechanism *mechanism = smtp_sasl_mechanism_find(str_cut(&rest, ' '));
        if (mechanism && may_use(mechanism, relay, offered, tls))
            return mechanism;
    }
    return NULL;
}

void smtp_sasl_start(struct smtp_sasl *sasl, const struct smtp_sasl_mechanism *mechanism,
                     const struct smtp_relay *relay, const struct smtp_sasl_terms *terms)
{
    *sasl = (struct smtp_sasl){.mechanism = mechanism, .relay = relay, .terms = *terms};
    smtp_scram_start(&sasl->scram, relay);
}

void smtp_sasl_fini(struct smtp_sasl *sasl)
{
    smtp_scram_fini(&sasl->scram);
}

enum smtp_status smtp_sasl_respond(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    if (++sasl->rounds > SMTP_SASL_MAX_ROUNDS)
        return refuse_more(sasl);
    if (sasl->mechanism->needs_token && (!sasl->terms.token.data || holds(sasl->terms.token, '\1')))
        return smtp_sasl_refuse(sasl, "there is no valid token");
    sasl->public_bytes = 0;
    enum smtp_status status = sasl->mechanism->respond(sasl, challenge, response);
    return status == SMTP_STATUS_OK && response->failed ? SMTP_STATUS_NO_MEMORY : status;
}

bool smtp_sasl_is_complete(const struct smtp_sasl *sasl)
{
    return !sasl->mechanism->digest || sasl->scram.is_verified;
}
