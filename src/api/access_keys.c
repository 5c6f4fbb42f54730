/* SPDX-License-Identifier: Apache-2.0 */
/* One access key: create, read, activate or deactivate, delete (PROTOCOL 6, 12.10). The secret is
 * in the answer that creates it and nowhere else. */
#include "access_keys.h"

static const struct {
    const char *own, *others;
} permissions[] = {
    [ACCESS_KEY_VIEW] = {"my-access-key.view", "access-key.view"},
    [ACCESS_KEY_CREATE] = {"my-access-key.create", "access-key.create"},
    [ACCESS_KEY_EDIT] = {"my-access-key.edit", "access-key.edit"},
    [ACCESS_KEY_DELETE] = {"my-access-key.delete", "access-key.delete"},
};

bool access_key_may(const struct caller *c, enum access_key_verb verb, bool own) {
    if (!c->is_user) {
        return true; /* an application is judged by its scope, which is the route's column */
    }
    return caller_may(c, permissions[verb].others) || (own && caller_may(c, permissions[verb].own));
}

err access_key_forbidden(struct ctx *cx, enum access_key_verb verb) {
    return fail_say(cx, ERR_FORBIDDEN,
                    "Your role lacks the permission for this: %s for your own access keys, %s for "
                    "those of others.",
                    permissions[verb].own, permissions[verb].others);
}

void access_key_json(struct json_out *j, const char *member, const struct access_key *k) {
    json_open_object(j, member);
    json_put_str(j, "accessKeyId", k->access_key_id);
    json_put_str(j, "userId", k->employee_id);
    json_put_str(j, "tenantId", k->tenant_id);
    json_put_int(j, "agentId", k->agent_id);
    json_put_null(j, "billingId");
    json_put_bool(j, "isActive", k->is_active);
    if (k->last_used_at != 0) {
        char used[TIME_ISO_SIZE];
        time_iso(k->last_used_at * 1000, used);
        json_put_z(j, "lastUsedDate", used);
    } else {
        json_put_null(j, "lastUsedDate");
    }
    json_close_object(j);
}

/* The same words for a key that does not exist and for one of another tenant (SECURITY idor). */
static err key_unknown(struct ctx *cx) {
    return fail_say(cx, ERR_NOT_FOUND, "There is no access key with this accessKeyId.");
}

static err employee_unknown(struct ctx *cx) {
    return fail_say(cx, ERR_NOT_FOUND, "There is no user with this userId in this tenant.");
}

static bool is_own(const struct caller *c, struct str employee_id) {
    return c->is_user && str_eq(c->employee_id, employee_id);
}

/* A key that the caller may see at all, or "unknown". */
static err key_find(struct ctx *cx, const struct request *rq, struct str access_key_id,
                    enum access_key_verb verb, struct access_key *ret_key) {
    const struct caller *c = rq->caller;
    if (!access_key_may(c, verb, true)) {
        return access_key_forbidden(cx, verb);
    }
    if (access_key_id.n != ACCESS_KEY_LENGTH || !str_is_text(access_key_id)) {
        return key_unknown(cx);
    }
    struct access_key k = {0};
    err e = access_key_find(cx, c->tenant_id, access_key_id, &k);
    if (e == ERR_NOT_FOUND) {
        return key_unknown(cx);
    }
    TRY(e);
    if (!access_key_may(c, verb, is_own(c, k.employee_id))) {
        return key_unknown(cx);
    }
    *ret_key = k;
    return OK;
}

static struct audit audit_of(const struct request *rq, struct str action, struct str object,
                             struct str detail) {
    return (struct audit){.tenant_id = rq->caller->tenant_id,
                          .actor = rq->caller->actor,
                          .action = action,
                          .object = object,
                          .remote = rq->remote,
                          .detail = detail};
}

/* ---- create
 * ---------------------------------------------------------------------------------------- */

struct creation {
    struct access_key_new key;
    struct audit audit;
};

static err creation_run(struct ctx *cx, void *state) {
    const struct creation *c = state;
    err e = access_key_create(cx, &c->key);
    if (e == ERR_NOT_FOUND) {
        return employee_unknown(cx);
    }
    TRY(e);
    return audit_write(cx, &c->audit);
}

static void created_json(struct json_out *j, const char *member, const struct access_key_new *k) {
    json_open_object(j, member);
    json_put_str(j, "accessKeyId", k->key.access_key_id);
    json_put_str(j, "accessKeySecret", k->secret);
    json_put_str(j, "userId", k->key.employee_id);
    json_put_str(j, "tenantId", k->key.tenant_id);
    json_put_bool(j, "isActive", k->key.is_active);
    json_close_object(j);
}

/* Who may do it to others may do it to itself: access-key.view holds my-access-key.view. */
static bool holds(const struct caller *c, struct str permission) {
    return str_has_word(c->permissions, permission) ||
           (str_starts(permission, "my-") &&
            str_has_word(c->permissions, str_sub(permission, 3, permission.n)));
}

/* A key speaks with its employee's permissions: whoever makes one for another must hold them all
 * (SECURITY privilege). */
static err privilege_check(struct ctx *cx, const struct caller *c, struct str employee_id) {
    struct user user = {0};
    err e = user_find(cx, c->tenant_id, employee_id, &user);
    if (e == ERR_NOT_FOUND) {
        return employee_unknown(cx);
    }
    TRY(e);
    if (!c->is_user) {
        return OK;
    }
    struct str theirs, one;
    TRY(user_permissions(cx, &user, &theirs));
    while (str_next(&theirs, ' ', &one)) {
        if (one.n > 0 && !holds(c, one)) {
            return fail_say(
                cx, ERR_FORBIDDEN,
                "An access key carries its user's permissions, and your role lacks one of "
                "them: %.*s.",
                STR_ARG(one));
        }
    }
    return OK;
}

/* userId and tenantId of the body. Both must be the caller's to use; a foreign tenant reads like an
 * unknown user. */
static err creation_target(struct ctx *cx, const struct request *rq, struct str *ret_employee_id) {
    const struct caller *c = rq->caller;
    struct str user_id, tenant_id, employee_id;
    TRY(request_param(cx, rq, "userId", &user_id));
    TRY(request_param(cx, rq, "tenantId", &tenant_id));
    if (str_empty(user_id)) {
        return fail_say(
            cx, ERR_INVALID_REQUEST,
            "userId is missing. Send {\"userId\": ..., \"tenantId\": ...}; both are claims of "
            "your access token.");
    }
    bool known = uuid_parse(cx->arena, user_id, &employee_id);
    bool own = known && is_own(c, employee_id);
    if (!access_key_may(c, ACCESS_KEY_CREATE, own)) {
        return access_key_forbidden(cx, ACCESS_KEY_CREATE);
    }
    struct str tenant = c->tenant_id;
    if (!known || (!str_empty(tenant_id) &&
                   (!uuid_parse(cx->arena, tenant_id, &tenant) || !str_eq(tenant, c->tenant_id)))) {
        return employee_unknown(cx);
    }
    if (!own) {
        TRY(privilege_check(cx, c, employee_id));
    }
    *ret_employee_id = employee_id;
    return OK;
}

err access_keys_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str employee_id;
    TRY(creation_target(cx, rq, &employee_id));
    struct creation *c = NEW(cx->arena, struct creation);
    c->key = (struct access_key_new){
        .key = {.tenant_id = rq->caller->tenant_id, .employee_id = employee_id, .is_active = true},
        .environment_id = rq->environment->id,
        .created_by = rq->caller->actor};
    access_key_prepare(cx, &c->key);
    c->audit = audit_of(rq, STR("access_key.create"), c->key.key.access_key_id,
                        str_format(cx->arena, "{\"userId\":\"%.*s\"}", STR_ARG(employee_id)));
    struct buf b = buf_in(cx->arena, 768);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    created_json(&j, "accessKey", &c->key);
    created_json(&j, "resultSet", &c->key); /* PROTOCOL 12.10: programs read one or the other */
    json_close_object(&j);
    reply_json(rp, 201, &b);
    rp->write.run = creation_run;
    rp->write.state = c;
    return OK;
}

/* ---- read
 * ------------------------------------------------------------------------------------------- */

static err agent_id_fill(struct ctx *cx, struct access_key *k) {
    struct employee e = {0};
    TRY(employee_find(cx, k->tenant_id, k->employee_id, &e));
    k->agent_id = e.agent_id;
    return OK;
}

static void key_reply(struct ctx *cx, const struct access_key *k, struct reply *rp) {
    struct buf b = buf_in(cx->arena, 768);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    access_key_json(&j, "accessKey", k);
    access_key_json(&j, "resultSet", k);
    json_close_object(&j);
    reply_json(rp, 200, &b);
}

err access_key_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct access_key k;
    TRY(key_find(cx, rq, rq->path_param[0], ACCESS_KEY_VIEW, &k));
    TRY(agent_id_fill(cx, &k));
    key_reply(cx, &k, rp);
    return OK;
}

/* ---- change
 * ------------------------------------------------------------------------------------------- */

struct change {
    struct access_key key;
    struct audit audit;
};

static err activation_run(struct ctx *cx, void *state) {
    const struct change *c = state;
    err e = access_key_set_active(cx, c->key.tenant_id, c->key.access_key_id, c->key.is_active);
    if (e == ERR_NOT_FOUND) {
        return key_unknown(cx); /* deleted a moment ago */
    }
    TRY(e);
    return audit_write(cx, &c->audit);
}

static err activity_param(struct ctx *cx, const struct request *rq, bool *ret_active) {
    struct str v;
    TRY(request_param(cx, rq, "isActive", &v));
    if (!str_is(v, "true") && !str_is(v, "false")) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "Send {\"isActive\": true} or {\"isActive\": false}.");
    }
    *ret_active = str_is(v, "true");
    return OK;
}

static err activity_set(struct ctx *cx, const struct request *rq, struct str access_key_id,
                        struct reply *rp) {
    bool active;
    TRY(activity_param(cx, rq, &active));
    struct change *c = NEW(cx->arena, struct change);
    TRY(key_find(cx, rq, access_key_id, ACCESS_KEY_EDIT, &c->key));
    TRY(agent_id_fill(cx, &c->key));
    c->key.is_active = active;
    c->audit =
        audit_of(rq, active ? STR("access_key.activate") : STR("access_key.deactivate"),
                 c->key.access_key_id,
                 str_format(cx->arena, "{\"userId\":\"%.*s\"}", STR_ARG(c->key.employee_id)));
    key_reply(cx, &c->key, rp);
    rp->write.run = activation_run;
    rp->write.state = c;
    return OK;
}

/* An id in the body that is not the one in path or query is refused (SECURITY idor). */
static err body_id_agrees(struct ctx *cx, const struct request *rq, struct str access_key_id) {
    struct str other;
    TRY(request_param(cx, rq, "accessKeyId", &other));
    if (other.p != NULL && !str_eq(other, access_key_id)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "accessKeyId in the body is not the one in the path.");
    }
    return OK;
}

err access_keys_patch(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str access_key_id;
    TRY(request_query(cx, rq, "accessKeyId", &access_key_id));
    if (str_empty(access_key_id)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "Name the access key: PATCH .../access-keys?accessKeyId=...");
    }
    if (params_has(&rq->form, "accessKeyId") ||
        (rq->json != NULL && json_object_get(rq->json, "accessKeyId") != NULL)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "accessKeyId is in the query; send it there and not in the body as well.");
    }
    return activity_set(cx, rq, access_key_id, rp);
}

err access_key_patch(struct ctx *cx, const struct request *rq, struct reply *rp) {
    TRY(body_id_agrees(cx, rq, rq->path_param[0]));
    return activity_set(cx, rq, rq->path_param[0], rp);
}

static err removal_run(struct ctx *cx, void *state) {
    const struct change *c = state;
    err e = access_key_delete(cx, c->key.tenant_id, c->key.access_key_id);
    if (e == ERR_NOT_FOUND) {
        return key_unknown(cx);
    }
    TRY(e);
    return audit_write(cx, &c->audit);
}

err access_key_remove(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct change *c = NEW(cx->arena, struct change);
    TRY(key_find(cx, rq, rq->path_param[0], ACCESS_KEY_DELETE, &c->key));
    c->audit =
        audit_of(rq, STR("access_key.delete"), c->key.access_key_id,
                 str_format(cx->arena, "{\"userId\":\"%.*s\"}", STR_ARG(c->key.employee_id)));
    rp->status = 204;
    rp->write.run = removal_run;
    rp->write.state = c;
    return OK;
}
