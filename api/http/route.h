/* api/http/route.h: which route a request is for. Method and path are compared byte by byte: nothing is decoded or
 * normalised, so that no two readers of a path can differ. Pure. */
#ifndef POSTERN_API_HTTP_ROUTE_H
#define POSTERN_API_HTTP_ROUTE_H

#include "api/http/server.h"
#include "base/buf.h"

struct route_table {
    const struct api_route *routes;
    size_t count;
};

/* NULL where there is none. HEAD is served by the route of GET (RFC 9110 9.3.2). `rest` is what a "*"
 * at the end of the route's path stands for. */
const struct api_route *route_find(const struct route_table *table, struct str method, struct str path,
                                   struct str *rest);

/* "GET, HEAD, POST": the methods of the path, all that there are for "*"; nothing where it has none. */
void route_list_methods(const struct route_table *tables, size_t table_count, struct str path,
                        struct buf *methods);

#endif
