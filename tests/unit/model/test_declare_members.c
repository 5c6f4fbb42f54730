/* SPDX-License-Identifier: Apache-2.0 */
/* docs/declaration.schema.json says of each kind what the tables say, and nothing else. */
#include "fixture.h"

#include "declare.h"

#include <stdio.h>

#define FILE_MAX 262144

static json_t *file_json(struct fixture *f, const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = arena_alloc(f->arena, FILE_MAX);
    size_t n = fread(text, 1, FILE_MAX, file);
    (void)fclose(file);
    json_t *value;
    assert_int_equal(json_parse(&f->cx, (struct str){text, n}, &value), OK);
    return value;
}

static const json_t *definition(const json_t *schema, const struct declare_kind *kind) {
    if (kind == &declare_top) {
        return schema;
    }
    return json_object_get(json_object_get(schema, "$defs"), kind->name);
}

/* What a type of ours is in the schema; NULL: looked at otherwise. */
static const char *const schema_types[DECLARE_TYPES] = {
    [DECLARE_TEXT] = "string",  [DECLARE_UUID] = "string",   [DECLARE_INT] = "integer",
    [DECLARE_BOOL] = "boolean", [DECLARE_TEXTS] = "array",   [DECLARE_WORDS] = "array",
    [DECLARE_JSON] = "object",  [DECLARE_OBJECTS] = "array", [DECLARE_IMAGE] = "string"};

static void reference_names(const json_t *holder, const struct declare_kind *of,
                            struct fixture *f) {
    const char *reference = json_string_value(json_object_get(holder, "$ref"));
    assert_non_null(reference);
    struct str expected = str_format(f->arena, "#/$defs/%s", of->name);
    assert_true(str_is(expected, reference));
}

static void property_agrees(struct fixture *f, const struct declare_member *m, const json_t *p) {
    const char *type = json_string_value(json_object_get(p, "type"));
    if (schema_types[m->type] != NULL) {
        assert_non_null(type);
        assert_string_equal(type, schema_types[m->type]);
    }
    if (m->type == DECLARE_OBJECTS) {
        reference_names(json_object_get(p, "items"), m->of, f);
    } else if (m->type == DECLARE_OBJECT) {
        reference_names(p, m->of, f);
    } else if (m->type == DECLARE_SECRET) {
        /* A text, a variable's name, and {"generate": true} where it is ours to make. */
        assert_in_range(json_array_size(json_object_get(p, "oneOf")), 2, 3);
    }
    assert_true(json_string_length(json_object_get(p, "description")) > 0);
    const json_t *words = json_object_get(p, "enum");
    for (size_t i = 0; i < json_array_size(words); i++) {
        struct str word = str_from(json_string_value(json_array_get(words, i)));
        assert_null(m->check(&f->cx, word));
    }
}

static bool required(const json_t *object, const char *name) {
    const json_t *list = json_object_get(object, "required");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), name) == 0) {
            return true;
        }
    }
    return false;
}

static void schema_and_tables_agree(void **state) {
    struct fixture *f = *state;
    const json_t *schema = file_json(f, SOURCE_ROOT "/docs/declaration.schema.json");
    size_t kinds = 0;
    for (; declare_kind_at(kinds) != NULL; kinds++) {
        const struct declare_kind *kind = declare_kind_at(kinds);
        const json_t *object = definition(schema, kind);
        assert_non_null(object);
        assert_true(json_is_false(json_object_get(object, "additionalProperties")));
        const json_t *properties = json_object_get(object, "properties");
        for (size_t i = 0; i < kind->n; i++) {
            const struct declare_member *m = &kind->members[i];
            const json_t *p = json_object_get(properties, m->name);
            if (p == NULL) {
                print_message("%s.%s is not in the schema\n", kind->name, m->name);
            }
            assert_non_null(p);
            property_agrees(f, m, p);
            assert_true(required(object, m->name) == (m->need == NEED_ALWAYS));
        }
        /* And nothing else: the counts are the same, and every member was found. */
        assert_int_equal(json_object_size(properties), kind->n);
    }
    assert_int_equal(json_object_size(json_object_get(schema, "$defs")), kinds - 1);
}

static void every_row_of_the_tables_is_complete(void **state) {
    (void)state;
    for (size_t k = 0; declare_kind_at(k) != NULL; k++) {
        const struct declare_kind *kind = declare_kind_at(k);
        for (size_t i = 0; i < kind->n; i++) {
            const struct declare_member *m = &kind->members[i];
            assert_non_null(m->name);
            assert_true((m->of != NULL) ==
                        (m->type == DECLARE_OBJECT || m->type == DECLARE_OBJECTS));
            assert_true(m->type != DECLARE_SECRET || m->check != NULL);
            assert_false(m->need == NEED_NEW && m->otherwise != NULL);
        }
    }
}

static void demo_is_right_and_holds_no_secret(void **state) {
    struct fixture *f = *state;
    const json_t *demo = file_json(f, SOURCE_ROOT "/examples/demo.json");
    struct declaration_options o = {.text = json_canonical(f->arena, demo), .file = "demo.json"};
    struct declare *d = NEW(f->arena, struct declare);
    d->cx = &f->cx;
    d->options = &o;
    declare_read(d, demo);
    declare_check(d);
    assert_int_equal(d->mistakes_n, 0);
    const char *text = str_z(f->arena, o.text);
    assert_null(strstr(text, "\"secret\""));
    assert_null(strstr(text, "\"accessKeySecret\""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(schema_and_tables_agree),
        TEST(every_row_of_the_tables_is_complete),
        TEST(demo_is_right_and_holds_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
