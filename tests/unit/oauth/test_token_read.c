/* SPDX-License-Identifier: Apache-2.0 */
/* SECURITY `jwt` and `audience`: which tokens are ours, and of which kind. */
#include "harness.h"

#include <string.h>

static const struct environment *environment(struct house *h, const char *host) {
    const struct environment *e;
    assert_int_equal(snapshot_environment(&h->cx, platform_snapshot(&h->cx), str_from(host), &e),
                     OK);
    return e;
}

static err read_as(struct house *h, const char *host, const char *text, struct token *token) {
    return token_read(&h->cx, environment(h, host), str_from(text), token);
}

static void kinds_are_told_apart(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    struct token token;
    assert_int_equal(read_as(h, HOST, answer_text(&a, "access_token"), &token), OK);
    assert_int_equal(token.kind, TOKEN_ACCESS);
    assert_true(str_is(token.client_id, APP_CONF) && str_is(token.tenant_id, TENANT));
    assert_true(str_is(token.scope, SCOPES));
    struct str session = token.session_id;
    assert_int_equal(read_as(h, HOST, answer_text(&a, "id_token"), &token), OK);
    assert_int_equal(token.kind, TOKEN_ID);
    assert_int_equal(read_as(h, HOST, answer_text(&a, "refresh_token"), &token), OK);
    assert_int_equal(token.kind, TOKEN_REFRESH);
    assert_true(str_eq(token.session_id, session) && str_is(token.client_id, APP_CONF));
    struct generated_key key;
    struct str text;
    assert_int_equal(
        generated_key_issue(&h->cx, environment(h, HOST), STR(TENANT), STR(USER), &key, &text), OK);
    assert_int_equal(token_read(&h->cx, environment(h, HOST), text, &token), OK);
    assert_int_equal(token.kind, TOKEN_GENERATED);
}

static void audience_tokens_of_another_environment_are_not_ours(void **state) {
    struct house *h = *state;
    static const char *const members[] = {"access_token", "id_token", "refresh_token"};
    struct answer a = password_token(h);
    struct token token;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        assert_int_equal(read_as(h, HOST_GOV, answer_text(&a, members[i]), &token),
                         ERR_INVALID_TOKEN);
    }
}

static void jwt_expired_tokens_are_refused(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    struct token token;
    house_later(h, 3599);
    assert_int_equal(read_as(h, HOST, answer_text(&a, "access_token"), &token), OK);
    house_later(h, 1);
    assert_int_equal(read_as(h, HOST, answer_text(&a, "access_token"), &token), ERR_INVALID_TOKEN);
    house_later(h, 3599);
    assert_int_equal(read_as(h, HOST, answer_text(&a, "refresh_token"), &token), OK);
    house_later(h, 1);
    assert_int_equal(read_as(h, HOST, answer_text(&a, "refresh_token"), &token), ERR_INVALID_TOKEN);
}

static void jwt_every_changed_character_is_noticed(void **state) {
    struct house *h = *state;
    static const char *const members[] = {"access_token", "refresh_token"};
    struct answer a = password_token(h);
    struct token token;
    for (size_t m = 0; m < COUNT_OF(members); m++) {
        char *text = str_z(h->arena, str_from(answer_text(&a, members[m])));
        size_t n = strlen(text);
        for (size_t i = 0; i < n; i += 13) {
            char was = text[i];
            text[i] = was == 'A' ? 'B' : 'A';
            assert_int_equal(read_as(h, HOST, text, &token), ERR_INVALID_TOKEN);
            text[i] = was;
        }
        text[n - 1] = '\0';
        assert_int_equal(read_as(h, HOST, text, &token), ERR_INVALID_TOKEN);
    }
}

static const char *forged(struct house *h, const char *header, struct str payload) {
    struct str head = base64url(h->arena, header, strlen(header));
    struct str body = base64url(h->arena, payload.p, payload.n);
    return format(&h->cx, "%.*s.%.*s.AAAA", STR_ARG(head), STR_ARG(body));
}

static void jwt_forged_headers_are_refused(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    struct str rest = str_from(answer_text(&a, "access_token")), part, payload;
    assert_true(str_next(&rest, '.', &part) && str_next(&rest, '.', &part));
    assert_true(base64url_parse(h->arena, part, &payload));
    static const char *const headers[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\"}",
        "{\"alg\":\"RS256\",\"kid\":\"../../../dev/null\"}",
        "{\"alg\":\"RS256\",\"kid\":\"' OR 1=1 --\"}",
        "{\"alg\":\"ES256\",\"kid\":\"x\"}",
        "{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"kid\":\"x\"}",
        "{\"alg\":\"RS256\",\"jku\":\"https://evil.example.com/jwks\"}",
        "{\"alg\":\"RS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}",
        "[]",
        "{}"};
    struct token token;
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        assert_int_equal(read_as(h, HOST, forged(h, headers[i], payload), &token),
                         ERR_INVALID_TOKEN);
    }
}

/* RFC 8725 2.1: HS256 with the published key as its secret. */
static void jwt_mac_with_a_public_key_is_refused(void **state) {
    struct house *h = *state;
    const struct environment *e = environment(h, HOST);
    struct str jwks = e->documents[DOCUMENT_JWKS].body;
    struct answer a = password_token(h);
    struct str rest = str_from(answer_text(&a, "refresh_token")), part, payload, compact;
    assert_true(str_next(&rest, '.', &part) && str_next(&rest, '.', &part));
    assert_true(base64url_parse(h->arena, part, &payload));
    assert_int_equal(jws_sign_mac(&h->cx, e->keys->refresh_header, payload, alg_find(STR("HS256")),
                                  (struct secret){(unsigned char *)(uintptr_t)jwks.p, jwks.n},
                                  &compact),
                     OK);
    struct token token;
    assert_int_equal(token_read(&h->cx, e, compact, &token), ERR_INVALID_TOKEN);
}

/* Our own MAC key, with another hash or another type. */
static void jwt_only_the_forms_that_we_issue_are_ours(void **state) {
    struct house *h = *state;
    const struct environment *e = environment(h, HOST);
    struct answer a = password_token(h);
    struct str rest = str_from(answer_text(&a, "refresh_token")), part, payload, compact;
    assert_true(str_next(&rest, '.', &part) && str_next(&rest, '.', &part));
    assert_true(base64url_parse(h->arena, part, &payload));
    static const char *const forms[][2] = {
        {"HS512", "JWT"}, {"HS256", "at+jwt"}, {"HS256", "jwt+x"}};
    struct token token;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        const struct alg *alg = alg_find(str_from(forms[i][0]));
        struct str header = jws_header(h->arena, alg, str_from(forms[i][1]), STR_NONE);
        assert_int_equal(jws_sign_mac(&h->cx, header, payload, alg, e->keys->refresh_key, &compact),
                         OK);
        assert_int_equal(token_read(&h->cx, e, compact, &token), ERR_INVALID_TOKEN);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(kinds_are_told_apart),
        HOUSE_TEST(audience_tokens_of_another_environment_are_not_ours),
        HOUSE_TEST(jwt_expired_tokens_are_refused),
        HOUSE_TEST(jwt_every_changed_character_is_noticed),
        HOUSE_TEST(jwt_forged_headers_are_refused),
        HOUSE_TEST(jwt_mac_with_a_public_key_is_refused),
        HOUSE_TEST(jwt_only_the_forms_that_we_issue_are_ours),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
