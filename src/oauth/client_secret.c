/* SPDX-License-Identifier: Apache-2.0 */
/* client_secret_basic and client_secret_post: a secret, in the header or in the body. */
#include "oauth_internal.h"

bool credential_equal(struct str a, struct str b) {
    unsigned char digest_a[SHA256_SIZE], digest_b[SHA256_SIZE];
    sha256(a.p, a.n, digest_a);
    sha256(b.p, b.n, digest_b);
    return secret_equal_bytes(digest_a, digest_b, SHA256_SIZE);
}

bool ends_with_space(struct str s) {
    return s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\n' ||
                       s.p[s.n - 1] == '\r');
}

/* Against the secret and, until its grace is over, the one before it. Only digests are compared, in
 * constant time. */
static bool secret_matches(const struct ctx *cx, const struct application *a, struct str given) {
    bool matches = a->secret_digest.p != NULL && sha256_matches(given, a->secret_digest);
    if (a->old_secret_digest.p != NULL && a->old_secret_until > cx->now) {
        matches |= sha256_matches(given, a->old_secret_digest);
    }
    return matches;
}

err client_secret_check(struct ctx *cx, const struct request *rq,
                        const struct client_credentials *given, struct client *client,
                        struct reply *rp) {
    (void)rq;
    (void)rp;
    const struct application *a = &client->application;
    if (secret_matches(cx, a, given->client_secret)) {
        return OK;
    }
    if (given->client_secret_decoded.p != NULL &&
        secret_matches(cx, a, given->client_secret_decoded)) {
        return OK;
    }
    if (ends_with_space(given->client_secret) || ends_with_space(given->client_secret_decoded)) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "Client authentication failed. The client secret ends with a space.");
    }
    return fail(cx, ERR_INVALID_CLIENT, "wrong client secret");
}
