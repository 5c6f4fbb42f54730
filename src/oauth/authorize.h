/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization endpoint's protocol half (PROTOCOL 5): a request is read and found good, and an
 * answer goes back to where it may go. What a person sees in between is web/'s. */
#ifndef POSTERN_AUTHORIZE_H
#define POSTERN_AUTHORIZE_H

#include "oauth.h"

enum {
    RESPONSE_CODE = 1,
    RESPONSE_ID_TOKEN = 2,
    RESPONSE_TOKEN = 4,
};
enum {
    PROMPT_NONE = 1,
    PROMPT_LOGIN = 2,
    PROMPT_CONSENT = 4,
    PROMPT_SELECT_ACCOUNT = 8,
};
struct authorize {
    struct application application;
    struct str redirect_uri, state, scope, nonce;
    unsigned response_type, prompt;
    struct str response_mode; /* query, fragment, form_post */
    struct str code_challenge;
    struct str login_hint, hint_tenant_id, hint_employee_id; /* of id_token_hint, which wins */
    struct str display, ui_locales, acr_values, claims, tenant_id; /* tenant_id: branding */
    int64_t max_age; /* -1: not asked */
};
/* Reads and checks GET and POST parameters. ret_redirects: an error may go to redirect_uri
 * (authorize_refuse); false: it must be a page (SECURITY `no-open-redirect`). */
err authorize_read(struct ctx *cx, const struct request *rq, struct authorize *ret,
                   bool *ret_redirects);
/* To keep in a login_flow and back. */
struct str authorize_write(struct arena *a, const struct authorize *r);
err authorize_parse(struct ctx *cx, struct str json, struct authorize *ret);
/* error, error_description, state, iss to redirect_uri in the response mode (RFC 9207). */
void authorize_refuse(struct ctx *cx, const struct request *rq, const struct authorize *r,
                      const char *error, const char *description, struct reply *rp);
/* The user is known and may: code and/or tokens to redirect_uri in the response mode; sets rp and
 * fills `ret_code` (to be stored by the caller's closure with authorization_code_create) when the
 * response type has code, and ret_session (session_create) when it has a token. */
struct authorize_grant {
    const struct user *user;
    const struct sso_session *sso;
    struct authorization_code code; /* code.code absent: none */
    struct session session;         /* session_id absent: none */
};
err authorize_respond(struct ctx *cx, const struct request *rq, const struct authorize *r,
                      struct authorize_grant *g, struct reply *rp);
/* Exact string match; only the port of a loopback IP may vary (RFC 8252 7.3). */
bool redirect_uri_registered(struct ctx *cx, const struct application *a, struct str redirect_uri);

#endif
