/* SPDX-License-Identifier: Apache-2.0 */
/* What pages load, from memory: no request reaches a file (SECURITY `static`). A name has the
 * digest of its content, so browsers may keep it for ever. */
#include "web_internal.h"

#include <string.h>

extern const char style_css[], password_js[], icon_svg[]; /* embedded by the build */

#define DIGEST_LENGTH 16

static const struct asset {
    const char *name, *suffix, *type, *content;
} assets[] = {
    {"style", "css", "text/css; charset=utf-8", style_css},
    {"password", "js", "text/javascript; charset=utf-8", password_js},
    {"icon", "svg", "image/svg+xml", icon_svg},
};

static struct str asset_name(struct arena *a, const struct asset *asset) {
    struct str digest = sha256_text(a, str_from(asset->content));
    return str_format(a, "%s-%.*s.%s", asset->name, DIGEST_LENGTH, digest.p, asset->suffix);
}

static struct str asset_path(struct arena *a, const struct asset *asset) {
    return str_format(a, ASSET_PATH "%.*s", STR_ARG(asset_name(a, asset)));
}

struct str asset_style_path(struct arena *a) {
    return asset_path(a, &assets[0]);
}

struct str asset_script_path(struct arena *a) {
    return asset_path(a, &assets[1]);
}

struct str asset_icon_path(struct arena *a) {
    return asset_path(a, &assets[2]);
}

err asset_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    const struct asset *asset = NULL;
    for (size_t i = 0; i < COUNT_OF(assets); i++) {
        if (str_eq(rq->path_param[0], asset_name(cx->arena, &assets[i]))) {
            asset = &assets[i];
        }
    }
    if (asset == NULL) {
        return fail_say(cx, ERR_NOT_FOUND, "There is no such asset.");
    }
    rp->content_type = asset->type;
    rp->body = str_from(asset->content);
    rp->cacheable = true;
    reply_header(rp, "Cache-Control", STR("public, max-age=31536000, immutable"));
    return OK;
}
