/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticators whose people sign in at another provider: what the file may say of it, its client
 * secret, and what a change of it means for those who signed in there. */
#include "declare.h"

#define CLIENT_ID_MAX  512
#define SECRET_MIN     8
#define SECRET_MAX     512
#define SCOPE_WORD_MAX 128
#define CLAIM_MAX      128
#define SUBJECT_MAX    255 /* OpenID Connect Core 2 */

/* ---- values ---- */

/* OpenID Connect Discovery 4.1: the document's address is made of it, and it is compared byte for
 * byte. */
const char *declare_provider_issuer_check(struct ctx *cx, struct str text) {
    if (str_find_char(text, '?') < text.n) {
        return "an issuer has no query; copy it from the provider's discovery document";
    }
    return declare_fetch_check(cx, text);
}

/* Printable ASCII, and no spaces unless `spaces`. */
static bool is_plain(struct str text, size_t min, size_t max, bool spaces) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < ' ' || text.p[i] > '~' || (text.p[i] == ' ' && !spaces)) {
            return false;
        }
    }
    return text.n >= min && text.n <= max;
}

const char *declare_provider_client_check(struct ctx *cx, struct str text) {
    (void)cx;
    return is_plain(text, 1, CLIENT_ID_MAX, true)
               ? NULL
               : "it must be the client id that the provider gave: 1 to 512 printable characters";
}

const char *declare_provider_secret_check(struct ctx *cx, struct str text) {
    (void)cx;
    return is_plain(text, SECRET_MIN, SECRET_MAX, true)
               ? NULL
               : "it must be the secret that the provider gave: 8 to 512 printable characters";
}

/* RFC 6749 3.3 */
const char *declare_provider_scope_check(struct ctx *cx, struct str text) {
    (void)cx;
    bool ok = is_plain(text, 1, SCOPE_WORD_MAX, false) && str_find_char(text, '"') == text.n &&
              str_find_char(text, '\\') == text.n;
    return ok ? NULL : "a scope is a word of printable characters";
}

const char *declare_provider_claim_check(struct ctx *cx, struct str text) {
    (void)cx;
    return is_plain(text, 1, CLAIM_MAX, false)
               ? NULL
               : "it must be the name of a claim: sub, email, preferred_username, ...";
}

const char *declare_subject_check(struct ctx *cx, struct str text) {
    (void)cx;
    return is_plain(text, 0, SUBJECT_MAX, true)
               ? NULL
               : "a subject has at most 255 printable ASCII characters (OpenID Connect Core 2)";
}

/* ---- one authenticator ---- */

static const struct declare_value *secret_of(const struct declare_object *o) {
    const struct declare_value *provider = &o->v[LOGIN_AUTHENTICATOR_PROVIDER];
    if (!provider->given || provider->n == 0) {
        return NULL;
    }
    const struct declare_value *secret = &provider->objects->v[PROVIDER_CLIENT_SECRET];
    return secret->given ? secret : NULL;
}

static err secret_is(struct declare *d, const struct declare_provider *p, struct str given,
                     bool *ret_same) {
    struct secret stored;
    *ret_same = false;
    if (p->sealed.p == NULL) {
        return OK;
    }
    struct seal_key key = seal_key_derive(d->options->master, SEAL_LOGIN_PROVIDER);
    err e = login_provider_unseal(d->cx, &key, p->row, p->sealed, &stored);
    secret_wipe(&key, sizeof key);
    TRY(e);
    *ret_same = stored.n == given.n && secret_equal_bytes(stored.p, given.p, given.n);
    return OK;
}

static err secret_apply(struct declare *d, const struct declare_object *o,
                        struct declare_provider *p) {
    const struct declare_value *secret = secret_of(o);
    bool same;
    if (secret == NULL) {
        if (p->moved && p->sealed.p != NULL) {
            declare_mistake(d, o, "provider",
                            "the stored clientSecret is of another issuer or client; give "
                            "\"clientSecret\" too");
        }
        return OK;
    }
    if (str_empty(secret->text)) {
        declare_mistake(d, o, "provider",
                        "clientSecret is the provider's to make; give it as text or "
                        "{\"env\": \"NAME\"}");
        return OK;
    }
    TRY(secret_is(d, p, secret->text, &same));
    if (!same) {
        p->sealed = login_provider_seal(d->cx, d->options->master, p->row, secret->text);
        p->changed = declare_list_add(d->cx->arena, p->changed, "clientSecret");
    }
    return OK;
}

/* A kind of its own has no provider: what was one is dropped. */
static err none_apply(struct declare *d, const struct declare_object *o,
                      struct declare_value *values, struct declare_provider *p) {
    if (o->v[LOGIN_AUTHENTICATOR_PROVIDER].given) {
        declare_mistake(d, o, "provider", "an authenticator of kind %.*s has no provider",
                        STR_ARG(values[LOGIN_AUTHENTICATOR_KIND].text));
    }
    struct login_provider before = {.issuer = STR_NONE};
    values[LOGIN_AUTHENTICATOR_PROVIDER].text = STR("{}");
    p->sealed = STR_NONE;
    if (!p->is_new) {
        TRY(login_provider_parse(d->cx, p->stored, &before));
    }
    return str_empty(before.issuer) ? OK : login_authenticator_moved(d->cx, p->row);
}

err declare_provider_apply(struct declare *d, const struct declare_object *o,
                           struct declare_value *values, struct declare_provider *p) {
    const struct login_kind *kind = login_kind_find(values[LOGIN_AUTHENTICATOR_KIND].text);
    struct login_provider now, before;
    struct login_policy policy;
    if (kind == NULL || kind->provider_check == NULL) {
        return none_apply(d, o, values, p);
    }
    TRY(login_provider_parse(d->cx, values[LOGIN_AUTHENTICATOR_PROVIDER].text, &now));
    TRY(login_provider_parse(d->cx, p->stored, &before));
    TRY(login_policy_parse(d->cx, values[LOGIN_AUTHENTICATOR_POLICY].text, &policy));
    if (policy.mfa != FACTOR_NONE) {
        declare_mistake(
            d, o, o->v[LOGIN_AUTHENTICATOR_POLICY].given ? "policy" : NULL,
            "mfa is for our own passwords; a second factor is the provider's to ask for");
        return OK;
    }
    const char *wrong = kind->provider_check(&now);
    if (wrong != NULL) {
        declare_mistake(d, o, o->v[LOGIN_AUTHENTICATOR_PROVIDER].given ? "provider" : NULL, "%s",
                        wrong);
        return OK;
    }
    bool issuer_changed = !p->is_new && !str_eq(now.issuer, before.issuer);
    p->moved = issuer_changed || (!p->is_new && !str_eq(now.client_id, before.client_id));
    TRY(secret_apply(d, o, p));
    /* Core 2: a subject is somebody at its issuer alone. */
    return issuer_changed ? login_authenticator_moved(d->cx, p->row) : OK;
}

/* ---- employees ---- */

err declare_subject_apply(struct declare *d, const struct declare_object *o,
                          const struct employee *who, const struct login_authenticator *a,
                          struct str *changed) {
    struct str given = o->v[EMPLOYEE_EXTERNAL_SUBJECT].text, stored, other;
    const struct login_kind *kind = login_kind_find(a->kind);
    if (!o->v[EMPLOYEE_EXTERNAL_SUBJECT].given) {
        return OK;
    }
    if (kind == NULL || kind->provider_check == NULL) {
        declare_mistake(d, o, "externalSubject",
                        "its login authenticator is of kind %.*s, which has no provider",
                        STR_ARG(a->kind));
        return OK;
    }
    given = str_empty(given) ? STR_NONE : given;
    TRY(db_one(d->cx,
               "SELECT external_subject FROM employee_login WHERE tenant_id = $1 "
               "AND employee_id = $2",
               DB_ARGS(DB_TEXT(who->tenant_id), DB_TEXT(who->employee_id)),
               DB_COLUMNS(COLUMN_STR(&stored))));
    if (given.p == NULL ? stored.p == NULL : stored.p != NULL && str_eq(stored, given)) {
        return OK;
    }
    err e =
        db_one(d->cx,
               "SELECT employee_id FROM employee_login WHERE tenant_id = $1 "
               "AND login_authenticator_id = $2 AND external_subject = $3",
               DB_ARGS(DB_TEXT(who->tenant_id), DB_TEXT(a->login_authenticator_id), DB_TEXT(given)),
               DB_COLUMNS(COLUMN_STR(&other)));
    if (e == OK) {
        declare_mistake(d, o, "externalSubject", "employee %.*s has this subject", STR_ARG(other));
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    *changed = declare_list_add(d->cx->arena, *changed, "externalSubject");
    return login_subject_set(d->cx, who->tenant_id, who->employee_id, given);
}
