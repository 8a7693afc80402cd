/* service/watch/otlp_json.h: records as an ExportTraceServiceRequest in JSON (OTLP 1.x, "JSON Protobuf Encoding"):
 * lowerCamelCase names, IDs in hexadecimal, enumerations and times as numbers, 64 bits of them as texts.
 *
 * A message is a span of the kind SERVER, with the caller's span as its parent, and one behind it for each phase.
 *
 * Errors     the writer's: otlp_json_take gives NULL.
 */
#ifndef POSTERN_SERVICE_WATCH_OTLP_JSON_H
#define POSTERN_SERVICE_WATCH_OTLP_JSON_H

#include "api/json/json_write.h"
#include "service/watch/span_record.h"

struct otlp_json {
    struct json_writer json;
    int64_t epoch_us; /* the wall clock less the monotonic one */
    size_t spans;
};

/* `instance` is the name of this host, or absent. */
void otlp_json_begin(struct otlp_json *otlp, int64_t epoch_us, struct str instance);
void otlp_json_add(struct otlp_json *otlp, const struct span_record *record);

/* The whole request; freed by the caller. */
char *otlp_json_take(struct otlp_json *otlp, size_t *bytes);

#endif
