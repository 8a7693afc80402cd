/* manual TEMPLATE: a page of the manual on standard output: the template, with what stands in the program's own tables
 * where it asks for that.
 *
 *     @COMMANDS@, @OPTIONS@, @SERVICES@, @PROBLEMS@    alone on their lines: the table
 *     @VERSION@                                        anywhere in a line, once
 *
 * The prose is for writers, in man(7); a table is told in one place, and never twice.
 */
#include "service/commands/commands.h"
#include "service/relays/relay_url.h"
#include "service/settings/option_table.h"
#include "service/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PAGE_BYTES = 1 << 20 };

/* roff takes a backslash, and a dot or a quote at the start of a line, for its own; a hyphen that is to be copied is
 * written as a minus. */
static void append_words(struct buf *page, struct str words)
{
    if (words.len && (words.data[0] == '.' || words.data[0] == '\''))
        buf_append(page, STR("\\&"));
    for (size_t i = 0; i < words.len; i++) {
        char c = words.data[i];
        if (c == '\\')
            buf_append(page, STR("\\e"));
        else if (c == '-')
            buf_append(page, STR("\\-"));
        else
            buf_append_char(page, c);
    }
}

static void append_item(struct buf *page, const char *name)
{
    buf_append(page, STR(".TP\n.B "));
    append_words(page, str_of(name));
    buf_append_char(page, '\n');
}

static void append_sentence(struct buf *page, const char *words)
{
    append_words(page, str_of(words));
    buf_append(page, STR(".\n"));
}

static void append_commands(struct buf *page)
{
    for (size_t i = 0; i < command_count; i++) {
        append_item(page, commands[i].name);
        append_sentence(page, commands[i].meaning);
    }
}

static void append_fact(struct buf *page, const char *label, const char *words)
{
    buf_append_format(page, ".br\n%s: ", label);
    append_words(page, str_of(words));
    buf_append_char(page, '\n');
}

static void append_options(struct buf *page)
{
    struct option_facts facts;
    for (size_t i = 0; option_describe(i, &facts); i++) {
        append_item(page, facts.name);
        append_sentence(page, facts.meaning);
        if (facts.choices)
            append_fact(page, "One of", facts.choices);
        if (facts.range[0])
            append_fact(page, "Value", facts.range);
        if (facts.preset)
            append_fact(page, "Default", facts.preset);
        if (facts.has_file_twin)
            buf_append_format(page, ".br\nFrom a file: \\fB%s_file\\fR\n", facts.name);
    }
}

static void append_services(struct buf *page)
{
    struct buf names;
    buf_init(&names, MAX_PAGE_BYTES);
    relay_services_append(&names);
    for (struct str rest = buf_view(&names); rest.len;) {
        append_words(page, str_trim(str_cut(&rest, '\n')));
        buf_append_char(page, '\n');
    }
    buf_fini(&names);
}

/* Each code once, with the first of its titles. */
static void append_problems(struct buf *page)
{
    for (enum fault_code code = FAULT_NONE + 1; code < FAULT_COUNT; code++) {
        const struct fault_kind *kind = fault_kind(code);
        bool is_told = false;
        for (enum fault_code earlier = FAULT_NONE; earlier < code; earlier++)
            is_told = is_told || strcmp(fault_kind(earlier)->name, kind->name) == 0;
        if (is_told)
            continue;
        append_item(page, kind->name);
        append_sentence(page, kind->title);
    }
}

static const struct table {
    const char *line;
    void (*append)(struct buf *page);
} tables[] = {
    {"@COMMANDS@\n", append_commands},
    {"@OPTIONS@\n", append_options},
    {"@SERVICES@\n", append_services},
    {"@PROBLEMS@\n", append_problems},
};

static void append_line(struct buf *page, const char *line)
{
    static const char mark[] = "@VERSION@";
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (strcmp(line, tables[i].line) == 0) {
            tables[i].append(page);
            return;
        }
    const char *version = strstr(line, mark);
    if (version)
        buf_append_format(page, "%.*s%s%s", (int)(version - line), line, POSTERN_VERSION,
                          version + sizeof mark - 1);
    else
        buf_append(page, str_of(line));
}

static bool append_template(struct buf *page, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    if (!file)
        return false;
    while (getline(&line, &capacity, file) >= 0)
        append_line(page, line);
    bool is_read = !ferror(file) && !page->failed;
    free(line);
    fclose(file);
    return is_read;
}

int main(int argc, char **argv)
{
    struct buf page;
    buf_init(&page, MAX_PAGE_BYTES);
    bool written = argc == 2 && append_template(&page, argv[1]) && command_print(buf_view(&page)) == 0;
    buf_fini(&page);
    if (!written)
        fprintf(stderr, "manual: cannot make a page of %s\n", argc == 2 ? argv[1] : "nothing");
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
