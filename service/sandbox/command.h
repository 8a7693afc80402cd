/* service/sandbox/command.h: the commands of a submission session, from their lines (RFC 5321 4.1). Pure.
 *
 * Ownership  what is read are views of the line.
 * Errors     the reply that refuses the command, without its CRLF; NULL where there is nothing to refuse.
 */
#ifndef POSTERN_SERVICE_SANDBOX_COMMAND_H
#define POSTERN_SERVICE_SANDBOX_COMMAND_H

#include "base/str.h"

enum sandbox_verb {
    SANDBOX_VERB_UNKNOWN,
    SANDBOX_VERB_EHLO,
    SANDBOX_VERB_HELO,
    SANDBOX_VERB_STARTTLS,
    SANDBOX_VERB_AUTH,
    SANDBOX_VERB_MAIL,
    SANDBOX_VERB_RCPT,
    SANDBOX_VERB_DATA,
    SANDBOX_VERB_BDAT,
    SANDBOX_VERB_RSET,
    SANDBOX_VERB_NOOP,
    SANDBOX_VERB_VRFY,
    SANDBOX_VERB_HELP,
    SANDBOX_VERB_QUIT,
    SANDBOX_VERB_COUNT
};

struct sandbox_command {
    enum sandbox_verb verb;
    struct str argument; /* without white space around it; may be empty */
};

struct sandbox_mail {
    struct str return_path; /* empty: the null path */
    uint64_t size_octets;   /* as declared (RFC 1870); 0 where it was not */
    bool smtputf8;
    struct str parameters; /* all of them, as they are written */
};

struct sandbox_chunk {
    uint64_t octets;
    bool is_last;
};

/* `line` is without its CRLF. */
struct sandbox_command sandbox_command_parse(struct str line);

/* The argument of MAIL: "FROM:" Reverse-path [ SP parameters ]. */
const char *sandbox_command_read_mail(struct str argument, struct sandbox_mail *mail);

/* The argument of RCPT: "TO:" Forward-path; `smtputf8` as MAIL declared it. */
const char *sandbox_command_read_rcpt(struct str argument, bool smtputf8, struct str *recipient,
                                      struct str *parameters);

/* The argument of BDAT: chunk-size [ SP "LAST" ] (RFC 3030 2). */
const char *sandbox_command_read_bdat(struct str argument, struct sandbox_chunk *chunk);

#endif
