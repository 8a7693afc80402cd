/* SCRAM against the vectors of the RFCs, against relays that lie, and against every cut of an honest one. */
#include "smtp/sasl.h"
#include "smtp/sasl_prep.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static struct buf response;
static const struct smtp_channel_binding unbound, bound = {"tls-exporter", "bound", 5};
static const char *next_nonce;

static void copy_nonce(char *text, size_t len)
{
    snprintf(text, len + 1, "%s", next_nonce);
}

static const struct smtp_sasl_mechanism *mechanism_of(const char *name)
{
    for (size_t row = 0; smtp_sasl_mechanism_at(row); row++)
        if (str_equal(str_of(name), str_of(smtp_sasl_mechanism_at(row)->name)))
            return smtp_sasl_mechanism_at(row);
    return NULL;
}

static void start(struct smtp_sasl *sasl, const char *mechanism, const struct smtp_relay *relay,
                  const struct smtp_channel_binding *binding, bool offers_binding)
{
    struct smtp_sasl_terms terms = {
        .binding = binding, .offers_binding = offers_binding, .deadline = deadline_after_ms(60000)};
    smtp_sasl_start(sasl, mechanism_of(mechanism), relay, &terms);
}

static enum smtp_status respond(struct smtp_sasl *sasl, struct str challenge)
{
    buf_clear(&response);
    return smtp_sasl_respond(sasl, challenge, &response);
}

/* RFC 5802 5, RFC 7677 3; the others were made with Python's hashlib. */
static void both_sides_prove_that_they_know_the_password(void)
{
    static const struct {
        const char *mechanism, *username, *password, *nonce, *first, *server_first, *final, *server_final;
        bool has_binding, offers_binding;
    } rows[] = {
        {"SCRAM-SHA-1", "user", "pencil", "fyko+d2lbbFgONRv9qkxdawL", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
         "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
         "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
         "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", false, false},
        {"SCRAM-SHA-256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
         "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
         "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
         "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
         "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", false, false},
        {"SCRAM-SHA-256", "ann", "s3cret", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "y,,n=ann,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,s=c2FsdHNhbHQ=,i=4096",
         "c=eSws,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,p=8ceCvoRl2Ujt6Hau1xKTjTLhqH6IO528RJ6tOD8lH+I=",
         "v=+g5FH+Svdb4XPvaaG93IrYAWz2dUberdblR04Bso3G0=", true, false},
        {"SCRAM-SHA-256", "ann", "s3cret", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "n,,n=ann,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,s=c2FsdHNhbHQ=,i=4096",
         "c=biws,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,p=XjfJwdT2dO8XlTvBQLHtlRVsDrWYm5sUmdGw7YQ7lfc=",
         "v=PwcmlUmDoPS6bGseH6mBbHJqavuANXLNmJNsWE/3CaM=", true, true},
        {"SCRAM-SHA-256-PLUS", "ann", "s3cret", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "p=tls-exporter,,n=ann,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,s=c2FsdHNhbHQ=,i=4096",
         "c=cD10bHMtZXhwb3J0ZXIsLGJvdW5k,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,"
         "p=/i3IwMccpP/fcQqESlAFtZ8PRE0JOPHY5bJ4uBoh88Q=",
         "v=LoPab2EXmyEFTkEAYmkm4ls5wqAJpGl/OhBWH1ZQMms=", true, true},
        {"SCRAM-SHA-1-PLUS", "ann", "s3cret", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "p=tls-exporter,,n=ann,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,s=c2FsdHNhbHQ=,i=4096",
         "c=cD10bHMtZXhwb3J0ZXIsLGJvdW5k,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,p=Bvu0+"
         "ixlvudbKuCAxcONc7Dx9bw=",
         "v=I6se+0skWm2gtIEVdsZh861qEBk=", true, true},
        /* escaped, and by SASLprep: U+2168 is "IX", U+00AD nothing (RFC 4013 3) */
        {"SCRAM-SHA-256", "a=\xc2\xad,", "\xe2\x85\xa8", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "n,,n=a=3D=2C,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
         "r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,s=c2FsdHNhbHQ=,i=4096",
         "c=biws,r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,p=XBLoOFfNPmMRiLhOQU3n0tlE4afx4wl3n5whrY5LaWQ=",
         "v=wDLSmoZPVjEsYGdUdiLW5Fscvep2ZQA/MvDWYQA4nQA=", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        struct smtp_relay relay = {.username = str_of(rows[i].username),
                                   .password = str_of(rows[i].password),
                                   .make_nonce = copy_nonce};
        struct smtp_sasl sasl;
        next_nonce = rows[i].nonce;
        start(&sasl, rows[i].mechanism, &relay, rows[i].has_binding ? &bound : &unbound,
              rows[i].offers_binding);
        CHECK_INT(respond(&sasl, STR("")), SMTP_STATUS_OK);
        CHECK_TEXT(buf_view(&response), rows[i].first);
        CHECK_INT(sasl.public_bytes, response.len);
        CHECK_INT(respond(&sasl, str_of(rows[i].server_first)), SMTP_STATUS_OK);
        CHECK_TEXT(buf_view(&response), rows[i].final);
        CHECK_STR(
            str_first(buf_view(&response), sasl.public_bytes),
            str_first(str_of(rows[i].final), strlen(rows[i].final) - (response.len - sasl.public_bytes)));
        CHECK(!smtp_sasl_is_complete(&sasl));
        CHECK_INT(respond(&sasl, str_of(rows[i].server_final)), SMTP_STATUS_OK);
        CHECK_INT(response.len, 0);
        CHECK(smtp_sasl_is_complete(&sasl));
        CHECK_INT(respond(&sasl, str_of(rows[i].server_final)), SMTP_STATUS_MALFORMED);
        smtp_sasl_fini(&sasl);
    }
}

#define OURS  "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define FIRST "r=" OURS "srv,s=c2FsdHNhbHQ=,i=4096"
#define FINAL "v=PwcmlUmDoPS6bGseH6mBbHJqavuANXLNmJNsWE/3CaM="

static const struct smtp_relay ann = {
    .username = STR("ann"), .password = STR("s3cret"), .make_nonce = copy_nonce};

/* An exchange that has come as far as the relay's first or last message. */
static void advance(struct smtp_sasl *sasl, bool to_final)
{
    next_nonce = OURS;
    start(sasl, "SCRAM-SHA-256", &ann, &unbound, false);
    CHECK_INT(respond(sasl, STR("")), SMTP_STATUS_OK);
    if (to_final)
        CHECK_INT(respond(sasl, STR(FIRST)), SMTP_STATUS_OK);
}

static void check_refused(struct str challenge, bool to_final, const char *problem)
{
    struct smtp_sasl sasl;
    advance(&sasl, to_final);
    CHECK_INT(respond(&sasl, challenge), SMTP_STATUS_MALFORMED);
    CHECK(sasl.problem && strstr(sasl.problem, problem));
    CHECK(!smtp_sasl_is_complete(&sasl));
    CHECK(!memmem(response.data, response.len, "p=", 2));
    smtp_sasl_fini(&sasl);
}

/* F80, F81, and what else a relay may try. */
static void what_is_not_as_the_grammar_has_it_ends_the_exchange(void)
{
    static const struct {
        struct str first;
        const char *problem;
    } rows[] = {
        {STR(""), "nonce"},
        {STR("r="), "nonce"},
        {STR("r=srv,s=c2FsdHNhbHQ=,i=4096"), "continue"},
        {STR("r=" OURS ",s=c2FsdHNhbHQ=,i=4096"), "continue"},
        {STR("r=x" OURS ",s=c2FsdHNhbHQ=,i=4096"), "continue"},
        {STR("r=N"
             "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,s=c2FsdHNhbHQ=,i=4096"),
         "continue"},
        {STR("r=" OURS " srv,s=c2FsdHNhbHQ=,i=4096"), "nonce"},
        {STR("r=" OURS "\0,s=c2FsdHNhbHQ=,i=4096"), "nonce"},
        {STR("r=" OURS "\xc3\xa4,s=c2FsdHNhbHQ=,i=4096"), "nonce"},
        {STR("m=x," FIRST), "m="},
        {STR("x=y," FIRST), "nonce"},
        {STR("s=c2FsdHNhbHQ=,r=" OURS "srv,i=4096"), "nonce"},
        {STR("r=" OURS "srv,i=4096,s=c2FsdHNhbHQ="), "salt"},
        {STR("r=" OURS "srv,r=" OURS "srv,s=c2FsdHNhbHQ=,i=4096"), "salt"},
        {STR("r=" OURS "srv,,s=c2FsdHNhbHQ=,i=4096"), "salt"},
        {STR("r=" OURS "srv"), "salt"},
        {STR("r=" OURS "srv,s=,i=4096"), "salt"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ,i=4096"), "salt"},
        {STR("r=" OURS "srv,s=c2Fs dHNhbHQ=,i=4096"), "salt"},
        {STR("r=" OURS "srv,s=====,i=4096"), "salt"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ="), "count"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i="), "count"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i=-4096"), "count"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i=04096"), "count"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i=4096 "), "count"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i=4e3"), "count"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i=18446744073709555712"), "count"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i=1"), "fewer"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i=4095"), "fewer"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i=1000001"), "more"},
        {STR("r=" OURS "srv,s=c2FsdHNhbHQ=,i=1000000000"), "more"},
        {STR(FIRST ","), "belong"},
        {STR(FIRST ",i=4096"), "belong"},
        {STR(FIRST ",m=x"), "belong"},
        {STR(FIRST ",e=other-error"), "belong"},
        {STR(FIRST ",xy"), "belong"},
        {STR(FIRST ",xyz"), "belong"},
        {STR(FIRST ",1=x"), "belong"},
        {STR(FIRST ",z=1\0x"), "belong"},
        {STR("e=other-error"), "nonce"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        check_refused(rows[i].first, false, rows[i].problem);
    }
}

static void what_is_too_long_ends_the_exchange(void)
{
    struct buf first;
    buf_init(&first, 16384);
    buf_append_format(&first, "r=%s%01000d,s=c2FsdHNhbHQ=,i=4096", OURS, 1);
    check_refused(buf_view(&first), false, "nonce");
    buf_clear(&first);
    buf_append_format(&first, "r=%ssrv,s=%0344d,i=4096", OURS, 1); /* 258 octets */
    check_refused(buf_view(&first), false, "salt");
    buf_fini(&first);
}

/* RFC 5802 5.1: what need not be understood may follow. */
static void an_extension_that_is_not_known_is_passed_over(void)
{
    struct smtp_sasl sasl;
    advance(&sasl, false);
    CHECK_INT(respond(&sasl, STR(FIRST ",x=y,z=1=2")), SMTP_STATUS_OK);
    smtp_sasl_fini(&sasl);
}

static void a_relay_that_cannot_prove_itself_is_refused(void)
{
    static const struct {
        struct str final;
        const char *problem;
    } rows[] = {
        {STR("v=QwcmlUmDoPS6bGseH6mBbHJqavuANXLNmJNsWE/3CaM="), "prove"},
        {STR("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), "prove"},
        {STR("v="), "prove"},
        {STR(""), "prove"},
        {STR("v=AA=="), "prove"},
        {STR("v=!"), "prove"},
        {STR(FINAL ",v=AAAA"), "prove"},
        {STR(FINAL ","), "prove"},
        {STR("x=y," FINAL), "prove"},
        {STR("m=x," FINAL), "prove"},
        {STR("e=invalid-proof"), "invalid-proof"},
        {STR("e=invalid-proof," FINAL), "invalid-proof"},
        {STR("e=\x1b[31m"), "refuses the proof"},
        {STR(FIRST), "prove"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        check_refused(rows[i].final, true, rows[i].problem);
    }
}

/* Cut anywhere, or with any octet changed, a message is never taken for another: a copy on the heap, so that a
 * sanitizer sees a read behind its end. */
static void a_garbled_message_is_never_believed(void)
{
    static const struct {
        struct str message;
        bool to_final;
    } rows[] = {{STR(FIRST), false}, {STR(FINAL), true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t at = 0; at < rows[i].message.len; at++) {
            test_row("%zu, %zu", i, at);
            char *copy = malloc(rows[i].message.len);
            memcpy(copy, rows[i].message.data, rows[i].message.len);
            struct smtp_sasl sasl;
            advance(&sasl, rows[i].to_final);
            enum smtp_status status = respond(&sasl, (struct str){copy, at});
            CHECK(!smtp_sasl_is_complete(&sasl));
            /* "i=4096" cut short is too few. */
            CHECK_INT(status, SMTP_STATUS_MALFORMED);
            smtp_sasl_fini(&sasl);
            copy[at] ^= 1;
            advance(&sasl, rows[i].to_final);
            respond(&sasl, (struct str){copy, rows[i].message.len});
            CHECK(!smtp_sasl_is_complete(&sasl));
            smtp_sasl_fini(&sasl);
            free(copy);
        }
}

/* Each mechanism, each garbled challenge, in each round: nothing but an answer or a refusal. */
static void no_mechanism_stumbles_over_a_challenge(void)
{
    static const struct str challenges[] = {STR(""),         STR("\0"),    STR(","),   STR("="),
                                            STR("r"),        STR("v=,,,"), STR(FIRST), STR(FINAL),
                                            STR("\xff\xfe"), STR("<a@b>")};
    enum { COUNT = sizeof challenges / sizeof challenges[0] };
    for (size_t row = 0; smtp_sasl_mechanism_at(row); row++)
        for (size_t i = 0; i < COUNT * COUNT; i++) {
            const struct smtp_sasl_mechanism *mechanism = smtp_sasl_mechanism_at(row);
            test_row("%s, %zu", mechanism->name, i);
            struct smtp_sasl_terms terms = {
                .token = STR("t0ken"), .binding = &bound, .deadline = deadline_after_ms(60000)};
            struct smtp_sasl sasl;
            smtp_sasl_start(&sasl, mechanism, &ann, &terms);
            for (size_t round = 0; round < 10; round++) {
                enum smtp_status status = respond(&sasl, challenges[round % 2 ? i / COUNT : i % COUNT]);
                CHECK(status == SMTP_STATUS_OK || (status == SMTP_STATUS_MALFORMED && sasl.problem));
                CHECK(round < SMTP_SASL_MAX_ROUNDS || status == SMTP_STATUS_MALFORMED);
                CHECK(sasl.public_bytes <= response.len);
            }
            smtp_sasl_fini(&sasl);
        }
}

/* Which mechanism is chosen looks at both; yet nothing may be said of a name in a form that is not its own. */
static void a_name_without_prepared_form_is_not_said(void)
{
    struct smtp_relay relay = {.username = STR("\xf0\x9f\x98\x80"), .password = STR("s3cret")};
    struct smtp_sasl sasl;
    start(&sasl, "SCRAM-SHA-256", &relay, &unbound, false);
    CHECK_INT(respond(&sasl, STR("")), SMTP_STATUS_MALFORMED);
    CHECK(strstr(sasl.problem, "user name"));
    smtp_sasl_fini(&sasl);
}

static void hashing_ends_with_the_deadline(void)
{
    struct smtp_digest digest;
    CHECK_INT(smtp_hash_salt("SHA256", STR("s3cret"), STR("salt"), 1000000, deadline_after_ms(0), &digest),
              SMTP_STATUS_TIMEOUT);
}

/* Nobody can know it before, and no login has that of another. */
static void each_login_has_a_nonce_of_its_own(void)
{
    struct smtp_relay relay = {.username = STR("ann"), .password = STR("s3cret")};
    struct smtp_sasl one, two;
    start(&one, "SCRAM-SHA-256", &relay, &unbound, false);
    start(&two, "SCRAM-SHA-256", &relay, &unbound, false);
    CHECK_INT(strlen(one.scram.nonce), SMTP_SCRAM_NONCE_BYTES);
    CHECK(strcmp(one.scram.nonce, two.scram.nonce) != 0);
    smtp_sasl_fini(&one);
    smtp_sasl_fini(&two);
}

/* RFC 4013 3, and what stands beside it. */
static void names_and_passwords_are_prepared(void)
{
    static char too_long[8193];
    memset(too_long, 'a', sizeof too_long);
    static const struct {
        struct str text;
        const char *prepared; /* NULL: has no prepared form */
    } rows[] = {
        {STR("I\xc2\xadX"), "IX"},
        {STR("user"), "user"},
        {STR("USER"), "USER"},
        {STR("\xc2\xaa"), "a"},
        {STR("\xe2\x85\xa8"), "IX"},
        {STR("\x07"), NULL},
        {STR("\xd8\xa7\x31"), NULL}, /* bidirectional check */
        {STR("a\xc2\xa0"
             "b"),
         "a b"}, /* no-break space */
        {STR("\xc3\xa4"), "\xc3\xa4"},
        {STR("a\xcc\x88"), "\xc3\xa4"},
        {STR("\xc2\xad"), NULL},         /* nothing is left */
        {STR("\xf0\x9f\x98\x80"), NULL}, /* not assigned in Unicode 3.2 */
        {STR("a\0b"), NULL},
        {STR("\xc3"), NULL},
        {STR("a\x7f"), NULL},
        {{too_long, 8193}, NULL},
        {STR(""), NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        struct buf prepared;
        buf_init(&prepared, 64);
        CHECK_INT(smtp_sasl_prep(rows[i].text, &prepared), rows[i].prepared != NULL);
        if (rows[i].prepared)
            CHECK_TEXT(buf_view(&prepared), rows[i].prepared);
        buf_fini(&prepared);
    }
}

int main(void)
{
    buf_init(&response, SMTP_SASL_MAX_RESPONSE_BYTES);
    TEST(both_sides_prove_that_they_know_the_password);
    TEST(what_is_not_as_the_grammar_has_it_ends_the_exchange);
    TEST(what_is_too_long_ends_the_exchange);
    TEST(an_extension_that_is_not_known_is_passed_over);
    TEST(a_relay_that_cannot_prove_itself_is_refused);
    TEST(a_garbled_message_is_never_believed);
    TEST(no_mechanism_stumbles_over_a_challenge);
    TEST(a_name_without_prepared_form_is_not_said);
    TEST(hashing_ends_with_the_deadline);
    TEST(each_login_has_a_nonce_of_its_own);
    TEST(names_and_passwords_are_prepared);
    buf_fini(&response);
    return test_result();
}
