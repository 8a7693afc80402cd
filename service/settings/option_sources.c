/* Where option values come from: a JSON file, the environment, --set. Each source only finds pairs of name
 * and text and hands them to one function, option_apply; the later source wins by coming later. */
#include "api/json/json_check.h"
#include "service/settings/files.h"
#include "service/settings/option_table.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FILE_NODES = 1000, ARENA_BYTES = 1 << 20 };

/* NAME_FILE of a secret: the file's contents without the line end that editors leave there. */
static bool secret_from_file(struct settings *settings, const struct option *option, struct str path,
                             enum option_source source, struct fault *fault)
{
    struct buf contents;
    struct str terminated = arena_copy(&settings->arena, path);
    struct fault inner;
    if (!terminated.data || !file_read(terminated.data, &contents, &inner))
        return fault_set(fault, FAULT_INVALID_REQUEST, "option %s_file: %s", option_name(option),
                         terminated.data ? inner.detail : "no file is named");
    struct str text = buf_view(&contents);
    while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.len--;
    struct secret_file *file = arena_take(&settings->arena, sizeof *file);
    if (file) {
        *file = (struct secret_file){terminated, settings->secret_files};
        settings->secret_files = file;
    }
    bool ok = option_set(settings, option, text, source, fault);
    buf_wipe(&contents);
    return ok;
}

static bool option_apply(struct settings *settings, struct str name, struct str text,
                         enum option_source source, struct fault *fault)
{
    const struct str suffix = STR("_file");
    const struct option *option = option_find(name);
    if (option)
        return option_set(settings, option, text, source, fault);
    if (name.len > suffix.len && str_equal_nocase(str_from(name, name.len - suffix.len), suffix)) {
        option = option_find(str_first(name, name.len - suffix.len));
        if (option && option_is_secret(option))
            return secret_from_file(settings, option, text, source, fault);
    }
    return fault_set(fault, FAULT_INVALID_REQUEST, "unknown option %.*s (postern --help lists them)",
                     STR_ARG(name));
}

static bool apply_json_member(struct settings *settings, const cJSON *member, struct fault *fault)
{
    if (cJSON_IsString(member))
        return option_apply(settings, str_of(member->string), str_of(member->valuestring), SOURCE_FILE,
                            fault);
    char number[32];
    if (cJSON_IsNumber(member) && snprintf(number, sizeof number, "%.17g", member->valuedouble) > 0)
        return option_apply(settings, str_of(member->string), str_of(number), SOURCE_FILE, fault);
    return fault_set(fault, FAULT_INVALID_REQUEST, "option %s: a string or a number is wanted",
                     member->string);
}

static bool apply_json(struct settings *settings, struct str text, struct fault *fault)
{
    struct str pointer;
    if (!json_check(&settings->arena, text, MAX_FILE_NODES, &pointer, fault))
        return false;
    cJSON *root = cJSON_ParseWithLength(text.data, text.len);
    bool ok = cJSON_IsObject(root) ||
              fault_set(fault, FAULT_INVALID_REQUEST, "the configuration file is not a JSON object");
    for (const cJSON *member = ok ? root->child : NULL; ok && member; member = member->next)
        ok = apply_json_member(settings, member, fault);
    for (cJSON *member = ok ? root->child : NULL; member; member = member->next)
        if (cJSON_IsString(member))
            explicit_bzero(member->valuestring, strlen(member->valuestring));
    cJSON_Delete(root);
    return ok;
}

static bool apply_file(struct settings *settings, const char *path, struct fault *fault)
{
    struct buf contents;
    if (!path)
        return true;
    if (!file_read(path, &contents, fault))
        return false;
    struct fault inner;
    bool ok = apply_json(settings, buf_view(&contents), &inner) ||
              fault_set(fault, inner.code, "%s: %s", path, inner.detail);
    buf_wipe(&contents);
    return ok;
}

/* Kubernetes puts POSTERN_PORT, POSTERN_SERVICE_HOST and the like into every pod beside a Service named
 * "postern": those are no options and no mistakes. */
static bool is_service_link(struct str name)
{
    return str_equal(name, STR("PORT")) || str_starts_with(name, STR("PORT_")) ||
           str_starts_with(name, STR("SERVICE_HOST")) || str_starts_with(name, STR("SERVICE_PORT"));
}

static bool apply_environment(struct settings *settings, const char *const *environment, struct fault *fault)
{
    for (; environment && *environment; environment++) {
        struct str text = str_of(*environment);
        struct str variable = str_cut(&text, '=');
        if (!str_starts_with(variable, STR(OPTION_PREFIX)) || !text.data)
            continue;
        struct str name = str_from(variable, sizeof OPTION_PREFIX - 1);
        if (!is_service_link(name) && !option_apply(settings, name, text, SOURCE_ENVIRONMENT, fault))
            return false;
    }
    return true;
}

/* Whoever forgets the "=" may have written a password: only an option's name is said again. */
static bool refuse_set(struct str text, struct fault *fault)
{
    size_t len = 0;
    while (len < text.len && (char_is_alpha(text.data[len]) || text.data[len] == '_'))
        len++;
    const struct option *option = option_find(str_first(text, len));
    return fault_set(fault, FAULT_INVALID_REQUEST, "--set%s%s: name=value is wanted", option ? " " : "",
                     option ? option_name(option) : "");
}

static bool apply_sets(struct settings *settings, const char *const *sets, size_t count, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        struct str text = str_of(sets[i]);
        struct str name = str_cut(&text, '=');
        if (!text.data)
            return refuse_set(name, fault);
        if (!option_apply(settings, name, text, SOURCE_COMMAND_LINE, fault))
            return false;
    }
    return true;
}

bool settings_load(struct settings *settings, const struct option_sources *sources, struct fault *fault)
{
    *settings = (struct settings){0};
    arena_init(&settings->arena, ARENA_BYTES);
    return options_set_defaults(settings, fault) && apply_file(settings, sources->config_file, fault) &&
           apply_environment(settings, sources->environment, fault) &&
           apply_sets(settings, sources->sets, sources->set_count, fault);
}

void settings_fini(struct settings *settings)
{
    arena_fini(&settings->arena);
}
