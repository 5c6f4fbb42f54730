/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "model.h"

static void names_of_people_are_names(void **state) {
    (void)state;
    static const char *const names[] = {"Beowulf",      "B",          "Anne-Marie",   "O'Neill",
                                        "van der Berg", "\xc3\x85sa", "\xe6\x9d\x8e", "Jr.",
                                        "a_b",          "x, y",       "A+B"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_true(employee_name_ok(str_from(names[i])));
    }
}

static void names_with_special_characters_are_refused(void **state) {
    (void)state;
    static const char refused[] = "!/<>?%\"\\{}[]|^~*=;:@#$&()\t\n\r\x01\x7f";
    for (size_t i = 0; i < sizeof refused; i++) { /* with the NUL at its end */
        const char name[] = {'a', refused[i], 'b'};
        assert_false(employee_name_ok((struct str){name, sizeof name}));
    }
    static const char *const names[] = {"", " a", "a ", "\xff", "a\xc2\x85z", "a\xc0\xaf"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_false(employee_name_ok(str_from(names[i])));
    }
    char longest[129];
    memset(longest, 'x', sizeof longest);
    assert_true(employee_name_ok((struct str){longest, 128}));
    assert_false(employee_name_ok((struct str){longest, 129}));
}

static void user_names_look_like_mail_addresses(void **state) {
    (void)state;
    static const char *const good[] = {"a@b", "beo.wulf+x@mail.example.com", "o'neill@x-y.example",
                                       "1@1.example"};
    static const char *const bad[] = {
        "",      "a",          "@",          "a@",     "@b",      "a@b@c",         "a b@c",
        "a@b c", "a@.b",       "a@b.",       "a@b..c", ".a@b",    "a.@b",          "a..b@c",
        "a@-b",  "a@b-",       "a@b_c",      "<a@b>",  "\"a\"@b", "a@[127.0.0.1]", "a\n@b",
        "a@b\n", "\xc3\xa5@b", "a@\xc3\xa5", "a@b,c@d"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(user_name_ok(str_from(good[i])));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (user_name_ok(str_from(bad[i]))) {
            fail_msg("'%s' passes", bad[i]);
        }
    }
    assert_false(user_name_ok((struct str){"a\0@b", 4}));
    assert_false(user_name_ok(STR_NONE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(names_of_people_are_names),
        TEST(names_with_special_characters_are_refused),
        TEST(user_names_look_like_mail_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
