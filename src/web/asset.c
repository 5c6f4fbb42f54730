/* SPDX-License-Identifier: Apache-2.0 */
/* The stylesheet, from memory: no request reaches a file (SECURITY `static`). Its name has its
 * digest, so browsers may keep it for ever. */
#include "web_internal.h"

#include <string.h>

extern const char style_css[]; /* style.css, embedded by the build */

#define DIGEST_LENGTH 16

static struct str style_name(struct arena *a) {
    struct str digest = sha256_text(a, str_from(style_css));
    return str_format(a, "style-%.*s.css", DIGEST_LENGTH, digest.p);
}

struct str asset_style_path(struct arena *a) {
    return str_format(a, ASSET_PATH "%.*s", STR_ARG(style_name(a)));
}

err asset_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    if (!str_eq(rq->path_param[0], style_name(cx->arena))) {
        return fail_say(cx, ERR_NOT_FOUND, "There is no such asset.");
    }
    rp->content_type = "text/css; charset=utf-8";
    rp->body = str_from(style_css);
    rp->cacheable = true;
    reply_header(rp, "Cache-Control", STR("public, max-age=31536000, immutable"));
    return OK;
}
