/* The input is what a hostile relay challenges with, a line a challenge. Where its first line names a mechanism that
 * one answers, else each of the table does. In a challenge "{nonce}" stands for the client's nonce, and "{v}" for the
 * signature that only a relay that knows the password can make (scram_relay.h).
 *
 * What the client says to SCRAM is checked as an honest relay would. */
#include "scram_relay.h"
#include "smtp/sasl.h"

enum { MAX_CHALLENGES = 32, MAX_CHALLENGE_BYTES = 12288, DEADLINE_MS = 200 };

struct talk {
    struct smtp_sasl sasl;
    struct scram_relay scram;
    struct buf challenge, response;
    enum smtp_status status;
    bool is_known; /* the relay has said the password itself, and may hear it again */
};

static void make_nonce(char *text, size_t len)
{
    snprintf(text, len + 1, "fyko+d2lbbFgONRv9qkxdawL");
}

/* In the marks' place what they stand for. */
static void write_challenge(struct talk *talk, struct str line)
{
    buf_clear(&talk->challenge);
    while (line.len) {
        struct str piece = {0};
        if (str_starts_with(line, STR("{nonce}")))
            piece = STR("{nonce}");
        else if (str_starts_with(line, STR("{v}")))
            piece = STR("{v}");
        if (piece.len == STR("{nonce}").len)
            buf_append(&talk->challenge, STR("fyko+d2lbbFgONRv9qkxdawL"));
        else if (piece.len)
            buf_append(&talk->challenge, buf_view(&talk->scram.verifier));
        else
            buf_append_char(&talk->challenge, line.data[0]);
        line = str_from(line, piece.len ? piece.len : 1);
    }
}

/* RFC 4954 4: what goes out is a line of base64 that a relay must be able to take; and only a mechanism that says so
 * lets the password be read off it. */
static void check_response(const struct talk *talk)
{
    const struct smtp_sasl *sasl = &talk->sasl;
    struct str response = buf_view(&talk->response);
    FUZZ_CHECK(!talk->response.failed && response.len <= SMTP_SASL_MAX_RESPONSE_BYTES);
    FUZZ_CHECK(sasl->rounds <= SMTP_SASL_MAX_ROUNDS);
    struct str password = sasl->relay->password;
    FUZZ_CHECK(talk->is_known || !fuzz_holds(str_first(response, sasl->public_bytes), password));
    FUZZ_CHECK(talk->is_known || sasl->mechanism->is_cleartext || !fuzz_holds(response, password));
}

static void answer(struct talk *talk, struct str challenge)
{
    bool is_scram = talk->sasl.mechanism->digest && talk->sasl.mechanism->has_initial_response;
    buf_clear(&talk->response);
    talk->is_known |= fuzz_holds(challenge, talk->sasl.relay->password);
    talk->status = smtp_sasl_respond(&talk->sasl, challenge, &talk->response);
    FUZZ_CHECK(talk->status != SMTP_STATUS_MALFORMED || talk->sasl.problem);
    FUZZ_CHECK(talk->status == SMTP_STATUS_OK || talk->status == SMTP_STATUS_MALFORMED ||
               talk->status == SMTP_STATUS_TIMEOUT);
    if (talk->status == SMTP_STATUS_OK)
        check_response(talk);
    if (talk->status == SMTP_STATUS_OK && is_scram)
        scram_relay_hear(&talk->scram, challenge, buf_view(&talk->response));
    if (is_scram)
        FUZZ_CHECK(smtp_sasl_is_complete(&talk->sasl) == talk->scram.is_proved);
}

static void run_mechanism(const struct smtp_sasl_mechanism *mechanism, const struct smtp_relay *relay,
                          struct str input)
{
    static const struct smtp_channel_binding binding = {"tls-exporter", "0123456789abcdef0123456789abcdef",
                                                        32};
    struct smtp_sasl_terms terms = {
        .token = STR("t0ken"), .binding = &binding, .deadline = deadline_after_ms(DEADLINE_MS)};
    struct talk talk = {.status = SMTP_STATUS_OK};
    smtp_sasl_start(&talk.sasl, mechanism, relay, &terms);
    scram_relay_init(&talk.scram, mechanism->digest, relay->password);
    buf_init(&talk.challenge, MAX_CHALLENGE_BYTES);
    buf_init(&talk.response, SMTP_SASL_MAX_RESPONSE_BYTES);
    if (mechanism->has_initial_response)
        answer(&talk, STR(""));
    for (int i = 0; talk.status == SMTP_STATUS_OK && input.data && i < MAX_CHALLENGES; i++) {
        write_challenge(&talk, str_cut(&input, '\n'));
        answer(&talk, buf_view(&talk.challenge));
    }
    buf_wipe(&talk.response);
    buf_wipe(&talk.challenge);
    scram_relay_fini(&talk.scram);
    smtp_sasl_fini(&talk.sasl);
}

void fuzz_input(struct str input)
{
    static const struct smtp_relay relays[] = {
        {.host = STR("relay.example"),
         .port = 587,
         .username = STR("ann@example.com"),
         .password = STR("hunter2-hunter2"),
         .make_nonce = make_nonce},
        {.host = STR("relay.example"),
         .port = 465,
         .username = STR("a=b,c"),
         .password =
             STR("longer, than, a, block, of, MD5, and, of, SHA-256, = 64 octets; with \"marks\" in it"),
         .make_nonce = make_nonce},
    };
    const struct smtp_sasl_mechanism *mechanism;
    struct str behind = input;
    struct str name = str_cut(&behind, '\n');
    bool is_named = false;
    for (size_t row = 0; (mechanism = smtp_sasl_mechanism_at(row)); row++)
        is_named = is_named || str_equal(name, str_of(mechanism->name));
    for (size_t row = 0; (mechanism = smtp_sasl_mechanism_at(row)); row++)
        for (size_t i = 0; i < sizeof relays / sizeof relays[0]; i++)
            if (mechanism->suits(&relays[i]) && (!is_named || str_equal(name, str_of(mechanism->name))))
                run_mechanism(mechanism, &relays[i], is_named ? behind : input);
}
