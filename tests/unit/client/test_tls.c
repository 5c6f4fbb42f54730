/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the client trusts: a server with certificates of an authority made for the test. */
#include "../fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <postern.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define DAY 86400L

struct world {
    EVP_PKEY *key; /* of everybody: it is the names that are tested */
    X509 *authority;
    char ca_file[32];
    SSL_CTX *context;
    int listener, port;
    pthread_t thread;
    atomic_int connections;
    const char *answer;
};

/* ---- certificates ---- */

static void extend(X509 *x, int nid, const char *value) {
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* From `from` to `until`, in seconds from now; signed by `authority`, or by itself. */
static X509 *certificate(struct world *w, const char *name, X509 *authority, long from,
                         long until) {
    X509 *x = X509_new();
    (void)X509_set_version(x, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(x), authority != NULL ? 2 : 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(x), from);
    (void)X509_gmtime_adj(X509_getm_notAfter(x), until);
    (void)X509_set_pubkey(x, w->key);
    (void)X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                     (const unsigned char *)name, -1, -1, 0);
    (void)X509_set_issuer_name(x, X509_get_subject_name(authority != NULL ? authority : x));
    if (authority == NULL) {
        extend(x, NID_basic_constraints, "critical,CA:TRUE");
    } else {
        char names[80];
        (void)snprintf(names, sizeof names, "DNS:%s", name);
        extend(x, NID_subject_alt_name, names);
    }
    assert_true(X509_sign(x, w->key, EVP_sha256()) > 0);
    return x;
}

/* ---- the server ---- */

static void serve_one(struct world *w, int fd) {
    SSL *ssl = SSL_new(w->context);
    char request[4096];
    (void)SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0) {
        (void)SSL_write(ssl, w->answer, (int)strlen(w->answer));
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
}

static void *serve(void *argument) {
    struct world *w = argument;
    sigset_t
        pipe; /* blocked here alone: a signal that the client's own writes raise ends the test */
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    for (;;) {
        int fd = accept(w->listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        atomic_fetch_add(&w->connections, 1);
        serve_one(w, fd);
        (void)close(fd);
    }
}

static void server_start(struct world *w, X509 *x) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    w->context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(w->context, x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(w->context, w->key), 1);
    X509_free(x);
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(w->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(w->listener, 8), 0);
    assert_int_equal(getsockname(w->listener, (struct sockaddr *)&a, &n), 0);
    w->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
}

static void server_stop(struct world *w) {
    (void)shutdown(w->listener, SHUT_RDWR);
    (void)pthread_join(w->thread, NULL);
    (void)close(w->listener);
    SSL_CTX_free(w->context);
}

static int world_begin(void **state) {
    struct world *w = calloc(1, sizeof *w);
    w->answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    w->key = EVP_EC_gen("P-256");
    w->authority = certificate(w, "Test Authority", NULL, -2 * DAY, 2 * DAY);
    (void)snprintf(w->ca_file, sizeof w->ca_file, "/tmp/postern-ca-XXXXXX");
    FILE *f = fdopen(mkstemp(w->ca_file), "w");
    assert_int_equal(PEM_write_X509(f, w->authority), 1);
    (void)fclose(f);
    *state = w;
    return 0;
}

static int world_end(void **state) {
    struct world *w = *state;
    (void)unlink(w->ca_file);
    X509_free(w->authority);
    EVP_PKEY_free(w->key);
    free(w);
    return 0;
}

/* ---- the client ---- */

/* Asks https://localhost with 2 retries; ca_file NULL: the system's authorities. */
static enum postern_code ask(struct world *w, const char *ca_file) {
    char url[64];
    struct postern *client;
    struct postern_response a = POSTERN_RESPONSE_INIT;
    struct postern_request r = POSTERN_REQUEST_INIT;
    struct postern_options o = POSTERN_OPTIONS_INIT;
    (void)snprintf(url, sizeof url, "https://localhost:%d", w->port);
    const struct postern_setting settings[] = {{"base_url", url}, {"ca_file", ca_file}};
    o.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE | POSTERN_NO_CACHE;
    o.settings = settings;
    o.settings_n = ca_file != NULL ? 2 : 1;
    r.path = "/";
    r.flags = POSTERN_ANONYMOUS;
    r.retries = 2;
    r.timeout_ms = 20000;
    assert_int_equal(postern_open(&o, &client), POSTERN_OK);
    enum postern_code code = postern_call(client, &r, &a);
    postern_response_done(&a);
    postern_close(client);
    return code;
}

static void assert_says(const char *text) {
    if (strstr(postern_error_message(), text) == NULL) {
        fail_msg("'%s' does not say '%s'", postern_error_message(), text);
    }
}

static void trusted(void **state) {
    struct world *w = *state;
    server_start(w, certificate(w, "localhost", w->authority, -DAY, DAY));
    assert_int_equal(ask(w, w->ca_file), POSTERN_OK);
    server_stop(w);
}

/* A bad certificate is as bad at the second attempt: one connection. */
static void not_trusted(void **state) {
    struct world *w = *state;
    server_start(w, certificate(w, "localhost", w->authority, -DAY, DAY));
    assert_int_equal(ask(w, NULL), POSTERN_TLS);
    assert_says("ca_file (--ca-file FILE, or POSTERN_CA_FILE)");
    assert_int_equal(atomic_load(&w->connections), 1);
    server_stop(w);
}

static void other_name(void **state) {
    struct world *w = *state;
    server_start(w, certificate(w, "other.example", w->authority, -DAY, DAY));
    assert_int_equal(ask(w, w->ca_file), POSTERN_TLS);
    assert_says("another host name");
    assert_int_equal(atomic_load(&w->connections), 1);
    server_stop(w);
}

static void out_of_time(void **state) {
    struct world *w = *state;
    server_start(w, certificate(w, "localhost", w->authority, -2 * DAY, -DAY));
    assert_int_equal(ask(w, w->ca_file), POSTERN_TLS);
    assert_says("has expired");
    assert_says("clock");
    server_stop(w);
    server_start(w, certificate(w, "localhost", w->authority, DAY, 2 * DAY));
    assert_int_equal(ask(w, w->ca_file), POSTERN_TLS);
    assert_says("not valid yet");
    assert_says("clock");
    server_stop(w);
}

static void authorities_that_cannot_be_read(void **state) {
    struct world *w = *state;
    server_start(w, certificate(w, "localhost", w->authority, -DAY, DAY));
    assert_int_equal(ask(w, "/nonexistent/ca.pem"), POSTERN_TLS);
    assert_says("ca_file");
    server_stop(w);
}

/* libcurl takes any end of a TLS connection for the end of an answer without a length; one with a
 * length is whole or an error. */
static void cut_short(void **state) {
    struct world *w = *state;
    w->answer = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\nhalf of";
    server_start(w, certificate(w, "localhost", w->authority, -DAY, DAY));
    assert_int_equal(ask(w, w->ca_file), POSTERN_ANSWER);
    assert_says("cut short");
    assert_int_equal(atomic_load(&w->connections), 3); /* it may be repeated: a GET */
    server_stop(w);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(trusted),
        IN_WORLD(not_trusted),
        IN_WORLD(other_name),
        IN_WORLD(out_of_time),
        IN_WORLD(authorities_that_cannot_be_read),
        IN_WORLD(cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
