/* SPDX-License-Identifier: Apache-2.0 */
/* What a token says of its user and tenant. Opaque tokens say nothing, other servers say less:
 * what is not there is absent, never an error. */
#include "cli.h"

static void member(struct cli *c, const json_t *object, const char *key, struct str *ret) {
    if (json_get_str(c->cx, object, key, ret) != OK) {
        *ret = STR_NONE;
    }
}

void claims_read(struct cli *c, const struct postern_token *token, struct claims *ret_claims) {
    struct claims k = {.is_client = false};
    json_t *object;
    if (token->claims != NULL && json_parse(c->cx, str_from(token->claims), &object) == OK) {
        member(c, object, "sub", &k.sub);
        member(c, object, "userId", &k.user_id);
        member(c, object, "name", &k.name);
        member(c, object, "tenantId", &k.tenant_id);
        member(c, object, "tenant", &k.tenant);
        member(c, object, "client_id", &k.client_id);
    }
    /* PROTOCOL 4: sub is "user:{uuid}" or "client:{client_id}". */
    k.is_client = str_starts(k.sub, "client:");
    if (str_empty(k.user_id) && str_starts(k.sub, "user:")) {
        k.user_id = str_sub(k.sub, 5, k.sub.n);
    }
    if (str_empty(k.client_id) && k.is_client) {
        k.client_id = str_sub(k.sub, 7, k.sub.n);
    }
    if (str_empty(k.tenant_id) && token->tenant_id != NULL) {
        k.tenant_id = str_copy(c->cx->arena, str_from(token->tenant_id));
    }
    *ret_claims = k;
}
