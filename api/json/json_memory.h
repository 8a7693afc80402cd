/* api/json/json_memory.h: what cJSON frees is wiped first, for its trees hold messages and passwords.
 *
 * Threads    once, before the first use of cJSON.
 */
#ifndef POSTERN_API_JSON_JSON_MEMORY_H
#define POSTERN_API_JSON_JSON_MEMORY_H

void json_memory_wipe(void);

#endif
