/* SPDX-License-Identifier: Apache-2.0 */
/* A request of a browser, for the tests of web/ that need no database. */
#ifndef POSTERN_TEST_WEB_FIXTURE_H
#define POSTERN_TEST_WEB_FIXTURE_H

#include "../fixture.h"
/* cmocka has a fail() of its own. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)
#include "web_internal.h"

struct visit {
    struct environment environment;
    struct param headers[4];
    struct request rq;
    struct reply rp;
};

static inline void visit_begin(struct visit *v, const char *issuer) {
    *v = (struct visit){.environment = {.id = STR("e"), .issuer = str_from(issuer)}};
    v->rq = (struct request){.method = HTTP_GET,
                             .path = STR("/auth/login"),
                             .host = STR("evil.example"),
                             .correlation = STR("c-1"),
                             .headers = {v->headers, 0},
                             .environment = &v->environment};
}

static inline void visit_header(struct visit *v, const char *name, const char *value) {
    v->headers[v->rq.headers.n++] = (struct param){str_from(name), str_from(value)};
}

/* The value of a header of the reply; STR_NONE if it has none. */
static inline struct str reply_value(const struct reply *rp, const char *name) {
    for (size_t i = 0; i < rp->headers_n; i++) {
        if (str_is(rp->headers[i].name, name)) {
            return rp->headers[i].value;
        }
    }
    return STR_NONE;
}

static inline bool has(struct str text, const char *part) {
    return text.p != NULL && memmem(text.p, text.n, part, strlen(part)) != NULL;
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        struct str has_ = (text);                                                                  \
        if (!has(has_, (part))) {                                                                  \
            fail_msg("no '%s' in '%.*s'", (part), STR_ARG(has_));                                  \
        }                                                                                          \
    } while (0)
#define assert_has_not(text, part)                                                                 \
    do {                                                                                           \
        struct str has_ = (text);                                                                  \
        if (has(has_, (part))) {                                                                   \
            fail_msg("'%s' is in '%.*s'", (part), STR_ARG(has_));                                  \
        }                                                                                          \
    } while (0)

#endif
