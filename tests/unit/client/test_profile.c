/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: written, read, listed, removed; names and modes that are refused. */
#include "call_fixture.h"

static const char *path(struct call_fixture *f, const char *name) {
    return str_z(f->base->arena, str_format(f->base->arena, "%s/%s", f->directory, name));
}

static const char *read_back(struct call_fixture *f, const char *profile, const char *setting) {
    struct postern_options o = POSTERN_OPTIONS_INIT;
    struct postern *p;
    o.flags = POSTERN_NO_CACHE;
    o.config_dir = f->directory;
    o.profile = profile;
    if (postern_open(&o, &p) != POSTERN_OK) {
        fail_msg("%s", postern_error_message());
    }
    const char *v = postern_setting(p, setting, NULL);
    v = v != NULL ? str_z(f->base->arena, str_from(v)) : NULL;
    postern_close(p);
    return v;
}

static void what_was_written_is_read(void **state) {
    struct call_fixture *f = *state;
    const char *const values[] = {
        "plain", " spaces at both ends ", "\"quoted\"", "with # and = in it", "\"", "ünicode"};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        const struct postern_setting s[] = {{"client_id", values[i]}, {"scope", ""}};
        assert_int_equal(postern_profile_write(f->directory, "p", s, COUNT_OF(s)), POSTERN_OK);
        assert_string_equal(read_back(f, "p", "client_id"), values[i]);
        assert_null(read_back(f, "p", "scope"));
    }
    struct stat st;
    assert_int_equal(stat(path(f, "p.profile"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_directory_is_made_for_it(void **state) {
    struct call_fixture *f = *state;
    const char *deep = path(f, "a/b/c");
    assert_int_equal(postern_profile_write(deep, "p", NULL, 0), POSTERN_OK);
    struct stat st;
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void names_are_no_paths(void **state) {
    struct call_fixture *f = *state;
    const char *const names[] = {
        "",    ".",
        "..",  "../x",
        "a/b", ".hidden",
        "a b", "a\nb",
        "ä",   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_int_equal(postern_profile_write(f->directory, names[i], NULL, 0), POSTERN_USAGE);
        assert_int_equal(postern_profile_delete(f->directory, names[i]), POSTERN_USAGE);
    }
}

static void values_that_would_be_refused_are_not_written(void **state) {
    struct call_fixture *f = *state;
    const struct postern_setting bad[] = {{"issuer", "http://elsewhere.example"}};
    const struct postern_setting line[] = {{"client_id", "a\nissuer = https://evil.example"}};
    const struct postern_setting unknown[] = {{"colour", "red"}};
    assert_int_equal(postern_profile_write(f->directory, "p", bad, 1), POSTERN_USAGE);
    assert_int_equal(postern_profile_write(f->directory, "p", line, 1), POSTERN_USAGE);
    assert_int_equal(postern_profile_write(f->directory, "p", unknown, 1), POSTERN_USAGE);
    assert_int_not_equal(access(path(f, "p.profile"), F_OK), 0);
}

static void write_raw(struct call_fixture *f, const char *name, const char *text, mode_t mode) {
    FILE *to = fopen(path(f, name), "w");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(chmod(path(f, name), mode), 0);
}

static void assert_refused(struct call_fixture *f, enum postern_code code, const char *says) {
    struct postern_options o = POSTERN_OPTIONS_INIT;
    struct postern *p;
    o.config_dir = f->directory;
    o.profile = "p";
    assert_int_equal(postern_open(&o, &p), code);
    if (strstr(postern_error_message(), says) == NULL) {
        fail_msg("'%s' does not say '%s'", postern_error_message(), says);
    }
}

static void mistakes_name_their_line(void **state) {
    struct call_fixture *f = *state;
    write_raw(f, "p.profile", "# fine\nclient_id = x\ncolour = red\n", 0600);
    assert_refused(f, POSTERN_USAGE, "p.profile:3: there is no setting 'colour'");
    write_raw(f, "p.profile", "client_id = x\n\nclient_secret hush\n", 0600);
    assert_refused(f, POSTERN_USAGE, "p.profile:3: this line is no setting");
    assert_null(strstr(postern_error_message(), "hush"));
    write_raw(f, "p.profile", "client_id = x\nclient_id = y\n", 0600);
    assert_refused(f, POSTERN_USAGE, "p.profile:2: client_id was set before");
}

static void a_profile_that_others_can_read_is_refused(void **state) {
    struct call_fixture *f = *state;
    write_raw(f, "p.profile", "client_id = x\n", 0644);
    assert_refused(f, POSTERN_FILE, "chmod 600");
}

static int collect(void *user, const char *name) {
    struct buf *b = user;
    buf_z(b, name);
    buf_char(b, ' ');
    return 0;
}

static int first_only(void *user, const char *name) {
    (void)collect(user, name);
    return 1;
}

static void profiles_are_listed_by_name(void **state) {
    struct call_fixture *f = *state;
    struct buf names = buf_in(f->base->arena, 64);
    assert_int_equal(postern_profile_list(f->directory, collect, &names), POSTERN_OK);
    assert_str(buf_view(&names), "");
    assert_int_equal(postern_profile_list("/nonexistent/postern", collect, &names), POSTERN_OK);
    assert_int_equal(postern_profile_write(f->directory, "zoe", NULL, 0), POSTERN_OK);
    assert_int_equal(postern_profile_write(f->directory, "ann", NULL, 0), POSTERN_OK);
    write_raw(f, "note.txt", "", 0600);
    write_raw(f, ".profile", "", 0600);
    assert_int_equal(postern_profile_list(f->directory, collect, &names), POSTERN_OK);
    assert_str(buf_view(&names), "ann zoe ");
    names.n = 0;
    assert_int_equal(postern_profile_list(f->directory, first_only, &names), POSTERN_OK);
    assert_str(buf_view(&names), "ann ");
}

static void a_removed_profile_is_gone(void **state) {
    struct call_fixture *f = *state;
    assert_int_equal(postern_profile_write(f->directory, "p", NULL, 0), POSTERN_OK);
    assert_int_equal(postern_profile_delete(f->directory, "p"), POSTERN_OK);
    assert_int_equal(postern_profile_delete(f->directory, "p"), POSTERN_USAGE);
    assert_non_null(strstr(postern_error_message(), "There is no profile 'p'"));
}

int main(void) {
    (void)setenv("POSTERN_CACHE_DIR", "/nonexistent/postern", 1);
    const struct CMUnitTest tests[] = {
        CALL_TEST(what_was_written_is_read),
        CALL_TEST(a_directory_is_made_for_it),
        CALL_TEST(names_are_no_paths),
        CALL_TEST(values_that_would_be_refused_are_not_written),
        CALL_TEST(mistakes_name_their_line),
        CALL_TEST(a_profile_that_others_can_read_is_refused),
        CALL_TEST(profiles_are_listed_by_name),
        CALL_TEST(a_removed_profile_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
