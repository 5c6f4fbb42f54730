/* SPDX-License-Identifier: Apache-2.0 */
/* What another OpenID provider sends: its discovery document, claims, an id token. Everything of it
 * is the sender's. */
#include "oauth_internal.h"
#include "target.h"

#define ISSUER STR("https://id.example")

static void metadata(struct target *t) {
    struct provider_metadata m;
    if (provider_metadata_parse(&t->cx, t->input, ISSUER, false, &m) != OK) {
        return;
    }
    HOLDS(str_eq(m.issuer, ISSUER));
    HOLDS(str_starts(m.authorization_endpoint, "https://"));
    HOLDS(str_starts(m.token_endpoint, "https://") && str_starts(m.jwks_uri, "https://"));
    HOLDS(m.userinfo_endpoint.p == NULL || str_starts(m.userinfo_endpoint, "https://"));
    HOLDS(str_find_char(m.authorization_endpoint, '\n') == m.authorization_endpoint.n);
}

static void claims(struct target *t) {
    json_t *value;
    if (json_parse(&t->cx, t->input, &value) != OK || !json_is_object(value)) {
        return;
    }
    struct str email = provider_claim(value, STR("email"));
    HOLDS(email.p == NULL || (email.n > 0 && email.n <= 255));
    HOLDS(email.p == NULL || json_is_true(json_object_get(value, "email_verified")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    const struct login_provider provider = {ISSUER, STR("postern"), STR("openid"), STR("sub")};
    const struct provider_expected want = {&provider, STR("nonce"), STR("access")};
    const struct jwks none = {.n = 0};
    struct provider_identity who;
    metadata(&t);
    claims(&t);
    /* Without a key nothing is believed. */
    HOLDS(provider_id_token_check(&t.cx, t.input, &none, &want, &who) != OK);
    target_done(&t);
    return 0;
}
