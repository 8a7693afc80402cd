/* service/process/descriptors.h: as many open files as the system grants, and what fits into them.
 *
 * A listener that runs out of descriptors refuses nobody: whoever comes hangs, and so do the sessions with
 * the relays, which need some too. So they have theirs set aside, and HTTP connections are bounded to what is
 * left.
 */
#ifndef POSTERN_SERVICE_PROCESS_DESCRIPTORS_H
#define POSTERN_SERVICE_PROCESS_DESCRIPTORS_H

#include <stdint.h>

/* Raises the limit to what may be had without asking. */
void descriptors_raise_limit(void);

/* `wanted` connections, or those that fit beside `sessions` with relays; then the log says so. */
uint64_t descriptors_allot(uint64_t wanted, uint64_t sessions);

#endif
