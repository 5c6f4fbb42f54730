/* SPDX-License-Identifier: Apache-2.0 */
/* Where the master key comes from, and which ones are refused. */
#include "crypto.h"
#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOOD "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyE"

struct files {
    char folder[64];
    char file[96];
};

static struct files files_make(void) {
    struct files s = {.folder = "/tmp/postern-key-XXXXXX"};
    assert_non_null(mkdtemp(s.folder));
    (void)snprintf(s.file, sizeof s.file, "%s/master.key", s.folder);
    return s;
}

static void file_put(const struct files *s, const char *text, mode_t mode) {
    unlink(s->file);
    FILE *to = fopen(s->file, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
    assert_int_equal(chmod(s->file, mode), 0);
}

/* How many files the folder has; removes them and it. */
static int files_remove(const struct files *s) {
    int n = 0;
    DIR *d = opendir(s->folder);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] != '.') {
            assert_int_equal(unlinkat(dirfd(d), e->d_name, 0), 0);
            n++;
        }
    }
    closedir(d);
    assert_int_equal(rmdir(s->folder), 0);
    return n;
}

static void the_environment_comes_first(void **state) {
    struct fixture *f = *state;
    struct seal_key key;
    assert_int_equal(master_key_load(&f->cx, STR(GOOD), "/nonexistent/key", true, &key), OK);
    assert_str(base64url(f->arena, key.bytes, sizeof key.bytes), GOOD);
}

static void a_file_of_the_owner_alone_is_read(void **state) {
    struct fixture *f = *state;
    struct files s = files_make();
    struct seal_key key;
    file_put(&s, GOOD "\n", 0600);
    assert_int_equal(master_key_load(&f->cx, STR_NONE, s.file, false, &key), OK);
    assert_str(base64url(f->arena, key.bytes, sizeof key.bytes), GOOD);
    file_put(&s, GOOD, 0400);
    assert_int_equal(master_key_load(&f->cx, STR_NONE, s.file, false, &key), OK);
    files_remove(&s);
}

static void a_missing_file_is_made_once_and_kept(void **state) {
    struct fixture *f = *state;
    struct files s = files_make();
    struct seal_key key, again;
    struct stat st;
    assert_int_equal(master_key_load(&f->cx, STR_NONE, s.file, false, &key), ERR_BAD_CONFIG);
    assert_reason(f, "no master key");
    f->next_random = 100;
    umask(0); /* the mode must not depend on it */
    f->cx.random = &random_system;
    assert_int_equal(master_key_load(&f->cx, STR_NONE, s.file, true, &key), OK);
    umask(022);
    assert_int_equal(stat(s.file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(master_key_load(&f->cx, STR_NONE, s.file, true, &again), OK);
    assert_memory_equal(key.bytes, again.bytes, sizeof key.bytes);
    assert_int_equal(files_remove(&s), 1); /* no temporary file is left */
}

struct racer {
    const char *file;
    struct seal_key key;
    err e;
};

static void *race(void *argument) {
    struct racer *r = argument;
    struct arena *arena = arena_new();
    struct log log = {.fd = -1};
    struct ctx cx;
    ctx_init(&cx, arena, &clock_system, &random_system, &log);
    r->e = master_key_load(&cx, STR_NONE, r->file, true, &r->key);
    arena_free(arena);
    return NULL;
}

static void first_starts_at_once_agree(void **state) {
    (void)state;
    struct files s = files_make();
    struct racer racers[8];
    pthread_t threads[8];
    for (size_t i = 0; i < COUNT_OF(racers); i++) {
        racers[i].file = s.file;
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(racers); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(racers[i].e, OK);
        assert_memory_equal(racers[i].key.bytes, racers[0].key.bytes, SEAL_KEY_SIZE);
    }
    assert_int_equal(files_remove(&s), 1);
}

static void a_file_that_others_can_read_is_refused(void **state) {
    struct fixture *f = *state;
    struct files s = files_make();
    struct seal_key key;
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0644, 0610};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        file_put(&s, GOOD "\n", modes[i]);
        assert_int_equal(master_key_load(&f->cx, STR_NONE, s.file, true, &key), ERR_BAD_CONFIG);
        assert_reason(f, "others");
    }
    files_remove(&s);
}

static void malformed_keys_are_refused_and_not_repeated(void **state) {
    struct fixture *f = *state;
    struct files s = files_make();
    struct seal_key key;
    static const char *const bad[] = {"",
                                      "\n",
                                      "short",
                                      GOOD "A",
                                      GOOD "=",
                                      GOOD "\n" GOOD,
                                      "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHy!",
                                      "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyF"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct seal_key kept = {{7}};
        key = kept;
        file_put(&s, bad[i], 0600);
        assert_int_equal(master_key_load(&f->cx, STR_NONE, s.file, true, &key), ERR_BAD_CONFIG);
        assert_memory_equal(key.bytes, kept.bytes, sizeof key.bytes);
        assert_null(strstr(f->cx.failure.detail, "AQID"));
    }
    assert_int_equal(master_key_load(&f->cx, STR(""), s.file, true, &key), ERR_BAD_CONFIG);
    assert_reason(f, "POSTERN_MASTER_KEY");
    files_remove(&s);
}

static void defaults_example_keys_are_refused(void **state) {
    struct fixture *f = *state;
    struct seal_key key;
    unsigned char bytes[SEAL_KEY_SIZE];
    static const unsigned char same[] = {0, 'A', 0xff};
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        memset(bytes, same[i], sizeof bytes);
        struct str text = base64url(f->arena, bytes, sizeof bytes);
        assert_int_equal(master_key_load(&f->cx, text, NULL, false, &key), ERR_BAD_CONFIG);
        assert_reason(f, "example");
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)i;
    }
    struct str text = base64url(f->arena, bytes, sizeof bytes);
    assert_int_equal(master_key_load(&f->cx, text, NULL, false, &key), ERR_BAD_CONFIG);
}

static void what_is_no_regular_file_is_refused(void **state) {
    struct fixture *f = *state;
    struct files s = files_make();
    struct seal_key key;
    assert_int_equal(master_key_load(&f->cx, STR_NONE, s.folder, true, &key), ERR_BAD_CONFIG);
    assert_int_equal(mkfifo(s.file, 0600), 0);
    assert_int_equal(master_key_load(&f->cx, STR_NONE, s.file, true, &key), ERR_BAD_CONFIG);
    assert_int_equal(master_key_load(&f->cx, STR_NONE, "/nonexistent/folder/key", true, &key),
                     ERR_BAD_CONFIG);
    files_remove(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_environment_comes_first),
        TEST(a_file_of_the_owner_alone_is_read),
        TEST(a_missing_file_is_made_once_and_kept),
        TEST(first_starts_at_once_agree),
        TEST(a_file_that_others_can_read_is_refused),
        TEST(malformed_keys_are_refused_and_not_repeated),
        TEST(defaults_example_keys_are_refused),
        TEST(what_is_no_regular_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
