#include "service/relays/token.h"

#include "service/relays/child.h"
#include "service/settings/files.h"

enum { GOOD_FOR_MS = 10000, BAD_FOR_MS = 1000, MICROSECONDS = 1000 };

/* RFC 6750 2.1: printable ASCII without spaces. Files and commands put a line end behind it. */
static bool take_token(struct str text, struct buf *token, const char *option, struct fault *fault)
{
    while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.len--;
    if (text.len == 0)
        return fault_set(fault, FAULT_UPSTREAM_AUTH_TEMPORARY, "option %s: there is no token", option);
    if (!str_is_visible(text))
        return fault_set(fault, FAULT_UPSTREAM_AUTH_TEMPORARY,
                         "option %s: what it gives is no token: it holds a space or a control", option);
    buf_append(token, text);
    return !token->failed ||
           fault_set(fault, FAULT_UPSTREAM_AUTH_TEMPORARY, "option %s: the token has more than %d octets",
                     option, (int)SMTP_TOKEN_MAX_BYTES);
}

static bool fetch_text(void *context, struct deadline total, struct buf *token, struct fault *fault)
{
    const struct token_source *source = context;
    (void)total;
    return take_token(source->text, token, "smtp_oauth_token", fault);
}

static bool fetch_file(void *context, struct deadline total, struct buf *token, struct fault *fault)
{
    const struct token_source *source = context;
    struct buf contents;
    struct fault inner;
    (void)total;
    if (!file_read(source->file.data, &contents, &inner))
        return fault_set(fault, FAULT_UPSTREAM_AUTH_TEMPORARY, "option smtp_oauth_token_file: %s",
                         inner.detail);
    bool taken = take_token(buf_view(&contents), token, "smtp_oauth_token_file", fault);
    buf_wipe(&contents);
    return taken;
}

static bool run_command(const struct token_source *source, struct deadline deadline, struct buf *token,
                        struct fault *fault)
{
    struct buf output;
    struct fault inner;
    buf_init(&output, SMTP_TOKEN_MAX_BYTES + sizeof "\r\n");
    bool taken = source->launcher
                     ? launcher_run(source->launcher, deadline, source->stop_fd, &output, &inner)
                     : child_run(source->command.data, deadline, source->stop_fd, &output, &inner);
    if (taken)
        taken = take_token(buf_view(&output), token, "smtp_oauth_command", fault);
    else if (inner.code == FAULT_SHUTTING_DOWN)
        *fault = inner;
    else
        fault_set(fault, FAULT_UPSTREAM_AUTH_TEMPORARY, "option smtp_oauth_command: %s", inner.detail);
    buf_wipe(&output);
    return taken;
}

/* Called with the lock, which is not held while the command runs. */
static void renew(struct token_source *source, struct deadline total)
{
    struct buf token;
    struct fault fault = {.code = FAULT_NONE};
    struct deadline deadline = deadline_earlier(total, deadline_after_ms(source->timeout_ms));
    source->is_running = true;
    pthread_mutex_unlock(&source->lock);
    buf_init(&token, SMTP_TOKEN_MAX_BYTES);
    bool made = run_command(source, deadline, &token, &fault);
    pthread_mutex_lock(&source->lock);
    buf_wipe(&source->token);
    source->token = token;
    source->fault = fault;
    source->good_until_us = clock_monotonic_us() + (int64_t)(made ? GOOD_FOR_MS : BAD_FOR_MS) * MICROSECONDS;
    source->is_running = false;
    /* Who had less time left than the command takes says nothing about the command. */
    if (!made && deadline_passed(total))
        source->good_until_us = 0;
    pthread_cond_broadcast(&source->has_run);
}

static bool fetch_output(void *context, struct deadline total, struct buf *token, struct fault *fault)
{
    struct token_source *source = context;
    struct timespec until = deadline_timespec(total);
    bool has_run = false;
    pthread_mutex_lock(&source->lock);
    while (!has_run && (source->is_running || clock_monotonic_us() >= source->good_until_us)) {
        has_run = !source->is_running;
        if (has_run)
            renew(source, total);
        else if (pthread_cond_timedwait(&source->has_run, &source->lock, &until) != 0)
            break;
    }
    bool fetched = !source->is_running && source->fault.code == FAULT_NONE;
    if (fetched)
        buf_append(token, buf_view(&source->token));
    else if (source->is_running)
        fault_set(fault, FAULT_UPSTREAM_AUTH_TEMPORARY, "option smtp_oauth_command: it took too long");
    else
        *fault = source->fault;
    pthread_mutex_unlock(&source->lock);
    if (token->failed)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory");
    return fetched;
}

struct smtp_token_source token_source_for_relay(struct token_source *source)
{
    struct smtp_token_source face = {.context = source};
    if (source->text.data)
        face.fetch = fetch_text;
    else if (source->file.data)
        face.fetch = fetch_file;
    else if (source->command.data)
        face.fetch = fetch_output;
    return face;
}

/* But for a command, which may need what is not there yet. */
static bool check(struct token_source *source, struct fault *fault)
{
    struct smtp_token_source face = token_source_for_relay(source);
    struct buf token;
    struct fault inner;
    if (!face.fetch || source->command.data)
        return true;
    buf_init(&token, SMTP_TOKEN_MAX_BYTES);
    bool is_token = face.fetch(face.context, deadline_after_ms(0), &token, &inner) ||
                    fault_set(fault, FAULT_INVALID_REQUEST, "%s", inner.detail);
    buf_wipe(&token);
    return is_token;
}

bool token_source_init(struct token_source *source, const struct settings *settings,
                       const struct launcher *launcher, int stop_fd, struct fault *fault)
{
    pthread_condattr_t monotonic;
    *source = (struct token_source){.text = settings->smtp_oauth_token,
                                    .file = settings->smtp_oauth_token_file,
                                    .command = settings->smtp_oauth_command,
                                    .timeout_ms = settings->timeout_oauth_command_ms,
                                    .stop_fd = stop_fd,
                                    .launcher = launcher};
    buf_init(&source->token, SMTP_TOKEN_MAX_BYTES);
    pthread_mutex_init(&source->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&source->has_run, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!!source->text.data + !!source->file.data + !!source->command.data > 1)
        return fault_set(
            fault, FAULT_INVALID_REQUEST,
            "options smtp_oauth_token, smtp_oauth_token_file and smtp_oauth_command: only one of them");
    if (launcher && !str_equal(source->command, str_of(launcher->command)))
        return fault_set(fault, FAULT_INVALID_REQUEST, "option smtp_oauth_command: a change takes a restart");
    return check(source, fault);
}

void token_source_fini(struct token_source *source)
{
    buf_wipe(&source->token);
    pthread_cond_destroy(&source->has_run);
    pthread_mutex_destroy(&source->lock);
}
