/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the OpenAPI 3.1 document from the route table. What a row cannot say (schemas, examples,
 * query parameters, "notFound" where a 404 is not about the path) stands in openapi_schemas.json
 * under the name of the schema or of the route. Pages are left out. */
#include "posternd.h"

#include <string.h>

struct writer {
    struct ctx *cx;
    struct json_out j;
    const json_t *schemas, *operations;
    const struct route *rows;
    size_t n;
};

static err schema_known(const struct writer *w, const struct route *r, const char *name) {
    if (name == NULL || json_object_get(w->schemas, name) != NULL) {
        return OK;
    }
    return fail_say(w->cx, ERR_BAD_CONFIG, "openapi_schemas.json has no schema %s, which %s names",
                    name, r->name);
}

static void schema_ref(struct writer *w, const char *name) {
    json_open_object(&w->j, "schema");
    json_put_str(&w->j, "$ref", str_format(w->cx->arena, "#/components/schemas/%s", name));
    json_close_object(&w->j);
}

static void content_put(struct writer *w, const char *type, const char *schema) {
    json_open_object(&w->j, type);
    schema_ref(w, schema);
    json_close_object(&w->j);
}

static const char *method_member(int method) {
    static const struct {
        int method;
        const char *member;
    } members[] = {{HTTP_GET, "get"},
                   {HTTP_POST, "post"},
                   {HTTP_PUT, "put"},
                   {HTTP_PATCH, "patch"},
                   {HTTP_DELETE, "delete"}};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if ((method & members[i].method) != 0) {
            return members[i].member;
        }
    }
    return NULL;
}

/* "/access-key-management/v1/access-keys" is tagged access-key-management; .well-known is
 * discovery. */
static struct str tag_of(const char *path) {
    struct str rest = str_from(path + 1);
    struct str tag = str_sub(rest, 0, str_find_char(rest, '/'));
    return str_is(tag, ".well-known") ? STR("discovery") : tag;
}

static void parameters_put(struct writer *w, const struct route *r, const json_t *extra) {
    json_open_array(&w->j, "parameters");
    struct str path = str_from(r->path), part;
    while (str_next(&path, '/', &part)) {
        if (part.n > 2 && part.p[0] == '{') {
            struct str name = str_sub(part, 1, part.n - 2);
            json_open_object(&w->j, NULL);
            json_put_str(&w->j, "name", name);
            json_put_z(&w->j, "in", "path");
            json_put_bool(&w->j, "required", true);
            json_put_raw(&w->j, "schema", STR("{\"type\":\"string\"}"));
            json_close_object(&w->j);
        }
    }
    size_t i;
    json_t *parameter;
    json_array_foreach(json_object_get(extra, "parameters"), i, parameter) {
        json_put_raw(&w->j, NULL, json_canonical(w->cx->arena, parameter));
    }
    json_close_array(&w->j);
}

static void request_put(struct writer *w, const struct route *r) {
    if (r->request_schema == NULL) {
        return;
    }
    json_open_object(&w->j, "requestBody");
    json_put_bool(&w->j, "required", true);
    json_open_object(&w->j, "content");
    bool form_first = r->auth == AUTH_CLIENT;
    if (r->body == BODY_FORM || (r->body == BODY_FORM_OR_JSON && form_first)) {
        content_put(w, "application/x-www-form-urlencoded", r->request_schema);
    }
    if (r->body == BODY_JSON || r->body == BODY_FORM_OR_JSON) {
        content_put(w, "application/json", r->request_schema);
    }
    if (r->body == BODY_FORM_OR_JSON && !form_first) {
        content_put(w, "application/x-www-form-urlencoded", r->request_schema);
    }
    json_close_object(&w->j);
    json_close_object(&w->j);
}

static void error_put(struct writer *w, const char *status, const char *description) {
    json_open_object(&w->j, status);
    json_put_z(&w->j, "description", description);
    json_open_object(&w->j, "content");
    content_put(w, "application/json", "Error");
    json_close_object(&w->j);
    json_close_object(&w->j);
}

static void responses_put(struct writer *w, const struct route *r, const json_t *extra) {
    const char *status = json_string_value(json_object_get(extra, "status"));
    json_open_object(&w->j, "responses");
    json_open_object(&w->j, status != NULL ? status : "200");
    json_put_z(&w->j, "description", "Done");
    if (r->response_schema != NULL) {
        json_open_object(&w->j, "content");
        content_put(w, "application/json", r->response_schema);
        json_close_object(&w->j);
    }
    json_close_object(&w->j);
    error_put(w, "400", "The request is malformed"); /* if only its query */
    if (r->auth != AUTH_NONE) {
        error_put(w, "401",
                  r->auth == AUTH_CLIENT ? "The client did not authenticate"
                                         : "The access token is missing or invalid");
    }
    if (r->auth == AUTH_BEARER || r->cors == CORS_REGISTERED) {
        error_put(w, "403",
                  "The caller lacks scope or permission, or the origin is not registered");
    }
    if (strchr(r->path, '{') != NULL || json_is_true(json_object_get(extra, "notFound"))) {
        error_put(w, "404", "Unknown, or not of this tenant");
    }
    error_put(w, "503", "Try again; Retry-After says when");
    json_close_object(&w->j);
}

static void security_put(struct writer *w, const struct route *r) {
    json_open_array(&w->j, "security");
    if (r->auth != AUTH_NONE) {
        json_open_object(&w->j, NULL);
        json_open_array(&w->j, r->auth == AUTH_BEARER ? "bearer" : "client");
        if (r->scope != NULL) {
            json_put_z(&w->j, NULL, r->scope);
        }
        json_close_array(&w->j);
        json_close_object(&w->j);
    }
    if (r->auth == AUTH_CLIENT) { /* by secret or assertion in the body, or public */
        json_open_object(&w->j, NULL);
        json_close_object(&w->j);
    }
    json_close_array(&w->j);
}

static err operation_put(struct writer *w, const struct route *r) {
    TRY(schema_known(w, r, r->request_schema));
    TRY(schema_known(w, r, r->response_schema));
    const json_t *extra = json_object_get(w->operations, r->name);
    const char *description = json_string_value(json_object_get(extra, "description"));
    json_open_object(&w->j, method_member(r->methods));
    json_put_z(&w->j, "operationId", r->name);
    json_put_z(&w->j, "summary", r->summary);
    if (description != NULL) {
        json_put_z(&w->j, "description", description);
    }
    json_open_array(&w->j, "tags");
    json_put_str(&w->j, NULL, tag_of(r->path));
    json_close_array(&w->j);
    security_put(w, r);
    parameters_put(w, r, extra);
    request_put(w, r);
    responses_put(w, r, extra);
    json_close_object(&w->j);
    return OK;
}

/* Rows with the same path are one path item; it is written where the first of them stands. */
static err paths_put(struct writer *w) {
    json_open_object(&w->j, "paths");
    for (size_t i = 0; i < w->n; i++) {
        const char *path = w->rows[i].path;
        bool before = w->rows[i].errors == ERRORS_PAGE; /* for people: no part of the API */
        for (size_t k = 0; k < i && !before; k++) {
            before = strcmp(w->rows[k].path, path) == 0;
        }
        if (before) {
            continue;
        }
        json_open_object(&w->j, path);
        for (size_t k = i; k < w->n; k++) {
            if (strcmp(w->rows[k].path, path) == 0) {
                TRY(operation_put(w, &w->rows[k]));
            }
        }
        json_close_object(&w->j);
    }
    json_close_object(&w->j);
    return OK;
}

static err members_present(const struct writer *w, const json_t *schemas) {
    static const char *const members[] = {"info", "operations", "schemas", "securitySchemes"};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (!json_is_object(json_object_get(schemas, members[i]))) {
            return fail_say(w->cx, ERR_BAD_CONFIG, "openapi_schemas.json has no object %s",
                            members[i]);
        }
    }
    return OK;
}

/* Every route of the extras exists: a row that was renamed leaves none behind. */
static err operations_known(const struct writer *w) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)w->operations, name, value) {
        bool known = false;
        for (size_t i = 0; i < w->n; i++) {
            known = known || strcmp(w->rows[i].name, name) == 0;
        }
        if (!known) {
            return fail_say(w->cx, ERR_BAD_CONFIG,
                            "openapi_schemas.json describes %s, which no route is named", name);
        }
    }
    return OK;
}

err openapi_write(struct ctx *cx, const struct route *rows, size_t n, const json_t *schemas,
                  struct buf *to) {
    struct writer w = {.cx = cx,
                       .j = json_to(to),
                       .schemas = json_object_get(schemas, "schemas"),
                       .operations = json_object_get(schemas, "operations"),
                       .rows = rows,
                       .n = n};
    TRY(members_present(&w, schemas));
    TRY(operations_known(&w));
    json_open_object(&w.j, NULL);
    json_put_z(&w.j, "openapi", "3.1.0");
    json_put_raw(&w.j, "info", json_canonical(cx->arena, json_object_get(schemas, "info")));
    json_put_raw(&w.j, "servers", STR("[{\"url\":\"/\"}]"));
    TRY(paths_put(&w));
    json_open_object(&w.j, "components");
    json_put_raw(&w.j, "schemas", json_canonical(cx->arena, w.schemas));
    json_put_raw(&w.j, "securitySchemes",
                 json_canonical(cx->arena, json_object_get(schemas, "securitySchemes")));
    json_close_object(&w.j);
    json_close_object(&w.j);
    return OK;
}
