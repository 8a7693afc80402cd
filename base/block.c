#include "base/block.h"

block block_load_end(struct str text)
{
    block octets = {0};
    memcpy(&octets, text.data, text.len);
    return octets;
}
