/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogues, and which one a person reads. */
#include "web_fixture.h"

/* That languages have the same keys and placeholders is the generator's to see (tools/texts.py). */
static void every_key_has_a_text_in_every_language(void **state) {
    (void)state;
    assert_string_equal(languages[0].tag, "en");
    for (const struct language *l = languages; l->tag != NULL; l++) {
        for (size_t i = 0; i < TEXT_COUNT; i++) {
            assert_non_null(text_names[i]);
            if (l->texts[i] == NULL || l->texts[i][0] == '\0' ||
                !str_is_text(str_from(l->texts[i])) || strchr(l->texts[i], '<') != NULL) {
                fail_msg("%s: %s is no text", l->tag, text_names[i]);
            }
        }
    }
}

static const char *chosen(const char *ui_locales, const char *accept) {
    return language_choose(str_from(ui_locales), str_from(accept))->tag;
}

static void what_nobody_speaks_is_english(void **state) {
    (void)state;
    static const char *const odd[] = {
        "",      "tlh",    "-",       "en-",         "*",       ";q=1",         ",,,",
        "en;q=", "en;q=0", "en;q=9.", "en;q=1.0001", "en;q=-1", "xx, yy;q=0.5", "e"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        assert_string_equal(chosen(odd[i], odd[i]), "en");
    }
    assert_string_equal(language_choose(STR_NONE, STR_NONE)->tag, "en");
}

static void the_wider_language_serves_the_narrower(void **state) {
    (void)state;
    assert_string_equal(chosen("tlh EN-gb-oed en", NULL), "en");
    assert_string_equal(chosen(NULL, "tlh, en-GB;q=0.8, *;q=0.1"), "en");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_a_text_in_every_language),
        cmocka_unit_test(what_nobody_speaks_is_english),
        cmocka_unit_test(the_wider_language_serves_the_narrower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
