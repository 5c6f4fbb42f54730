/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of oauth/ share among themselves. */
#ifndef POSTERN_OAUTH_INTERNAL_H
#define POSTERN_OAUTH_INTERNAL_H

#include "oauth.h"

/* The audience of access and refresh tokens is "{client_id}@cxone" (PROTOCOL 4). */
#define AUDIENCE_SUFFIX          "@cxone"
#define DOCUMENT_MAX_AGE_SECONDS 300

/* ---- client_secret.c ---- */

/* Two texts as secrets: constant time in content and length. */
bool credential_equal(struct str a, struct str b);
/* A space or tab at the end is the commonest reason of a wrong secret (seed 002); saying so tells
 * nothing about the right one. */
bool ends_with_space(struct str s);
err client_secret_check(struct ctx *cx, const struct request *rq,
                        const struct client_credentials *given, struct client *client,
                        struct reply *rp);

/* ---- client_assertion.c ---- */

#define ASSERTION_LIFETIME_MAX_SECONDS 300
#define ASSERTION_JTI_MAX              256
/* Splits the assertion and reads, unverified, whom it is about. */
err client_assertion_parse(struct ctx *cx, struct str assertion, struct str type,
                           const struct jws **ret_jws, struct str *ret_subject);
err client_secret_jwt_check(struct ctx *cx, const struct request *rq,
                            const struct client_credentials *given, struct client *client,
                            struct reply *rp);
err private_key_jwt_check(struct ctx *cx, const struct request *rq,
                          const struct client_credentials *given, struct client *client,
                          struct reply *rp);

/* ---- grant_*.c ---- */

err grant_password(struct ctx *cx, const struct request *rq, const struct client *client,
                   struct issue *issue, struct reply *rp);
err grant_client_credentials(struct ctx *cx, const struct request *rq, const struct client *client,
                             struct issue *issue, struct reply *rp);
err grant_refresh_token(struct ctx *cx, const struct request *rq, const struct client *client,
                        struct issue *issue, struct reply *rp);

err grant_token_exchange(struct ctx *cx, const struct request *rq, const struct client *client,
                         struct issue *issue, struct reply *rp);
err grant_authorization_code(struct ctx *cx, const struct request *rq, const struct client *client,
                             struct issue *issue, struct reply *rp);
/* In the write closure: the code is used up, and the session is of the browser session that it
 * names now. The loser of a race has its answer in rp, and what the winner got is revoked: the
 * session's id is absent then. */
err code_commit(struct ctx *cx, const struct request *rq, const struct issue *issue,
                struct session *session, struct reply *rp);

/* A code that was used before: what it became is revoked, and rp says so; in a write closure, or
 * with one of its own. */
err code_reuse_commit(struct ctx *cx, const struct request *rq,
                      const struct authorization_code *code, struct reply *rp);
err code_reuse_prepare(struct ctx *cx, const struct request *rq, struct issue *issue,
                       struct reply *rp);
/* The user of issue->code, alive, whose tenant allows the application. */
err code_user_read(struct ctx *cx, const struct client *client, struct issue *issue);

#define GRANT_DEVICE_CODE "urn:ietf:params:oauth:grant-type:device_code"
err grant_device_code(struct ctx *cx, const struct request *rq, const struct client *client,
                      struct issue *issue, struct reply *rp);
/* As code_commit(). */
err device_commit(struct ctx *cx, const struct request *rq, const struct issue *issue,
                  struct session *session, struct reply *rp);

/* ---- authorize_read.c, authorize_rest.c, authorize_stored.c ---- */

/* Bounds of what an authorization request brings, in bytes. */
#define AUTHORIZE_WORD_MAX   128
#define AUTHORIZE_TEXT_MAX   1024
#define AUTHORIZE_NONCE_MAX  1024
#define AUTHORIZE_URI_MAX    2048
#define AUTHORIZE_STATE_MAX  4096
#define AUTHORIZE_CLAIMS_MAX 4096
/* One parameter of query and body; without a value it is absent. */
err authorize_param(struct ctx *cx, const struct params *all, const char *name, size_t max,
                    struct str *ret);
/* The rest of authorize_read() once r->application is known. */
err authorize_known_read(struct ctx *cx, const struct request *rq, const struct params *all,
                         struct authorize *r, bool *ret_redirects);
/* Everything whose error may redirect. */
err authorize_rest_read(struct ctx *cx, const struct request *rq, const struct params *all,
                        struct authorize *r);
/* The whole row of r->application, alive; may it have this redirect_uri, this response type? */
err authorize_application(struct ctx *cx, struct str tenant_id, struct authorize *r);
err authorize_redirect_check(struct ctx *cx, const struct authorize *r);
err authorize_type_check(struct ctx *cx, const struct authorize *r);
bool authorize_mode_fits(struct str mode, unsigned response_type);
/* The stored form alone, without looking at what it names. */
err authorize_stored_parse(struct ctx *cx, struct str text, struct authorize *ret);
struct prompt_name {
    const char *name;
    unsigned bit;
};
extern const struct prompt_name prompt_names[]; /* ends with NULL */

/* ---- claims_request.c ---- */

struct claims_request {
    struct str text;    /* one spelling of it */
    struct str subject; /* the sub that was asked for; absent: none */
    bool acr_unmet;     /* an essential acr that nobody here reaches */
    bool two_factors;   /* an essential acr that one factor does not reach */
    unsigned id_claims; /* standard claims in the id token */
};
err claims_request_parse(struct ctx *cx, struct str text, struct claims_request *ret);
extern const char *const acr_names[]; /* ends with NULL */
/* How good these ways to sign in are; absent: nobody signed in with one. */
struct str acr_of(struct str amr);
/* authorization_code.claims: what the tokens behind a code will say. */
struct str code_memory_write(struct arena *a, struct str amr, struct str claims);
err code_memory_parse(struct ctx *cx, struct str text, struct str *ret_amr,
                      unsigned *ret_id_claims);

/* ---- standard_claims.c: OpenID Connect Core 5.1, 5.4 ---- */

/* Sets of them are bits: 1 << STANDARD_EMAIL. */
enum standard_claim {
    STANDARD_MIDDLE_NAME,
    STANDARD_PREFERRED_USERNAME,
    STANDARD_EMAIL,
    STANDARD_EMAIL_VERIFIED,
    STANDARD_PHONE_NUMBER,
    STANDARD_PHONE_NUMBER_VERIFIED,
};
const char *standard_claim_at(size_t i); /* NULL past the end */
unsigned standard_claims_of_scope(struct str scope);
/* The members of the claims parameter's id_token or userinfo; NULL: none. */
unsigned standard_claims_asked(const json_t *section);
/* Without those that `scope` does not open. */
unsigned standard_claims_allowed(unsigned bits, struct str scope);
void standard_claims_put(struct ctx *cx, struct json_out *j, const struct employee *e,
                         unsigned bits);

/* ---- issue.c ---- */

struct issue_front { /* what the authorization endpoint itself returns; absent: not asked */
    struct str access_token, id_token;
    int64_t lifetime; /* of the access token */
};
/* Begins issue->session (the caller stores it) and signs: an access token if `token`, an id token
 * if issue->id_token. */
err issue_front_channel(struct ctx *cx, const struct request *rq, struct issue *issue, bool token,
                        struct issue_front *ret);

/* The user that an access key speaks for, and everything an issue needs of it: two grants' common
 * part. */
err access_key_issue(struct ctx *cx, const struct request *rq, struct str id, struct str secret,
                     struct issue *issue);

/* ---- discovery.c, jwks.c ---- */

/* A document of the snapshot: ETag, 304, max-age. */
void document_reply(struct ctx *cx, const struct request *rq, const struct document *document,
                    struct reply *rp);
err jwks_document(struct ctx *cx, const struct environment *e, struct document *ret_document);
struct document document_of(struct arena *a, struct str body);

/* ---- provider_metadata.c, provider_token.c ---- */

/* Discovery 3 and 4.3: the issuer is exactly the configured one. ERR_INVALID_REQUEST. */
err provider_metadata_parse(struct ctx *cx, struct str text, struct str issuer, bool allow_private,
                            struct provider_metadata *ret);
struct provider_expected {
    const struct login_provider *provider;
    struct str nonce, access_token;
};
/* Core 3.1.3.7. ERR_NOT_FOUND: the set has no key for it. ERR_INVALID_TOKEN. */
err provider_id_token_check(struct ctx *cx, struct str id_token, const struct jwks *keys,
                            const struct provider_expected *want,
                            struct provider_identity *ret_identity);
/* The claim's value of id token or userinfo: text, and for `email` a verified one (Core 5.7). */
struct str provider_claim(const json_t *claims, struct str name);

#endif
