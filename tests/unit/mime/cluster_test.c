#include "mime/cluster.h"
#include "test.h"

static void a_reader_s_character_is_one_cluster(void)
{
    static const struct {
        const char *name, *first, *rest;
    } rows[] = {
        {"a letter", "a", "b"},
        {"a letter of two octets", "\u00E9", "e"},
        {"combining marks", "e\u0301\u0323", "e"},
        {"Devanagari with a vowel sign", "\u0915\u093F", "\u0915"},
        {"Thai with tone mark", "\u0E01\u0E49", "\u0E01"},
        {"Hangul of conjoining letters", "\u1112\u1161\u11AB", "\u1100"},
        {"Hangul syllables", "\uD55C", "\uAE00"},
        {"a family", "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\U0001F466"},
        {"a skin tone", "\U0001F44D\U0001F3FD", "\U0001F44D"},
        {"a variation selector", "\u2764\uFE0F", "\u2764"},
        {"a keycap", "1\uFE0F\u20E3", "1"},
        {"a flag and a flag", "\U0001F1E9\U0001F1EA", "\U0001F1EB\U0001F1F7"},
        {"half a flag", "\U0001F1E9", "a"},
        {"a flag of tags", "\U0001F3F4\U000E0067\U000E0062\U000E007F", "\U0001F3F4"},
        {"a joiner before a letter joins nothing", "\U0001F468\u200D", "a"},
        {"not UTF-8", "\xff", "\u0301"},
        {"cut UTF-8", "\xe2", "\x82"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        int len = snprintf(text, sizeof text, "%s%s", rows[i].first, rows[i].rest);
        test_row("%s", rows[i].name);
        CHECK_INT(cluster_first((struct str){text, (size_t)len}), str_of(rows[i].first).len);
        CHECK_INT(cluster_first(str_of(rows[i].first)), str_of(rows[i].first).len);
    }
}

static void an_endless_cluster_is_cut(void)
{
    char text[256];
    for (size_t i = 0; i < sizeof text; i += 2) {
        text[i] = '\xcc';
        text[i + 1] = '\x81';
    }
    CHECK_INT(cluster_first((struct str){text, sizeof text}), CLUSTER_MAX_BYTES);
}

int main(void)
{
    TEST(a_reader_s_character_is_one_cluster);
    TEST(an_endless_cluster_is_cut);
    return test_result();
}
