/* SPDX-License-Identifier: Apache-2.0 */
/* A request's head: "target LF name:value LF ...", as the socket's side would hand it over. */
#include "http_internal.h"
#include "target.h"

static void head_check(const struct request *rq) {
    HOLDS(rq->path.n > 0 && rq->path.p[0] == '/');
    HOLDS(rq->query.n <= HTTP_QUERY_MAX && rq->headers.n <= HTTP_HEADERS_MAX);
    HOLDS(rq->correlation.n > 0 && rq->host.n <= HTTP_HOST_MAX);
    HOLDS(str_is(rq->scheme, "http") || str_is(rq->scheme, "https"));
    HOLDS(request_header(rq, "transfer-encoding").p == NULL || request_content_length(rq) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    struct str rest = t.input, line;
    struct param headers[HTTP_HEADERS_MAX + 1];
    struct request_head head = {.method = STR("POST"),
                                .target = STR(""),
                                .version = STR("HTTP/1.1"),
                                .headers = {headers, 0},
                                .peer = STR("127.0.0.1"),
                                .strict = true};
    (void)str_next(&rest, '\n', &head.target);
    while (head.headers.n <= HTTP_HEADERS_MAX && str_next(&rest, '\n', &line)) {
        size_t at = str_find_char(line, ':');
        headers[head.headers.n++] =
            (struct param){str_sub(line, 0, at), str_sub(line, at + 1, line.n)};
    }
    for (int front = 0; front < 2; front++) {
        struct request rq = {.id = STR("id")};
        head.behind_front = front != 0;
        if (request_read(&t.cx, &head, &rq) == OK) {
            head_check(&rq);
        }
    }
    target_done(&t);
    return 0;
}
