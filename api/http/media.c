#include "api/http/media.h"

bool media_is_type(struct str type, struct str wanted)
{
    return str_equal_nocase(str_trim(str_cut(&type, ';')), wanted);
}

static struct str unquote(struct str value)
{
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
        return str_first(str_from(value, 1), value.len - 2);
    return value;
}

bool media_charset_is_utf8(struct str type)
{
    str_cut(&type, ';');
    while (type.data) {
        struct str parameter = str_trim(str_cut(&type, ';'));
        struct str name = str_cut(&parameter, '=');
        if (str_equal_nocase(name, STR("charset")) && !str_equal_nocase(unquote(parameter), STR("utf-8")))
            return false;
    }
    return true;
}

/* RFC 9110 12.4.2: "0" or "1" with at most three decimals. -1 where it is none. */
static int parse_quality(struct str text)
{
    if (text.len == 0 || text.len > 5 || (text.data[0] != '0' && text.data[0] != '1') ||
        (text.len > 1 && text.data[1] != '.'))
        return -1;
    int quality = (text.data[0] - '0') * MEDIA_FULL_QUALITY;
    int unit = MEDIA_FULL_QUALITY / 10;
    for (size_t i = 2; i < text.len; i++, unit /= 10) {
        if (!char_is_digit(text.data[i]))
            return -1;
        quality += (text.data[i] - '0') * unit;
    }
    return quality <= MEDIA_FULL_QUALITY ? quality : -1;
}

static int quality_of(struct str parameters)
{
    while (parameters.data) {
        struct str value = str_trim(str_cut(&parameters, ';'));
        struct str name = str_cut(&value, '=');
        if (str_equal_nocase(name, STR("q")))
            return parse_quality(value);
    }
    return MEDIA_FULL_QUALITY;
}

/* 0 where the range does not take the type. */
static int specificity_of(struct str range, struct str type, struct str subtype)
{
    struct str range_type = str_cut(&range, '/');
    if (str_equal(range_type, STR("*")))
        return str_equal(range, STR("*")) ? 1 : 0;
    if (!str_equal_nocase(range_type, type))
        return 0;
    if (str_equal(range, STR("*")))
        return 2;
    return str_equal_nocase(range, subtype) ? 3 : 0;
}

void media_rate_accept(struct str accept, struct str type, struct str subtype, struct media_rating *rating)
{
    while (accept.data) {
        struct str parameters = str_cut(&accept, ',');
        struct str range = str_trim(str_cut(&parameters, ';'));
        int specificity = specificity_of(range, type, subtype);
        int quality = quality_of(parameters);
        bool better = specificity > rating->specificity ||
                      (specificity == rating->specificity && quality > rating->quality);
        if (specificity > 0 && quality >= 0 && better)
            *rating = (struct media_rating){specificity, quality};
    }
}
