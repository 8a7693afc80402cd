#include "base/outcome.h"

const char *delivery_name(enum delivery delivery)
{
    static const char *const names[] = {"not_sent", "sent", "partial", "unknown"};
    return names[delivery];
}

const char *recipient_status_name(enum recipient_status status)
{
    static const char *const names[] = {"not_tried", "accepted", "rejected", "deferred"};
    return names[status];
}
