/* SPDX-License-Identifier: Apache-2.0 */
/* The environment's addresses: its discovery document (OpenID Connect Discovery 4), or what follows
 * from base_url alone. And postern_discover(). */
#include <stdlib.h>
#include <string.h>

#include "client.h"

static struct str without_slash(struct str url) {
    while (url.n > 0 && url.p[url.n - 1] == '/') {
        url.n--;
    }
    return url;
}

static err issuer_missing(struct call *k) {
    return fail_say(&k->cx, ERR_CLIENT_USAGE,
                    "No issuer is set. Set issuer (POSTERN_ISSUER), or make a profile with: "
                    "postern configure");
}

/* An address of the document that tokens or credentials are sent to. */
static err endpoint_get(struct call *k, const json_t *root, const char *name, bool must,
                        struct str *ret) {
    if (json_get_str(&k->cx, root, name, ret) != OK || (must && ret->p == NULL)) {
        return fail_say(&k->cx, ERR_CLIENT_DISCOVERY,
                        "The discovery document has no usable %s: is the issuer an OpenID "
                        "provider?",
                        name);
    }
    /* An issuer that is reached over https does not send secrets elsewhere in the clear, not even
     * to this machine. */
    bool clear = !str_starts_nocase(setting_str(k->p, SET_ISSUER), "https://");
    if (ret->p != NULL &&
        !(clear ? url_is_safe(*ret) : url_is_safe(*ret) && str_starts_nocase(*ret, "https://"))) {
        return fail_say(&k->cx, ERR_CLIENT_DISCOVERY,
                        "The discovery document names %s '%.*s', which is no https address.", name,
                        STR_ARG(str_sub(*ret, 0, 200)));
    }
    return OK;
}

static err issuer_check(struct call *k, const json_t *root, struct str asked) {
    struct str issuer;
    if (json_get_str(&k->cx, root, "issuer", &issuer) != OK || issuer.p == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_DISCOVERY, "The discovery document names no issuer.");
    }
    /* OpenID Connect Discovery 4.3: exactly the one asked; a slash at its end is a typing matter.
     */
    if (!str_eq(without_slash(issuer), without_slash(asked))) {
        return fail_say(&k->cx, ERR_CLIENT_ISSUER,
                        "Asked for issuer %.*s, the document there is of issuer %.*s. If that is "
                        "who you mean, set issuer to it.",
                        STR_ARG(str_sub(asked, 0, 160)), STR_ARG(str_sub(issuer, 0, 160)));
    }
    return OK;
}

static err document_read(struct call *k, struct str issuer, struct endpoints *ep) {
    json_t *root;
    TRY(json_parse(&k->cx, ep->text, &root));
    TRY(issuer_check(k, root, issuer));
    TRY(endpoint_get(k, root, "token_endpoint", true, &ep->token_endpoint));
    TRY(endpoint_get(k, root, "jwks_uri", false, &ep->jwks_uri));
    ep->openid_configuration = root;
    return json_get_str(&k->cx, root, "issuer", &ep->issuer);
}

static err from_issuer(struct call *k, unsigned flags, struct str issuer, struct endpoints *ep) {
    struct str url =
        str_format(k->cx.arena, "%.*s/.well-known/openid-configuration", STR_ARG(issuer));
    TRY(document_get(k, DOCUMENT_OPENID, url, flags, &ep->text));
    err e = document_read(k, issuer, ep);
    return e == OK ? OK : document_refuse(k, DOCUMENT_OPENID, e);
}

err discovery_get(struct call *k, unsigned flags, struct endpoints *ret_endpoints) {
    struct str issuer = without_slash(setting_str(k->p, SET_ISSUER));
    struct str base = without_slash(setting_str(k->p, SET_BASE_URL));
    struct endpoints ep = {0};
    if (issuer.n > 0) {
        TRY(from_issuer(k, flags, issuer, &ep));
    } else if (base.n > 0) {
        /* Seed 002: the token endpoint below the base URL. */
        ep.token_endpoint = str_format(k->cx.arena, "%.*s/api/v2/oauth/token", STR_ARG(base));
    } else {
        return issuer_missing(k);
    }
    *ret_endpoints = ep;
    return OK;
}

err discovery_endpoint(struct call *k, const struct endpoints *ep, const char *name,
                       struct str *ret_url) {
    return endpoint_get(k, ep->openid_configuration, name, true, ret_url);
}

bool discovery_lists(const struct endpoints *ep, const char *member, const char *value) {
    const json_t *list = json_object_get(ep->openid_configuration, member);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        if (item != NULL && str_is(str_from(item), value)) {
            return true;
        }
    }
    return false;
}

/* ---- postern_discover ---- */

struct discovering {
    unsigned flags;
    struct postern_discovery d;
};

static const char *member_z(struct arena *a, const json_t *root, const char *name) {
    const char *value = json_string_value(json_object_get(root, name));
    return value != NULL ? str_z(a, str_from(value)) : NULL;
}

static const char *text_z(struct arena *a, struct str s) {
    return s.p != NULL ? str_z(a, s) : NULL;
}

static void endpoints_fill(struct arena *a, const struct endpoints *ep,
                           struct postern_discovery *d) {
    const json_t *root = ep->openid_configuration;
    d->issuer = text_z(a, ep->issuer);
    d->token_endpoint = text_z(a, ep->token_endpoint);
    d->jwks_uri = text_z(a, ep->jwks_uri);
    d->authorization_endpoint = member_z(a, root, "authorization_endpoint");
    d->userinfo_endpoint = member_z(a, root, "userinfo_endpoint");
    d->introspection_endpoint = member_z(a, root, "introspection_endpoint");
    d->revocation_endpoint = member_z(a, root, "revocation_endpoint");
    d->end_session_endpoint = member_z(a, root, "end_session_endpoint");
    d->openid_configuration = text_z(a, ep->text);
}

static void tenant_fill(struct arena *a, const struct tenant *t, struct postern_discovery *d) {
    d->tenant_id = text_z(a, t->tenant_id);
    d->area = text_z(a, t->area);
    d->cluster = text_z(a, t->cluster);
    d->api_endpoint = text_z(a, t->api_endpoint);
    d->auth_endpoint = text_z(a, t->auth_endpoint);
    d->ui_endpoint = text_z(a, t->ui_endpoint);
    d->acd_endpoint = text_z(a, t->acd_endpoint);
    d->cxone_configuration = text_z(a, t->text);
}

static err discover_run(struct call *k, void *arguments) {
    struct discovering *g = arguments;
    struct endpoints ep;
    struct tenant t = {0};
    TRY(discovery_get(k, g->flags, &ep));
    if (tenant_is_known(k)) {
        TRY(tenant_get(k, g->flags, &t));
    }
    struct arena **slot = memory_slot(k);
    endpoints_fill(*slot, &ep, &g->d);
    tenant_fill(*slot, &t, &g->d);
    g->d.memory = *slot;
    *slot = NULL;
    return OK;
}

enum postern_code postern_discover(struct postern *client, unsigned flags,
                                   struct postern_cancel *cancel,
                                   struct postern_discovery *ret_discovery) {
    if (client == NULL || ret_discovery == NULL) {
        return usage_failed("postern_discover needs a client and a place for the result.");
    }
    struct discovering g = {.flags = flags, .d = POSTERN_DISCOVERY_INIT};
    enum postern_code code = call_run(client, cancel, 0, discover_run, &g);
    if (code == POSTERN_OK) {
        result_copy(ret_discovery, &g.d, sizeof g.d);
    }
    return code;
}

void postern_discovery_done(struct postern_discovery *discovery) {
    if (discovery != NULL) {
        arena_free(discovery->memory);
        result_clear(discovery, sizeof *discovery);
    }
}
