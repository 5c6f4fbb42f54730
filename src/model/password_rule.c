/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a password will do, rule by rule: a page shows the rules, and which of them a password
 * breaks (SECURITY `password`). */
#include "user.h"

#define NAME_LENGTH_MIN 4 /* shorter names are in too many words */

/* What there is in a password. */
struct measure {
    int64_t length; /* code points */
    bool upper, lower, digit, special;
};

/* False: no text, or control characters in it. */
static bool measure(struct str password, struct measure *has) {
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
        has->length++;
        password = str_sub(password, n, password.n);
    }
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

int64_t password_length_min(const struct login_policy *policy) {
    return policy->password_min > PASSWORD_MIN ? policy->password_min : PASSWORD_MIN;
}

bool password_rule_applies(const struct login_policy *policy, enum password_rule rule) {
    const bool asked[PASSWORD_RULES] = {
        [PASSWORD_TEXT] = true,           [PASSWORD_LENGTH] = true,
        [PASSWORD_UPPER] = policy->upper, [PASSWORD_LOWER] = policy->lower,
        [PASSWORD_DIGIT] = policy->digit, [PASSWORD_SPECIAL] = policy->special,
        [PASSWORD_COMMON] = true,         [PASSWORD_NAME] = true,
        [PASSWORD_USED] = true,
    };
    return asked[rule];
}

unsigned password_broken(struct ctx *cx, const struct login_policy *policy,
                         const struct employee *who, struct str password) {
    struct measure has = {0};
    if (!measure(password, &has)) {
        return 1U << PASSWORD_TEXT;
    }
    bool short_or_long = has.length < password_length_min(policy) || has.length > PASSWORD_MAX;
    const bool breaks[PASSWORD_RULES] = {
        [PASSWORD_LENGTH] = short_or_long,
        [PASSWORD_UPPER] = !has.upper,
        [PASSWORD_LOWER] = !has.lower,
        [PASSWORD_DIGIT] = !has.digit,
        [PASSWORD_SPECIAL] = !has.special,
        [PASSWORD_COMMON] = password_is_common(cx, password),
        [PASSWORD_NAME] = has_own_name(cx->arena, who, password),
    };
    unsigned broken = 0;
    for (unsigned i = 0; i < PASSWORD_RULES; i++) {
        bool asked = password_rule_applies(policy, (enum password_rule)i);
        broken |= asked && breaks[i] ? 1U << i : 0;
    }
    return broken;
}

err password_check(struct ctx *cx, const struct login_policy *policy, const struct employee *who,
                   struct str password) {
    static const char *const texts[PASSWORD_RULES] = {
        [PASSWORD_TEXT] = "a password is text without control characters",
        [PASSWORD_UPPER] = "a password needs an upper-case letter",
        [PASSWORD_LOWER] = "a password needs a lower-case letter",
        [PASSWORD_DIGIT] = "a password needs a digit",
        [PASSWORD_SPECIAL] = "a password needs a character that is no letter or digit",
        [PASSWORD_COMMON] = "this password, or one very like it, is among the first that are tried",
        [PASSWORD_NAME] = "a password has none of one's own names in it",
    };
    unsigned broken = password_broken(cx, policy, who, password);
    if ((broken & 1U << PASSWORD_LENGTH) != 0) {
        return fail_say(cx, ERR_INVALID_REQUEST, "a password has %lld to %d characters",
                        (long long)password_length_min(policy), PASSWORD_MAX);
    }
    for (unsigned i = 0; i < PASSWORD_RULES; i++) {
        if ((broken & 1U << i) != 0) {
            return fail_say(cx, ERR_INVALID_REQUEST, "%s", texts[i]);
        }
    }
    return OK;
}

#define GROUP_SIZE 4

struct str password_generate(struct ctx *cx) {
    /* Without those that are read as others. */
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    const struct login_policy everything = {
        .password_min = PASSWORD_MIN, .upper = true, .lower = true, .digit = true, .special = true};
    static const struct employee nobody = {.user_name = {NULL, 0}};
    for (;;) {
        struct str password = random_letters(cx, letters, LOGIN_PASSWORD_GENERATED, GROUP_SIZE);
        if (password_check(cx, &everything, &nobody, password) == OK) {
            return password;
        }
    }
}
