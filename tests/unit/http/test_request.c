/* SPDX-License-Identifier: Apache-2.0 */
/* request.c: headers, credentials, parameters. */
#include "../fixture.h"

#include "http.h"

static struct request with_authorization(struct fixture *f, const char *value) {
    struct request rq = {.method = HTTP_POST};
    rq.headers.v = NEW(f->arena, struct param);
    rq.headers.v[0] = (struct param){STR("authorization"), str_from(value)};
    rq.headers.n = value != NULL ? 1 : 0;
    return rq;
}

static void headers_are_found_by_name(void **state) {
    struct request rq = with_authorization(*state, "x");
    assert_str(request_header(&rq, "authorization"), "x");
    assert_null(request_header(&rq, "authorizatio").p);
    assert_null(request_header(&rq, "host").p);
}

static void basic(struct fixture *f, const char *header, const char *user, const char *password) {
    struct request rq = with_authorization(f, header);
    bool found;
    struct str u, p;
    assert_int_equal(request_basic(&f->cx, &rq, &found, &u, &p), OK);
    assert_true(found);
    assert_str(u, user);
    assert_str(p, password);
}

/* RFC 7617 2 and PROTOCOL 12.3 */
static void basic_is_read_in_any_case_and_left_encoded(void **state) {
    basic(*state, "Basic dTpw", "u", "p");
    basic(*state, "bAsIc   dTpw  ", "u", "p");
    basic(*state, "Basic dTpwOnE=", "u", "p:q");
    basic(*state, "Basic dSUzQTpwJTJC", "u%3A", "p%2B");
    basic(*state, "Basic Og==", "", "");
    basic(*state, "Basic Og", "", ""); /* unpadded */
}

static void no_or_an_empty_authorization_is_none(void **state) {
    struct fixture *f = *state;
    static const char *const none[] = {NULL, "", "  ", "Bearer abc", "Basicx dTpw"};
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        struct request rq = with_authorization(f, none[i]);
        bool found = true;
        struct str u, p;
        assert_int_equal(request_basic(&f->cx, &rq, &found, &u, &p), OK);
        assert_false(found);
    }
}

static void malformed_basic_is_invalid_client(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"Basic",      "Basic ",          "Basic !!!",
                                      "Basic dXA=", "Basic dTpw dTpw", "Basic dQA6cA==",
                                      "Basic /zpw"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct request rq = with_authorization(f, bad[i]);
        bool found;
        struct str u, p;
        assert_int_equal(request_basic(&f->cx, &rq, &found, &u, &p), ERR_INVALID_CLIENT);
    }
}

/* RFC 6750 2.1 */
static void bearer_tokens_are_read(void **state) {
    struct fixture *f = *state;
    struct str token;
    struct request rq = with_authorization(f, "bearer  abc.def-_~+/=");
    assert_int_equal(request_bearer(&f->cx, &rq, &token), OK);
    assert_str(token, "abc.def-_~+/=");
    rq = with_authorization(f, " ");
    assert_int_equal(request_bearer(&f->cx, &rq, &token), OK);
    assert_null(token.p);
    rq = with_authorization(f, "Basic dTpw");
    assert_int_equal(request_bearer(&f->cx, &rq, &token), ERR_TOKEN_MISSING);
    rq = with_authorization(f, "Bearer");
    assert_int_equal(request_bearer(&f->cx, &rq, &token), ERR_TOKEN_MISSING);
    rq = with_authorization(f, "Bearer a b");
    assert_int_equal(request_bearer(&f->cx, &rq, &token), ERR_INVALID_TOKEN);
}

static void form_parameters_are_single(void **state) {
    struct fixture *f = *state;
    struct param form[] = {{STR("a"), STR("1")}, {STR("b"), STR("2")}, {STR("b"), STR("2")}};
    struct param query[] = {{STR("a"), STR("1")}, {STR("q"), STR("3")}};
    struct request rq = {.form = {form, 3}};
    struct str value;
    assert_int_equal(request_param(&f->cx, &rq, "a", &value), OK);
    assert_str(value, "1");
    assert_int_equal(request_param(&f->cx, &rq, "none", &value), OK);
    assert_null(value.p);
    assert_int_equal(request_param(&f->cx, &rq, "b", &value), ERR_INVALID_REQUEST);
    rq.query = (struct params){query, 2};
    assert_int_equal(request_query(&f->cx, &rq, "q", &value), OK);
    assert_str(value, "3");
    assert_int_equal(request_param(&f->cx, &rq, "q", &value), OK); /* the query alone is not ours */
    assert_null(value.p);
}

static void param_pollution_query_and_body(void **state) {
    struct fixture *f = *state;
    struct param one[] = {{STR("a"), STR("1")}};
    struct request rq = {.form = {one, 1}, .query = {one, 1}};
    struct str value;
    assert_int_equal(request_param(&f->cx, &rq, "a", &value), ERR_INVALID_REQUEST);
    json_t *json;
    assert_int_equal(json_parse(&f->cx, STR("{\"a\":null}"), &json), OK);
    rq = (struct request){.json = json, .query = {one, 1}};
    assert_int_equal(request_param(&f->cx, &rq, "a", &value), ERR_INVALID_REQUEST);
}

static void json_scalars_become_text(void **state) {
    struct fixture *f = *state;
    json_t *json;
    assert_int_equal(json_parse(&f->cx,
                                STR("{\"s\":\"x\\u00e9\",\"i\":-7,\"r\":0.5,\"t\":true,\"f\":false,"
                                    "\"n\":null,\"o\":{},\"l\":[]}"),
                                &json),
                     OK);
    struct request rq = {.json = json};
    static const char *const expected[][2] = {
        {"s", "x\xc3\xa9"}, {"i", "-7"}, {"r", "0.5"}, {"t", "true"}, {"f", "false"}};
    struct str value;
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(request_param(&f->cx, &rq, expected[i][0], &value), OK);
        assert_str(value, expected[i][1]);
    }
    assert_int_equal(request_param(&f->cx, &rq, "n", &value), OK);
    assert_null(value.p);
    assert_int_equal(request_param(&f->cx, &rq, "o", &value), ERR_INVALID_REQUEST);
    assert_int_equal(request_param(&f->cx, &rq, "l", &value), ERR_INVALID_REQUEST);
    assert_int_equal(json_parse(&f->cx, STR("[]"), &json), OK);
    rq.json = json;
    assert_int_equal(request_param(&f->cx, &rq, "s", &value), ERR_INVALID_REQUEST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(headers_are_found_by_name),
        TEST(basic_is_read_in_any_case_and_left_encoded),
        TEST(no_or_an_empty_authorization_is_none),
        TEST(malformed_basic_is_invalid_client),
        TEST(bearer_tokens_are_read),
        TEST(form_parameters_are_single),
        TEST(param_pollution_query_and_body),
        TEST(json_scalars_become_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
