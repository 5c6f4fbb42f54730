/* SPDX-License-Identifier: Apache-2.0 */
/* What a tenant asks of passwords and sign-ins, and whether a password will do. */
#include "user.h"

#define NAME_LENGTH_MIN 4 /* shorter names are in too many words */
#define DAY_MAX         3650
#define DAY             86400

struct policy_member {
    const char *name;
    size_t offset;
    int64_t otherwise, min, max;
};

static const struct policy_member numbers[] = {
    {"passwordMin", offsetof(struct login_policy, password_min), PASSWORD_MIN, PASSWORD_MIN,
     LOGIN_PASSWORD_MIN_MAX},
    {"maxAgeDays", offsetof(struct login_policy, max_age_days), 0, 0, DAY_MAX},
    {"lockAfter", offsetof(struct login_policy, lock_after), 6, 1, 100},
    {"lockSeconds", offsetof(struct login_policy, lock_seconds), 1800, 60, DAY},
    {"idleSeconds", offsetof(struct login_policy, idle_seconds), 3600, 60, 30 * DAY},
    {"sessionSeconds", offsetof(struct login_policy, session_seconds), 43200, 300, 30 * DAY},
};

struct policy_class {
    const char *name;
    size_t offset;
    const char *needs;
};

static const struct policy_class classes[] = {
    {"upper", offsetof(struct login_policy, upper), "an upper-case letter"},
    {"lower", offsetof(struct login_policy, lower), "a lower-case letter"},
    {"digit", offsetof(struct login_policy, digit), "a digit"},
    {"special", offsetof(struct login_policy, special), "a character that is no letter or digit"},
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

/* ---- passwords ---- */

/* Code points and which classes are there; false: no text, or control characters in it. */
static bool measure(struct str password, int64_t *ret_length, struct login_policy *has) {
    int64_t length = 0;
    while (password.n > 0) {
        uint32_t c;
        size_t n = str_code_point(password, &c);
        if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            return false;
        }
        has->upper = has->upper || (c >= 'A' && c <= 'Z');
        has->lower = has->lower || (c >= 'a' && c <= 'z');
        has->digit = has->digit || (c >= '0' && c <= '9');
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        has->special = has->special || (c < 0x80 && !plain);
        length++;
        password = str_sub(password, n, password.n);
    }
    *ret_length = length;
    return true;
}

static bool contains(struct str text, struct str part) {
    for (size_t i = 0; i + part.n <= text.n; i++) {
        if (str_eq(str_sub(text, i, part.n), part)) {
            return true;
        }
    }
    return false;
}

/* Each word of a name counts; of an address what stands before the '@'. */
static bool has_name(struct arena *a, struct str folded, struct str name) {
    struct str rest = str_lower(a, str_sub(name, 0, str_find_char(name, '@')));
    while (rest.n > 0) {
        size_t n = 0;
        while (n < rest.n && str_find_char(STR(" .-_'+"), rest.p[n]) == 6) {
            n++;
        }
        if (n >= NAME_LENGTH_MIN && contains(folded, str_sub(rest, 0, n))) {
            return true;
        }
        rest = str_sub(rest, n + 1, rest.n);
    }
    return false;
}

static bool has_own_name(struct arena *a, const struct employee *who, struct str password) {
    const struct str names[] = {who->user_name,   who->email_address, who->first_name,
                                who->middle_name, who->last_name,     who->display_name};
    struct str folded = str_lower(a, password);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (has_name(a, folded, names[i])) {
            return true;
        }
    }
    return false;
}

err password_check(struct ctx *cx, const struct login_policy *policy, const struct employee *who,
                   struct str password) {
    struct login_policy has = {0}, asks = *policy;
    int64_t length;
    if (!measure(password, &length, &has)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "a password is text without control characters");
    }
    int64_t min = policy->password_min > PASSWORD_MIN ? policy->password_min : PASSWORD_MIN;
    if (length < min || length > PASSWORD_MAX) {
        return fail_say(cx, ERR_INVALID_REQUEST, "a password has %lld to %d characters",
                        (long long)min, PASSWORD_MAX);
    }
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        if (*class_of(&asks, &classes[i]) && !*class_of(&has, &classes[i])) {
            return fail_say(cx, ERR_INVALID_REQUEST, "a password needs %s", classes[i].needs);
        }
    }
    if (password_is_common(cx, password)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "this password, or one very like it, is among the first that are tried");
    }
    if (has_own_name(cx->arena, who, password)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "a password has none of one's own names in it");
    }
    return OK;
}

#define GROUP_SIZE 4

struct str password_generate(struct ctx *cx) {
    /* Without those that are read as others. */
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    const unsigned choices = sizeof letters - 1, limit = 256 / choices * choices;
    const struct login_policy everything = {
        .password_min = PASSWORD_MIN, .upper = true, .lower = true, .digit = true, .special = true};
    static const struct employee nobody = {.user_name = {NULL, 0}};
    for (;;) {
        char *text = arena_alloc(cx->arena, LOGIN_PASSWORD_GENERATED);
        for (size_t i = 0; i < LOGIN_PASSWORD_GENERATED; i++) {
            unsigned char c;
            do { /* what lies past the last whole multiple is drawn again */
                cx->random->fill(cx->random, &c, 1);
            } while (c >= limit);
            text[i] = i % (GROUP_SIZE + 1) == GROUP_SIZE ? '-' : letters[c % choices];
        }
        struct str password = {text, LOGIN_PASSWORD_GENERATED};
        if (password_check(cx, &everything, &nobody, password) == OK) {
            return password;
        }
    }
}
