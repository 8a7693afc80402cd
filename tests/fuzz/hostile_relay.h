/* tests/fuzz/hostile_relay.h: a relay that says what the input says, behind a transport.
 *
 * Its words are cut into turns by "~": the first is the greeting, each further one is said once Postern has
 * finished the next command, body or chunk. What stands behind a "`" in a turn is late: it comes with the next turn,
 * before it. "!", "^" or "%" ends the last turn, and the connection with it: in
 * order, broken, or in the midst of TLS. Where nothing is left to say, a wait ends in TIMEOUT at once.
 *
 * It reads what Postern sends as RFC 5321 and 3030 have it, so that it knows which message it was given whole, and
 * which turn is its answer.
 */
#ifndef POSTERN_TESTS_FUZZ_HOSTILE_RELAY_H
#define POSTERN_TESTS_FUZZ_HOSTILE_RELAY_H

#include "fuzz.h"
#include "smtp/reply.h"
#include "smtp/transport.h"

enum { HOSTILE_MAX_TURNS = 64, HOSTILE_MAX_BYTES = 1 << 20, HOSTILE_MESSAGES = 2 };

/* A message and the same as DATA carries it, up to the last CRLF. */
struct hostile_message {
    struct str raw, stuffed;
};

/* Where in all that the relay says it stands. */
struct hostile_turn {
    size_t begin, late, end;
};

struct hostile_relay {
    struct smtp_transport transport;
    const struct hostile_message *messages;
    struct hostile_turn turns[HOSTILE_MAX_TURNS];
    size_t turn_count;
    enum smtp_status ending; /* TIMEOUT: silence */
    bool by_byte, refuses, must_encrypt;
    size_t write_limit;
    struct buf speech, received, chunks;
    size_t read_at; /* of what was received, where the next command or body begins */
    size_t units;   /* commands, bodies and chunks that were received whole */
    bool in_body;
    size_t delivered, tls_count;
    size_t ended_in[HOSTILE_MESSAGES]; /* the turn that answers to the message; 0 while it has not ended */
};

static inline struct hostile_turn hostile_turn(const struct hostile_relay *relay, size_t turn)
{
    size_t end = relay->speech.len;
    return turn < relay->turn_count ? relay->turns[turn] : (struct hostile_turn){end, end, end};
}

/* All that is said from that turn on: a reply may go on in the next. */
static inline struct str hostile_words_from(const struct hostile_relay *relay, size_t turn)
{
    return str_from(buf_view(&relay->speech), hostile_turn(relay, turn).begin);
}

/* What is said in that turn in time. */
static inline struct str hostile_words_of(const struct hostile_relay *relay, size_t turn)
{
    struct hostile_turn said = hostile_turn(relay, turn);
    return str_first(hostile_words_from(relay, turn), said.late - said.begin);
}

/* The code of the next whole reply in `rest`, which is moved behind it; 0 where there is none. */
static inline int hostile_next_code(struct str *rest)
{
    struct smtp_reply reply;
    size_t used;
    smtp_reply_init(&reply);
    int code = smtp_reply_feed(&reply, *rest, &used) == SMTP_REPLY_COMPLETE ? reply.code : 0;
    *rest = str_from(*rest, used);
    smtp_reply_fini(&reply);
    return code;
}

/* Every turn before this one was one reply: nobody can be wrong about whose answer is whose. */
static inline bool hostile_is_in_step(const struct hostile_relay *relay, size_t turn)
{
    for (size_t i = 0; i < turn; i++) {
        struct str words = hostile_words_of(relay, i);
        bool is_late = hostile_turn(relay, i).late < hostile_turn(relay, i).end;
        if (hostile_next_code(&words) == 0 || words.len || is_late)
            return false;
    }
    return true;
}

/* Nothing but one of our messages, whole and once, is ever ended. */
static inline void hostile_take_message(struct hostile_relay *relay, struct str content, bool is_stuffed)
{
    for (size_t i = 0; i < HOSTILE_MESSAGES; i++) {
        const struct hostile_message *message = &relay->messages[i];
        if (!str_equal(content, is_stuffed ? message->stuffed : message->raw))
            continue;
        FUZZ_CHECK(!relay->ended_in[i]);
        relay->ended_in[i] = relay->units;
        return;
    }
    FUZZ_CHECK(!"a body was ended that is none of the messages");
}

/* The end of data is found as RFC 5321 4.1.1.4 has it. */
static inline bool hostile_take_body(struct hostile_relay *relay)
{
    struct str rest = str_from(buf_view(&relay->received), relay->read_at);
    const char *end = str_starts_with(rest, STR(".\r\n")) ? rest.data
                      : rest.len                          ? memmem(rest.data, rest.len, "\r\n.\r\n", 5)
                                                          : NULL;
    if (!end)
        return false;
    size_t len = end == rest.data ? 0 : (size_t)(end - rest.data) + 2;
    relay->in_body = false;
    relay->read_at += len + 3;
    relay->units++;
    hostile_take_message(relay, str_first(rest, len), true);
    return true;
}

/* "BDAT 123 LAST" and its octets (RFC 3030 2). */
static inline bool hostile_take_chunk(struct hostile_relay *relay, struct str line, struct str behind)
{
    struct str words = str_from(line, 5);
    uint64_t octets;
    FUZZ_CHECK(str_to_uint(str_cut(&words, ' '), HOSTILE_MAX_BYTES, &octets));
    FUZZ_CHECK(!words.data || str_equal(words, STR("LAST")));
    if (behind.len < octets)
        return false;
    buf_append(&relay->chunks, str_first(behind, octets));
    relay->read_at += octets;
    relay->units++;
    if (words.data) {
        hostile_take_message(relay, buf_view(&relay->chunks), false);
        buf_clear(&relay->chunks);
    }
    return true;
}

static inline bool hostile_take_command(struct hostile_relay *relay)
{
    struct str rest = str_from(buf_view(&relay->received), relay->read_at);
    size_t end = str_index(rest, '\n');
    if (end == rest.len)
        return false;
    FUZZ_CHECK(end > 0 && rest.data[end - 1] == '\r');
    struct str line = str_first(rest, end - 1);
    for (size_t i = 0; i < line.len; i++)
        FUZZ_CHECK((unsigned char)line.data[i] >= ' ' && line.data[i] != 0x7f);
    if (str_starts_with(line, STR("BDAT "))) {
        size_t before = relay->read_at;
        relay->read_at += end + 1;
        if (hostile_take_chunk(relay, line, str_from(rest, end + 1)))
            return true;
        relay->read_at = before;
        return false;
    }
    FUZZ_CHECK(!relay->must_encrypt || relay->tls_count ||
               !(str_starts_with(line, STR("AUTH")) || str_starts_with(line, STR("MAIL"))));
    if (str_starts_with(line, STR("MAIL")) || str_equal(line, STR("RSET")))
        buf_clear(&relay->chunks);
    relay->read_at += end + 1;
    relay->units++;
    struct str answer = hostile_words_of(relay, relay->units);
    relay->in_body = str_equal(line, STR("DATA")) && hostile_next_code(&answer) == 354;
    return true;
}

static inline size_t hostile_available(const struct hostile_relay *relay)
{
    return hostile_turn(relay, relay->units).late;
}

static inline bool hostile_has_ended(const struct hostile_relay *relay)
{
    return relay->refuses || (relay->ending != SMTP_STATUS_TIMEOUT && relay->delivered == relay->speech.len);
}

static inline enum smtp_status hostile_say(struct smtp_transport *transport, char *bytes, size_t room,
                                           struct deadline deadline, size_t *got)
{
    struct hostile_relay *relay = (struct hostile_relay *)transport;
    (void)deadline;
    struct str ready = str_first(buf_view(&relay->speech), hostile_available(relay));
    ready = str_first(str_from(ready, relay->delivered), relay->by_byte ? 1 : room);
    memcpy(bytes, ready.data, ready.len);
    relay->delivered += ready.len;
    *got = ready.len;
    if (*got)
        return SMTP_STATUS_OK;
    return hostile_has_ended(relay) ? relay->ending : SMTP_STATUS_TIMEOUT;
}

static inline enum smtp_status hostile_hear(struct smtp_transport *transport, struct str bytes,
                                            struct deadline deadline, size_t *taken)
{
    struct hostile_relay *relay = (struct hostile_relay *)transport;
    (void)deadline;
    bool is_gone = hostile_has_ended(relay) && relay->ending == SMTP_STATUS_RESET;
    size_t room = is_gone ? 0 : relay->write_limit - relay->received.len;
    *taken = bytes.len < room ? bytes.len : room;
    buf_append(&relay->received, str_first(bytes, *taken));
    FUZZ_CHECK(!relay->received.failed);
    while (relay->in_body ? hostile_take_body(relay) : hostile_take_command(relay))
        ;
    if (*taken == bytes.len)
        return SMTP_STATUS_OK;
    relay->refuses = true;
    return relay->ending == SMTP_STATUS_EOF ? SMTP_STATUS_RESET : relay->ending;
}

static inline enum smtp_status hostile_read(struct smtp_transport *transport, char *bytes, size_t room,
                                            struct deadline deadline, size_t *got)
{
    fuzz_pause_memory(true);
    enum smtp_status status = hostile_say(transport, bytes, room, deadline, got);
    fuzz_pause_memory(false);
    return status;
}

static inline enum smtp_status hostile_write(struct smtp_transport *transport, struct str bytes,
                                             struct deadline deadline, size_t *taken)
{
    fuzz_pause_memory(true);
    enum smtp_status status = hostile_hear(transport, bytes, deadline, taken);
    fuzz_pause_memory(false);
    return status;
}

/* RFC 3207 4.2: nothing that was said in the clear may be left for the session under TLS. */
static inline enum smtp_status hostile_start_tls(struct smtp_transport *transport,
                                                 const struct smtp_relay *settings, struct deadline deadline)
{
    struct hostile_relay *relay = (struct hostile_relay *)transport;
    (void)settings, (void)deadline;
    FUZZ_CHECK(relay->units == 0 || relay->delivered == hostile_available(relay));
    relay->tls_count++;
    transport->tls.version = "TLSv1.3";
    transport->tls.cipher = "TLS_AES_256_GCM_SHA384";
    return SMTP_STATUS_OK;
}

/* It lives on the target's stack, so that it can be looked at behind the session's end. */
static inline void hostile_free(struct smtp_transport *transport)
{
    (void)transport;
}

static inline void hostile_init(struct hostile_relay *relay, struct str words,
                                const struct hostile_message *messages)
{
    static const struct smtp_transport_ops ops = {
        .read = hostile_read, .write = hostile_write, .start_tls = hostile_start_tls, .free = hostile_free};
    *relay = (struct hostile_relay){.transport.ops = &ops,
                                    .messages = messages,
                                    .ending = SMTP_STATUS_TIMEOUT,
                                    .write_limit = HOSTILE_MAX_BYTES};
    buf_init(&relay->speech, HOSTILE_MAX_BYTES);
    buf_init(&relay->received, HOSTILE_MAX_BYTES);
    buf_init(&relay->chunks, HOSTILE_MAX_BYTES);
    size_t end = 0;
    while (end < words.len && !memchr("!^%", words.data[end], 3))
        end++;
    if (end < words.len)
        relay->ending = words.data[end] == '!'   ? SMTP_STATUS_EOF
                        : words.data[end] == '^' ? SMTP_STATUS_RESET
                                                 : SMTP_STATUS_TLS_BROKEN;
    for (words = str_first(words, end); words.data && relay->turn_count < HOSTILE_MAX_TURNS;) {
        struct hostile_turn *turn = &relay->turns[relay->turn_count++];
        struct str late = str_cut(&words, '~');
        turn->begin = relay->speech.len;
        buf_append(&relay->speech, str_cut(&late, '`'));
        turn->late = relay->speech.len;
        buf_append(&relay->speech, late);
        turn->end = relay->speech.len;
    }
}

static inline void hostile_fini(struct hostile_relay *relay)
{
    buf_fini(&relay->speech);
    buf_fini(&relay->received);
    buf_fini(&relay->chunks);
}

#endif
