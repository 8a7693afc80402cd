/* service/process/confine_seccomp.h: which system calls the process may make once it serves, by seccomp(2).
 *
 * The table in the .c is all of them. Any other has no effect and gives ENOSYS, as on a kernel that does not
 * know it, which is logged by the kernel; a call of another architecture's ends the process.
 *
 * Errors     errno values.
 * Threads    all threads of the process, whichever calls.
 */
#ifndef POSTERN_SERVICE_PROCESS_CONFINE_SECCOMP_H
#define POSTERN_SERVICE_PROCESS_CONFINE_SECCOMP_H

/* 0, or an errno value, and then nothing is filtered. */
int seccomp_restrict_calls(void);

#endif
