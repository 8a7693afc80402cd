/* Reads messages with GMime (see ../parsers.py for what comes in and goes out). */
#include <cjson/cJSON.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>

static void note_warning(gint64 offset, GMimeParserWarning warning, const gchar *item, gpointer defects)
{
    char text[256];
    snprintf(text, sizeof text, "warning %d at octet %lld: %.100s", (int)warning, (long long)offset,
             item ? item : "");
    cJSON_AddItemToArray(defects, cJSON_CreateString(text));
}

static cJSON *text_or_null(const char *text)
{
    return text ? cJSON_CreateString(text) : cJSON_CreateNull();
}

static void add_addresses(cJSON *record, const char *name, InternetAddressList *list)
{
    cJSON *mailboxes = cJSON_AddArrayToObject(record, name);
    for (int i = 0; list && i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        const char *display_name = internet_address_get_name(address);
        cJSON *mailbox = cJSON_CreateArray();
        cJSON_AddItemToArray(mailbox, cJSON_CreateString(display_name ? display_name : ""));
        if (INTERNET_ADDRESS_IS_MAILBOX(address))
            cJSON_AddItemToArray(
                mailbox, text_or_null(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address))));
        cJSON_AddItemToArray(mailboxes, mailbox);
    }
}

static void add_fields(cJSON *record, GMimeMessage *message)
{
    static const char *const fields[] = {"X-Note", "Message-ID", "In-Reply-To", "References"};
    add_addresses(record, "From", g_mime_message_get_from(message));
    add_addresses(record, "Sender", g_mime_message_get_sender(message));
    add_addresses(record, "Reply-To", g_mime_message_get_reply_to(message));
    add_addresses(record, "To", g_mime_message_get_to(message));
    add_addresses(record, "Cc", g_mime_message_get_cc(message));
    cJSON_AddItemToObject(record, "Subject", text_or_null(g_mime_message_get_subject(message)));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        cJSON_AddItemToObject(record, fields[i],
                              text_or_null(g_mime_object_get_header(GMIME_OBJECT(message), fields[i])));
}

static GByteArray *decode(GMimePart *part)
{
    GByteArray *octets = g_byte_array_new();
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(octets);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (content)
        g_mime_data_wrapper_write_to_stream(content, stream);
    g_object_unref(stream);
    return octets;
}

static void add_file(cJSON *files, GMimeObject *object, const char *type, const GByteArray *octets)
{
    cJSON *file = cJSON_CreateObject();
    gchar *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, octets->data, octets->len);
    cJSON_AddStringToObject(file, "type", type);
    cJSON_AddItemToObject(file, "filename", text_or_null(g_mime_part_get_filename(GMIME_PART(object))));
    cJSON_AddItemToObject(file, "content_id", text_or_null(g_mime_object_get_content_id(object)));
    cJSON_AddItemToObject(file, "disposition", text_or_null(g_mime_object_get_disposition(object)));
    cJSON_AddItemToObject(file, "method",
                          text_or_null(g_mime_object_get_content_type_parameter(object, "method")));
    cJSON_AddStringToObject(file, "sha256", digest);
    cJSON_AddItemToArray(files, file);
    g_free(digest);
}

static void add_part(GMimeObject *parent, GMimeObject *object, gpointer record)
{
    (void)parent;
    if (!GMIME_IS_PART(object))
        return;
    gchar *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object));
    const char *body = !strcmp(type, "text/plain") ? "text" : !strcmp(type, "text/html") ? "html" : NULL;
    GByteArray *octets = decode(GMIME_PART(object));
    if (body && !g_mime_object_get_disposition(object)) {
        gchar *text = g_strndup((const gchar *)octets->data, octets->len);
        cJSON_ReplaceItemInObject(record, body, cJSON_CreateString(text));
        g_free(text);
    } else {
        add_file(cJSON_GetObjectItem(record, "files"), object, type, octets);
    }
    g_byte_array_free(octets, TRUE);
    g_free(type);
}

static cJSON *read_message(const char *bytes, size_t len, GMimeParserOptions *options)
{
    cJSON *record = cJSON_CreateObject();
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    cJSON *defects = cJSON_AddArrayToObject(record, "defects");
    g_mime_parser_options_set_warning_callback(options, note_warning, defects);
    GMimeMessage *message = g_mime_parser_construct_message(parser, options);
    cJSON_AddArrayToObject(record, "files");
    cJSON_AddNullToObject(record, "text");
    cJSON_AddNullToObject(record, "html");
    if (message) {
        add_fields(record, message);
        GMimeObject *top = g_mime_message_get_mime_part(message);
        if (GMIME_IS_MULTIPART(top))
            g_mime_multipart_foreach(GMIME_MULTIPART(top), add_part, record);
        else
            add_part(NULL, top, record);
        g_object_unref(message);
    }
    g_object_unref(parser);
    g_object_unref(stream);
    return record;
}

int main(void)
{
    char line[32];
    g_mime_init();
    GMimeParserOptions *options = g_mime_parser_options_new();
    while (fgets(line, sizeof line, stdin)) {
        size_t len = strtoul(line, NULL, 10);
        char *bytes = g_malloc(len + 1);
        if (fread(bytes, 1, len, stdin) != len)
            return 1;
        cJSON *record = read_message(bytes, len, options);
        char *text = cJSON_PrintUnformatted(record);
        puts(text);
        fflush(stdout);
        cJSON_free(text);
        cJSON_Delete(record);
        g_free(bytes);
    }
    g_mime_parser_options_free(options);
    g_mime_shutdown();
    return 0;
}
