/* tests/unit/smtp/script.h: a dialogue as text, read into what a transport needs to play the relay's half of
 * it.
 *
 *     relay: tls=none username=ann password=secret
 *     S: 220 ready                  what the relay says, once all C: lines above it have come
 *     C: EHLO client.example        what Postern must say, exactly
 *     tls:                          here the handshake takes place
 *     expect: fault=...             behind the opening, or behind a send:
 *     send: from=a@example.com to=b@example.net,c@example.net partial=deliver smtputf8
 *                                   more words: overlap (the next send waits already), hurried (its deadline is
 *                                   near), last (none follows), eightbit, requiretls, notify=, ret=, envid=; early and doubt: see replay.h
 *     chunk-end:                    what Postern has said ends a chunk: its last two octets are the end of data
 *     final:                        the next reply, not an earlier one, is the relay's word on the message
 *     message: Subject: hi\r\n...   for the sends that follow, with \r \n \t \\ \xHH
 *     text: 2.0.0 Ok                the text of the reply in the outcome, whole
 *     close:                        the session is closed
 *     end: eof                      or reset, tls-broken: how the connection ends behind the last S: line
 *
 * S: and C: lines end in CRLF; "S- " begins one that ends as it stands. Both have the escapes of message:
 */
#ifndef POSTERN_TESTS_SMTP_SCRIPT_H
#define POSTERN_TESTS_SMTP_SCRIPT_H

#include "base/buf.h"
#include "smtp/session.h"
#include "smtp/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPT_MAX_TURNS = 128, SCRIPT_MAX_SENDS = 8, SCRIPT_MAX_RECIPIENTS = 16, SCRIPT_MAX_BYTES = 262144 };

/* The relay's octets up to `server_upto` come once Postern has said `client_needed` and shaken hands
 * `tls_needed` times. */
struct script_turn {
    size_t client_needed, tls_needed, server_upto;
};

struct script_send {
    struct str line;    /* behind "send:" */
    struct str message; /* with its escapes */
    struct str expect, text;
    size_t dot_at;  /* of Postern's octets, where the end of data begins; SIZE_MAX where it is never said */
    size_t dot_len; /* ".CRLF", or the end of a chunk */
    size_t final_upto; /* of the relay's octets, where the first reply behind it ends */
    size_t server_end; /* all that the relay says up to the next send */
    size_t client_start, server_start;
};

struct script {
    struct buf source, client, server;
    struct script_turn turns[SCRIPT_MAX_TURNS];
    size_t turn_count, tls_count;
    struct script_send sends[SCRIPT_MAX_SENDS];
    size_t send_count;
    struct str relay, open_expect;
    bool closes, ends;
    size_t end_client_needed;
    enum smtp_status ending;
};

static inline void script_append_unescaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        char next = i + 1 < text.len ? text.data[i + 1] : '\0';
        if (c != '\\') {
            buf_append_char(out, c);
        } else if (next == 'x' && i + 3 < text.len) {
            buf_append_char(out,
                            (char)(char_hex_value(text.data[i + 2]) * 16 + char_hex_value(text.data[i + 3])));
            i += 3;
        } else {
            buf_append_char(out, next == 'r' ? '\r' : next == 'n' ? '\n' : next == 't' ? '\t' : next);
            i++;
        }
    }
}

static inline struct script_send *script_last_send(struct script *script)
{
    return script->send_count ? &script->sends[script->send_count - 1] : NULL;
}

static inline void script_say_server(struct script *script)
{
    struct script_turn *last = script->turn_count ? &script->turns[script->turn_count - 1] : NULL;
    if (!last || last->client_needed != script->client.len || last->tls_needed != script->tls_count) {
        last = &script->turns[script->turn_count++];
        *last = (struct script_turn){script->client.len, script->tls_count, 0};
    }
    last->server_upto = script->server.len;
    if (script_last_send(script) && !script->closes)
        script_last_send(script)->server_end = script->server.len;
}

static inline void script_take_server(struct script *script, struct str line, bool is_raw)
{
    struct script_send *send = script_last_send(script);
    script_append_unescaped(&script->server, line);
    if (!is_raw)
        buf_append(&script->server, STR("\r\n"));
    bool ends_line = script->server.len && script->server.data[script->server.len - 1] == '\n';
    bool goes_on = line.len > 3 && line.data[3] == '-';
    if (send && send->dot_at != SIZE_MAX && send->final_upto == SIZE_MAX && ends_line && !goes_on)
        send->final_upto = script->server.len;
    script_say_server(script);
}

static inline void script_take_client(struct script *script, struct str line)
{
    struct script_send *send = script_last_send(script);
    if (send && send->dot_at == SIZE_MAX && str_equal(line, STR("."))) {
        send->dot_at = script->client.len;
        send->dot_len = 3;
    }
    script_append_unescaped(&script->client, line);
    buf_append(&script->client, STR("\r\n"));
}

static inline void script_end_chunk(struct script *script)
{
    struct script_send *send = script_last_send(script);
    send->dot_len = 2;
    send->dot_at = script->client.len - send->dot_len;
}

static inline void script_take_end(struct script *script, struct str how)
{
    script->ends = true;
    script->end_client_needed = script->client.len;
    script->ending = str_equal(how, STR("reset"))        ? SMTP_STATUS_RESET
                     : str_equal(how, STR("tls-broken")) ? SMTP_STATUS_TLS_BROKEN
                                                         : SMTP_STATUS_EOF;
}

static inline bool script_take_line(struct script *script, struct str line, struct str *message)
{
    struct str value = line;
    struct str name = str_cut(&value, ':');
    struct script_send *send = script_last_send(script);
    value = value.len && value.data[0] == ' ' ? str_from(value, 1) : value;
    if (str_equal(name, STR("S")))
        script_take_server(script, value, false);
    else if (str_starts_with(line, STR("S-")))
        script_take_server(script, str_from(line, 3), true);
    else if (str_equal(name, STR("C")))
        script_take_client(script, value);
    else if (str_equal(name, STR("relay")))
        script->relay = value;
    else if (str_equal(name, STR("tls")))
        script->tls_count++;
    else if (str_equal(name, STR("message")))
        *message = value;
    else if (str_equal(name, STR("expect")))
        *(send ? &send->expect : &script->open_expect) = value;
    else if (str_equal(name, STR("text")) && send)
        send->text = value;
    else if (str_equal(name, STR("chunk-end")) && send)
        script_end_chunk(script);
    else if (str_equal(name, STR("final")) && send)
        send->final_upto = SIZE_MAX;
    else if (str_equal(name, STR("close")))
        script->closes = true;
    else if (str_equal(name, STR("end")))
        script_take_end(script, value);
    else if (str_equal(name, STR("send")))
        script->sends[script->send_count++] = (struct script_send){.line = value,
                                                                   .message = *message,
                                                                   .dot_at = SIZE_MAX,
                                                                   .final_upto = SIZE_MAX,
                                                                   .server_end = script->server.len,
                                                                   .server_start = script->server.len,
                                                                   .client_start = script->client.len};
    else
        return line.len == 0 || line.data[0] == '#';
    return true;
}

static inline void script_init(struct script *script)
{
    *script = (struct script){0};
    buf_init(&script->source, SCRIPT_MAX_BYTES);
    buf_init(&script->client, SCRIPT_MAX_BYTES);
    buf_init(&script->server, SCRIPT_MAX_BYTES);
}

/* Reads what is in `source`. False, with a word on stdout, where it is no script. */
static inline bool script_read(struct script *script)
{
    struct str message = STR("Subject: hi\\r\\n\\r\\nHello\\r\\n");
    for (struct str rest = buf_view(&script->source); rest.data;) {
        struct str line = str_cut(&rest, '\n');
        if (!script_take_line(script, line, &message)) {
            printf("what is \"%.*s\"?\n", STR_ARG(line));
            return false;
        }
    }
    return script->source.len > 0;
}

static inline bool script_load(struct script *script, const char *path)
{
    script_init(script);
    FILE *file = fopen(path, "r");
    char block[4096];
    for (size_t got; file && (got = fread(block, 1, sizeof block, file)) > 0;)
        buf_append(&script->source, (struct str){block, got});
    if (file)
        fclose(file);
    return script_read(script);
}

static inline void script_fini(struct script *script)
{
    buf_fini(&script->source);
    buf_fini(&script->client);
    buf_fini(&script->server);
}

/* The value of "name=value" among words; absent where it is not there, empty for a bare "name". */
static inline struct str script_value(struct str words, struct str name)
{
    while (words.data) {
        struct str value = str_cut(&words, ' ');
        struct str word = str_cut(&value, '=');
        if (str_equal(word, name))
            return value.data ? value : STR("");
    }
    return (struct str){0};
}

#endif
