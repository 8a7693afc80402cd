/* A gateway as a good engineer would write it with libmicrohttpd, cJSON and libcurl, to be measured beside Postern: an
 * event loop that suspends who waits, and a thread for each session, whose easy handle keeps its connection open.
 *
 *     curl_gateway PORT RELAY_URL SESSIONS
 *
 * It has no limits and checks little. libcurl makes the message and speaks with the relay. */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HTTP_THREADS = 2, FIRST_BODY_BYTES = 16 * 1024 };

struct request {
    struct MHD_Connection *connection;
    char *body;
    size_t len, capacity;
    cJSON *json; /* once the body is whole */
    bool is_done, is_sent;
    struct request *next;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct request *first, **last;
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, &queue.first};

static const char *relay_url;
static unsigned char digits_plus_one[256]; /* of base64: what each stands for */

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "curl_gateway: %s\n", what);
    exit(1);
}

/* --- to the relay --------------------------------------------------------------------------------------------- */

static const char *text_of(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
    return text ? text : "";
}

static void add_text(curl_mime *mime, const cJSON *json, const char *name, const char *type)
{
    if (!cJSON_HasObjectItem(json, name))
        return;
    curl_mimepart *part = curl_mime_addpart(mime);
    curl_mime_data(part, text_of(json, name), CURL_ZERO_TERMINATED);
    curl_mime_type(part, type);
    curl_mime_encoder(part, "quoted-printable");
}

/* libcurl has an encoder for base64 and no decoder. In place: what comes out is shorter. */
static size_t decode_base64(char *text)
{
    unsigned group = 0, bits = 0;
    size_t len = 0;
    for (const char *c = text; *c; c++) {
        unsigned char digit = digits_plus_one[(unsigned char)*c];
        if (!digit)
            continue;
        group = group << 6 | (digit - 1U);
        if ((bits += 6) < 8)
            continue;
        bits -= 8;
        text[len++] = (char)(group >> bits);
    }
    return len;
}

static void add_attachments(curl_mime *mime, const cJSON *json)
{
    const cJSON *attachment;
    cJSON_ArrayForEach(attachment, cJSON_GetObjectItemCaseSensitive(json, "attachments"))
    {
        char *content = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(attachment, "content"));
        curl_mimepart *part = curl_mime_addpart(mime);
        curl_mime_data(part, content ? content : "", content ? decode_base64(content) : 0);
        curl_mime_filename(part, text_of(attachment, "filename"));
        curl_mime_type(part, "application/octet-stream");
        curl_mime_encoder(part, "base64");
    }
}

static curl_mime *make_message(CURL *curl, const cJSON *json)
{
    curl_mime *mime = curl_mime_init(curl), *texts = curl_mime_init(curl);
    curl_mimepart *part = curl_mime_addpart(mime);
    add_text(texts, json, "text", "text/plain; charset=utf-8");
    add_text(texts, json, "html", "text/html; charset=utf-8");
    curl_mime_subparts(part, texts);
    curl_mime_type(part, "multipart/alternative");
    add_attachments(mime, json);
    return mime;
}

static struct curl_slist *make_header(const cJSON *json)
{
    static const char *const fields[][2] = {{"From", "from"}, {"To", "to"}, {"Subject", "subject"}};
    struct curl_slist *header = NULL;
    char line[1000];
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        snprintf(line, sizeof line, "%s: %s", fields[i][0], text_of(json, fields[i][1]));
        header = curl_slist_append(header, line);
    }
    return header;
}

/* What stands between "<" and ">", or all of it. */
static void copy_address(char *address, size_t bytes, const char *mailbox)
{
    const char *begin = strchr(mailbox, '<');
    snprintf(address, bytes, "%s", begin ? begin + 1 : mailbox);
    address[strcspn(address, ">")] = '\0';
}

static bool send_message(CURL *curl, const cJSON *json)
{
    char from[320], to[320];
    copy_address(from, sizeof from, text_of(json, "from"));
    copy_address(to, sizeof to, text_of(json, "to"));
    struct curl_slist *recipients = curl_slist_append(NULL, to), *header = make_header(json);
    curl_mime *mime = make_message(curl, json);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, header);
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
    bool is_sent = curl_easy_perform(curl) == CURLE_OK;
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, NULL);
    curl_mime_free(mime);
    curl_slist_free_all(header);
    curl_slist_free_all(recipients);
    return is_sent;
}

static CURL *open_handle(void)
{
    CURL *curl = curl_easy_init();
    require(curl, "out of memory");
    curl_easy_setopt(curl, CURLOPT_URL, relay_url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    return curl;
}

static struct request *take_request(void)
{
    pthread_mutex_lock(&queue.lock);
    while (!queue.first)
        pthread_cond_wait(&queue.filled, &queue.lock);
    struct request *request = queue.first;
    queue.first = request->next;
    if (!queue.first)
        queue.last = &queue.first;
    pthread_mutex_unlock(&queue.lock);
    return request;
}

static void *run_session(void *unused)
{
    CURL *curl = open_handle();
    (void)unused;
    for (struct request *request; (request = take_request());) {
        request->is_sent = send_message(curl, request->json);
        request->is_done = true;
        MHD_resume_connection(request->connection);
    }
    curl_easy_cleanup(curl);
    return NULL;
}

/* --- from the clients ----------------------------------------------------------------------------------------- */

static enum MHD_Result answer(struct request *request)
{
    static char sent[] = "{\"delivery\":\"sent\"}", failed[] = "{\"delivery\":\"not_sent\"}";
    char *text = request->is_sent ? sent : failed;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(request->connection, request->is_sent ? 200 : 502, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result submit(struct request *request)
{
    request->json = cJSON_ParseWithLength(request->body, request->len);
    free(request->body);
    request->body = NULL;
    if (!request->json)
        return answer(request);
    MHD_suspend_connection(request->connection);
    pthread_mutex_lock(&queue.lock);
    *queue.last = request;
    queue.last = &request->next;
    pthread_mutex_unlock(&queue.lock);
    pthread_cond_signal(&queue.filled);
    return MHD_YES;
}

static void keep(struct request *request, const char *bytes, size_t len)
{
    if (len > request->capacity - request->len) {
        size_t capacity = request->capacity ? request->capacity : FIRST_BODY_BYTES;
        while (capacity < request->len + len)
            capacity *= 2;
        request->body = realloc(request->body, capacity);
        require(request->body, "out of memory");
        request->capacity = capacity;
    }
    memcpy(request->body + request->len, bytes, len);
    request->len += len;
}

static struct request *begin(struct MHD_Connection *connection)
{
    struct request *request = calloc(1, sizeof *request);
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    require(request, "out of memory");
    request->connection = connection;
    request->capacity = length ? strtoul(length, NULL, 10) : 0;
    request->body = malloc(request->capacity + 1);
    require(request->body, "out of memory");
    return request;
}

static enum MHD_Result advance(void *cls, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_bytes, void **context)
{
    (void)cls, (void)url, (void)method, (void)version;
    struct request *request = *context;
    if (!request) {
        *context = begin(connection);
        return MHD_YES;
    }
    if (*upload_bytes) {
        keep(request, upload, *upload_bytes);
        *upload_bytes = 0;
        return MHD_YES;
    }
    return request->is_done ? answer(request) : submit(request);
}

static void end(void *cls, struct MHD_Connection *connection, void **context,
                enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)connection, (void)code;
    struct request *request = *context;
    if (!request)
        return;
    cJSON_Delete(request->json);
    free(request->body);
    free(request);
}

int main(int argc, char **argv)
{
    require(argc == 4, "usage: curl_gateway PORT RELAY_URL SESSIONS");
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned i = 0; i < 64; i++)
        digits_plus_one[(unsigned char)digits[i]] = (unsigned char)(i + 1);
    relay_url = argv[2];
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (unsigned long i = strtoul(argv[3], NULL, 10); i > 0; i--) {
        pthread_t thread;
        require(pthread_create(&thread, NULL, run_session, NULL) == 0, "cannot start a thread");
    }
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    require(MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
                             NULL, advance, NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE,
                             HTTP_THREADS, MHD_OPTION_CONNECTION_LIMIT, 16384, MHD_OPTION_NOTIFY_COMPLETED,
                             end, NULL, MHD_OPTION_END),
            "cannot listen");
    for (;;)
        pause();
}
