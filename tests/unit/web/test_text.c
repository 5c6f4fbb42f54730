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

static void every_scope_says_what_it_means(void **state) {
    (void)state;
    for (size_t i = 0; scope_at(i) != NULL; i++) {
        if (scope_text(str_from(scope_at(i))) == TEXT_COUNT) {
            fail_msg("%s has no text", scope_at(i));
        }
    }
    assert_int_equal(scope_text(STR("everything")), TEXT_COUNT);
}

/* ui_locales_supported of the discovery document. */
static void every_language_is_in_the_discovery_document(void **state) {
    (void)state;
    size_t n = 0;
    for (; languages[n].tag != NULL; n++) {
        assert_non_null(page_languages[n]);
        assert_string_equal(page_languages[n], languages[n].tag);
    }
    assert_null(page_languages[n]);
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
    assert_string_equal(chosen("tlh EN-gb-oed de", NULL), "en");
    assert_string_equal(chosen(NULL, "tlh, en-GB;q=0.8, *;q=0.1"), "en");
    static const char *const tags[][2] = {{"es-MX", "es"},      {"de-CH", "de"},
                                          {"DE-at-1996", "de"}, {"fr-Latn-CA", "fr"},
                                          {"ja-JP", "ja"},      {"de-x-office", "de"}};
    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        assert_string_equal(chosen(tags[i][0], "en"), tags[i][1]);
        assert_string_equal(chosen(NULL, tags[i][0]), tags[i][1]);
    }
}

static void every_language_is_found_by_its_tag(void **state) {
    (void)state;
    for (const struct language *l = languages; l->tag != NULL; l++) {
        assert_ptr_equal(language_choose(str_from(l->tag), STR_NONE), l);
        assert_ptr_equal(language_choose(STR_NONE, str_from(l->tag)), l);
        assert_ptr_equal(language_choose(str_from("tlh"), str_from(l->tag)), l);
    }
}

static void ui_locales_are_taken_in_order_and_before_the_browser(void **state) {
    (void)state;
    assert_string_equal(chosen("fr de", "ja"), "fr");
    assert_string_equal(chosen("tlh  de-CH fr", "ja"), "de");
    assert_string_equal(chosen("tlh x", "ja"), "ja");
    assert_string_equal(chosen("fr,de", "ja"), "ja"); /* not words */
}

static void the_browser_says_which_it_likes_best(void **state) {
    (void)state;
    assert_string_equal(chosen(NULL, "de;q=0.5, fr;q=0.9, ja;q=0.7"), "fr");
    assert_string_equal(chosen(NULL, "de;q=0.8,es-MX;q=0.801 , en;q=0"), "es");
    assert_string_equal(chosen(NULL, "tlh, de ; Q=0.3, ja;q=0.2"), "de");
    assert_string_equal(chosen(NULL, "ja;q=1.000, de"), "ja"); /* the first of equals */
    assert_string_equal(chosen(NULL, "en;q=0.001, fr;q=0"), "en");
}

static void what_is_malformed_is_passed_over(void **state) {
    (void)state;
    static const char *const odd[] = {
        "de;q=",        "de;q=0",   "de;q=9",   "de;q=1.001", "de;q=0.5555", "de;q=-1",
        "de;q=.5",      "de;q=0,5", "de;q=1e0", "de;q=0x1",   "de;q=1 1",    "de-",
        "-de",          "de--CH",   "de_CH",    "de\tCH",     "d\xc3\xa9",   "de<script>",
        "de-abcdefghi", "de fr",    "\"de\"",   "deutsch",    "d",           ";de"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        char list[64];
        assert_string_equal(chosen(NULL, odd[i]), "en");
        (void)snprintf(list, sizeof(list), "%s, ja;q=0.1", odd[i]);
        assert_string_equal(chosen(NULL, list), "ja");
    }
}

static void a_list_without_end_is_read_in_part(void **state) {
    (void)state;
    static char commas[6000], hyphens[6000], tags[6000];
    memset(commas, ',', sizeof(commas) - 4);
    memset(hyphens, '-', sizeof(hyphens) - 4);
    for (size_t i = 0; i + 4 < sizeof(tags); i += 2) {
        memcpy(tags + i, "-a", 2);
    }
    memcpy(commas + sizeof(commas) - 4, ",de", 4);
    memcpy(hyphens, "de", 2);
    memcpy(tags, "de", 2);
    assert_string_equal(chosen(NULL, commas), "en");
    assert_string_equal(chosen(NULL, hyphens), "en");
    assert_string_equal(chosen(NULL, tags), "de");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_a_text_in_every_language),
        cmocka_unit_test(every_scope_says_what_it_means),
        cmocka_unit_test(every_language_is_in_the_discovery_document),
        cmocka_unit_test(what_nobody_speaks_is_english),
        cmocka_unit_test(the_wider_language_serves_the_narrower),
        cmocka_unit_test(every_language_is_found_by_its_tag),
        cmocka_unit_test(ui_locales_are_taken_in_order_and_before_the_browser),
        cmocka_unit_test(the_browser_says_which_it_likes_best),
        cmocka_unit_test(what_is_malformed_is_passed_over),
        cmocka_unit_test(a_list_without_end_is_read_in_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
