/* tests/unit/smtp/memory_transport.h: plays the relay's half of a script to a session, and breaks off where
 * it is told.
 *
 * Nothing waits: where the script has nothing to say, a read ends in TIMEOUT at once.
 */
#ifndef POSTERN_TESTS_SMTP_MEMORY_TRANSPORT_H
#define POSTERN_TESTS_SMTP_MEMORY_TRANSPORT_H

#include "script.h"

enum memory_pace { MEMORY_WHOLE, MEMORY_BY_LINE, MEMORY_BY_BYTE };

struct memory_plan {
    enum memory_pace pace;
    size_t server_limit;     /* octets of the relay, behind which the connection is gone */
    size_t client_limit;     /* octets of Postern that are taken */
    enum smtp_status ending; /* how it is gone */
};

struct memory_transport {
    struct smtp_transport transport;
    const struct script *script;
    struct memory_plan plan;
    struct buf received;
    size_t delivered, tls_count;
    bool refused;
};

static inline size_t memory_available(const struct memory_transport *memory)
{
    size_t available = 0;
    for (size_t i = 0; i < memory->script->turn_count; i++) {
        const struct script_turn *turn = &memory->script->turns[i];
        if (turn->client_needed <= memory->received.len && turn->tls_needed <= memory->tls_count)
            available = turn->server_upto;
    }
    return available < memory->plan.server_limit ? available : memory->plan.server_limit;
}

static inline enum smtp_status memory_silence(const struct memory_transport *memory)
{
    if (memory->refused || memory->delivered >= memory->plan.server_limit)
        return memory->plan.ending;
    if (memory->script->ends && memory->delivered == memory->script->server.len &&
        memory->received.len >= memory->script->end_client_needed)
        return memory->script->ending;
    return SMTP_STATUS_TIMEOUT;
}

static inline enum smtp_status memory_read(struct smtp_transport *transport, char *bytes, size_t room,
                                           struct deadline deadline, size_t *got)
{
    struct memory_transport *memory = (struct memory_transport *)transport;
    struct str ready =
        str_from(str_first(buf_view(&memory->script->server), memory_available(memory)), memory->delivered);
    (void)deadline;
    if (memory->plan.pace == MEMORY_BY_LINE)
        ready = str_first(ready, str_index(ready, '\n') + 1);
    if (memory->plan.pace == MEMORY_BY_BYTE)
        ready = str_first(ready, 1);
    ready = str_first(ready, room);
    *got = ready.len;
    if (ready.len == 0)
        return memory_silence(memory);
    memcpy(bytes, ready.data, ready.len);
    memory->delivered += ready.len;
    return SMTP_STATUS_OK;
}

static inline enum smtp_status memory_write(struct smtp_transport *transport, struct str bytes,
                                            struct deadline deadline, size_t *taken)
{
    struct memory_transport *memory = (struct memory_transport *)transport;
    (void)deadline;
    bool gone = memory->delivered >= memory->plan.server_limit && memory->plan.ending == SMTP_STATUS_RESET;
    size_t room = gone ? 0 : memory->plan.client_limit - memory->received.len;
    *taken = bytes.len < room ? bytes.len : room;
    buf_append(&memory->received, str_first(bytes, *taken));
    if (*taken == bytes.len)
        return SMTP_STATUS_OK;
    memory->refused = true;
    return memory->plan.ending == SMTP_STATUS_EOF ? SMTP_STATUS_RESET : memory->plan.ending;
}

static inline enum smtp_status memory_start_tls(struct smtp_transport *transport,
                                                const struct smtp_relay *relay, struct deadline deadline)
{
    struct memory_transport *memory = (struct memory_transport *)transport;
    (void)relay, (void)deadline;
    memory->tls_count++;
    transport->tls.version = "TLSv1.3";
    transport->tls.cipher = "TLS_AES_256_GCM_SHA384";
    transport->tls.binding = (struct smtp_channel_binding){"tls-exporter", "bound", 5};
    snprintf(transport->tls.certificate.subject, sizeof transport->tls.certificate.subject,
             "CN = relay.example");
    return SMTP_STATUS_OK;
}

/* The transport lives on the test's stack, so that it can be looked at behind the session's end. */
static inline void memory_free(struct smtp_transport *transport)
{
    (void)transport;
}

static inline void memory_init(struct memory_transport *memory, const struct script *script,
                               struct memory_plan plan)
{
    static const struct smtp_transport_ops ops = {memory_read, memory_write, memory_start_tls, memory_free};
    *memory = (struct memory_transport){.transport.ops = &ops, .script = script, .plan = plan};
    buf_init(&memory->received, SCRIPT_MAX_BYTES);
}

#endif
