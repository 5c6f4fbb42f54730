/* SPDX-License-Identifier: Apache-2.0 */
/* api: REST resources. They translate between JSON and the model and decide nothing that the model
 * decides.
 *
 * A handler here runs after its route's columns: the caller is known (rq->caller), alive, and, if
 * it is an application, has the route's scope. What is left is whose object it is: everything is
 * looked up inside the caller's tenant, so an id of another tenant is as unknown as one that never
 * existed, and reads the same (SECURITY `idor`). Every change writes its audit record in the same
 * closure.
 */
#ifndef POSTERN_API_H
#define POSTERN_API_H

#include "oauth.h"

/* ---- access_keys.c, access_keys_list.c: /access-key-management/v1/access-keys (PROTOCOL 6, 12.10)
 * ---- */

err access_keys_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err access_keys_post(struct ctx *cx, const struct request *rq, struct reply *rp);
err access_keys_patch(struct ctx *cx, const struct request *rq,
                      struct reply *rp); /* ?accessKeyId= */
err access_key_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err access_key_patch(struct ctx *cx, const struct request *rq, struct reply *rp);
err access_key_remove(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- users.c: /api/v2/users, /user-management (PROTOCOL 8, 12.13)
 * ---------------------------------- */

err users_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err employee_get(struct ctx *cx, const struct request *rq, struct reply *rp);

#endif
