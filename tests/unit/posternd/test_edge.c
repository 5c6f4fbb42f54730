/* SPDX-License-Identifier: Apache-2.0 */
/* edge.c: what is printed for nginx, and values that would end the directive they stand in. */
#include "posternd.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct log log;
    struct ctx cx;
};

static int setup(void **state) {
    struct fixture *f = test_calloc(1, sizeof *f);
    f->arena = arena_new();
    f->log = (struct log){.fd = -1};
    ctx_init(&f->cx, f->arena, &clock_system, NULL, &f->log);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    arena_free(f->arena);
    test_free(f);
    return 0;
}

static const struct edge_options usual = {.listen = "127.0.0.1:8443",
                                          .certificate = "/e/server.pem",
                                          .key = "/e/server.key",
                                          .upstream = "unix:/run/p.sock",
                                          .run_dir = "/e",
                                          .per_address = 512};

static err write(struct fixture *f, struct edge_options o, const char **ret) {
    struct buf b = buf_in(f->arena, 16384);
    err e = edge_config_write(&f->cx, &o, &b);
    *ret = str_z(f->arena, buf_view(&b));
    return e;
}

static void assert_has(struct fixture *f, struct edge_options o, const char *text) {
    const char *out;
    assert_int_equal(write(f, o, &out), OK);
    if (strstr(out, text) == NULL) {
        fail_msg("no '%s' in %s", text, out);
    }
}

static void assert_refused(struct fixture *f, struct edge_options o, const char *flag) {
    const char *out;
    err e = write(f, o, &out);
    if (e != ERR_BAD_CONFIG || strstr(failure_text(&f->cx), flag) == NULL || out[0] != '\0') {
        fail_msg("%s: %d, %s", flag, e, failure_text(&f->cx));
    }
}

static void every_word_of_the_template_is_filled_in(void **state) {
    struct fixture *f = *state;
    const char *out;
    assert_int_equal(write(f, usual, &out), OK);
    assert_null(strchr(out, '@'));
    assert_has(f, usual, "listen 127.0.0.1:8443 ssl http2;");
    assert_has(f, usual, "ssl_certificate \"/e/server.pem\";");
    assert_has(f, usual, "ssl_certificate_key \"/e/server.key\";");
    assert_has(f, usual, "server \"unix:/run/p.sock\" max_fails=0;");
    assert_has(f, usual, "pid \"/e/nginx.pid\";");
    assert_has(f, usual, "limit_conn edge_addresses 512;");
    assert_has(f, usual, "default 0;");
    assert_null(strstr(out, "\nuser "));
}

static void good_values_are_taken(void **state) {
    struct fixture *f = *state;
    struct edge_options o = usual;
    o.user = "www-data";
    assert_has(f, o, "\nuser www-data;\n");
    o.server_names = "Api.Example.com, *.example.com,api.example.com,::1,127.0.0.1";
    assert_has(f, o, "default 1; api.example.com 0; *.example.com 0; \"[::1]\" 0; 127.0.0.1 0;\n");
    static const char *const addresses[] = {"*:443", "[::1]:8443", "localhost:8443",
                                            "0.0.0.0:65535"};
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        o.listen = addresses[i];
        assert_has(f, o, addresses[i]);
    }
    o.upstream = "127.0.0.1:8420";
    assert_has(f, o, "server \"127.0.0.1:8420\" ");
    o.certificate = "/home/J\xc3\xb6rg Li/a+b=c,d~e:f.pem";
    assert_has(f, o, "\"/home/J\xc3\xb6rg Li/a+b=c,d~e:f.pem\"");
}

static void relative_paths_become_absolute(void **state) {
    struct fixture *f = *state;
    struct edge_options o = usual;
    const char *out;
    o.run_dir = "var/edge";
    o.upstream = "unix:p.sock";
    assert_int_equal(write(f, o, &out), OK);
    assert_null(strstr(out, "\"var/edge"));
    assert_null(strstr(out, "unix:p.sock"));
    assert_non_null(strstr(out, "/var/edge/nginx.pid\";"));
}

static void hostile_paths_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",
        "/a;b",
        "/a\nb",
        "/a\rb",
        "/a\tb",
        "/a\"b",
        "/a\"; include /x;#",
        "/a'b",
        "/a\\b",
        "/a$b",
        "/a${host}",
        "/a{b",
        "/a}b",
        "/a#b",
        "/a\x01"
        "b",
        "/a\x7f"
        "b",
        "/a@b",
        "/a@key@b",
        "/a\xff"
        "b",
        "/a\xc3",
        "/a|b",
        "/a`b",
        "/a*b",
        "/a?b",
        "/a<b",
        "/a(b)",
        "/a&b",
        "/a!b",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct edge_options certificate = usual, key = usual, run_dir = usual, upstream = usual;
        certificate.certificate = key.key = run_dir.run_dir = bad[i];
        upstream.upstream = str_z(f->arena, str_format(f->arena, "unix:%s", bad[i]));
        assert_refused(f, certificate, "--certificate");
        assert_refused(f, key, "--key");
        assert_refused(f, run_dir, "--run-dir");
        assert_refused(f, upstream, "--upstream");
    }
}

static void long_paths_are_refused(void **state) {
    struct fixture *f = *state;
    char path[2048];
    struct edge_options o = usual;
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[1024] = '\0';
    o.run_dir = path;
    assert_has(f, o, path);
    path[1024] = 'a';
    path[1025] = '\0';
    assert_refused(f, o, "--run-dir");
    o = usual;
    memcpy(path, "unix:/", 6);
    path[5 + 107] = '\0'; /* sun_path */
    o.upstream = path;
    assert_has(f, o, path);
    path[5 + 107] = 'a';
    path[5 + 108] = '\0';
    assert_refused(f, o, "--upstream");
}

static void hostile_addresses_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",
        "8443",
        ":8443",
        "localhost",
        "localhost:",
        "localhost:0",
        "localhost:65536",
        "a:b",
        "a:-1",
        "a:+1",
        "a:1 default_server",
        "a:1;",
        "a;b:1",
        "a b:1",
        "a\nb:1",
        "a:1}",
        "::1:8443",
        "[::1]",
        "[localhost]:1",
        "[::1:1",
        "[::1;]:1",
        "*.a.test:1",
        "$host:1",
        "unix",
        "http://a:1",
        "a:1/x",
        "**:1",
        "a_b:1",
        "a@b:1",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct edge_options listen = usual, upstream = usual;
        listen.listen = upstream.upstream = bad[i];
        assert_refused(f, listen, "--listen");
        assert_refused(f, upstream, "--upstream");
    }
    struct edge_options o = usual;
    o.upstream = "*:8420"; /* everywhere is no place to go to */
    assert_refused(f, o, "--upstream");
    o = usual;
    o.listen = "unix:/x"; /* a socket has no address to forward */
    assert_refused(f, o, "--listen");
}

static void hostile_names_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",         "a,",    "a b",     "a;b",       "a 0; default 0",
        "a\nb",     "a}",    "~.*",     "~^a$",      "$host",
        "\"a\"",    "a:443", "default", "hostnames", "include",
        "Volatile", "*",     "*.test",  "\\default", ".a.test",
        "a.test.",  "a/b",   "[::1]",   "a@b",       "a,include /etc/passwd",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct edge_options o = usual;
        o.server_names = bad[i];
        assert_refused(f, o, "--server-name");
    }
    struct buf b = buf_in(f->arena, 1024);
    for (int i = 0; i < EDGE_NAMES_MAX; i++) {
        buf_format(&b, "%sa%d.test", i > 0 ? "," : "", i);
    }
    struct edge_options o = usual;
    o.server_names = str_z(f->arena, buf_view(&b));
    assert_has(f, o, "a63.test 0;");
    buf_z(&b, ",one.more.test");
    o.server_names = str_z(f->arena, buf_view(&b));
    assert_refused(f, o, "--server-name");
}

static void hostile_users_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {
        "", "a b", "a;", "a\n", "-a", "a}", "a$b", "a/b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct edge_options o = usual;
        o.user = bad[i];
        assert_refused(f, o, "--user");
    }
}

#define EDGE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        EDGE_TEST(every_word_of_the_template_is_filled_in),
        EDGE_TEST(good_values_are_taken),
        EDGE_TEST(relative_paths_become_absolute),
        EDGE_TEST(hostile_paths_are_refused),
        EDGE_TEST(long_paths_are_refused),
        EDGE_TEST(hostile_addresses_are_refused),
        EDGE_TEST(hostile_names_are_refused),
        EDGE_TEST(hostile_users_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
