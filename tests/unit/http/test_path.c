/* SPDX-License-Identifier: Apache-2.0 */
/* path.c: one decoding, and no path that could be read as another. */
#include "../fixture.h"

#include "http_internal.h"

static void paths_are_decoded_once(void **state) {
    struct fixture *f = *state;
    static const char *const good[][2] = {{"/", "/"},
                                          {"/a/b", "/a/b"},
                                          {"/%61%20b", "/a b"},
                                          {"/a%252fb", "/a%2fb"},
                                          {"/%c3%a9", "/\xc3\xa9"},
                                          {"/...", "/..."},
                                          {"/.well-known/x", "/.well-known/x"},
                                          {"/a/", "/a/"}};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct str path;
        bool slashes;
        assert_int_equal(path_read(&f->cx, str_from(good[i][0]), &path, &slashes), OK);
        assert_str(path, good[i][1]);
        assert_false(slashes);
    }
}

static void repeated_slashes_are_collapsed_and_told(void **state) {
    struct fixture *f = *state;
    struct str path;
    bool slashes;
    assert_int_equal(path_read(&f->cx, STR("//a///b//"), &path, &slashes), OK);
    assert_str(path, "/a/b/");
    assert_true(slashes);
}

static void smuggling_ambiguous_paths_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",       "a",        "*",      "http://x/a", "/a b",     "/a%",       "/a%4",  "/%zz",
        "/%00",   "/a%00b",   "/%2f",   "/a%2Fb",     "/a#b",     "/\xc3\xa9", "/%ff",  "/%c0%af",
        "/%0a",   "/%0d%0a",  "/%7f",   "/%5c",       "/a\\b",    "/.",        "/..",   "/a/..",
        "/a/./b", "/%2e%2e/", "/a/%2e", "/..//",      "/a//../b", "/\x01",     "/\x7f", "/\t"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str path;
        bool slashes;
        if (path_read(&f->cx, str_from(bad[i]), &path, &slashes) != ERR_INVALID_REQUEST) {
            fail_msg("passes: %s", bad[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(paths_are_decoded_once),
        TEST(repeated_slashes_are_collapsed_and_told),
        TEST(smuggling_ambiguous_paths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
