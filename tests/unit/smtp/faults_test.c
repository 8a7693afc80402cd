/* The rows F9 to F143 of the fault matrix that need no real network, each by its number; and the generated matrix: every
 * fault at every step, cut at every octet. Both run a usual dialogue up to a step, and have the relay fail there. */
#include "test.h"

#include "memory_transport.h"

enum step { GREETING, EHLO, STARTTLS, EHLO_AGAIN, AUTH, MAIL, RCPT_1, RCPT_2, DATA, BODY, DOT, RSET, STEP_COUNT };
