/* SPDX-License-Identifier: Apache-2.0 */
/* plan and apply: what a tenant's pages look like. */
#include "declare_world.h"

#define PIXEL_1                                                                                    \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"                                \
    "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
#define PIXEL_2                                                                                    \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg" \
    "gg=="
#define TENANT(name, number, inside)                                                               \
    DECLARE_TENANT(name, "\"businessUnits\":[{\"number\":" number "}]" inside)
/* Environment "one" with a tenant "classics" of this branding. */
#define BRANDED(inside) DECLARE_ONE(TENANT("classics", "1", ",\"branding\":{" inside "}"))

static struct str tenant_id(struct fixture *f, const char *tenant) {
    struct str id;
    must(f->cx, db_one(f->cx, "SELECT tenant_id FROM tenant WHERE tenant = $1",
                       DB_ARGS(DB_TEXT(str_from(tenant))), DB_COLUMNS(COLUMN_STR(&id))));
    return id;
}

static struct branding found(struct fixture *f, const char *tenant) {
    struct branding b;
    must(f->cx, branding_find(f->cx, STR("e1"), tenant_id(f, tenant), &b));
    return b;
}

static void branding_is_declared_changed_and_taken_away(struct fixture *f) {
    struct declaration_result r;
    struct branding b;
    struct branding_text t;
    struct str type, bytes;
    environment_ready(f);
    must(f->cx,
         run(f, BRANDED("\"name\":\"Classics\",\"logo\":\"" PIXEL_1 "\",\"accent\":\"#7A1F3D\""),
             true, &r));
    b = found(f, "classics");
    assert_true(str_is(b.name, "Classics"));
    assert_true(str_is(b.logo.image.type, "image/png"));
    assert_null(b.banner.digest.p);
    struct colour dark;
    assert_true(colour_parse(STR(BRANDING_AGAINST_DARK), &dark));
    assert_true(colour_contrast(b.accent_dark, dark) >= BRANDING_CONTRAST);
    must(f->cx, branding_image(f->cx, STR("e1"), b.logo.digest, &type, &bytes));
    assert_true(str_is(type, "image/png"));
    struct str first = b.logo.digest;
    /* Again: nothing. Without a word of it: it stays. */
    (void)applied(
        f, BRANDED("\"accent\":\"#7A1F3D\",\"logo\":\"data:image/png;base64," PIXEL_1 "\""), 0, "");
    (void)applied(f, DECLARE_ONE(TENANT("classics", "1", "")), 0, "");
    (void)applied(f, BRANDED(""), 0, "");
    (void)applied(
        f, BRANDED("\"texts\":{\"de\":{\"welcome\":\"Willkommen\"}},\"logo\":\"" PIXEL_2 "\""), 1,
        "logo, texts");
    b = found(f, "classics");
    must_fail(f->cx, branding_image(f->cx, STR("e1"), first, &type, &bytes), ERR_NOT_FOUND);
    must(f->cx, branding_image(f->cx, STR("e1"), b.logo.digest, &type, &bytes));
    must_fail(f->cx, branding_image(f->cx, STR("e2"), b.logo.digest, &type, &bytes), ERR_NOT_FOUND);
    branding_text(f->cx, &b, STR("ja"), &t);
    assert_true(str_is(t.language, "de") && str_is(t.welcome, "Willkommen"));
    (void)applied(f, BRANDED("\"name\":\"\",\"logo\":\"\",\"accent\":\"\",\"texts\":{}"), 1,
                  "name, logo, accent, texts");
    must_fail(f->cx, branding_find(f->cx, STR("e1"), tenant_id(f, "classics"), &b), ERR_NOT_FOUND);
    assert_int_equal(store_number(f, "SELECT count(*) FROM branding_image_index"), 0);
}

static void a_plan_changes_nothing(struct fixture *f) {
    struct declaration_result r;
    environment_ready(f);
    must(f->cx, run(f, BRANDED("\"name\":\"Classics\",\"logo\":\"" PIXEL_1 "\""), false, &r));
    assert_int_equal(store_number(f, "SELECT count(*) FROM branding"), 0);
    assert_int_equal(store_number(f, "SELECT count(*) FROM branding_image_index"), 0);
}

static void two_tenants_of_one_image_do_not_end_each_other(struct fixture *f) {
    struct declaration_result r;
    struct str type, bytes;
    environment_ready(f);
    must(f->cx,
         run(f,
             DECLARE_ONE(TENANT(
                 "classics", "1",
                 ",\"branding\":{\"name\":\"A\",\"banner\":\"" PIXEL_1
                 "\"}") "," TENANT("moderns", "2",
                                   ",\"branding\":{\"name\":\"B\",\"banner\":\"" PIXEL_1 "\"}")),
             true, &r));
    struct str digest = found(f, "moderns").banner.digest;
    (void)applied(f, BRANDED("\"banner\":\"\""), 1, "banner");
    must(f->cx, branding_image(f->cx, STR("e1"), digest, &type, &bytes));
    assert_null(found(f, "classics").banner.digest.p);
}

static void dead_means_dead_a_disabled_tenant_has_no_branding(struct fixture *f) {
    struct declaration_result r;
    struct branding b;
    environment_ready(f);
    must(f->cx, run(f, BRANDED("\"name\":\"Classics\""), true, &r));
    must_fail(f->cx, branding_find(f->cx, STR("e2"), tenant_id(f, "classics"), &b), ERR_NOT_FOUND);
    must_fail(f->cx, branding_find(f->cx, STR("e1"), STR("x"), &b), ERR_NOT_FOUND);
    store_sql(f, "UPDATE tenant SET is_enabled = 0");
    must_fail(f->cx, branding_find(f->cx, STR("e1"), tenant_id(f, "classics"), &b), ERR_NOT_FOUND);
    /* What is declared meanwhile is there when it is enabled again. */
    struct str type, bytes;
    (void)applied(f, BRANDED("\"logo\":\"" PIXEL_1 "\""), 1, "logo");
    store_sql(f, "UPDATE tenant SET is_enabled = 1");
    b = found(f, "classics");
    must(f->cx, branding_image(f->cx, STR("e1"), b.logo.digest, &type, &bytes));
}

static void xss_what_is_not_right_is_refused_with_its_place(struct fixture *f) {
    environment_ready(f);
    refused(f, BRANDED("\"accent\":\"#ffcc00\""), "1.51:1");
    refused(f, BRANDED("\"accent\":\"url(x)\""), "a colour like #1d5c63");
    refused(f, BRANDED("\"accentDark\":\"#111111\""), "lighter");
    refused(f, BRANDED("\"accentDark\":\"#ffffff\""), "accentDark goes with accent");
    refused(f, BRANDED("\"logo\":\"https://evil.example/x.png\""), "base64");
    refused(f, BRANDED("\"logo\":\"PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+\""), "PNG, JPEG or WebP");
    refused(f, BRANDED("\"logo\":1"), "must be a string");
    refused(f, BRANDED("\"logo\":\"" PIXEL_1 "\""), "a logo needs a name");
    refused(f, BRANDED("\"texts\":{\"it\":{}}"), "no such member");
    refused(f, BRANDED("\"texts\":{\"en\":{\"help\":\"javascript:alert(1)\"}}"), "https://");
    refused(f, BRANDED("\"css\":\"*{}\""), "no such member");
    assert_int_equal(store_number(f, "SELECT count(*) FROM branding"), 0);
}

static const struct store_case cases[] = {
    STORE_CASE(branding_is_declared_changed_and_taken_away),
    STORE_CASE(a_plan_changes_nothing),
    STORE_CASE(two_tenants_of_one_image_do_not_end_each_other),
    STORE_CASE(dead_means_dead_a_disabled_tenant_has_no_branding),
    STORE_CASE(xss_what_is_not_right_is_refused_with_its_place),
};
STORE_MAIN(cases)
