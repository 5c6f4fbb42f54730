/* SPDX-License-Identifier: Apache-2.0 */
/* The route table and the OpenAPI document made from it. */
#include "posternd.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

extern const char openapi_document[];
extern const size_t openapi_document_size;

static const struct route *row_named(const char *name) {
    size_t n;
    const struct route *rows = route_rows(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    fail_msg("no route %s", name);
    return NULL;
}

static void every_row_is_complete_and_its_name_unique(void **state) {
    (void)state;
    size_t n;
    const struct route *rows = route_rows(&n);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(rows[i].handle);
        assert_non_null(rows[i].name);
        assert_non_null(rows[i].summary);
        assert_true(rows[i].path[0] == '/');
        assert_int_not_equal(rows[i].methods, 0);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(rows[i].name, rows[k].name);
        }
    }
}

/* A scope that the catalogue lacks could be granted to nobody. */
static void every_scope_and_permission_is_in_its_catalogue(void **state) {
    (void)state;
    size_t n;
    const struct route *rows = route_rows(&n);
    for (size_t i = 0; i < n; i++) {
        assert_true(rows[i].scope == NULL || scope_known(str_from(rows[i].scope)));
        assert_true(rows[i].permission == NULL || permission_known(str_from(rows[i].permission)));
    }
}

static void the_table_is_accepted(void **state) {
    (void)state;
    size_t n;
    const struct route *rows = route_rows(&n);
    struct route_table *t = route_table_new(rows, n);
    assert_non_null(t);
    assert_ptr_equal(route_table_at(t, n), NULL);
    route_table_free(t);
}

/* SECURITY cors: only discovery, keys and this description are public to every origin. */
static void cors_public_is_for_public_documents_only(void **state) {
    (void)state;
    size_t n;
    const struct route *rows = route_rows(&n);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].cors == CORS_PUBLIC) {
            assert_int_equal(rows[i].auth, AUTH_NONE);
            assert_int_equal(rows[i].methods, HTTP_GET);
        }
    }
}

static void userinfo_refuses_applications_by_its_columns(void **state) {
    (void)state;
    assert_null(row_named("userinfo_get")->scope);
    assert_int_equal(row_named("userinfo_get")->auth, AUTH_BEARER);
}

struct described {
    struct arena *arena;
    struct log log;
    struct ctx cx;
    json_t *value;
};

static int setup(void **state) {
    struct described *d = test_calloc(1, sizeof *d);
    d->arena = arena_new();
    d->log = (struct log){.fd = -1};
    ctx_init(&d->cx, d->arena, &clock_system, NULL, &d->log);
    struct str text = {openapi_document, openapi_document_size};
    assert_int_equal(json_parse(&d->cx, text, &d->value), OK);
    *state = d;
    return 0;
}

static int teardown(void **state) {
    struct described *d = *state;
    arena_free(d->arena);
    test_free(d);
    return 0;
}

static size_t rows_of_the_api(void) {
    size_t n, count = 0;
    const struct route *rows = route_rows(&n);
    for (size_t i = 0; i < n; i++) {
        count += rows[i].errors != ERRORS_PAGE;
    }
    return count;
}

/* Every one but pages, which are for people. */
static void openapi_has_every_route(void **state) {
    struct described *d = *state;
    assert_string_equal(json_string_value(json_object_get(d->value, "openapi")), "3.1.0");
    const json_t *paths = json_object_get(d->value, "paths");
    size_t operations = 0;
    const char *path, *method;
    json_t *item, *operation;
    json_object_foreach((json_t *)(uintptr_t)paths, path, item) {
        json_object_foreach(item, method, operation) {
            const char *id = json_string_value(json_object_get(operation, "operationId"));
            assert_string_equal(row_named(id)->path, path);
            assert_int_not_equal(row_named(id)->errors, ERRORS_PAGE);
            assert_non_null(json_object_get(operation, "responses"));
            operations++;
        }
    }
    assert_int_equal(operations, rows_of_the_api());
}

static bool answers(const struct described *d, const char *path, const char *method,
                    const char *status) {
    const json_t *item = json_object_get(json_object_get(d->value, "paths"), path);
    return json_object_get(json_object_get(json_object_get(item, method), "responses"), status) !=
           NULL;
}

static void openapi_names_a_404_where_an_answer_can_be_one(void **state) {
    const struct described *d = *state;
    assert_true(answers(d, "/api/v2/users/{id}", "get", "404"));
    assert_true(answers(d, "/.well-known/cxone-configuration", "get", "404"));
    assert_true(answers(d, "/access-key-management/v1/access-keys", "post", "404"));
    assert_false(answers(d, "/access-key-management/v1/access-keys", "get", "404"));
    assert_false(answers(d, "/auth/token", "post", "404"));
}

static void refs_check(const json_t *schemas, const json_t *value) {
    const char *name;
    json_t *child;
    size_t i;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, name, child) {
            if (strcmp(name, "$ref") == 0) {
                const char *ref = json_string_value(child);
                assert_non_null(json_object_get(schemas, strrchr(ref, '/') + 1));
            }
            refs_check(schemas, child);
        }
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, child) {
            refs_check(schemas, child);
        }
    }
}

static void openapi_refers_to_schemas_that_exist(void **state) {
    struct described *d = *state;
    const json_t *schemas = json_object_get(json_object_get(d->value, "components"), "schemas");
    assert_true(json_is_object(schemas));
    refs_check(schemas, d->value);
}

static void assert_refused(struct described *d, const char *schemas, const char *says) {
    size_t n;
    const struct route *rows = route_rows(&n);
    struct buf b = buf_in(d->arena, 1024);
    json_t *value;
    assert_int_equal(json_parse(&d->cx, str_from(schemas), &value), OK);
    assert_int_equal(openapi_write(&d->cx, rows, n, value, &b), ERR_BAD_CONFIG);
    if (strstr(failure_text(&d->cx), says) == NULL) {
        fail_msg("'%s' does not say '%s'", failure_text(&d->cx), says);
    }
}

static void openapi_write_refuses_what_does_not_fit_the_table(void **state) {
    struct described *d = *state;
    assert_refused(d, "{\"info\":{},\"schemas\":{},\"operations\":{}}",
                   "no object securitySchemes");
    assert_refused(d, "{\"info\":{},\"schemas\":{},\"operations\":{},\"securitySchemes\":{}}",
                   "no schema OpenIdConfiguration");
    assert_refused(
        d, "{\"info\":{},\"schemas\":{},\"operations\":{\"gone_get\":{}},\"securitySchemes\":{}}",
        "gone_get");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete_and_its_name_unique),
        cmocka_unit_test(every_scope_and_permission_is_in_its_catalogue),
        cmocka_unit_test(the_table_is_accepted),
        cmocka_unit_test(cors_public_is_for_public_documents_only),
        cmocka_unit_test(userinfo_refuses_applications_by_its_columns),
        cmocka_unit_test_setup_teardown(openapi_has_every_route, setup, teardown),
        cmocka_unit_test_setup_teardown(openapi_names_a_404_where_an_answer_can_be_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(openapi_refers_to_schemas_that_exist, setup, teardown),
        cmocka_unit_test_setup_teardown(openapi_write_refuses_what_does_not_fit_the_table, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
