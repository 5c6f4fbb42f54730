/* SPDX-License-Identifier: Apache-2.0 */
/* The cache file: what it holds comes back, and whose it is not does not get it. */
#include "call_fixture.h"

static struct state *sample(struct call_fixture *f) {
    struct state *s = state_new(f->k);
    s->access_token = STR("access");
    s->token_type = STR("Bearer");
    s->id_token = STR("id");
    s->refresh_token = STR("refresh");
    s->access_refused = true;
    s->refresh_spent = true;
    s->tenant_id = STR(TENANT_ID);
    s->grant = STR("password");
    s->scope = STR("openid");
    s->obtained_at = FIXTURE_NOW;
    s->expires_at = FIXTURE_NOW + 3600;
    s->renew_at = FIXTURE_NOW + 3540;
    s->clock_skew = -7;
    s->jwks = (struct document){STR("{\"keys\":[]}"), STR("\"e\""), FIXTURE_NOW, FIXTURE_NOW + 60};
    return s;
}

static void lock(struct call_fixture *f, int *ret_fd) {
    assert_int_equal(cache_lock_open(f->k, ret_fd), OK);
    bool taken;
    assert_int_equal(cache_lock_take(f->k, *ret_fd, &taken), OK);
    assert_true(taken);
}

static void write_sample(struct call_fixture *f) {
    int fd;
    lock(f, &fd);
    assert_int_equal(cache_write(f->k, sample(f)), OK);
    assert_int_equal(close(fd), 0);
}

static struct state *read_back(struct call_fixture *f) {
    struct state *s;
    assert_int_equal(cache_read(f->k, &s), OK);
    return s;
}

static void what_was_written_comes_back(void **state) {
    struct call_fixture *f = *state;
    assert_null(read_back(f));
    assert_int_equal(f->warnings, 0);
    write_sample(f);
    const struct state *s = read_back(f);
    assert_non_null(s);
    assert_str(s->access_token, "access");
    assert_str(s->id_token, "id");
    assert_str(s->refresh_token, "refresh");
    assert_true(s->access_refused);
    assert_true(s->refresh_spent);
    assert_str(s->tenant_id, TENANT_ID);
    assert_str(s->scope, "openid");
    assert_int_equal(s->renew_at, FIXTURE_NOW + 3540);
    assert_int_equal(s->clock_skew, -7);
    assert_str(s->jwks.text, "{\"keys\":[]}");
    assert_str(s->jwks.etag, "\"e\"");
    assert_null(s->openid_configuration.text.p);
    struct stat st;
    assert_int_equal(stat(f->p->cache_file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void another_secret_does_not_get_it(void **state) {
    struct call_fixture *f = *state;
    set(f, "client_secret", "one");
    write_sample(f);
    assert_non_null(read_back(f));
    set(f, "client_secret", "two");
    assert_null(read_back(f));
    assert_non_null(strstr(f->warning, "secret has changed"));
    set(f, "client_secret", "one");
    set(f, "access_key_secret", "three");
    assert_null(read_back(f));
}

static void secrets_once_the_file_has_no_client_secret(void **state) {
    struct call_fixture *f = *state;
    struct str text;
    set(f, "client_secret", "hush-hush-hush");
    set(f, "access_key_secret", "quiet-quiet");
    write_sample(f);
    assert_int_equal(file_read(&f->k->cx, f->p->cache_file, 1 << 20, &text), OK);
    const char *z = str_z(f->base->arena, text);
    assert_null(strstr(z, "hush"));
    assert_null(strstr(z, "quiet"));
}

static const char *name_with(const char *setting, const char *value) {
    static char name[256];
    struct postern_options o = POSTERN_OPTIONS_INIT;
    struct postern_setting s[] = {{"issuer", "https://a.example"}, {setting, value}};
    struct postern *p;
    o.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE;
    o.cache_dir = "/tmp";
    o.settings = s;
    o.settings_n = COUNT_OF(s);
    assert_int_equal(postern_open(&o, &p), POSTERN_OK);
    (void)snprintf(name, sizeof name, "%s", p->cache_file);
    postern_close(p);
    return name;
}

static void cache_key_every_setting_that_matters_is_part_of_the_name(void **state) {
    struct call_fixture *f = *state;
    const struct postern_setting rows[] = {
        {"client_id", "c"},      {"grant", "password"},   {"access_key_id", "k"},
        {"scope", "openid"},     {"tenant_id", "t"},      {"token_parameters", "resource=x"},
        {"private_key_id", "1"}, {"auth_method", "none"}, {"api_endpoint", "https://b.example"},
        {"ca_file", "/ca"},
    };
    const char *plain = str_z(f->base->arena, str_from(name_with("timeout", "5")));
    assert_string_equal(name_with("retries", "3"), plain);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_string_not_equal(name_with(rows[i].name, rows[i].value), plain);
    }
    assert_string_not_equal(name_with("issuer", "https://b.example"), plain);
}

static void damage(struct call_fixture *f, const char *text) {
    FILE *to = fopen(f->p->cache_file, "w");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

static void damaged_files_are_not_used_and_said(void **state) {
    struct call_fixture *f = *state;
    const char *const texts[] = {"",
                                 "{",
                                 "[]",
                                 "null",
                                 "{\"version\":2}",
                                 "{\"version\":1,\"access_token\":7}",
                                 "{\"version\":1,\"renew_at\":\"soon\"}",
                                 "{\"version\":1,\"renew_at\":-1}",
                                 "{\"version\":1,\"expires_at\":9223372036854775807}",
                                 "{\"version\":1,\"access_token\":\"a\\r\\nX-Evil: 1\"}",
                                 "{\"version\":1,\"jwks\":{\"text\":\"\",\"good_until\":-9}}",
                                 "{\"version\":1,\"jwks\":{\"text\":[]}}"};
    write_sample(f);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        int before = f->warnings;
        f->k->cache_doubted = false;
        damage(f, texts[i]);
        assert_null(read_back(f));
        assert_int_equal(f->warnings, before + 1);
    }
}

static void files_of_others_are_not_used(void **state) {
    struct call_fixture *f = *state;
    write_sample(f);
    assert_int_equal(chmod(f->p->cache_file, 0640), 0);
    assert_null(read_back(f));
    assert_non_null(strstr(f->warning, "others can read"));
    f->k->cache_doubted = false;
    char elsewhere[128];
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", f->directory);
    assert_int_equal(chmod(f->p->cache_file, 0600), 0);
    assert_int_equal(rename(f->p->cache_file, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, f->p->cache_file), 0);
    assert_null(read_back(f));
    assert_non_null(strstr(f->warning, "no regular file of yours"));
}

static void one_holds_the_lock(void **state) {
    struct call_fixture *f = *state;
    int first, second;
    lock(f, &first);
    assert_int_equal(cache_lock_open(f->k, &second), OK);
    bool taken;
    assert_int_equal(cache_lock_take(f->k, second, &taken), OK);
    assert_false(taken);
    assert_int_equal(close(first), 0);
    assert_int_equal(cache_lock_take(f->k, second, &taken), OK);
    assert_true(taken);
    assert_int_equal(close(second), 0);
    assert_int_equal(cache_lock_take(f->k, -1, &taken), ERR_CLIENT_FILE);
    assert_says(f, "cannot be locked");
}

/* The clock that was set back does not make what is on disk older than it is. */
static void the_later_generation_is_taken_whatever_the_clock(void **state) {
    struct call_fixture *f = *state;
    struct state *first = state_copy(f->k, sample(f));
    first->obtained_at = FIXTURE_NOW + 100000;
    state_publish(f->k, first);
    struct state *second = state_copy(f->k, first);
    second->obtained_at = FIXTURE_NOW;
    state_adopt(f->k, second);
    assert_ptr_equal(state_current(f->k), second);
    state_adopt(f->k, first);
    assert_ptr_equal(state_current(f->k), second);
    struct state *anew = state_copy(f->k, NULL);
    state_adopt(f->k, anew);
    assert_ptr_equal(state_current(f->k), anew);
}

static void a_directory_that_others_write_is_not_used(void **state) {
    struct call_fixture *f = *state;
    int fd;
    write_sample(f);
    assert_int_equal(chmod(f->directory, 0770), 0);
    assert_null(read_back(f));
    assert_non_null(strstr(f->warning, "chmod 700"));
    assert_int_equal(cache_lock_open(f->k, &fd), ERR_CLIENT_FILE);
    assert_int_equal(chmod(f->directory, 0750), 0);
    assert_non_null(read_back(f));
}

static void a_change_is_seen_by_its_stamp(void **state) {
    struct call_fixture *f = *state;
    struct cache_stamp stamp = {0};
    assert_false(cache_changed(f->k, &stamp));
    write_sample(f);
    assert_true(cache_changed(f->k, &stamp));
    assert_false(cache_changed(f->k, &stamp));
    write_sample(f);
    assert_true(cache_changed(f->k, &stamp));
}

static void forgetting_removes_the_file(void **state) {
    struct call_fixture *f = *state;
    write_sample(f);
    assert_int_equal(postern_forget(f->p), POSTERN_OK);
    assert_null(read_back(f));
    assert_int_equal(postern_forget(f->p), POSTERN_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CALL_TEST(what_was_written_comes_back),
        CALL_TEST(another_secret_does_not_get_it),
        CALL_TEST(secrets_once_the_file_has_no_client_secret),
        CALL_TEST(cache_key_every_setting_that_matters_is_part_of_the_name),
        CALL_TEST(damaged_files_are_not_used_and_said),
        CALL_TEST(files_of_others_are_not_used),
        CALL_TEST(one_holds_the_lock),
        CALL_TEST(the_later_generation_is_taken_whatever_the_clock),
        CALL_TEST(a_directory_that_others_write_is_not_used),
        CALL_TEST(a_change_is_seen_by_its_stamp),
        CALL_TEST(forgetting_removes_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
