/* Rehearsing: a rule first waits, then drops the connection or gives its reply. What a rule says in place of the usual
 * reply is judged by its first digit, as a client does, so that a session stays one that both ends understand. */
#include "service/sandbox/connection_inside.h"

/* What was said before goes out; nothing else does, not even TLS's own end. */
static void drop(struct connection *connection)
{
    connection_note(connection, "rehearsed: the connection is dropped");
    connection->quit = true;
    sandbox_wire_drop(&connection->wire);
}

/* What was said before goes out first: it was not late. */
static void pause_for(struct connection *connection, int64_t delay_ms)
{
    connection_note(connection, "rehearsed: a delay of %lld ms", (long long)delay_ms);
    connection->status = sandbox_wire_flush(&connection->wire, deadline_after_ms(COMMAND_TIMEOUT_MS));
    if (connection->status == SANDBOX_WIRE_OK)
        connection->status = sandbox_wire_pause(&connection->wire, deadline_after_ms(delay_ms));
}

/* By the rules, else by what is agreed of the recipients. */
static bool find_act(struct connection *connection, enum sandbox_step step, struct str recipient)
{
    const struct sandbox_terms *terms = connection->terms;
    connection->act = (struct sandbox_act){0};
    if (sandbox_behaviour_act(terms->behaviour, step, recipient, &connection->act)) {
        sandbox_events_add(terms->events, SANDBOX_EVENT_BEHAVIOUR, "");
        return true;
    }
    const struct sandbox_address *agreed =
        recipient.data ? sandbox_address_find(recipient) : connection->agreed;
    if (!agreed || agreed->step != step)
        return false;
    connection->act = agreed->act;
    return true;
}

const char *stage_prepare(struct connection *connection, enum sandbox_step step, struct str recipient,
                          const char *usual)
{
    if (!find_act(connection, step, recipient))
        return usual;
    const struct sandbox_act *act = &connection->act;
    if (act->delay_ms)
        pause_for(connection, act->delay_ms);
    if (connection->status == SANDBOX_WIRE_OK && act->drops)
        drop(connection);
    if (connection_is_over(connection))
        return NULL;
    if (!act->reply[0])
        return usual;
    connection_note(connection, "rehearsed: the next reply");
    return act->reply;
}

bool stage_say(struct connection *connection, const char *reply)
{
    connection_say(connection, "%s", reply);
    /* RFC 5321 3.8: who says 421 closes. */
    if (str_starts_with(str_of(reply), STR("421")))
        connection->quit = true;
    return reply[0] < '4';
}

bool stage_reply(struct connection *connection, enum sandbox_step step, struct str recipient,
                 const char *usual)
{
    const char *reply = stage_prepare(connection, step, recipient, usual);
    return reply && stage_say(connection, reply);
}
