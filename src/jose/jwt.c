/* SPDX-License-Identifier: Apache-2.0 */
/* Claims and their times (RFC 7519). */
#include "jose.h"

static err bad(struct ctx *cx, const char *why) {
    return fail(cx, ERR_INVALID_TOKEN, "%s", why);
}

struct str jwt_str(const struct jwt *jwt, const char *claim) {
    const json_t *value = json_object_get(jwt->claims, claim);
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : STR_NONE;
}

/* RFC 7519 2, NumericDate; fractions are allowed there but no issuer of ours writes them. */
static err get_time(struct ctx *cx, const json_t *claims, const char *name, int64_t *ret) {
    const json_t *value = json_object_get(claims, name);
    if (value == NULL) {
        *ret = 0;
        return OK;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > JWT_TIME_MAX) {
        return fail(cx, ERR_INVALID_TOKEN, "%s is not a time", name);
    }
    *ret = json_integer_value(value);
    return OK;
}

err jwt_parse(struct ctx *cx, const struct jws *jws, int64_t leeway, struct jwt *ret_jwt) {
    struct jwt jwt = {0};
    if (json_parse(cx, jws->payload, &jwt.claims) != OK || !json_is_object(jwt.claims)) {
        return bad(cx, "the claims are not a JSON object");
    }
    TRY(get_time(cx, jwt.claims, "exp", &jwt.exp));
    TRY(get_time(cx, jwt.claims, "iat", &jwt.iat));
    TRY(get_time(cx, jwt.claims, "nbf", &jwt.nbf));
    if (json_object_get(jwt.claims, "exp") == NULL) {
        return bad(cx, "the token never expires");
    }
    if (jwt.exp <= cx->now) {
        return fail(cx, ERR_INVALID_TOKEN, "the token expired %lld s ago",
                    (long long)(cx->now - jwt.exp));
    }
    if (jwt.nbf > cx->now + leeway || jwt.iat > cx->now + leeway) {
        return bad(cx, "the token is not valid yet");
    }
    jwt.iss = jwt_str(&jwt, "iss");
    jwt.sub = jwt_str(&jwt, "sub");
    jwt.jti = jwt_str(&jwt, "jti");
    *ret_jwt = jwt;
    return OK;
}

static bool is_text(const json_t *value, struct str text) {
    return json_is_string(value) &&
           str_eq((struct str){json_string_value(value), json_string_length(value)}, text);
}

bool jwt_has_audience(const struct jwt *jwt, struct str audience) {
    const json_t *aud = json_object_get(jwt->claims, "aud");
    size_t i;
    const json_t *item;
    json_array_foreach(aud, i, item) {
        if (is_text(item, audience)) {
            return true;
        }
    }
    return is_text(aud, audience);
}

bool jwt_audience_is(const struct jwt *jwt, struct str audience) {
    const json_t *aud = json_object_get(jwt->claims, "aud");
    if (json_is_array(aud)) {
        return json_array_size(aud) == 1 && is_text(json_array_get(aud, 0), audience);
    }
    return is_text(aud, audience);
}
