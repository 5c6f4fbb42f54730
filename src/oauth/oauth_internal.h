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

#endif
