/* SPDX-License-Identifier: Apache-2.0 */
/* What the way to another provider and the way back share. */
#ifndef POSTERN_PROVIDER_STEP_H
#define POSTERN_PROVIDER_STEP_H

#include "web_internal.h"

/* ---- login_provider.c ---- */

/* One for each tenant (RFC 9700 4.4.2): what the provider of one tenant sends a browser to cannot
 * end in a sign-in of another tenant. */
struct str provider_redirect_uri(struct ctx *cx, const struct request *rq,
                                 const struct login_way *way);
err provider_exchange_new(struct ctx *cx, const struct login_way *way,
                          struct provider_exchange **ret);
/* The application wants the user to sign in anew. */
bool provider_asks_anew(const struct flow *f);
/* Why a sign-in ended, for the operator: never what was sent. */
void provider_log(struct ctx *cx, const struct request *rq, const struct login_way *way,
                  struct str reason);

#endif
