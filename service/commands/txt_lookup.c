/* A question is owned by two, the one who asks and the thread that finds out; the last to leave it frees it. */
#include "service/commands/txt_lookup.h"

#include "base/thread.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RESPONSE_BYTES = 65535, MAX_NAME_BYTES = 256 };

struct question {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    unsigned owners; /* guarded by it, as is the next */
    bool is_answered;
    int len;   /* of the response; below zero: there is none */
    int error; /* then, as in h_errno */
    char name[MAX_NAME_BYTES];
    unsigned char response[MAX_RESPONSE_BYTES];
};

static void question_leave(struct question *question)
{
    pthread_mutex_lock(&question->lock);
    unsigned left = --question->owners;
    pthread_mutex_unlock(&question->lock);
    if (left)
        return;
    pthread_cond_destroy(&question->answered);
    pthread_mutex_destroy(&question->lock);
    free(question);
}

static void ask(struct question *question)
{
    struct __res_state state = {0};
    question->len = -1;
    question->error = NETDB_INTERNAL;
    if (res_ninit(&state) != 0)
        return;
    question->len =
        res_nquery(&state, question->name, ns_c_in, ns_t_txt, question->response, MAX_RESPONSE_BYTES);
    question->error = state.res_h_errno;
    res_nclose(&state);
}

static void *answer_question(void *argument)
{
    struct question *question = argument;
    ask(question);
    pthread_mutex_lock(&question->lock);
    question->is_answered = true;
    pthread_cond_signal(&question->answered);
    pthread_mutex_unlock(&question->lock);
    question_leave(question);
    return NULL;
}

static struct question *question_new(const char *name)
{
    size_t name_len = strlen(name);
    struct question *question = name_len < MAX_NAME_BYTES ? calloc(1, sizeof *question) : NULL;
    pthread_condattr_t attributes;
    if (!question)
        return NULL;
    memcpy(question->name, name, name_len + 1);
    question->owners = 2;
    pthread_mutex_init(&question->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&question->answered, &attributes);
    pthread_condattr_destroy(&attributes);
    return question;
}

static bool await(struct question *question, struct deadline deadline)
{
    struct timespec until = deadline_timespec(deadline);
    int error = 0;
    pthread_mutex_lock(&question->lock);
    while (!question->is_answered && error == 0)
        error = pthread_cond_timedwait(&question->answered, &question->lock, &until);
    bool is_answered = question->is_answered;
    pthread_mutex_unlock(&question->lock);
    return is_answered;
}

/* RFC 2308 2: no such name, and no such record at the name, are answers. */
static enum txt_status status_of(int error)
{
    switch (error) {
    case HOST_NOT_FOUND:
    case NO_DATA: return TXT_NONE;
    case TRY_AGAIN: return TXT_UNREACHABLE;
    default: return TXT_FAILED;
    }
}

enum txt_status txt_lookup(struct arena *arena, const char *name, struct deadline deadline,
                           struct txt_answer *answer)
{
    enum txt_status status = TXT_UNREACHABLE;
    *answer = (struct txt_answer){0};
    if (deadline_passed(deadline))
        return status;
    struct question *question = question_new(name);
    if (!question)
        return TXT_FAILED;
    if (!thread_start(NULL, answer_question, question)) {
        question->owners--;
        status = TXT_FAILED;
    } else if (await(question, deadline)) {
        status = question->len < 0 ? status_of(question->error)
                                   : txt_read(arena, question->response, (size_t)question->len, answer);
    }
    question_leave(question);
    return status;
}

/* The strings of a record, each behind its length; joined without anything between (RFC 6376 3.6.2.2). */
static bool join_strings(struct arena *arena, struct str data, struct str *record)
{
    struct buf joined;
    buf_init(&joined, data.len + 1);
    bool whole = true;
    while (whole && data.len) {
        size_t len = (unsigned char)data.data[0];
        whole = len < data.len;
        buf_append(&joined, str_first(str_from(data, 1), len));
        data = str_from(data, len + 1);
    }
    *record = arena_keep(arena, &joined);
    buf_fini(&joined);
    return whole && record->data;
}

/* Other types stand in an answer, too: the aliases that led there, and signatures. */
static bool read_record(struct arena *arena, ns_msg *message, int index, struct txt_answer *answer)
{
    ns_rr record;
    struct str text;
    if (ns_parserr(message, ns_s_an, index, &record) != 0)
        return false;
    if (ns_rr_type(record) != ns_t_txt)
        return true;
    if (!join_strings(arena, (struct str){(const char *)ns_rr_rdata(record), ns_rr_rdlen(record)}, &text))
        return false;
    if (answer->count < TXT_MAX_RECORDS)
        answer->records[answer->count++] = text;
    return true;
}

enum txt_status txt_read(struct arena *arena, const unsigned char *response, size_t len,
                         struct txt_answer *answer)
{
    ns_msg message;
    *answer = (struct txt_answer){0};
    if (len > MAX_RESPONSE_BYTES || ns_initparse(response, (int)len, &message) != 0)
        return TXT_FAILED;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++)
        if (!read_record(arena, &message, i, answer))
            return TXT_FAILED;
    return answer->count ? TXT_FOUND : TXT_NONE;
}
