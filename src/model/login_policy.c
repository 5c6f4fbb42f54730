/* SPDX-License-Identifier: Apache-2.0 */
/* What a tenant asks of passwords and sign-ins. */
#include "user.h"

#define DAY_MAX 3650
#define DAY     86400

struct policy_member {
    const char *name;
    size_t offset;
    int64_t otherwise, min, max;
};

static const struct policy_member numbers[] = {
    {"passwordMin", offsetof(struct login_policy, password_min), PASSWORD_MIN, PASSWORD_MIN,
     LOGIN_PASSWORD_MIN_MAX},
    {"history", offsetof(struct login_policy, history), 0, 0, PASSWORD_HISTORY_MAX},
    {"maxAgeDays", offsetof(struct login_policy, max_age_days), 0, 0, DAY_MAX},
    {"lockAfter", offsetof(struct login_policy, lock_after), 6, 1, 100},
    {"lockSeconds", offsetof(struct login_policy, lock_seconds), 1800, 60, DAY},
    {"idleSeconds", offsetof(struct login_policy, idle_seconds), 3600, 60, 30 * DAY},
    {"sessionSeconds", offsetof(struct login_policy, session_seconds), 43200, 300, 30 * DAY},
};

struct policy_class {
    const char *name;
    size_t offset;
};

static const struct policy_class classes[] = {
    {"upper", offsetof(struct login_policy, upper)},
    {"lower", offsetof(struct login_policy, lower)},
    {"digit", offsetof(struct login_policy, digit)},
    {"special", offsetof(struct login_policy, special)},
};

static int64_t *number_of(struct login_policy *p, const struct policy_member *m) {
    return (int64_t *)(void *)((char *)p + m->offset);
}

static bool *class_of(struct login_policy *p, const struct policy_class *c) {
    return (bool *)(void *)((char *)p + c->offset);
}

struct login_policy login_policy_default(void) {
    struct login_policy p = {0};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        *number_of(&p, &numbers[i]) = numbers[i].otherwise;
    }
    return p;
}

static err mfa_parse(struct ctx *cx, const json_t *object, enum factor *ret) {
    struct str word;
    TRY(json_get_str(cx, object, "mfa", &word));
    if (word.p != NULL && !factor_parse(word, ret)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "mfa must be none, totp or hotp");
    }
    return OK;
}

err login_policy_parse(struct ctx *cx, struct str json, struct login_policy *ret_policy) {
    struct login_policy p = login_policy_default();
    if (str_empty(json) || str_is(json, "{}")) {
        *ret_policy = p;
        return OK;
    }
    json_t *object;
    TRY(json_parse(cx, json, &object));
    if (!json_is_object(object)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "a policy must be an object");
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        const struct policy_member *m = &numbers[i];
        int64_t v;
        TRY(json_get_int(cx, object, m->name, m->otherwise, &v));
        if (v < m->min || v > m->max) {
            return fail_say(cx, ERR_INVALID_REQUEST, "%s must be between %lld and %lld", m->name,
                            (long long)m->min, (long long)m->max);
        }
        *number_of(&p, m) = v;
    }
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        TRY(json_get_bool(cx, object, classes[i].name, false, class_of(&p, &classes[i])));
    }
    TRY(mfa_parse(cx, object, &p.mfa));
    *ret_policy = p;
    return OK;
}

struct str login_policy_write(struct arena *a, const struct login_policy *policy) {
    struct buf b = buf_in(a, 192);
    struct json_out j = json_to(&b);
    struct login_policy copy = *policy;
    json_open_object(&j, NULL);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (*number_of(&copy, &numbers[i]) != numbers[i].otherwise) {
            json_put_int(&j, numbers[i].name, *number_of(&copy, &numbers[i]));
        }
    }
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        if (*class_of(&copy, &classes[i])) {
            json_put_bool(&j, classes[i].name, true);
        }
    }
    if (copy.mfa != FACTOR_NONE) {
        json_put_str(&j, "mfa", str_from(factor_word(copy.mfa)));
    }
    json_close_object(&j);
    return buf_view(&b);
}
