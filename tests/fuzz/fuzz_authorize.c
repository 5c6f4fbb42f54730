/* SPDX-License-Identifier: Apache-2.0 */
/* An authorization request, and its stored form (input that begins with '{'): a redirect goes to a
 * registered address and nowhere else, state comes back byte for byte, what was kept comes back
 * whole. */
#include "oauth_internal.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct application application = {
    .application_id = {"app", 3},
    .tenant_id = {"tenant", 6},
    .type = {"public", 6},
    .scope = {"openid analytics-query", 22},
    .redirects = {"[\"https://a.example/cb\",\"http://127.0.0.1/cb\"]", 46},
    .response_types = {"[\"code\",\"code id_token\",\"id_token token\"]", 42},
};

static void kept_check(struct ctx *cx, const struct authorize *r) {
    struct authorize again;
    struct str kept = authorize_write(cx->arena, r);
    MUST(authorize_stored_parse(cx, kept, &again) == OK);
    MUST(str_eq(authorize_write(cx->arena, &again), kept));
    MUST(str_eq(again.state, r->state) && str_eq(again.nonce, r->nonce));
}

static void location_check(const struct reply *rp, const struct authorize *r) {
    for (size_t i = 0; i < rp->headers_n; i++) {
        struct str value = rp->headers[i].value;
        if (str_is(rp->headers[i].name, "Location")) {
            MUST(str_eq(str_sub(value, 0, r->redirect_uri.n), r->redirect_uri));
        }
        for (size_t k = 0; k < value.n; k++) {
            MUST(value.p[k] >= 0x20 && value.p[k] < 0x7f);
        }
    }
}

static void form_check(struct ctx *cx, const struct request *rq, const struct authorize *r,
                       const struct authorize_form *form, struct reply *rp) {
    (void)cx;
    (void)rq;
    MUST(str_eq(form->action, r->redirect_uri) && form->n > 0);
    rp->status = 200;
}

static void request_run(struct ctx *cx, const struct environment *e, struct str text) {
    static const struct form_rules rules = {.max = HTTP_QUERY_MAX, .plus = true};
    struct request rq = {.method = HTTP_GET, .environment = e};
    struct authorize r = {.application = application, .max_age = -1, .response_mode = STR("query")};
    struct params all;
    struct reply rp = {.status = 0};
    bool redirects = false;
    if (form_parse(cx, text, &rules, &all) != OK) {
        return;
    }
    err result = authorize_known_read(cx, &rq, &all, &r, &redirects);
    if (redirects) {
        MUST(redirect_uri_registered(cx, &application, r.redirect_uri));
        r.form = form_check;
        authorize_refuse(cx, &rq, &r, "access_denied", "no", &rp);
        location_check(&rp, &r);
    }
    if (result == OK) {
        struct str state;
        MUST(redirects && params_one(cx, &all, "state", &state) == OK);
        MUST(str_empty(state) ? r.state.p == NULL : str_eq(state, r.state));
        MUST((r.response_type & RESPONSE_CODE) == 0 || r.code_challenge.n > 0);
        kept_check(cx, &r);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    unsigned char secret[REFRESH_KEY_SIZE] = "0123456789abcdef0123456789abcde";
    struct clock clock = clock_fixed(INT64_C(1800000000000));
    struct log log = {.fd = -1, .level = LOG_ERROR, .clock = &clock};
    struct arena *arena = arena_new();
    struct ctx cx;
    ctx_init(&cx, arena, &clock, &random_system, &log);
    struct keyring keys = {.refresh_key = {secret, sizeof(secret)}};
    struct environment e = {.issuer = STR("https://cxone.example.com"), .keys = &keys};
    struct str text = {(const char *)data, size};
    struct authorize r;
    if (size > 0 && data[0] == '{') {
        if (authorize_stored_parse(&cx, text, &r) == OK) {
            kept_check(&cx, &r);
        }
    } else {
        request_run(&cx, &e, text);
    }
    arena_free(arena);
    return 0;
}
