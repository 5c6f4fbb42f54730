/* SPDX-License-Identifier: Apache-2.0 */
/* Access keys of employees: proof of a back-end user, and their management. */
#include "user.h"

#define USED_SECONDS  60
#define EPOCH_BYTES   6
#define KEY_BYTES     32 /* 56 characters of base32 with padding */
#define KEY_INPUT_MAX 256
/* Of nothing that has a preimage of ours: compared when the key is unknown, so that the answer
 * takes as long. */
#define UNKNOWN_DIGEST STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")

struct candidate {
    struct access_key key;
    struct user user;
    struct str digest;
};

static err candidate_find(struct ctx *cx, struct str environment_id, struct str access_key_id,
                          struct candidate *c) {
    struct str lifetimes;
    /* all tenants: the index says whose it is; every join goes by tenant_id */
    TRY(db_one(
        cx,
        "SELECT i.tenant_id, k.employee_id, k.secret_digest, k.is_active, k.epoch, k.created_at, "
        "k.last_used_at, " USER_COLUMNS_SQL " FROM access_key_index i "
        "JOIN access_key k ON k.tenant_id = i.tenant_id AND k.access_key_id = i.access_key_id "
        "JOIN employee e ON e.tenant_id = k.tenant_id AND e.employee_id = "
        "k.employee_id " USER_JOINS_SQL "WHERE i.access_key_id = $1 AND i.environment_id = $2",
        DB_ARGS(DB_TEXT(access_key_id), DB_TEXT(environment_id)),
        DB_COLUMNS(COLUMN_STR(&c->key.tenant_id), COLUMN_STR(&c->key.employee_id),
                   COLUMN_STR(&c->digest), COLUMN_BOOL(&c->key.is_active),
                   COLUMN_INT(&c->key.epoch), COLUMN_INT(&c->key.created_at),
                   COLUMN_INT(&c->key.last_used_at), USER_COLUMNS(c->user, lifetimes))));
    c->key.access_key_id = access_key_id;
    c->key.agent_id = c->user.employee.agent_id;
    c->user.employee.tenant_id = c->user.tenant.tenant_id = c->key.tenant_id;
    c->user.employee.employee_id = c->key.employee_id;
    c->user.role.role_id = c->user.employee.role_id;
    return lifetimes_parse(cx, lifetimes, &c->user.tenant.lifetimes);
}

static bool input_ok(struct str s) {
    return s.n > 0 && s.n <= KEY_INPUT_MAX && str_is_text(s);
}

err access_key_authenticate(struct ctx *cx, struct str environment_id, struct str access_key_id,
                            struct str access_key_secret, struct access_key *ret_key,
                            struct user *ret_user) {
    struct candidate c = {0};
    err e = ERR_NOT_FOUND;
    if (input_ok(access_key_id) && input_ok(access_key_secret)) {
        e = candidate_find(cx, environment_id, access_key_id, &c);
    }
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    struct str secret = str_sub(access_key_secret, 0, KEY_INPUT_MAX);
    bool matches = sha256_matches(secret, e == OK ? c.digest : UNKNOWN_DIGEST);
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INVALID_GRANT, "unknown access key");
    }
    if (!matches) {
        return fail(cx, ERR_INVALID_GRANT, "wrong access key secret");
    }
    if (!c.key.is_active) {
        return fail(cx, ERR_INVALID_GRANT, "the access key is not active");
    }
    if (!user_is_alive(&c.user)) {
        return fail(cx, ERR_INVALID_GRANT, "employee %.*s is %.*s, its tenant %s",
                    STR_ARG(c.key.employee_id), STR_ARG(c.user.employee.status),
                    c.user.tenant.is_enabled ? "enabled" : "disabled");
    }
    *ret_key = c.key;
    *ret_user = c.user;
    return OK;
}

err access_key_used(struct ctx *cx, const struct access_key *k) {
    if (k->last_used_at > cx->now - USED_SECONDS) {
        return OK;
    }
    return db_exec(cx,
                   "UPDATE access_key SET last_used_at = $3 WHERE tenant_id = $1 AND "
                   "access_key_id = $2 AND (last_used_at IS NULL OR last_used_at <= $4)",
                   DB_ARGS(DB_TEXT(k->tenant_id), DB_TEXT(k->access_key_id), DB_INT(cx->now),
                           DB_INT(cx->now - USED_SECONDS)),
                   NULL);
}

static struct str key_text(struct ctx *cx) {
    unsigned char bytes[KEY_BYTES];
    cx->random->fill(cx->random, bytes, sizeof bytes);
    struct str text = base32(cx->arena, bytes, sizeof bytes);
    secret_wipe(bytes, sizeof bytes);
    return text;
}

int64_t access_key_epoch_new(struct ctx *cx) {
    unsigned char bytes[EPOCH_BYTES];
    int64_t epoch = 0;
    cx->random->fill(cx->random, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        epoch = epoch << 8 | bytes[i];
    }
    return epoch;
}

void access_key_prepare(struct ctx *cx, struct access_key_new *key) {
    key->key.access_key_id = key_text(cx);
    key->secret = key_text(cx);
    key->secret_digest = sha256_text(cx->arena, key->secret);
    key->key.is_active = true;
    key->key.created_at = cx->now;
    key->key.last_used_at = 0;
    key->key.epoch = access_key_epoch_new(cx);
}

err access_key_create(struct ctx *cx, const struct access_key_new *key) {
    const struct access_key *k = &key->key;
    int64_t n;
    TRY(db_exec(cx,
                "INSERT INTO access_key (tenant_id, access_key_id, employee_id, secret_digest, "
                "is_active, created_by, created_at, epoch) "
                "SELECT e.tenant_id, $3, e.employee_id, $4, $5, $6, $7, $8 FROM employee e "
                "WHERE e.tenant_id = $1 AND e.employee_id = $2 AND e.status <> 'DELETED'",
                DB_ARGS(DB_TEXT(k->tenant_id), DB_TEXT(k->employee_id), DB_TEXT(k->access_key_id),
                        DB_TEXT(key->secret_digest), DB_BOOL(k->is_active),
                        DB_TEXT(key->created_by.p != NULL ? key->created_by : STR("")),
                        DB_INT(k->created_at), DB_INT(k->epoch)),
                &n));
    if (n == 0) {
        return fail(cx, ERR_NOT_FOUND, "no employee %.*s in tenant %.*s", STR_ARG(k->employee_id),
                    STR_ARG(k->tenant_id));
    }
    TRY(db_exec(
        cx,
        "INSERT INTO access_key_index (access_key_id, environment_id, tenant_id) "
        "SELECT $2, t.environment_id, t.tenant_id FROM tenant t "
        "WHERE t.tenant_id = $1 AND t.environment_id = $3",
        DB_ARGS(DB_TEXT(k->tenant_id), DB_TEXT(k->access_key_id), DB_TEXT(key->environment_id)),
        &n));
    return n == 1 ? OK : fail(cx, ERR_NOT_FOUND, "the tenant is of another environment");
}

err access_key_find(struct ctx *cx, struct str tenant_id, struct str access_key_id,
                    struct access_key *ret_key) {
    struct access_key k = {.tenant_id = tenant_id, .access_key_id = access_key_id};
    TRY(db_one(cx,
               "SELECT k.employee_id, k.is_active, k.created_at, k.last_used_at, e.agent_id "
               "FROM access_key k LEFT JOIN employee e ON e.tenant_id = k.tenant_id "
               "AND e.employee_id = k.employee_id "
               "WHERE k.tenant_id = $1 AND k.access_key_id = $2",
               DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(access_key_id)),
               DB_COLUMNS(COLUMN_STR(&k.employee_id), COLUMN_BOOL(&k.is_active),
                          COLUMN_INT(&k.created_at), COLUMN_INT(&k.last_used_at),
                          COLUMN_INT(&k.agent_id))));
    *ret_key = k;
    return OK;
}

err access_key_set_active(struct ctx *cx, struct str tenant_id, struct str access_key_id,
                          bool active) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE access_key SET is_active = $3, "
                "epoch = CASE WHEN $3 = 0 THEN $4 ELSE epoch END "
                "WHERE tenant_id = $1 AND access_key_id = $2",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(access_key_id), DB_BOOL(active),
                        DB_INT(access_key_epoch_new(cx))),
                &n));
    return n == 1 ? OK : fail(cx, ERR_NOT_FOUND, "no such access key in this tenant");
}

err access_key_delete(struct ctx *cx, struct str tenant_id, struct str access_key_id) {
    int64_t n;
    TRY(db_exec(cx, "DELETE FROM access_key WHERE tenant_id = $1 AND access_key_id = $2",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(access_key_id)), &n));
    if (n == 0) {
        return fail(cx, ERR_NOT_FOUND, "no such access key in this tenant");
    }
    return db_exec(cx, "DELETE FROM access_key_index WHERE access_key_id = $1 AND tenant_id = $2",
                   DB_ARGS(DB_TEXT(access_key_id), DB_TEXT(tenant_id)), NULL);
}
