/* SPDX-License-Identifier: Apache-2.0 */
/* Where a setting's value comes from, and values that are refused before anything is asked. */
#include "call_fixture.h"

static const char *const variables[] = {
    "POSTERN_CONFIG_DIR", "POSTERN_CACHE_DIR", "POSTERN_PROFILE",    "POSTERN_CLIENT_ID",
    "CXONE_CLIENT_ID",    "POSTERN_ISSUER",    "CXONE_ISSUER",       "POSTERN_TIMEOUT",
    "CXONE_BASE_URL",     "POSTERN_BASE_URL",  "CXONE_CLIENT_SECRET"};

static void environment_clear(void) {
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        (void)unsetenv(variables[i]);
    }
}

static int open_setup(void **state) {
    environment_clear();
    (void)call_setup(state);
    struct call_fixture *f = *state;
    (void)setenv("POSTERN_CONFIG_DIR", f->directory, 1);
    (void)setenv("POSTERN_CACHE_DIR", f->directory, 1);
    return 0;
}

static int open_teardown(void **state) {
    environment_clear();
    return call_teardown(state);
}

#define OPEN_TEST(name) cmocka_unit_test_setup_teardown(name, open_setup, open_teardown)

static void profile(const char *name, const char *client_id) {
    const struct postern_setting s[] = {
        {"issuer", "https://profile.example"}, {"client_id", client_id}, {"timeout", "7"}};
    assert_int_equal(postern_profile_write(NULL, name, s, COUNT_OF(s)), POSTERN_OK);
}

static struct postern *opened(const struct postern_options *o) {
    struct postern *p;
    enum postern_code code = postern_open(o, &p);
    if (code != POSTERN_OK) {
        fail_msg("not opened: %s", postern_error_message());
    }
    return p;
}

static void assert_setting(const struct postern *p, const char *name, const char *value,
                           const char *from) {
    const char *where = "";
    const char *actual = postern_setting(p, name, &where);
    assert_non_null(actual);
    assert_string_equal(actual, value);
    assert_string_equal(where, from);
}

static void the_later_source_wins(void **state) {
    (void)state;
    profile("default", "from-profile");
    (void)setenv("POSTERN_TIMEOUT", "9", 1);
    struct postern *p = opened(NULL);
    assert_setting(p, "client_id", "from-profile", "profile default");
    assert_setting(p, "timeout", "9", "environment POSTERN_TIMEOUT");
    assert_setting(p, "retries", "4", "default");
    assert_null(postern_setting(p, "scope", NULL));
    assert_null(postern_setting(p, "nonsense", NULL));
    postern_close(p);

    struct postern_options o = POSTERN_OPTIONS_INIT;
    const struct postern_setting s[] = {{"client_id", "given"}, {"timeout", ""}};
    o.settings = s;
    o.settings_n = COUNT_OF(s);
    p = opened(&o);
    assert_setting(p, "client_id", "given", "setting");
    assert_null(postern_setting(p, "timeout", NULL)); /* an empty value unsets */
    postern_close(p);
}

static void an_environment_that_says_who_shuts_out_the_default_profile(void **state) {
    (void)state;
    profile("default", "from-profile");
    (void)setenv("CXONE_CLIENT_ID", "from-environment", 1);
    struct postern *p = opened(NULL);
    assert_setting(p, "client_id", "from-environment", "environment CXONE_CLIENT_ID");
    assert_null(postern_setting(p, "issuer", NULL));
    postern_close(p);
}

static void a_named_profile_shuts_out_the_environments_credentials(void **state) {
    (void)state;
    profile("mine", "from-profile");
    (void)setenv("CXONE_CLIENT_ID", "from-environment", 1);
    (void)setenv("POSTERN_TIMEOUT", "9", 1);
    struct postern_options o = POSTERN_OPTIONS_INIT;
    o.profile = "mine";
    struct postern *p = opened(&o);
    assert_setting(p, "client_id", "from-profile", "profile mine");
    assert_setting(p, "timeout", "9", "environment POSTERN_TIMEOUT");
    postern_close(p);
    (void)setenv("POSTERN_PROFILE", "mine", 1);
    p = opened(NULL);
    assert_setting(p, "client_id", "from-profile", "profile mine");
    postern_close(p);
    (void)setenv("POSTERN_PROFILE", "another", 1);
    assert_int_equal(postern_open(NULL, &p), POSTERN_USAGE);
    assert_non_null(strstr(postern_error_message(), "postern configure --profile another"));
}

static void the_first_variable_that_is_set_counts(void **state) {
    (void)state;
    (void)setenv("CXONE_CLIENT_ID", "kin", 1);
    (void)setenv("POSTERN_CLIENT_ID", "ours", 1);
    struct postern *p = opened(NULL);
    assert_setting(p, "client_id", "ours", "environment POSTERN_CLIENT_ID");
    postern_close(p);
}

static void secrets_once_a_secret_is_not_given_back(void **state) {
    (void)state;
    (void)setenv("CXONE_CLIENT_SECRET", "hush", 1);
    struct postern *p = opened(NULL);
    assert_setting(p, "client_secret", "", "environment CXONE_CLIENT_SECRET");
    postern_close(p);
}

static void bad_values_are_refused_with_their_place(void **state) {
    (void)state;
    const struct {
        const char *name, *value, *says;
    } rows[] = {
        {"issuer", "cxone.example", "no address"},
        {"issuer", "http://cxone.example", "unencrypted"},
        {"issuer", "https://user@cxone.example", "no address"},
        {"issuer", "https://cxone.example\\@evil", "no address"},
        {"base_url", "ftp://cxone.example", "no address"},
        {"grant", "implicit", "Write auto"},
        {"auth_method", "tls_client_auth", "Write auto"},
        {"timeout", "0", "number from 1"},
        {"timeout", "1e3", "number from 1"},
        {"retries", "101", "number from 0 to 100"},
        {"client_id", "a\nb", "control characters"},
        {"nonsense", "x", "There is no setting 'nonsense'"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct postern *p = NULL;
        struct postern_options o = POSTERN_OPTIONS_INIT;
        const struct postern_setting s = {rows[i].name, rows[i].value};
        o.settings = &s;
        o.settings_n = 1;
        assert_int_equal(postern_open(&o, &p), POSTERN_USAGE);
        assert_null(p);
        if (strstr(postern_error_message(), rows[i].says) == NULL) {
            fail_msg("'%s' does not say '%s'", postern_error_message(), rows[i].says);
        }
    }
}

static void loopback_may_speak_http(void **state) {
    struct call_fixture *f = *state;
    set(f, "issuer", "http://localhost:8420");
    set(f, "issuer", "http://127.0.0.1:8420/");
    set(f, "issuer", "http://[::1]:8420");
}

static void issuer_and_base_url_are_one_too_many(void **state) {
    (void)state;
    struct postern *p;
    (void)setenv("POSTERN_ISSUER", "https://a.example", 1);
    (void)setenv("CXONE_BASE_URL", "https://b.example", 1);
    assert_int_equal(postern_open(NULL, &p), POSTERN_USAGE);
    assert_non_null(strstr(postern_error_message(), "CXONE_BASE_URL"));
}

static void secret_file(struct call_fixture *f, const char *text, size_t n) {
    char file[96];
    (void)snprintf(file, sizeof file, "%s/secret", f->directory);
    FILE *to = fopen(file, "w");
    assert_non_null(to);
    assert_int_equal(fwrite(text, 1, n, to), n);
    assert_int_equal(fclose(to), 0);
    set(f, "client_secret_file", file);
}

static void a_secret_file_gives_its_first_line(void **state) {
    struct call_fixture *f = *state;
    struct str secret;
    secret_file(f, "hush\r\nmore\n", 11);
    assert_int_equal(setting_secret(f->k, SET_CLIENT_SECRET, SET_CLIENT_SECRET_FILE, &secret), OK);
    assert_str(secret, "hush");
    assert_int_equal(f->warnings, 0);
    secret_file(f, "\n", 1);
    assert_int_equal(setting_secret(f->k, SET_CLIENT_SECRET, SET_CLIENT_SECRET_FILE, &secret),
                     ERR_CLIENT_USAGE);
    set(f, "client_secret_file", "/nonexistent/secret");
    assert_int_equal(setting_secret(f->k, SET_CLIENT_SECRET, SET_CLIENT_SECRET_FILE, &secret),
                     ERR_CLIENT_FILE);
    set(f, "client_secret", "wins");
    assert_int_equal(setting_secret(f->k, SET_CLIENT_SECRET, SET_CLIENT_SECRET_FILE, &secret), OK);
    assert_str(secret, "wins");
}

static void a_space_at_the_end_is_told_and_sent(void **state) {
    struct call_fixture *f = *state;
    struct str secret;
    set(f, "client_secret", "hush ");
    assert_int_equal(setting_secret(f->k, SET_CLIENT_SECRET, SET_CLIENT_SECRET_FILE, &secret), OK);
    assert_str(secret, "hush ");
    assert_int_equal(f->warnings, 1);
    assert_non_null(strstr(f->warning, "client_secret begins or ends with a space"));
    assert_null(strstr(f->warning, "hush"));
}

static void secrets_once_a_proxys_password_is_not_given_back(void **state) {
    struct call_fixture *f = *state;
    set(f, "proxy", "http://user:p@ss@proxy.example:3128");
    assert_string_equal(postern_setting(f->p, "proxy", NULL), "http://***@proxy.example:3128");
    assert_str(setting_str(f->p, SET_PROXY), "http://user:p@ss@proxy.example:3128");
    set(f, "proxy", "user:pa/ss@proxy.example");
    assert_string_equal(postern_setting(f->p, "proxy", NULL), "***@proxy.example");
    set(f, "proxy", "http://proxy.example:3128");
    assert_string_equal(postern_setting(f->p, "proxy", NULL), "http://proxy.example:3128");
}

/* Misuse is an error, never a crash. */
static void null_arguments_are_usage(void **state) {
    struct call_fixture *f = *state;
    struct postern_request rq = POSTERN_REQUEST_INIT;
    struct postern_response rs = POSTERN_RESPONSE_INIT;
    struct postern_token t = POSTERN_TOKEN_INIT;
    char *json;
    assert_int_equal(postern_open(NULL, NULL), POSTERN_USAGE);
    assert_int_equal(postern_call(NULL, &rq, &rs), POSTERN_USAGE);
    assert_int_equal(postern_call(f->p, NULL, &rs), POSTERN_USAGE);
    assert_int_equal(postern_call(f->p, &rq, NULL), POSTERN_USAGE);
    assert_int_equal(postern_pages(f->p, &rq, NULL, NULL), POSTERN_USAGE);
    assert_int_equal(postern_pages(NULL, &rq, NULL, NULL), POSTERN_USAGE);
    assert_null(postern_response_header(NULL, "x"));
    assert_null(postern_response_header(&rs, NULL));
    assert_int_equal(postern_token_get(NULL, 0, NULL, &t), POSTERN_USAGE);
    assert_int_equal(postern_token_get(f->p, 0, NULL, NULL), POSTERN_USAGE);
    assert_int_equal(postern_discover(f->p, 0, NULL, NULL), POSTERN_USAGE);
    assert_int_equal(postern_jwt_decode(NULL, &json), POSTERN_TOKEN);
    assert_int_equal(postern_jwt_decode("a.b.c", NULL), POSTERN_USAGE);
    assert_int_equal(postern_jwt_verify(NULL, "a.b.c", NULL, &json), POSTERN_USAGE);
    assert_int_equal(postern_forget(NULL), POSTERN_USAGE);
    assert_int_equal(postern_profile_list(f->directory, NULL, NULL), POSTERN_USAGE);
    assert_int_equal(postern_profile_write(f->directory, NULL, NULL, 3), POSTERN_USAGE);
    assert_int_equal(postern_profile_delete(f->directory, NULL), POSTERN_USAGE);
    assert_null(postern_setting(NULL, NULL, NULL));
    postern_response_done(NULL);
    postern_token_done(NULL);
    postern_discovery_done(NULL);
    postern_close(NULL);
    postern_cancel(NULL);
    postern_cancel_free(NULL);
    postern_free(NULL);
    rq.timeout_ms = INT64_MAX;
    rq.path = "/x";
    assert_int_equal(postern_call(f->p, &rq, &rs), POSTERN_USAGE); /* no issuer; no overflow */
}

static void an_older_programs_options_are_shorter(void **state) {
    (void)state;
    struct postern *p;
    struct postern_options o = POSTERN_OPTIONS_INIT;
    const struct postern_setting s = {"nonsense", "x"};
    o.settings = &s;
    o.settings_n = 1;
    o.size = offsetof(struct postern_options, settings);
    assert_int_equal(postern_open(&o, &p), POSTERN_OK);
    postern_close(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OPEN_TEST(the_later_source_wins),
        OPEN_TEST(an_environment_that_says_who_shuts_out_the_default_profile),
        OPEN_TEST(a_named_profile_shuts_out_the_environments_credentials),
        OPEN_TEST(the_first_variable_that_is_set_counts),
        OPEN_TEST(secrets_once_a_secret_is_not_given_back),
        OPEN_TEST(bad_values_are_refused_with_their_place),
        OPEN_TEST(loopback_may_speak_http),
        OPEN_TEST(issuer_and_base_url_are_one_too_many),
        OPEN_TEST(a_secret_file_gives_its_first_line),
        OPEN_TEST(a_space_at_the_end_is_told_and_sent),
        OPEN_TEST(secrets_once_a_proxys_password_is_not_given_back),
        OPEN_TEST(null_arguments_are_usage),
        OPEN_TEST(an_older_programs_options_are_shorter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
