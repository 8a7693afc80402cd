/* base/wipe.h: for memory that held what somebody wrote, or a secret, and is given back. */
#ifndef POSTERN_BASE_WIPE_H
#define POSTERN_BASE_WIPE_H

/* free(3), but overwritten first. */
void wipe_free(void *memory);

#endif
