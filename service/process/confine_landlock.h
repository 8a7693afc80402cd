/* service/process/confine_landlock.h: which files are reached and which TCP ports are connected to, by Landlock
 * (landlock(7)).
 *
 * Rules are gathered, then enforced, for good; what is enforced later narrows that further. A rule is about a
 * folder with all below it, or about one file as it is now: what is put in its place by rename is another
 * file, and needs the rule of its folder.
 *
 * Errors     the first one sticks, and enforce gives it: an errno value, ENOSYS or EOPNOTSUPP where the
 *            kernel has no Landlock, or not this of it.
 * Threads    for the calling thread, and those that it starts from then on: to be called before the first.
 */
#ifndef POSTERN_SERVICE_PROCESS_CONFINE_LANDLOCK_H
#define POSTERN_SERVICE_PROCESS_CONFINE_LANDLOCK_H

#include <stdint.h>

enum landlock_use {
    LANDLOCK_READ,    /* files, and what a folder holds; nothing is executed */
    LANDLOCK_SOCKETS, /* make sockets and remove them (the kernel has one right to remove files of any kind) */
};

struct landlock_rules {
    int fd;
    int error;
};

/* How much of Landlock this kernel knows; 0 for nothing. */
int landlock_abi(void);

/* Without rules: no file at all is opened, no port connected to. */
void landlock_begin_files(struct landlock_rules *rules);
void landlock_begin_ports(struct landlock_rules *rules);

/* What is not there is left out. */
void landlock_allow_path(struct landlock_rules *rules, const char *path, enum landlock_use use);
void landlock_allow_port(struct landlock_rules *rules, uint16_t port);

/* 0, or an errno value, and then nothing is restricted. The rules are gone in any case. */
int landlock_enforce(struct landlock_rules *rules);

#endif
