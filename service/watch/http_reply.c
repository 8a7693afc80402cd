#include "service/watch/http_reply.h"

#include <string.h>

enum { STATUS_AT = 9, STATUS_END = 12, LAST_INTERIM = 199 };

void http_reply_init(struct http_reply *reply)
{
    *reply = (struct http_reply){0};
    buf_init(&reply->head, HTTP_REPLY_MAX_BYTES);
}

void http_reply_fini(struct http_reply *reply)
{
    buf_fini(&reply->head);
}

static struct str cut_line(struct str *rest)
{
    struct str line = str_cut(rest, '\n');
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* "HTTP/1.1 200 OK"; the reason may lack. */
static bool read_status(struct str line, int *status)
{
    uint64_t number;
    bool is_http = str_starts_with(line, STR("HTTP/1.1 ")) || str_starts_with(line, STR("HTTP/1.0 "));
    if (!is_http || line.len < STATUS_END || (line.len > STATUS_END && line.data[STATUS_END] != ' ') ||
        !str_to_uint(str_first(str_from(line, STATUS_AT), STATUS_END - STATUS_AT), 599, &number) ||
        number < 100)
        return false;
    *status = (int)number;
    return true;
}

/* A date in place of seconds is passed over: the wait is then our own. */
static void read_field(struct http_reply *reply, struct str line)
{
    struct str name = str_cut(&line, ':');
    uint64_t seconds;
    if (!line.data || !str_equal_nocase(name, STR("Retry-After")) ||
        !str_to_uint(str_trim(line), UINT32_MAX, &seconds))
        return;
    reply->retry_after_s = seconds < HTTP_REPLY_MAX_WAIT_S ? seconds : HTTP_REPLY_MAX_WAIT_S;
}

/* Where the head that begins the buffer ends, behind its empty line; 0 where it has not come yet. */
static size_t find_end(struct str head)
{
    struct str rest = head;
    while (rest.data) {
        struct str line = cut_line(&rest);
        if (!line.len && rest.data)
            return (size_t)(rest.data - head.data);
    }
    return 0;
}

enum http_reply_state http_reply_feed(struct http_reply *reply, struct str bytes)
{
    buf_append(&reply->head, str_first(bytes, HTTP_REPLY_MAX_BYTES - reply->head.len));
    bool is_full = reply->head.failed || reply->head.len == HTTP_REPLY_MAX_BYTES;
    bool may_end = str_index(bytes, '\n') < bytes.len;
    struct str rest = str_from(buf_view(&reply->head), reply->passed);
    for (size_t end; may_end && (end = find_end(rest)); rest = str_from(rest, end)) {
        struct str head = str_first(rest, end);
        if (!read_status(cut_line(&head), &reply->status))
            return HTTP_REPLY_MALFORMED;
        reply->passed += end;
        if (reply->status <= LAST_INTERIM)
            continue;
        while (head.data)
            read_field(reply, cut_line(&head));
        return HTTP_REPLY_COMPLETE;
    }
    return is_full ? HTTP_REPLY_MALFORMED : HTTP_REPLY_PARTIAL;
}
