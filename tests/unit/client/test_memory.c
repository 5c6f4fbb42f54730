/* SPDX-License-Identifier: Apache-2.0 */
/* The library never aborts: every allocation fails once, in the library, in OpenSSL and in jansson,
 * and each time the call says so and leaves nothing behind (LeakSanitizer looks). */
#include "call_fixture.h"

#include <openssl/crypto.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static long countdown = -1; /* allocations until one fails; -1: none does */
static bool has_failed;

static bool fails(void) {
    if (countdown == 0) {
        has_failed = true;
        countdown = -1;
        return true;
    }
    countdown -= countdown > 0;
    return false;
}

void *__wrap_malloc(size_t n) {
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n) {
    return fails() ? NULL : __real_realloc(p, n);
}

static void *ssl_malloc(size_t n, const char *file, int line) {
    (void)file;
    (void)line;
    return __wrap_malloc(n);
}

static void *ssl_realloc(void *p, size_t n, const char *file, int line) {
    (void)file;
    (void)line;
    return __wrap_realloc(p, n);
}

static void ssl_free(void *p, const char *file, int line) {
    (void)file;
    (void)line;
    free(p);
}

#define SETTINGS                                                                                   \
    {"issuer", "https://cxone.example"}, {"client_id", "c"}, {"client_secret", "s"},               \
        {"access_key_id", "k"}, {                                                                  \
        "access_key_secret", "t"                                                                   \
    }

static enum postern_code work(const char *directory, const char *token) {
    struct postern_options o = POSTERN_OPTIONS_INIT;
    const struct postern_setting s[] = {SETTINGS};
    struct postern *p;
    o.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE;
    o.cache_dir = directory;
    o.settings = s;
    o.settings_n = COUNT_OF(s);
    enum postern_code code = postern_open(&o, &p);
    if (code != POSTERN_OK) {
        return code;
    }
    struct postern_token t = POSTERN_TOKEN_INIT;
    code = postern_token_get(p, POSTERN_CACHED, NULL, &t);
    postern_token_done(&t);
    char *json = NULL;
    if (code == POSTERN_OK) {
        code = postern_jwt_decode(token, &json);
        postern_free(json);
    }
    postern_close(p);
    return code;
}

/* A cache as a client leaves it, for the settings above. */
static void cache_fill(struct call_fixture *f, const char *token) {
    struct postern_options o = POSTERN_OPTIONS_INIT;
    const struct postern_setting s[] = {SETTINGS};
    o.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE;
    o.cache_dir = f->directory;
    o.settings = s;
    o.settings_n = COUNT_OF(s);
    postern_close(f->p);
    assert_int_equal(postern_open(&o, &f->p), POSTERN_OK);
    f->k->p = f->p;
    struct state *known = state_new(f->k);
    int64_t now = clock_system.now_ms(&clock_system) / 1000;
    known->access_token = known->id_token = str_from(token);
    known->token_type = STR("Bearer");
    known->obtained_at = now;
    known->expires_at = known->renew_at = now + 3600;
    assert_int_equal(cache_write(f->k, known), OK);
}

static void every_allocation_fails_once(void **state) {
    struct call_fixture *f = *state;
    const char *token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.YWJj";
    cache_fill(f, token);
    assert_int_equal(work(f->directory, token), POSTERN_OK);
    int failures = 0;
    for (long n = 0;; n++) {
        countdown = n;
        has_failed = false;
        enum postern_code code = work(f->directory, token);
        countdown = -1;
        if (!has_failed) {
            assert_int_equal(code, POSTERN_OK);
            break;
        }
        /* A cache that could not be read for want of memory may look like none. */
        if (code != POSTERN_OK && code != POSTERN_MEMORY && code != POSTERN_NO_TOKEN &&
            code != POSTERN_TOKEN) {
            fail_msg("allocation %ld: %s", n, postern_error_message());
        }
        failures += code == POSTERN_MEMORY;
    }
    assert_true(failures > 20);
}

int main(void) {
    assert_int_equal(CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free), 1);
    json_set_alloc_funcs(__wrap_malloc, free);
    const struct CMUnitTest tests[] = {CALL_TEST(every_allocation_fails_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
