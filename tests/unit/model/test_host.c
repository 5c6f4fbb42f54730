/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "snapshot.h"

static struct area areas[] = {{.area = {"na1", 3}, .domain = {"a.example", 9}},
                              {.area = {"eu1", 3}, .domain = {"b.example", 9}}};
static struct cluster clusters[] = {{{"B32", 3}, {"na1", 3}}};

static struct environment environment_of(const char *issuer, const char *api) {
    struct str i = str_from(issuer);
    return (struct environment){.issuer = i,
                                .hosts = {i, i, str_from(api), i, i},
                                .areas = areas,
                                .areas_n = COUNT_OF(areas),
                                .clusters = clusters,
                                .clusters_n = COUNT_OF(clusters)};
}

static void a_host_is_found_with_its_port_first_then_without(void **state) {
    struct fixture *f = *state;
    struct environment v[] = {environment_of("http://localhost:8420", "http://localhost:8420"),
                              environment_of("http://localhost:8421", "http://localhost:8421"),
                              environment_of("http://[::1]:8422", "http://[::1]:8422")};
    const struct environments all = {v, COUNT_OF(v)};
    struct hosts hosts = hosts_make(f->arena, &all);
    assert_ptr_equal(hosts_find(&hosts, STR("localhost:8420"))->environment, &v[0]);
    assert_ptr_equal(hosts_find(&hosts, STR("LOCALHOST:8421"))->environment, &v[1]);
    assert_ptr_equal(hosts_find(&hosts, STR("localhost"))->environment, &v[0]);
    assert_ptr_equal(hosts_find(&hosts, STR("localhost:1"))->environment, &v[0]);
    assert_ptr_equal(hosts_find(&hosts, STR("[::1]:8422"))->environment, &v[2]);
    assert_ptr_equal(hosts_find(&hosts, STR("[::1]"))->environment, &v[2]);
    assert_null(hosts_find(&hosts, STR("[::2]")));
    assert_null(hosts_find(&hosts, STR_NONE));
    assert_null(hosts_find(&hosts, STR(":8420")));
    assert_null(hosts_find(&hosts, STR("[")));
    char huge[HOST_NAME_MAX_SIZE + 1];
    memset(huge, 'a', sizeof huge);
    assert_null(hosts_find(&hosts, (struct str){huge, sizeof huge}));
}

static void regional_is_what_a_pattern_with_the_area_gives(void **state) {
    struct fixture *f = *state;
    struct environment v[] = {environment_of("https://id.example", "https://api-{area}.{domain}")};
    struct str aliases[] = {STR("api.example"), STR("https://{area}.old.example"),
                            STR("https://{domain}"), STR("https://{area}-{cluster}.c.example"),
                            STR("{area}")};
    v[0].aliases = aliases;
    v[0].aliases_n = COUNT_OF(aliases);
    const struct environments all = {v, 1};
    struct hosts hosts = hosts_make(f->arena, &all);
    assert_ptr_equal(hosts_find(&hosts, STR("api-na1.a.example"))->area, &areas[0]);
    assert_ptr_equal(hosts_find(&hosts, STR("api-eu1.b.example:443"))->area, &areas[1]);
    assert_ptr_equal(hosts_find(&hosts, STR("eu1.old.example"))->area, &areas[1]);
    assert_ptr_equal(hosts_find(&hosts, STR("na1-b32.c.example"))->area, &areas[0]);
    assert_null(hosts_find(&hosts, STR("b.example"))->area);
    assert_null(hosts_find(&hosts, STR("api.example"))->area);
    assert_null(hosts_find(&hosts, STR("id.example"))->area);
    assert_null(hosts_find(&hosts, STR("api-{area}.{domain}")));
}

static void the_issuers_own_name_is_never_another_environments(void **state) {
    struct fixture *f = *state;
    struct environment v[] = {environment_of("https://one.example", "https://two.example"),
                              environment_of("https://two.example", "https://two.example")};
    const struct environments all = {v, COUNT_OF(v)};
    struct hosts hosts = hosts_make(f->arena, &all);
    assert_ptr_equal(hosts_find(&hosts, STR("two.example"))->environment, &v[1]);
}

static void without_environments_nothing_is_found(void **state) {
    struct fixture *f = *state;
    const struct environments all = {NULL, 0};
    struct hosts hosts = hosts_make(f->arena, &all);
    assert_null(hosts_find(&hosts, STR("x")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_host_is_found_with_its_port_first_then_without),
        TEST(regional_is_what_a_pattern_with_the_area_gives),
        TEST(the_issuers_own_name_is_never_another_environments),
        TEST(without_environments_nothing_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
