/* service/commands/exit_code.h: how a fault ends the program, in the words of sysexits(3). */
#ifndef POSTERN_SERVICE_COMMANDS_EXIT_CODE_H
#define POSTERN_SERVICE_COMMANDS_EXIT_CODE_H

#include "base/fault.h"

/* EX_OK for no fault; EX_TEMPFAIL only for what may be tried again, and so never for an unknown outcome. */
int exit_code_of(enum fault_code code);

/* Of what kept the program from its work: EX_CONFIG, but EX_OSERR for what the system did not give. */
int exit_code_of_start(enum fault_code code);

#endif
