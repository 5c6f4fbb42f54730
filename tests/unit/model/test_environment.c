/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "model.h"

static void templates_are_filled_in(void **state) {
    struct fixture *f = *state;
    const struct area area = {STR("na1"), STR("d.example"), STR("acd.example"), STR("uh.example")};
    static const char *const filled[][2] = {
        {"https://api-{area}.{domain}", "https://api-na1.d.example"},
        {"https://api-{cluster}.{acdDomain}:8443", "https://api-B32.acd.example:8443"},
        {"{area}{area}.{uhDomain}", "na1na1.uh.example"},
        {"http://localhost:8420", "http://localhost:8420"},
        {"{other}{area", "{other}{area"},
        {"{{area}}", "{na1}"},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(filled); i++) {
        assert_str(environment_url(f->arena, str_from(filled[i][0]), &area, STR("B32")),
                   filled[i][1]);
    }
    assert_str(environment_url(f->arena, STR("{area}-{cluster}.x"), NULL, STR_NONE), "-.x");
}

static void areas_are_found_by_name(void **state) {
    (void)state;
    struct area areas[] = {{.area = STR("eu1")}, {.area = STR("na1")}};
    const struct environment e = {.areas = areas, .areas_n = COUNT_OF(areas)};
    assert_ptr_equal(environment_area(&e, STR("na1")), &areas[1]);
    assert_null(environment_area(&e, STR("NA1")));
    assert_null(environment_area(&e, STR_NONE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(templates_are_filled_in),
        TEST(areas_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
