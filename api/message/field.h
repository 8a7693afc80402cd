/* api/message/field.h: the members of a JSON object, read by a table: name and what reads its value.
 *
 * A name that is in no table is refused, so that a typing mistake never drops a Bcc silently. Reading goes on
 * after a problem, so that all of them are told at once.
 *
 * Ownership  what is read are views into the body, the arena and the cJSON tree, which live as long as the submission.
 */
#ifndef POSTERN_API_MESSAGE_FIELD_H
#define POSTERN_API_MESSAGE_FIELD_H

#include "api/answer/problem.h"
#include "api/json/json_check.h"
#include "api/message/place.h"
#include "api/submission.h"

#include <cjson/cJSON.h>

struct reader;

struct field {
    const char *name;
    /* `target` is what the object's members go into. */
    void (*read)(struct reader *reader, const cJSON *value, const struct place *place, void *target);
};

struct recipient_set;

struct reader {
    struct submission *submission;
    struct arena *arena;
    const struct api_limits *limits;
    struct problem *problem;
    struct recipient_set *recipients;
    struct json_strings strings; /* what those of the tree stand for */
    size_t file_count;           /* beside the JSON, in a form */
};

/* `fields` ends with a row without a name. */
void field_read_object(struct reader *reader, const cJSON *object, const struct place *place,
                       const struct field *fields, void *target);

/* The text of a string; false, with the problem told, where it is none. */
bool field_read_text(struct reader *reader, const cJSON *value, const struct place *place, struct str *text);

/* A text that a check of the mime floor must pass before it is kept. */
void field_read_checked(struct reader *reader, const cJSON *value, const struct place *place,
                        bool (*check)(struct str text, struct fault *fault), struct str *text);

/* A string that stands in `names`, which ends with NULL. */
bool field_read_choice(struct reader *reader, const cJSON *value, const struct place *place,
                       const char *const *names, size_t *choice);

/* How many there are of what may be one or a list. */
size_t field_count(const cJSON *value);

void field_refuse(struct reader *reader, const struct place *place, const struct fault *fault);
void field_refuse_with(struct reader *reader, const struct place *place, enum fault_code code,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
void field_refuse_type(struct reader *reader, const cJSON *value, const struct place *place,
                       const char *wanted);

#endif
