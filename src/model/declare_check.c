/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen wrong in the file alone: names used twice, members that exclude each other. */
#include "declare.h"

struct names {
    struct declare *d;
    json_t *seen; /* an object used as a set */
};

struct str declare_user_name(const struct declare_object *employee) {
    const struct declare_value *v = declare_given(employee, EMPLOYEE_USER_NAME);
    v = v != NULL ? v : declare_given(employee, EMPLOYEE_EMAIL_ADDRESS);
    return v != NULL ? v->text : STR_NONE;
}

struct str declare_name_at_vendor(struct arena *a, const struct declare_object *application) {
    return application_name_folded(a, application->v[APPLICATION_NAME].text,
                                   application->v[APPLICATION_VENDOR].text);
}

/* Notes the name; true if it was there. */
static bool seen(const struct names *n, const struct declare_object *o, const char *space,
                 struct str name) {
    struct arena *a = n->d->cx->arena;
    char *key = str_z(a, str_format(a, "%s.%s/%.*s", o->kind->name, space, STR_ARG(name)));
    bool was = json_object_get(n->seen, key) != NULL;
    if (!was) {
        (void)json_object_set_new(n->seen, key, json_true());
    }
    return was;
}

static void twice(const struct names *n, const struct declare_object *o, const char *member,
                  struct str name) {
    struct str quoted = declare_quote(n->d->cx->arena, name);
    declare_mistake(n->d, o, member, "%.*s is used twice in this file; once is right",
                    STR_ARG(quoted));
}

static void once(const struct names *n, const struct declare_object *o, const char *member,
                 struct str name) {
    if (!str_empty(name) && seen(n, o, member, name)) {
        twice(n, o, member, name);
    }
}

static void member_once(const struct names *n, const struct declare_object *o, unsigned member) {
    once(n, o, o->kind->members[member].name, o->v[member].text);
}

static struct names names_new(struct declare *d) {
    return (struct names){d, json_object()};
}

static void names_done(struct names *n) {
    json_decref(n->seen);
}

static void number_once(const struct names *n, const struct declare_object *o, unsigned member) {
    if (o->v[member].given) {
        struct str digits = str_format(n->d->cx->arena, "%lld", (long long)o->v[member].number);
        once(n, o, o->kind->members[member].name, digits);
    }
}

static void application_check(struct declare *d, const struct declare_object *o) {
    if (declare_given(o, APPLICATION_JWKS) && declare_given(o, APPLICATION_JWKS_ENDPOINT)) {
        declare_mistake(d, o, "jwks", "give either jwks or jwksEndpoint, not both");
    }
    const json_t *allowed = o->v[APPLICATION_ALLOWED_TENANTS].json;
    const json_t *blocked = o->v[APPLICATION_BLOCKED_TENANTS].json;
    for (size_t i = 0; i < json_array_size(allowed); i++) {
        for (size_t k = 0; k < json_array_size(blocked); k++) {
            if (json_equal(json_array_get(allowed, i), json_array_get(blocked, k))) {
                declare_mistake(d, o, "blockedTenants",
                                "a tenant is either allowed or blocked, not both");
                return;
            }
        }
    }
}

static void employee_check(struct declare *d, const struct names *of_environment,
                           const struct names *of_tenant, const struct declare_object *o) {
    struct str user_name = declare_user_name(o);
    if (str_empty(user_name)) {
        declare_mistake(d, o, NULL, "\"emailAddress\" or \"userName\" is missing");
        return;
    }
    /* One space of names, whichever member the name came from. */
    bool given = declare_given(o, EMPLOYEE_USER_NAME) != NULL;
    struct str folded = str_lower(d->cx->arena, user_name);
    if (seen(of_environment, o, "userName", folded)) {
        twice(of_environment, o, given ? "userName" : "emailAddress", folded);
    }
    member_once(of_tenant, o, EMPLOYEE_ID);
    number_once(of_tenant, o, EMPLOYEE_AGENT_ID);
}

static void business_units_check(struct declare *d, const struct declare_object *tenant,
                                 const struct names *of_environment) {
    const struct declare_value *units = &tenant->v[TENANT_BUSINESS_UNITS];
    size_t primaries = 0;
    for (size_t i = 0; i < units->n; i++) {
        const struct declare_object *o = &units->objects[i];
        number_once(of_environment, o, BUSINESS_UNIT_NUMBER);
        primaries += o->v[BUSINESS_UNIT_PRIMARY].number != 0;
        if (primaries == 2 && o->v[BUSINESS_UNIT_PRIMARY].number != 0) {
            declare_mistake(d, o, "primary", "a tenant has exactly one primary business unit");
        }
    }
}

static void login_authenticators_check(struct declare *d, const struct declare_object *tenant,
                                       const struct names *of_tenant) {
    const struct declare_value *list = &tenant->v[TENANT_LOGIN_AUTHENTICATORS];
    size_t defaults = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct declare_object *o = &list->objects[i];
        member_once(of_tenant, o, LOGIN_AUTHENTICATOR_NAME);
        defaults += o->v[LOGIN_AUTHENTICATOR_DEFAULT].number != 0;
        if (defaults == 2 && o->v[LOGIN_AUTHENTICATOR_DEFAULT].number != 0) {
            declare_mistake(d, o, "default", "exactly one login authenticator is the default");
        }
    }
}

/* Access key ids and client ids are unique in the whole installation. */
static void tenant_check(struct declare *d, const struct declare_object *tenant,
                         const struct names *everywhere, const struct names *of_environment) {
    struct names of_tenant = names_new(d);
    member_once(of_environment, tenant, TENANT_TENANT);
    member_once(everywhere, tenant, TENANT_ID);
    business_units_check(d, tenant, of_environment);
    const struct declare_value *list = &tenant->v[TENANT_ROLES];
    for (size_t i = 0; i < list->n; i++) {
        member_once(&of_tenant, &list->objects[i], ROLE_NAME);
        member_once(&of_tenant, &list->objects[i], ROLE_ID);
    }
    login_authenticators_check(d, tenant, &of_tenant);
    list = &tenant->v[TENANT_EMPLOYEES];
    for (size_t i = 0; i < list->n; i++) {
        employee_check(d, of_environment, &of_tenant, &list->objects[i]);
        const struct declare_value *keys = &list->objects[i].v[EMPLOYEE_ACCESS_KEYS];
        for (size_t k = 0; k < keys->n; k++) {
            member_once(everywhere, &keys->objects[k], ACCESS_KEY_ID);
        }
    }
    list = &tenant->v[TENANT_APPLICATIONS];
    for (size_t i = 0; i < list->n; i++) {
        const struct declare_object *o = &list->objects[i];
        once(of_environment, o, "name", declare_name_at_vendor(d->cx->arena, o));
        member_once(everywhere, o, APPLICATION_ID);
        application_check(d, o);
    }
    names_done(&of_tenant);
}

static void areas_check(const struct declare_object *environment, const struct names *names) {
    const struct declare_value *areas = &environment->v[ENVIRONMENT_AREAS];
    for (size_t i = 0; i < areas->n; i++) {
        const struct declare_object *o = &areas->objects[i];
        member_once(names, o, AREA_AREA);
        const json_t *clusters = o->v[AREA_CLUSTERS].json;
        for (size_t k = 0; k < json_array_size(clusters); k++) {
            once(names, o, "clusters", str_from(json_string_value(json_array_get(clusters, k))));
        }
    }
}

void declare_check(struct declare *d) {
    struct names everywhere = names_new(d);
    const struct declare_value *environments = &d->top.v[TOP_ENVIRONMENTS];
    size_t defaults = 0;
    for (size_t i = 0; i < environments->n; i++) {
        const struct declare_object *o = &environments->objects[i];
        struct names names = names_new(d);
        member_once(&everywhere, o, ENVIRONMENT_NAME);
        member_once(&everywhere, o, ENVIRONMENT_ISSUER);
        defaults += o->v[ENVIRONMENT_DEFAULT].number != 0;
        if (defaults > 1 && o->v[ENVIRONMENT_DEFAULT].number != 0) {
            declare_mistake(d, o, "default", "exactly one environment is the default");
        }
        areas_check(o, &names);
        const struct declare_value *tenants = &o->v[ENVIRONMENT_TENANTS];
        for (size_t k = 0; k < tenants->n; k++) {
            tenant_check(d, &tenants->objects[k], &everywhere, &names);
        }
        names_done(&names);
    }
    names_done(&everywhere);
}
