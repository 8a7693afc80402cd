#include "api/json/json_memory.h"

#include "base/wipe.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

void json_memory_wipe(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = malloc, .free_fn = wipe_free});
}
