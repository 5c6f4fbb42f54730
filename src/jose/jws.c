/* SPDX-License-Identifier: Apache-2.0 */
/* Compact signatures (RFC 7515). */
#include "jose.h"

static err bad(struct ctx *cx, const char *why) {
    return fail(cx, ERR_INVALID_TOKEN, "%s", why);
}

static bool kid_ok(struct str kid) {
    if (kid.p == NULL) {
        return true;
    }
    for (size_t i = 0; i < kid.n; i++) {
        if (kid.p[i] < 0x20 || kid.p[i] > 0x7e) {
            return false;
        }
    }
    return kid.n <= JWK_KID_MAX;
}

static err header_parse(struct ctx *cx, struct str encoded, struct jws *jws) {
    struct str bytes, alg;
    json_t *header;
    if (!base64url_parse(cx->arena, encoded, &bytes)) {
        return bad(cx, "the header is not canonical base64url");
    }
    if (json_parse(cx, bytes, &header) != OK || !json_is_object(header)) {
        return bad(cx, "the header is not a JSON object");
    }
    if (json_get_str(cx, header, "alg", &alg) != OK ||
        json_get_str(cx, header, "kid", &jws->kid) != OK ||
        json_get_str(cx, header, "typ", &jws->typ) != OK) {
        return bad(cx, "a member of the header has the wrong type");
    }
    jws->alg = alg_find(alg);
    if (jws->alg == NULL) {
        return bad(cx, "the algorithm is not one of ours");
    }
    if (!kid_ok(jws->kid)) {
        return bad(cx, "the kid is too long or not printable");
    }
    /* RFC 7515 4.1.11: we know no extension, so none can be critical. RFC 7797's b64 comes with
     * crit. */
    if (json_object_get(header, "crit") != NULL) {
        return bad(cx, "the header has critical extensions");
    }
    return OK;
}

err jws_parse(struct ctx *cx, struct str compact, struct jws *ret_jws) {
    if (compact.n > JWS_MAX) {
        return bad(cx, "the token is too large");
    }
    struct jws jws = {0};
    struct str rest = compact, header, payload, signature;
    if (!str_next(&rest, '.', &header) || !str_next(&rest, '.', &payload) ||
        !str_next(&rest, '.', &signature) || rest.p != NULL) {
        return bad(cx, "the token does not have three parts");
    }
    TRY(header_parse(cx, header, &jws));
    if (!base64url_parse(cx->arena, payload, &jws.payload) ||
        !base64url_parse(cx->arena, signature, &jws.signature) || jws.signature.n == 0) {
        return bad(cx, "a part of the token is not canonical base64url");
    }
    jws.signing_input = str_sub(compact, 0, header.n + 1 + payload.n);
    *ret_jws = jws;
    return OK;
}

bool jws_verify_mac(const struct jws *jws, const void *key, size_t n) {
    if (!jws->alg->symmetric || n < JWS_MAC_KEY_MIN) {
        return false;
    }
    unsigned char mac[HMAC_MAX];
    size_t size = hmac(jws->alg->hash, key, n, jws->signing_input.p, jws->signing_input.n, mac);
    return jws->signature.n == size && secret_equal_bytes(mac, jws->signature.p, size);
}

bool jws_verify(const struct jws *jws, struct verifier *v, enum pkey_kind kind) {
    /* RFC 8725 3.1: the key says how it is used, the header must agree. */
    return !jws->alg->symmetric && jws->alg->kind == kind &&
           verifier_verify(v, jws->signing_input, jws->signature);
}

struct str jws_header(struct arena *a, const struct alg *alg, struct str typ, struct str kid) {
    struct buf b = buf_in(a, 128);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_z(&j, "alg", alg->name);
    json_put_str_if(&j, "typ", typ);
    json_put_str_if(&j, "kid", kid);
    json_close_object(&j);
    return base64url(a, b.p, b.n);
}

/* header.payload with room for the signature behind it. */
static struct buf signing_input(struct ctx *cx, struct str header, struct str payload,
                                size_t signature_max) {
    size_t encoded = BASE64URL_SIZE(payload.n);
    struct buf b = buf_in(cx->arena, header.n + 2 + encoded + BASE64URL_SIZE(signature_max));
    buf_str(&b, header);
    buf_char(&b, '.');
    buf_used(&b, base64url_write(buf_room(&b, encoded), payload.p, payload.n));
    return b;
}

static void add_signature(struct buf *b, const unsigned char *signature, size_t n) {
    buf_char(b, '.');
    buf_used(b, base64url_write(buf_room(b, BASE64URL_SIZE(n)), signature, n));
}

err jws_sign(struct ctx *cx, struct str header, struct str payload, struct signer *s,
             struct str *ret_compact) {
    unsigned char signature[SIGNATURE_MAX];
    size_t n;
    struct buf b = signing_input(cx, header, payload, SIGNATURE_MAX);
    TRY(signer_sign(cx, s, buf_view(&b), signature, &n));
    add_signature(&b, signature, n);
    *ret_compact = buf_view(&b);
    return OK;
}

err jws_sign_mac(struct ctx *cx, struct str header, struct str payload, const struct alg *alg,
                 struct secret key, struct str *ret_compact) {
    if (!alg->symmetric || key.n < JWS_MAC_KEY_MIN) {
        return fail(cx, ERR_INTERNAL, "%s does not sign with a key of %zu bytes", alg->name, key.n);
    }
    unsigned char mac[HMAC_MAX];
    struct buf b = signing_input(cx, header, payload, HMAC_MAX);
    size_t size = hmac(alg->hash, key.p, key.n, b.p, b.n, mac);
    add_signature(&b, mac, size);
    *ret_compact = buf_view(&b);
    return OK;
}
