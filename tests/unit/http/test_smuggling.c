/* SPDX-License-Identifier: Apache-2.0 */
/* SECURITY `smuggling`: what two parsers may read as two different requests is refused and the
 * connection closed. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct bytes {
    const char *name, *p;
    size_t n;
};
#define BYTES(name, text)                                                                          \
    { name, text, sizeof(text) - 1 }
#define GET(headers)  "GET /hello HTTP/1.1\r\n" headers "\r\n"
#define POST(headers) "POST /echo HTTP/1.1\r\nHost: x\r\n" headers "\r\n"

static const struct bytes corpus[] = {
    /* RFC 9112 6.1, 6.3 */
    BYTES("TE and CL", POST("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") "0\r\n\r\n"),
    BYTES("CL and TE", POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n"),
    BYTES("odd TE", POST("Transfer-Encoding: xchunked\r\n") "0\r\n\r\n"),
    BYTES("TE list", POST("Transfer-Encoding: gzip, chunked\r\n") "0\r\n\r\n"),
    BYTES("TE identity", POST("Transfer-Encoding: identity\r\n")),
    BYTES("TE twice",
          POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n"),
    BYTES("TE with a tab", POST("Transfer-Encoding: \x0b"
                                "chunked\r\n") "0\r\n\r\n"),
    BYTES("TE in 1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BYTES("TE quoted", POST("Transfer-Encoding: \"chunked\"\r\n") "0\r\n\r\n"),
    BYTES("CL twice, same", POST("Content-Length: 3\r\nContent-Length: 3\r\n") "a=1"),
    BYTES("CL twice, other", POST("Content-Length: 3\r\nContent-Length: 4\r\n") "a=1"),
    BYTES("CL list", POST("Content-Length: 3, 3\r\n") "a=1"),
    BYTES("CL signed", POST("Content-Length: +3\r\n") "a=1"),
    BYTES("CL negative", POST("Content-Length: -3\r\n") "a=1"),
    BYTES("CL hexadecimal", POST("Content-Length: 0x3\r\n") "a=1"),
    BYTES("CL empty", POST("Content-Length:\r\n") "a=1"),
    BYTES("CL with blank", POST("Content-Length: 3 3\r\n") "a=1"),
    /* RFC 9112 3.2 */
    BYTES("Host twice, same", GET("Host: x\r\nHost: x\r\n")),
    BYTES("Host twice, other", GET("Host: x\r\nhOST: y\r\n")),
    BYTES("Host missing", GET("")),
    BYTES("Host with path", GET("Host: x/y\r\n")),
    BYTES("Host with user", GET("Host: a@x\r\n")),
    BYTES("Host list", GET("Host: x, y\r\n")),
    BYTES("Host not ASCII", GET("Host: \xc3\xa9\r\n")),
    BYTES("Authorization twice",
          GET("Host: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n")),
    BYTES("Content-Type twice",
          POST("Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n")),
    BYTES("Origin twice", GET("Host: x\r\nOrigin: https://a\r\nOrigin: https://b\r\n")),
    BYTES("Cookie twice", GET("Host: x\r\nCookie: a=b\r\nCookie: c=d\r\n")),
    /* RFC 9112 3.2.2, 3.2.3 */
    BYTES("absolute URI", "GET http://x/hello HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("authority form", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("asterisk form", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("relative", "GET hello HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("no target", "GET HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("fragment", "GET /hello#x HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("blank in the path", "GET /hel lo HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("blank in the query", "GET /hello?a b HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("two blanks", "GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("two blanks after", "GET /hello  HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("blank at the end", "GET /hello HTTP/1.1 \r\nHost: x\r\n\r\n"),
    BYTES("tab in the line", "GET\t/hello HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("HTTP/0.9", "GET /hello\r\n\r\n"),
    BYTES("HTTP/1.2", "GET /hello HTTP/1.2\r\nHost: x\r\n\r\n"),
    BYTES("HTTP/2.0", "GET /hello HTTP/2.0\r\nHost: x\r\n\r\n"),
    BYTES("http/1.1", "GET /hello http/1.1\r\nHost: x\r\n\r\n"),
    BYTES("method with NUL", "G\0T /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
    /* RFC 9112 2.2, 5.2: only CR LF ends a line; folds are gone */
    BYTES("bare LF everywhere", "GET /hello HTTP/1.1\nHost: x\n\n"),
    BYTES("bare LF after the line", "GET /hello HTTP/1.1\nHost: x\r\n\r\n"),
    BYTES("bare LF after a header", "GET /hello HTTP/1.1\r\nHost: x\nX: y\r\n\r\n"),
    BYTES("bare LF after the last", "GET /hello HTTP/1.1\r\nHost: x\n\r\n"),
    BYTES("bare LF at the end", "GET /hello HTTP/1.1\r\nHost: x\r\n\n"),
    BYTES("bare CR", GET("Host: x\rX: y\r\n")),
    BYTES("bare CR in a value", GET("Host: x\r\nX: a\rb\r\n")),
    BYTES("fold", GET("Host: x\r\nX: a\r\n b\r\n")),
    BYTES("fold with tab", GET("Host: x\r\nX: a\r\n\tb\r\nY: c\r\n")),
    BYTES("fold of the first", "GET /hello HTTP/1.1\r\n Host: x\r\n\r\n"),
    BYTES("fold hides CL", POST("X: a\r\n Content-Length: 5\r\nContent-Length: 3\r\n") "a=1"),
    /* RFC 9112 5.1 */
    BYTES("blank before the colon", GET("Host : x\r\n")),
    BYTES("tab before the colon", GET("Host\t: x\r\n")),
    BYTES("blank before TE's colon",
          POST("Transfer-Encoding : chunked\r\nContent-Length: 3\r\n") "a=1"),
    BYTES("blank before the name", GET("Host: x\r\nX: y\r\n Z: w\r\n")),
    BYTES("no colon", GET("Host: x\r\nnonsense\r\n")),
    BYTES("no name", GET("Host: x\r\n: y\r\n")),
    BYTES("bad name", GET("Host: x\r\nX(Y): z\r\n")),
    BYTES("quote in the name", GET("Host: x\r\n\"X\": z\r\n")),
    /* NUL and controls */
    BYTES("NUL in the path", "GET /hello\0x HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("NUL in the query", "GET /hello?a\0b HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("NUL ends the query", "GET /hello?\0 HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("NUL in a name", GET("Host: x\r\nX\0Y: z\r\n")),
    BYTES("NUL in a value", GET("Host: x\r\nX: y\0z\r\nY: w\r\n")),
    BYTES("NUL in the last value", GET("Host: x\r\nX: y\0z\r\n")),
    BYTES("NUL ends a value", GET("Host: x\r\nX: y\0\r\n")),
    BYTES("NUL in Host", GET("Host: x\0y\r\nX: z\r\n")),
    BYTES("control in a value", GET("Host: x\r\nX: a\x01z\r\n")),
    BYTES("DEL in a value", GET("Host: x\r\nX: a\x7fz\r\n")),
    BYTES("control in the path", "GET /hel\x01lo HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("not ASCII in the path", "GET /h\xc3\xa9llo HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("%00 in the path", "GET /hello%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("%00 in the query", "GET /hello?a=%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("%0d%0a in the path", "GET /hello%0d%0aX:y HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("%7f in the path", "GET /hello%7f HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("%5c in the path", "GET /things/a%5cb HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("%2f in the path", "GET /things%2fa HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("%2F in the path", "GET /things/a%2Fb HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("stray % in the path", "GET /hello% HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("bad digits", "GET /hello%zz HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("not UTF-8", "GET /things/%ff HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("overlong", "GET /things/%c0%af HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("dot segment", "GET /things/../hello HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("encoded dot segment", "GET /things/%2e%2e/hello HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("one dot", "GET /./hello HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("dot at the end", "GET /things/.. HTTP/1.1\r\nHost: x\r\n\r\n"),
    BYTES("chunk size is no number",
          POST("Transfer-Encoding: chunked\r\n") "zz\r\na=1\r\n0\r\n\r\n"),
    BYTES("chunk size with 0x", POST("Transfer-Encoding: chunked\r\n") "0x3\r\na=1\r\n0\r\n\r\n"),
    BYTES("chunk without end", POST("Transfer-Encoding: chunked\r\n") "3\r\na=1XX0\r\n\r\n"),
};

/* Refused, the connection closed, and what follows on it never read as a request. (Some refusals
 * are the library's own: they have no body of ours, or none at all.) */
static void smuggling_is_refused_and_the_connection_closed(void **state) {
    struct harness *h = *state;
    static const char next[] = "GET /hello HTTP/1.1\r\nHost: smuggled\r\n\r\n";
    for (size_t i = 0; i < COUNT_OF(corpus); i++) {
        char request[1024];
        assert_true(corpus[i].n + sizeof next < sizeof request);
        memcpy(request, corpus[i].p, corpus[i].n);
        memcpy(request + corpus[i].n, next, sizeof next - 1);
        int fd = client_connect(http_server_address(h->server));
        client_send(fd, request, corpus[i].n + sizeof next - 1);
        (void)client_read_all(fd, h->answer, sizeof h->answer);
        close(fd);
        if (strstr(h->answer, "HTTP/1.1 2") != NULL || strstr(h->answer, "world") != NULL) {
            fail_msg("%s: answered: %s", corpus[i].name, h->answer);
        }
    }
}

/* What libmicrohttpd lets through is answered by us, with a body that says what is wrong. */
static void smuggling_that_we_see_is_400_and_says_why(void **state) {
    struct harness *h = *state;
    static const char *const ours[] = {"TE and CL",
                                       "odd TE",
                                       "CL twice, same",
                                       "Host missing",
                                       "blank in the path",
                                       "Host twice, same",
                                       "Authorization twice",
                                       "absolute URI",
                                       "bare LF after a header",
                                       "bare LF at the end",
                                       "fold",
                                       "blank before the colon",
                                       "NUL in the path",
                                       "NUL in the last value",
                                       "%00 in the path",
                                       "control in a value",
                                       "encoded dot segment"};
    size_t found = 0;
    for (size_t i = 0; i < COUNT_OF(corpus); i++) {
        for (size_t k = 0; k < COUNT_OF(ours); k++) {
            if (strcmp(corpus[i].name, ours[k]) != 0) {
                continue;
            }
            found++;
            assert_int_equal(ask(h, corpus[i].p, corpus[i].n), 400);
            if (!answer_has(h, "\"error\":\"invalid_request\"") ||
                !answer_has(h, "Connection: close")) {
                fail_msg("%s: %s", corpus[i].name, h->answer);
            }
        }
    }
    assert_int_equal(found, COUNT_OF(ours));
}

/* The strictness refuses nothing that is well formed, however it arrives. */
static void smuggling_checks_let_good_requests_through(void **state) {
    struct harness *h = *state;
    static const char *const good[] = {
        GET("Host: x\r\nConnection: close\r\n"),
        GET("Connection: close\r\nHost: localhost:8420\r\nX-Empty:\r\nX-Blank: \r\nX-Tabs:\t a "
            "\t\r\n"),
        GET("host:x\r\nconnection:close\r\n"),
        GET("Host: [::1]:8420\r\nConnection: close\r\nCookie: a=b; c=d\r\n"),
        GET("Host: x\r\nConnection: close\r\nX: \xc3\xa9\r\n"),
        "GET /hello HTTP/1.0\r\n\r\n",
        "GET /hello? HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /hello?a=b&c=%41&d=\xc3\xa9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        POST("Connection: close\r\ntransfer-encoding: Chunked\r\n") "3\r\na=1\r\n0\r\n\r\n",
        POST("Connection: close\r\nContent-Length: 3\r\nAuthorization:\r\n") "a=1",
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (ask_z(h, good[i]) != 200) {
            fail_msg("refused: %s\n%s", good[i], h->answer);
        }
        int fd = client_connect(http_server_address(h->server));
        for (const char *p = good[i]; *p != '\0'; p++) {
            client_send(fd, p, 1);
        }
        (void)client_read_all(fd, h->answer, sizeof h->answer);
        close(fd);
        if (status_of(h->answer) != 200) {
            fail_msg("refused byte by byte: %s\n%s", good[i], h->answer);
        }
    }
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SERVER_TEST(smuggling_is_refused_and_the_connection_closed),
        SERVER_TEST(smuggling_that_we_see_is_400_and_says_why),
        SERVER_TEST(smuggling_checks_let_good_requests_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
