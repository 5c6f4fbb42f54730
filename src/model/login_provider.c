/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of login authenticators, and those whose people sign in at another provider: what the
 * authenticator says of it, and who an employee is there. */
#include "user.h"

/* ---- kinds ---- */

static const char *openid_check(const struct login_provider *p) {
    if (str_empty(p->issuer) || str_empty(p->client_id)) {
        return "an authenticator of kind openid needs \"issuer\" and \"clientId\"";
    }
    return str_has_word(p->scope, STR("openid")) ? NULL : "scope must have openid in it";
}

/* A kind is a row here, and one of login_ways[] in web/. */
static const struct login_kind kinds[] = {
    {.name = "system"},
    {.name = "openid", .provider_check = openid_check},
};

const struct login_kind *login_kind_find(struct str kind) {
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_is(kind, kinds[i].name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* ---- the column `provider` ---- */

err login_provider_parse(struct ctx *cx, struct str json, struct login_provider *ret_provider) {
    struct login_provider p = {.issuer = STR_NONE};
    json_t *object;
    TRY(json_parse(cx, str_empty(json) ? STR("{}") : json, &object));
    if (!json_is_object(object)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "a provider must be an object");
    }
    TRY(json_get_str(cx, object, "issuer", &p.issuer));
    TRY(json_get_str(cx, object, "clientId", &p.client_id));
    TRY(json_get_words(cx, object, "scope", &p.scope));
    TRY(json_get_str(cx, object, "claim", &p.claim));
    p.scope = str_empty(p.scope) ? STR(LOGIN_PROVIDER_SCOPE) : p.scope;
    p.claim = str_empty(p.claim) ? STR("sub") : p.claim;
    *ret_provider = p;
    return OK;
}

/* Nothing else than this is stored: the secret has a column of its own. */
struct str login_provider_write(struct arena *a, const struct login_provider *p) {
    struct buf b = buf_in(a, 256);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    if (!str_empty(p->issuer) || !str_empty(p->client_id)) {
        json_put_str_if(&j, "issuer", p->issuer);
        json_put_str_if(&j, "clientId", p->client_id);
        json_put_str(&j, "scope", p->scope);
        json_put_str(&j, "claim", p->claim);
    }
    json_close_object(&j);
    return buf_view(&b);
}

/* ---- its secret ---- */

static struct str seal_context(struct arena *a, struct str tenant_id, struct str id) {
    return str_format(a, "login_authenticator/%.*s/%.*s", STR_ARG(tenant_id), STR_ARG(id));
}

struct str login_provider_seal(struct ctx *cx, const struct seal_key *master,
                               const struct login_authenticator *a, struct str secret) {
    struct seal_key key = seal_key_derive(master, SEAL_LOGIN_PROVIDER);
    struct str sealed =
        seal(cx, &key, seal_context(cx->arena, a->tenant_id, a->login_authenticator_id), secret);
    secret_wipe(&key, sizeof key);
    return sealed;
}

err login_provider_unseal(struct ctx *cx, const struct seal_key *key,
                          const struct login_authenticator *a, struct str sealed,
                          struct secret *ret_secret) {
    return unseal(cx, key, seal_context(cx->arena, a->tenant_id, a->login_authenticator_id), sealed,
                  ret_secret);
}

err login_way_secret(struct ctx *cx, const struct login_way *w, struct secret *ret_secret) {
    struct login_authenticator a = {.tenant_id = w->tenant_id,
                                    .login_authenticator_id = w->authenticator_id};
    return login_provider_unseal(cx, platform_seal_key(cx, SEAL_LOGIN_PROVIDER), &a,
                                 w->secret_sealed, ret_secret);
}

/* ---- who signs in where ---- */

struct found {
    struct login_way way;
    struct str provider, type, status;
    bool tenant_enabled;
};

static err found_read(struct ctx *cx, struct str environment_id, struct str user_name,
                      struct found *f) {
    struct login_way *w = &f->way;
    /* all tenants: the index says whose it is; every join goes by tenant_id */
    return db_one(
        cx,
        "SELECT i.tenant_id, i.employee_id, e.user_name, e.email_address, e.type, e.status, "
        "t.is_enabled, g.external_subject, a.login_authenticator_id, a.name, a.kind, a.provider, "
        "a.secret_sealed FROM user_name_index i "
        "JOIN tenant t ON t.tenant_id = i.tenant_id "
        "JOIN employee e ON e.tenant_id = i.tenant_id AND e.employee_id = i.employee_id "
        "JOIN employee_login g ON g.tenant_id = i.tenant_id AND g.employee_id = i.employee_id "
        "JOIN login_authenticator a ON a.tenant_id = i.tenant_id "
        "AND a.login_authenticator_id = g.login_authenticator_id "
        "WHERE i.environment_id = $1 AND i.user_name_folded = $2",
        DB_ARGS(DB_TEXT(environment_id), DB_TEXT(str_lower(cx->arena, user_name))),
        DB_COLUMNS(COLUMN_STR(&w->tenant_id), COLUMN_STR(&w->employee_id),
                   COLUMN_STR(&w->user_name), COLUMN_STR(&w->email_address), COLUMN_STR(&f->type),
                   COLUMN_STR(&f->status), COLUMN_BOOL(&f->tenant_enabled),
                   COLUMN_STR(&w->external_subject), COLUMN_STR(&w->authenticator_id),
                   COLUMN_STR(&w->authenticator_name), COLUMN_STR(&w->kind),
                   COLUMN_STR(&f->provider), COLUMN_STR(&w->secret_sealed)));
}

err login_way_find(struct ctx *cx, struct str environment_id, struct str user_name,
                   struct login_way *ret_way) {
    struct found f = {.way = {.tenant_id = STR_NONE}};
    if (!user_name_ok(user_name)) {
        return fail(cx, ERR_NOT_FOUND, "not the form of a user name");
    }
    TRY(found_read(cx, environment_id, user_name, &f));
    if (!f.tenant_enabled || !employee_may_log_in(f.type, f.status)) {
        return fail(cx, ERR_NOT_FOUND, "employee %.*s may not sign in", STR_ARG(f.way.employee_id));
    }
    TRY(login_provider_parse(cx, f.provider, &f.way.provider));
    *ret_way = f.way;
    return OK;
}

err login_way_used(struct ctx *cx, const struct login_way *w, struct str subject) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE employee_login SET external_subject = $4, updated_at = $5 "
                "WHERE tenant_id = $1 AND employee_id = $2 AND login_authenticator_id = $3 "
                "AND (external_subject = $4 OR (external_subject IS NULL AND NOT EXISTS "
                "(SELECT 1 FROM employee_login o WHERE o.tenant_id = $1 "
                "AND o.login_authenticator_id = $3 AND o.external_subject = $4)))",
                DB_ARGS(DB_TEXT(w->tenant_id), DB_TEXT(w->employee_id),
                        DB_TEXT(w->authenticator_id), DB_TEXT(subject), DB_INT(cx->now)),
                &n));
    return n == 1 ? OK
                  : fail(cx, ERR_INVALID_GRANT,
                         "employee %.*s is linked to another subject, or this one is another's",
                         STR_ARG(w->employee_id));
}

err login_subject_set(struct ctx *cx, struct str tenant_id, struct str employee_id,
                      struct str subject) {
    TRY(db_exec(
        cx,
        "UPDATE employee_login SET external_subject = $3, updated_at = $4 "
        "WHERE tenant_id = $1 AND employee_id = $2",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_TEXT(subject), DB_INT(cx->now)),
        NULL));
    return sso_sessions_end(cx, tenant_id, employee_id);
}

err login_authenticator_moved(struct ctx *cx, const struct login_authenticator *a) {
    static const char *const ends[] = {
        "UPDATE employee_login SET external_subject = NULL, epoch = epoch + 1, updated_at = $3 "
        "WHERE tenant_id = $1 AND login_authenticator_id = $2",
        "UPDATE sso_session SET ended_at = $3 WHERE tenant_id = $1 AND ended_at IS NULL "
        "AND employee_id IN (SELECT g.employee_id FROM employee_login g WHERE g.tenant_id = $1 "
        "AND g.login_authenticator_id = $2)",
        "UPDATE session SET revoked_at = $3, refresh_answer = NULL, "
        "refresh_revoked_at = coalesce(refresh_revoked_at, $3) WHERE tenant_id = $1 "
        "AND sso_session_id IS NOT NULL AND revoked_at IS NULL AND employee_id IN "
        "(SELECT g.employee_id FROM employee_login g WHERE g.tenant_id = $1 "
        "AND g.login_authenticator_id = $2)",
    };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        TRY(db_exec(
            cx, ends[i],
            DB_ARGS(DB_TEXT(a->tenant_id), DB_TEXT(a->login_authenticator_id), DB_INT(cx->now)),
            NULL));
    }
    return OK;
}
