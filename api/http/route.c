#include "api/http/route.h"

static bool matches_path(const struct api_route *route, struct str path, struct str *rest)
{
    struct str wanted = str_of(route->path);
    size_t stars = wanted.len - str_index(wanted, '*');
    if (!stars)
        return str_equal(wanted, path);
    wanted.len -= stars;
    *rest = str_from(path, wanted.len);
    return str_starts_with(path, wanted) && (stars > 1 || str_index(*rest, '/') == rest->len);
}

static bool matches_method(const struct api_route *route, struct str method)
{
    return str_equal(method, str_of(route->method)) ||
           (str_equal(method, STR("HEAD")) && str_equal(str_of(route->method), STR("GET")));
}

const struct api_route *route_find(const struct route_table *table, struct str method, struct str path,
                                   struct str *rest)
{
    for (size_t i = 0; i < table->count; i++)
        if (matches_method(&table->routes[i], method) && matches_path(&table->routes[i], path, rest))
            return &table->routes[i];
    return NULL;
}

static bool lists(struct str list, struct str method)
{
    while (list.data)
        if (str_equal(str_trim(str_cut(&list, ',')), method))
            return true;
    return false;
}

static void list_method(struct buf *methods, struct str method)
{
    if (lists(buf_view(methods), method))
        return;
    buf_append(methods, methods->len ? STR(", ") : STR(""));
    buf_append(methods, method);
}

void route_list_methods(const struct route_table *tables, size_t table_count, struct str path,
                        struct buf *methods)
{
    bool any_path = str_equal(path, STR("*"));
    struct str rest;
    for (size_t t = 0; t < table_count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct api_route *route = &tables[t].routes[i];
            if (!any_path && !matches_path(route, path, &rest))
                continue;
            list_method(methods, str_of(route->method));
            if (str_equal(str_of(route->method), STR("GET")))
                list_method(methods, STR("HEAD"));
        }
    }
}
