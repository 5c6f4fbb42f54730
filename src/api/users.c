/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v2/users/{id|me} (PROTOCOL 8) and GET /user-management/v{1,3}/users/{id}
 * (PROTOCOL 12.13): one employee. */
#include "api.h"

/* Oneself, or with the permission Employees / view; an application with the route's scope: any of
 * its tenant. */
static err user_asked_for(struct ctx *cx, const struct request *rq, struct user *ret_user) {
    const struct caller *c = rq->caller;
    struct str asked = rq->path_param[0], id;
    bool me = str_is(asked, "me");
    if (me && !c->is_user) {
        return fail_say(
            cx, ERR_USER_REQUIRED,
            "'me' is the user of an access token, and this token is one of an application "
            "(client_credentials). Ask for a user by id, or use a token that was issued for a "
            "user.");
    }
    bool known = uuid_parse(cx->arena, asked, &id);
    if (me) {
        id = c->employee_id;
        known = true;
    }
    bool own = known && c->is_user && str_eq(id, c->employee_id);
    if (c->is_user && !own && !caller_may(c, "employee.view")) {
        return fail_say(
            cx, ERR_FORBIDDEN,
            "Your role may read yourself only; others need the permission Employees / view "
            "(employee.view).");
    }
    err e = known ? user_find(cx, c->tenant_id, id, ret_user) : ERR_NOT_FOUND;
    if (e == ERR_NOT_FOUND) {
        /* The same for a user of another tenant (SECURITY idor). */
        return fail_say(cx, ERR_NOT_FOUND, "There is no user with this id.");
    }
    return e;
}

static struct str full_name(struct arena *a, const struct employee *e) {
    struct buf b = buf_in(a, 64);
    const struct str parts[] = {e->first_name, e->middle_name, e->last_name};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (!str_empty(parts[i])) {
            buf_z(&b, b.n > 0 ? " " : "");
            buf_str(&b, parts[i]);
        }
    }
    return b.n > 0 ? buf_view(&b) : e->user_name;
}

static struct str display_name(struct arena *a, const struct employee *e) {
    return str_empty(e->display_name) ? full_name(a, e) : e->display_name;
}

err users_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct user u = {0};
    TRY(user_asked_for(cx, rq, &u));
    const struct employee *e = &u.employee;
    struct buf b = buf_in(cx->arena, 768);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_str(&j, "id", e->employee_id);
    json_put_str(&j, "name", full_name(cx->arena, e));
    json_put_str(&j, "emailAddress", e->email_address);
    json_put_str(&j, "userName", e->user_name);
    json_put_str(&j, "firstName", e->first_name);
    json_put_str(&j, "lastName", e->last_name);
    json_put_str(&j, "displayName", display_name(cx->arena, e));
    json_put_str(&j, "tenantId", e->tenant_id);
    json_put_str(&j, "teamId", e->team_id);
    json_put_str(&j, "role", u.role.name);
    json_put_str(&j, "roleId", e->role_id);
    json_put_str(&j, "status", e->status);
    json_put_int(&j, "agentId", e->agent_id);
    json_close_object(&j);
    reply_json(rp, 200, &b);
    return OK;
}

struct member {
    const char *name;
    struct str value;
};

static bool is_member(const struct member *members, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++) {
        if (str_is(name, members[i].name)) {
            return true;
        }
    }
    return str_is(name, "agentId") || str_is(name, "customAttributes");
}

/* What else is known of an employee: mobileNumber, timeZone, ... None may hide a member of ours. */
static err attributes_put(struct ctx *cx, struct json_out *j, struct str attributes,
                          const struct member *members, size_t n) {
    json_t *all = NULL;
    if (!str_empty(attributes)) {
        TRY(json_parse(cx, attributes, &all));
    }
    const char *name;
    json_t *value;
    json_object_foreach(all, name, value) {
        if (!is_member(members, n, str_from(name))) {
            json_key(j, str_from(name));
            json_put_raw(j, NULL, json_canonical(cx->arena, value));
        }
    }
    const json_t *custom = json_object_get(all, "customAttributes");
    /* PROTOCOL 12.13: always an object. */
    json_put_raw(j, "customAttributes",
                 json_is_object(custom) ? json_canonical(cx->arena, custom) : STR("{}"));
    return OK;
}

err employee_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct user u = {0};
    TRY(user_asked_for(cx, rq, &u));
    const struct employee *e = &u.employee;
    const struct member members[] = {
        {"id", e->employee_id},
        {"userName", e->user_name},
        {"firstName", e->first_name},
        {"lastName", e->last_name},
        {"middleName", e->middle_name},
        {"fullName", full_name(cx->arena, e)},
        {"displayName", display_name(cx->arena, e)},
        {"emailAddress", e->email_address},
        {"tenantId", e->tenant_id},
        {"teamId", e->team_id},
        {"role", u.role.name},
        {"roleId", e->role_id},
        {"status", e->status},
        {"type", e->type},
    };
    struct buf b = buf_in(cx->arena, 1024);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_open_object(&j, "user");
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        json_put_str(&j, members[i].name, members[i].value);
    }
    json_put_int(&j, "agentId", e->agent_id);
    TRY(attributes_put(cx, &j, e->attributes, members, COUNT_OF(members)));
    json_close_object(&j);
    json_close_object(&j);
    reply_json(rp, 200, &b);
    return OK;
}
