#include "service/sandbox/dialogue.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <string.h>

enum { MAX_LINE_BYTES = 1024 };

struct mark {
    int64_t at_us;
    uint32_t len;
    uint32_t speaker;
};

/* Room for a last line that says that there was more is always kept. */
static bool has_room(const struct buf *dialogue, size_t bytes)
{
    size_t reserve = sizeof(struct mark);
    return !dialogue->failed && dialogue->len + bytes + reserve <= dialogue->max_bytes;
}

static void put(struct buf *dialogue, const struct mark *mark, struct str text)
{
    buf_append(dialogue, (struct str){(const char *)mark, sizeof *mark});
    buf_append(dialogue, text);
}

/* Behind the cut nothing has room any more. */
static void add(struct buf *dialogue, const struct mark *mark, struct str text)
{
    if (has_room(dialogue, sizeof *mark + text.len)) {
        put(dialogue, mark, text);
    } else if (has_room(dialogue, 0)) {
        put(dialogue, &(struct mark){mark->at_us, 0, SANDBOX_CUT}, STR(""));
        dialogue->max_bytes = dialogue->len;
    }
}

void sandbox_dialogue_add(struct buf *dialogue, enum sandbox_speaker speaker, struct str text)
{
    struct str shown = utf8_first(text, MAX_LINE_BYTES);
    const struct mark mark = {clock_monotonic_us(), (uint32_t)shown.len, speaker};
    add(dialogue, &mark, shown);
}

void sandbox_dialogue_append(struct buf *dialogue, struct str lines)
{
    struct sandbox_line line;
    while (sandbox_dialogue_next(&lines, &line)) {
        const struct mark mark = {line.at_us, (uint32_t)line.text.len, line.speaker};
        add(dialogue, &mark, line.text);
    }
}

bool sandbox_dialogue_next(struct str *rest, struct sandbox_line *line)
{
    struct mark mark;
    if (rest->len < sizeof mark)
        return false;
    memcpy(&mark, rest->data, sizeof mark);
    line->at_us = mark.at_us;
    line->speaker = (enum sandbox_speaker)mark.speaker;
    line->text = str_first(str_from(*rest, sizeof mark), mark.len);
    *rest = str_from(*rest, sizeof mark + mark.len);
    return true;
}
