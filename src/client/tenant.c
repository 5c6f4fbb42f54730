/* SPDX-License-Identifier: Apache-2.0 */
/* The tenant's addresses (seed 000, task 5): cxone-configuration of the id token's tenantId. */
#include "client.h"

static bool has_own_api(const struct call *k) {
    return setting_str(k->p, SET_API_ENDPOINT).p != NULL ||
           setting_str(k->p, SET_BASE_URL).p != NULL;
}

static struct str tenant_id_known(struct call *k) {
    const struct state *s = state_current(k);
    struct str id = setting_str(k->p, SET_TENANT_ID);
    return id.p != NULL ? id : s != NULL ? s->tenant_id : STR_NONE;
}

bool tenant_is_known(struct call *k) {
    return has_own_api(k) || tenant_id_known(k).p != NULL;
}

/* What the settings say stands for the rest too: there is nothing else to go by. */
static void from_settings(struct call *k, struct tenant *t) {
    struct str issuer = setting_str(k->p, SET_ISSUER);
    t->api_endpoint = setting_str(k->p, SET_API_ENDPOINT);
    if (t->api_endpoint.p == NULL) {
        t->api_endpoint = setting_str(k->p, SET_BASE_URL);
    }
    t->acd_endpoint = t->api_endpoint;
    t->auth_endpoint = issuer.p != NULL ? issuer : t->api_endpoint;
    t->ui_endpoint = t->auth_endpoint;
    t->tenant_id = tenant_id_known(k);
}

/* The address must be the one that follows from area and domain, or on the issuer's own origin: a
 * document that says anything else does not get the token. */
static err endpoint_check(struct call *k, const char *name, struct str given, struct str expected) {
    struct str origin, wanted, own;
    struct arena *a = k->cx.arena;
    if (given.p == NULL || !url_origin(a, given, &origin)) {
        return fail_say(&k->cx, ERR_CLIENT_DISCOVERY,
                        "The tenant's document has no usable %s. Set api_endpoint yourself, or ask "
                        "the platform's operator.",
                        name);
    }
    bool good = (url_origin(a, expected, &wanted) && str_eq(origin, wanted)) ||
                (url_origin(a, setting_str(k->p, SET_ISSUER), &own) && str_eq(origin, own));
    if (!good || !url_is_safe(given)) {
        return fail_say(&k->cx, ERR_CLIENT_DISCOVERY,
                        "The tenant's document says %s %.*s; by its area and domain it is %.*s. No "
                        "token is sent there. If it is right, set api_endpoint to it.",
                        name, STR_ARG(str_sub(given, 0, 120)), STR_ARG(str_sub(expected, 0, 120)));
    }
    return OK;
}

struct parts {
    struct str area, cluster, domain, acd_domain, uh_domain;
};

static err document_read(struct call *k, const json_t *root, struct tenant *t, struct parts *p) {
    struct ctx *cx = &k->cx;
    TRY(json_get_str(cx, root, "tenantId", &t->tenant_id));
    TRY(json_get_str(cx, root, "area", &p->area));
    TRY(json_get_str(cx, root, "cluster", &p->cluster));
    TRY(json_get_str(cx, root, "domain", &p->domain));
    TRY(json_get_str(cx, root, "acdDomain", &p->acd_domain));
    TRY(json_get_str(cx, root, "uhDomain", &p->uh_domain));
    TRY(json_get_str(cx, root, "api_endpoint", &t->api_endpoint));
    TRY(json_get_str(cx, root, "auth_endpoint", &t->auth_endpoint));
    return json_get_str(cx, root, "ui_endpoint", &t->ui_endpoint);
}

static err endpoints_read(struct call *k, struct tenant *t, const struct parts *p) {
    struct arena *a = k->cx.arena;
    struct str api = str_format(a, "https://api-%.*s.%.*s", STR_ARG(p->area), STR_ARG(p->domain));
    struct str regional =
        str_format(a, "https://%.*s.%.*s", STR_ARG(p->area), STR_ARG(p->uh_domain));
    struct str own, origin;
    TRY(endpoint_check(k, "api_endpoint", t->api_endpoint, api));
    TRY(endpoint_check(k, "auth_endpoint", t->auth_endpoint, regional));
    TRY(endpoint_check(k, "ui_endpoint", t->ui_endpoint, regional));
    t->area = p->area;
    t->cluster = p->cluster;
    t->acd_endpoint =
        str_format(a, "https://api-%.*s.%.*s", STR_ARG(p->cluster), STR_ARG(p->acd_domain));
    if (!url_origin(a, t->acd_endpoint, &origin) ||
        !str_eq(origin, str_lower(a, t->acd_endpoint))) {
        return fail_say(&k->cx, ERR_CLIENT_DISCOVERY,
                        "The tenant's document has no usable cluster or acdDomain.");
    }
    /* Where one host is all hosts, it is this one too. */
    if (url_origin(a, setting_str(k->p, SET_ISSUER), &own) &&
        url_origin(a, t->api_endpoint, &origin) && str_eq(own, origin)) {
        t->acd_endpoint = t->api_endpoint;
    }
    return OK;
}

static err unknown_tenant(struct call *k) {
    return fail_say(&k->cx, ERR_CLIENT_USAGE,
                    "The tenant is not known: the token names none. Set tenant_id, or api_endpoint "
                    "where there is no tenant discovery.");
}

static err tenant_id_get(struct call *k, unsigned flags, struct str *ret_id) {
    *ret_id = tenant_id_known(k);
    if (ret_id->p == NULL) {
        struct token token;
        TRY(token_get(k, flags & POSTERN_CACHED, STR_NONE, &token));
        *ret_id = tenant_id_known(k);
    }
    return ret_id->p != NULL ? OK : unknown_tenant(k);
}

static err document_failed(struct call *k, err e, struct str tenant_id) {
    if (e == ERR_CLIENT_DISCOVERY && k->status == 404) {
        return fail_say(&k->cx, e,
                        "The issuer knows no tenant %.*s, or has no tenant discovery. Check "
                        "tenant_id; elsewhere than on CXone set api_endpoint.",
                        STR_ARG(str_sub(tenant_id, 0, 80)));
    }
    return e;
}

static err document_believe(struct call *k, struct str tenant_id, struct tenant *t) {
    json_t *root;
    struct parts parts;
    TRY(json_parse(&k->cx, t->text, &root));
    if (document_read(k, root, t, &parts) != OK) {
        return fail_say(&k->cx, ERR_CLIENT_DISCOVERY, "The tenant's document is malformed: %s",
                        k->cx.failure.detail);
    }
    if (!str_eq_nocase(t->tenant_id, tenant_id)) {
        return fail_say(&k->cx, ERR_CLIENT_DISCOVERY,
                        "Asked for tenant %.*s, the document there is of tenant %.*s.",
                        STR_ARG(str_sub(tenant_id, 0, 80)), STR_ARG(str_sub(t->tenant_id, 0, 80)));
    }
    return endpoints_read(k, t, &parts);
}

static err tenant_discover(struct call *k, unsigned flags, struct tenant *ret_tenant) {
    struct tenant t = {0};
    struct str tenant_id;
    struct endpoints ep;
    TRY(discovery_get(k, flags, &ep));
    TRY(tenant_id_get(k, flags, &tenant_id));
    while (str_ends(ep.issuer, "/")) {
        ep.issuer.n--;
    }
    struct str url =
        str_format(k->cx.arena, "%.*s/.well-known/cxone-configuration?tenantId=%.*s",
                   STR_ARG(ep.issuer), STR_ARG(percent_encode(k->cx.arena, tenant_id)));
    TRY(document_failed(k, document_get(k, DOCUMENT_CXONE, url, flags, &t.text), tenant_id));
    err e = document_believe(k, tenant_id, &t);
    if (e != OK) {
        return document_refuse(k, DOCUMENT_CXONE, e);
    }
    *ret_tenant = t;
    return OK;
}

/* ---- what a state's documents say, read once ---- */

static struct tenant tenant_copy(struct arena *a, const struct tenant *t) {
    return (struct tenant){
        .tenant_id = str_copy(a, t->tenant_id),
        .area = str_copy(a, t->area),
        .cluster = str_copy(a, t->cluster),
        .api_endpoint = str_copy(a, t->api_endpoint),
        .auth_endpoint = str_copy(a, t->auth_endpoint),
        .ui_endpoint = str_copy(a, t->ui_endpoint),
        .acd_endpoint = str_copy(a, t->acd_endpoint),
    };
}

static void remembered_free(struct remembered *r) {
    if (r != NULL) {
        arena_free(r->arena);
    }
}

static void remembered_deferred(void *slot) {
    remembered_free(*(struct remembered **)slot);
}

void state_forget_remembered(struct state *s) {
    remembered_free(s->remembered);
}

/* Two threads may both do it: the first one's stays. */
static void tenant_remember(struct call *k, struct state *s, const struct tenant *t) {
    struct remembered **slot = NEW(k->cx.arena, struct remembered *);
    struct arena **memory = memory_slot(k);
    arena_defer(k->cx.arena, remembered_deferred, slot);
    struct remembered *r = NEW(*memory, struct remembered), *none = NULL;
    r->arena = *memory;
    r->tenant = tenant_copy(*memory, t);
    int64_t a = s->openid_configuration.good_until, b = s->cxone_configuration.good_until;
    r->good_until = a < b ? a : b;
    *slot = r;
    *memory = NULL;
    if (__atomic_compare_exchange_n(&s->remembered, &none, r, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        *slot = NULL;
    }
}

err tenant_get(struct call *k, unsigned flags, struct tenant *ret_tenant) {
    if (has_own_api(k)) {
        struct tenant t = {0};
        from_settings(k, &t);
        *ret_tenant = t;
        return OK;
    }
    struct state *s = state_current(k);
    const struct remembered *r =
        s != NULL ? __atomic_load_n(&s->remembered, __ATOMIC_ACQUIRE) : NULL;
    if (r != NULL && (flags & POSTERN_FRESH) == 0 && k->cx.now < r->good_until) {
        *ret_tenant = r->tenant;
        ret_tenant->text = s->cxone_configuration.text;
        return OK;
    }
    TRY(tenant_discover(k, flags, ret_tenant));
    if (r == NULL && s != NULL && state_current(k) == s) { /* its own documents were read */
        tenant_remember(k, s, ret_tenant);
    }
    return OK;
}
