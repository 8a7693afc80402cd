/* Each line is kept with its time: with the message that it led to, or else in the journal. How the session began
 * (greeting, TLS, login) is kept for as long as it lasts, and stands before the lines of each of its messages. */
#include "service/sandbox/connection_inside.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_SAID_BYTES = 98304, MAX_TEXT_BYTES = 1024 };

static void add_line(struct connection *connection, enum sandbox_speaker speaker, struct str text)
{
    sandbox_dialogue_add(connection->said.max_bytes ? &connection->said : &connection->opening, speaker,
                         text);
}

void connection_say(struct connection *connection, const char *format, ...)
{
    char line[MAX_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sandbox_wire_say(&connection->wire, "%s", line);
    add_line(connection, SANDBOX_SERVER, str_of(line));
}

void connection_refuse(struct connection *connection, const char *reply)
{
    connection->errors++;
    connection_say(connection, "%s", reply);
}

void connection_note(struct connection *connection, const char *format, ...)
{
    char note[MAX_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);
    add_line(connection, SANDBOX_NOTE, str_of(note));
}

void connection_hear(struct connection *connection, struct str line)
{
    add_line(connection, SANDBOX_CLIENT, line);
}

void connection_begin_lines(struct connection *connection)
{
    buf_fini(&connection->said);
    buf_init(&connection->said, MAX_SAID_BYTES);
}

void connection_take_dialogue(struct connection *connection, struct buf *dialogue)
{
    sandbox_dialogue_append(dialogue, buf_view(&connection->opening));
    sandbox_dialogue_append(dialogue, buf_view(&connection->said));
    connection_begin_lines(connection);
}
