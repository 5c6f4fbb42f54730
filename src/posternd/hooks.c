/* SPDX-License-Identifier: Apache-2.0 */
/* What the columns of the route table ask of the layers above http. */
#include "posternd.h"
#include "web.h"

static err environment_hook(struct ctx *cx, struct request *rq) {
    const struct snapshot *s = platform_snapshot(cx);
    rq->host_known = snapshot_host_known(s, rq->host);
    return snapshot_environment(cx, s, rq->host, &rq->environment);
}

/* The union of the origins that the environment's applications registered, whoever calls (PROTOCOL
 * 9). */
static err origin_hook(struct ctx *cx, const struct request *rq, bool *ret_registered) {
    return origin_registered(cx, rq->environment->id, rq->origin, ret_registered);
}

struct http_hooks posternd_hooks(struct limits *limits) {
    return (struct http_hooks){.environment = environment_hook,
                               .bearer = bearer_hook,
                               .origin_registered = origin_hook,
                               .limits = limits,
                               .error_page = error_page};
}
