/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser takes along to another provider and back: the sign-in's secret, sealed, and what
 * is derived from that. */
#include "oauth_internal.h"

#define STATE_MAX 512

struct str provider_state_write(struct ctx *cx, const struct environment *e,
                                const struct provider_state *s) {
    struct str plain = str_format(cx->arena, "%lld.%lld.%.*s", (long long)s->version,
                                  (long long)s->at, STR_ARG(s->flow));
    return seal(cx, platform_seal_key(cx, SEAL_LOGIN_STATE), e->id, plain);
}

bool provider_state_parse(struct ctx *cx, const struct environment *e, struct str text,
                          struct provider_state *ret) {
    struct secret plain;
    if (str_empty(text) || text.n > STATE_MAX ||
        unseal(cx, platform_seal_key(cx, SEAL_LOGIN_STATE), e->id, text, &plain) != OK) {
        return false;
    }
    struct str rest = {(const char *)plain.p, plain.n}, version, at;
    struct provider_state s;
    if (!str_next(&rest, '.', &version) || !str_int(version, &s.version) ||
        !str_next(&rest, '.', &at) || !str_int(at, &s.at)) {
        return false;
    }
    s.flow = rest;
    *ret = s;
    return true;
}

static struct str derived(struct ctx *cx, const char *what, struct str state) {
    const struct seal_key *key = platform_seal_key(cx, SEAL_LOGIN_STATE);
    struct str text = str_format(cx->arena, "%s %.*s", what, STR_ARG(state));
    unsigned char mac[HMAC_MAX];
    size_t n = hmac(HASH_SHA256, key->bytes, sizeof key->bytes, text.p, text.n, mac);
    return base64url(cx->arena, mac, n);
}

struct provider_checks provider_checks_of(struct ctx *cx, struct str state) {
    return (struct provider_checks){.nonce = derived(cx, "nonce", state),
                                    .code_verifier = derived(cx, "code_verifier", state)};
}
