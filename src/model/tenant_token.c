/* SPDX-License-Identifier: Apache-2.0 */
/* Codes and cookies: random, and beginning with the tenant that they are of, so that one statement
 * on the tenant's own table finds the row. */
#include "user.h"

#define TOKEN_BYTES 32

struct str tenant_token(struct ctx *cx, struct str tenant_id) {
    struct str random = random_text(cx, TOKEN_BYTES);
    return str_format(cx->arena, "%.*s.%.*s", STR_ARG(tenant_id), STR_ARG(random));
}

bool tenant_token_parse(struct arena *a, struct str token, struct str *ret_tenant_id) {
    struct str random = str_sub(token, UUID_LENGTH, token.n), bytes, id;
    if (random.n != 1 + BASE64URL_SIZE(TOKEN_BYTES) || random.p[0] != '.' ||
        !base64url_parse(a, str_sub(random, 1, random.n), &bytes) ||
        !uuid_parse(a, str_sub(token, 0, UUID_LENGTH), &id)) {
        return false;
    }
    *ret_tenant_id = id;
    return true;
}
