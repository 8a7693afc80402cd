#include "mime/media_type.h"

#include "base/utf8.h"
#include "mime/filename.h"
#include "mime/line.h"

#include <string.h>

static bool is_token_char(char c)
{
    return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* Cuts the token at the front off `rest`; empty where none stands there. */
static struct str cut_token(struct str *rest)
{
    size_t len = 0;
    while (len < rest->len && is_token_char(rest->data[len]))
        len++;
    struct str token = str_first(*rest, len);
    *rest = str_from(*rest, len);
    return token;
}

/* With its quotes; empty where it has no end. */
static struct str cut_quoted(struct str *rest)
{
    size_t end = str_skip_quoted(*rest, 0);
    struct str quoted = str_first(*rest, end);
    *rest = str_from(*rest, end);
    return quoted;
}

static bool cut_char(struct str *rest, char c)
{
    bool there = rest->len && rest->data[0] == c;
    *rest = str_from(*rest, there ? 1 : 0);
    return there;
}

struct str media_type_essence(struct str content_type, struct str *rest)
{
    *rest = content_type;
    bool valid = cut_token(rest).len && cut_char(rest, '/') && cut_token(rest).len;
    struct str essence = str_first(content_type, content_type.len - rest->len);
    return valid ? essence : STR("");
}

bool media_type_next_parameter(struct str *rest, struct str *name, struct str *value)
{
    struct str left = str_trim(*rest);
    *rest = left;
    if (!cut_char(&left, ';'))
        return false;
    left = str_trim(left);
    *name = cut_token(&left);
    if (!name->len || !cut_char(&left, '='))
        return false;
    *value = left.len && left.data[0] == '"' ? cut_quoted(&left) : cut_token(&left);
    if (!value->len)
        return false;
    *rest = left;
    return true;
}

bool media_type_check(struct str content_type, struct fault *fault)
{
    if (!line_check(content_type, FAULT_INVALID_ATTACHMENT, "the content type", fault))
        return false;
    if (!utf8_is_ascii(content_type) || content_type.len > MEDIA_TYPE_MAX_BYTES)
        return fault_set(fault, FAULT_INVALID_ATTACHMENT,
                         "the content type is not ASCII, or longer than %d octets", MEDIA_TYPE_MAX_BYTES);
    struct str rest, name, value;
    struct str essence = media_type_essence(content_type, &rest);
    if (!essence.len)
        return fault_set(fault, FAULT_INVALID_ATTACHMENT, "the content type is not of the form type/subtype");
    if (str_starts_with_nocase(essence, STR("multipart/")) ||
        str_starts_with_nocase(essence, STR("message/")))
        return fault_set(
            fault, FAULT_INVALID_ATTACHMENT,
            "multipart and message types may not be base64 (RFC 2045 section 6.4), and so cannot be "
            "attached; application/octet-stream can");
    while (media_type_next_parameter(&rest, &name, &value))
        continue;
    return rest.len == 0 ||
           fault_set(fault, FAULT_INVALID_ATTACHMENT, "a parameter of the content type is malformed");
}

struct str media_type_guess(struct str filename)
{
    /* What people send. A kept message (.eml) is not here: message/rfc822 may not be base64. */
    static const struct {
        const char *extension, *type;
    } types[] = {
        {".7z", "application/x-7z-compressed"},
        {".avif", "image/avif"},
        {".bmp", "image/bmp"},
        {".bz2", "application/x-bzip2"},
        {".css", "text/css"},
        {".csv", "text/csv"},
        {".doc", "application/msword"},
        {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {".epub", "application/epub+zip"},
        {".gif", "image/gif"},
        {".gz", "application/gzip"},
        {".heic", "image/heic"},
        {".htm", "text/html"},
        {".html", "text/html"},
        {".ico", "image/vnd.microsoft.icon"},
        {".ics", "text/calendar"},
        {".jpeg", "image/jpeg"},
        {".jpg", "image/jpeg"},
        {".js", "text/javascript"},
        {".json", "application/json"},
        {".m4a", "audio/mp4"},
        {".md", "text/markdown"},
        {".mov", "video/quicktime"},
        {".mp3", "audio/mpeg"},
        {".mp4", "video/mp4"},
        {".odp", "application/vnd.oasis.opendocument.presentation"},
        {".ods", "application/vnd.oasis.opendocument.spreadsheet"},
        {".odt", "application/vnd.oasis.opendocument.text"},
        {".ogg", "audio/ogg"},
        {".p7s", "application/pkcs7-signature"},
        {".pdf", "application/pdf"},
        {".png", "image/png"},
        {".ppt", "application/vnd.ms-powerpoint"},
        {".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
        {".ps", "application/postscript"},
        {".rtf", "application/rtf"},
        {".svg", "image/svg+xml"},
        {".tar", "application/x-tar"},
        {".tif", "image/tiff"},
        {".tiff", "image/tiff"},
        {".txt", "text/plain"},
        {".vcf", "text/vcard"},
        {".wav", "audio/wav"},
        {".webm", "video/webm"},
        {".webp", "image/webp"},
        {".xls", "application/vnd.ms-excel"},
        {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {".xml", "application/xml"},
        {".zip", "application/zip"},
        {".zst", "application/zstd"},
    };
    struct str extension = filename_extension(filename);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_equal_nocase(extension, str_of(types[i].extension)))
            return str_of(types[i].type);
    return STR("application/octet-stream");
}
