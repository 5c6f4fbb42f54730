/* SPDX-License-Identifier: Apache-2.0 */
/* Request paths: what is taken is absolute, has no dots to climb by, no controls, and a row can be
 * looked for. */
#include "http_internal.h"
#include "target.h"

static err handle(struct ctx *cx, const struct request *rq, struct reply *rp) {
    (void)cx;
    (void)rq;
    (void)rp;
    return OK;
}

static const struct route rows[] = {
    {.methods = HTTP_GET, .path = "/a", .handle = handle, .name = "a"},
    {.methods = HTTP_GET, .path = "/a/{b}/c/{d}", .handle = handle, .name = "b"},
    {.methods = HTTP_GET, .path = "/a/x/c", .handle = handle, .name = "c"},
    {.methods = HTTP_GET, .path = "/Old/{v}/x", .handle = handle, .nocase = true, .name = "d"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    struct str path, params[HTTP_PATH_PARAMS_MAX], segment;
    bool slashes;
    if (path_read(&t.cx, t.input, &path, &slashes) == OK) {
        HOLDS(path.n > 0 && path.p[0] == '/' && str_is_text(path));
        struct route_table *table = route_table_new(rows, COUNT_OF(rows));
        (void)route_table_path(table, path, slashes, params);
        route_table_free(table);
        while (str_next(&path, '/', &segment)) {
            HOLDS(!str_is(segment, ".") && !str_is(segment, ".."));
        }
    }
    target_done(&t);
    return 0;
}
