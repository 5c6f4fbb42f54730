/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "model.h"

static void a_bound_is_kept_zero_unsets_and_one_past_it_is_refused(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *name;
        long long min, max;
    } members[] = {{"access", 601, 86400},
                   {"id", 601, 86400},
                   {"refresh", 60, 31536000},
                   {"refreshClient", 60, 31536000},
                   {"jitter", 1, 85799}};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const long long values[] = {
            members[i].min - 1, members[i].min, members[i].max, members[i].max + 1, 0, -1};
        for (size_t k = 0; k < COUNT_OF(values); k++) {
            struct lifetimes l;
            struct str json = str_format(f->arena, "{\"%s\":%lld}", members[i].name, values[k]);
            bool good =
                values[k] == 0 || (values[k] >= members[i].min && values[k] <= members[i].max);
            assert_int_equal(lifetimes_parse(&f->cx, json, &l), good ? OK : ERR_INVALID_REQUEST);
            if (!good) {
                assert_reason(f, members[i].name);
            }
        }
    }
}

static void what_is_not_an_object_of_integers_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"[]",
                                      "1",
                                      "{",
                                      "{\"access\":\"3600\"}",
                                      "{\"access\":1e3}",
                                      "{\"access\":3600,\"access\":3600}",
                                      "{\"access\":true}"};
    struct lifetimes l;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(lifetimes_parse(&f->cx, str_from(bad[i]), &l), ERR_INVALID_REQUEST);
    }
    static const char *const good[] = {"", "{}", "{\"newer\":true}", "{\"access\":null}",
                                       "{\"access\":0}"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(lifetimes_parse(&f->cx, str_from(good[i]), &l), OK);
        assert_int_equal(l.access, 0);
    }
}

static void what_is_written_is_read(void **state) {
    struct fixture *f = *state;
    struct lifetimes l = {
        .access = 700, .id = 701, .refresh = 60, .refresh_client = 61, .jitter = 5};
    struct lifetimes back;
    struct str json = lifetimes_write(f->arena, &l);
    assert_str(json,
               "{\"access\":700,\"id\":701,\"refresh\":60,\"refreshClient\":61,\"jitter\":5}");
    assert_int_equal(lifetimes_parse(&f->cx, json, &back), OK);
    assert_memory_equal(&l, &back, sizeof l);
    assert_str(lifetimes_write(f->arena, &(struct lifetimes){0}), "{}");
}

static void the_narrowest_level_that_says_something_counts(void **state) {
    struct fixture *f = *state;
    const struct lifetimes none = {0}, environment = {.access = 1000, .refresh = 100},
                           tenant = {.access = 2000, .refresh_client = 300},
                           application = {.access = 3000};
    struct lifetimes l = lifetimes_resolve(&f->cx, &none, &none, &none);
    assert_int_equal(l.access, 3600);
    assert_int_equal(l.id, 3600);
    assert_int_equal(l.refresh, 7200);
    assert_int_equal(l.refresh_client, 2592000);
    l = lifetimes_resolve(&f->cx, &environment, &none, &none);
    assert_int_equal(l.access, 1000);
    assert_int_equal(l.id, 1000);
    l = lifetimes_resolve(&f->cx, &environment, &tenant, &none);
    assert_int_equal(l.access, 2000);
    assert_int_equal(l.refresh, 100);
    assert_int_equal(l.refresh_client, 300);
    l = lifetimes_resolve(&f->cx, &environment, &tenant, &application);
    assert_int_equal(l.access, 3000);
}

static void jitter_shortens_within_its_bound_and_never_below_601(void **state) {
    struct fixture *f = *state;
    const struct lifetimes none = {0}, some = {.access = 3600, .id = 1200, .jitter = 600},
                           much = {.access = 602, .jitter = 80000};
    bool differs = false;
    for (int i = 0; i < 200; i++) {
        struct lifetimes l = lifetimes_resolve(&f->cx, &none, &none, &some);
        assert_true(l.access >= 3000 && l.access <= 3600);
        assert_true(l.id >= 601 && l.id <= 1200);
        differs = differs || l.access != 3600;
        l = lifetimes_resolve(&f->cx, &much, &none, &none);
        assert_true(l.access >= LIFETIME_ACCESS_MIN && l.access <= 602);
    }
    assert_true(differs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_bound_is_kept_zero_unsets_and_one_past_it_is_refused),
        TEST(what_is_not_an_object_of_integers_is_refused),
        TEST(what_is_written_is_read),
        TEST(the_narrowest_level_that_says_something_counts),
        TEST(jitter_shortens_within_its_bound_and_never_below_601),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
