/* SPDX-License-Identifier: Apache-2.0 */
/* What single values of a declaration must look like. Each check answers NULL, or what would be
 * right. */
#include "declare.h"

#define IDENTIFIER_MAX      64
#define LABEL_MAX           200
#define SECRET_MIN          32
#define SECRET_MAX          256
#define SECRET_DISTINCT_MIN 8
#define NUMBER_MAX          9007199254740991 /* 2^53 - 1: every JSON reader keeps it exact */
#define SECONDS_MAX         (10LL * 366 * 24 * 3600)
#define ACCESS_KEY_DIGITS   52

const char *declare_identifier_check(struct ctx *cx, struct str text) {
    (void)cx;
    bool ok = text.n > 0 && text.n <= IDENTIFIER_MAX;
    for (size_t i = 0; ok && i < text.n; i++) {
        char c = text.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             (i > 0 && (c == '-' || c == '_' || c == '.'));
    }
    return ok ? NULL : "it must be 1 to 64 letters, digits, '-', '_' or '.'";
}

const char *declare_label_check(struct ctx *cx, struct str text) {
    (void)cx;
    bool trimmed = str_trim(text).n == text.n;
    return text.n > 0 && text.n <= LABEL_MAX && trimmed
               ? NULL
               : "it must have 1 to 200 bytes and no spaces at its ends";
}

const char *declare_vendor_check(struct ctx *cx, struct str text) {
    /* "name@vendor:businessUnit" is how older surfaces call an application. */
    if (str_find_char(text, '@') < text.n || str_find_char(text, ':') < text.n) {
        return "'@' and ':' do not fit in, since it is called name@vendor";
    }
    return declare_label_check(cx, text);
}

const char *declare_employee_name_check(struct ctx *cx, struct str text) {
    (void)cx;
    return text.n == 0 || (text.n <= LABEL_MAX && employee_name_ok(text))
               ? NULL
               : "names have at most 200 bytes and none of ! / < > ? % \" \\ { } [ ] | ^ ~ * = ; : "
                 "@ # "
                 "$ & ( )";
}

const char *declare_user_name_check(struct ctx *cx, struct str text) {
    (void)cx;
    return user_name_ok(text) ? NULL
                              : "it must look like an e-mail address, e.g. ada@classics.example";
}

const char *declare_positive_check(struct ctx *cx, struct str text) {
    (void)cx;
    int64_t n;
    return str_int(text, &n) && n >= 1 && n <= NUMBER_MAX ? NULL
                                                          : "it must be from 1 to 9007199254740991";
}

const char *declare_seconds_check(struct ctx *cx, struct str text) {
    (void)cx;
    int64_t n;
    return str_int(text, &n) && n >= 0 && n <= SECONDS_MAX
               ? NULL
               : "it must be seconds, at most ten years of them";
}

const char *declare_permission_check(struct ctx *cx, struct str text) {
    if (str_is(text, "*") || permission_known(text)) {
        return NULL;
    }
    struct declare_nearest n = {.name = text};
    for (size_t i = 0; permission_at(i) != NULL; i++) {
        declare_nearest_try(&n, str_from(permission_at(i)->name));
    }
    struct str hint = declare_nearest_text(cx->arena, &n);
    return str_z(cx->arena,
                 str_format(cx->arena, "there is no such permission; \"*\" stands for all.%.*s",
                            STR_ARG(hint)));
}

const char *declare_scope_check(struct ctx *cx, struct str text) {
    if (scope_known(text)) {
        return NULL;
    }
    struct declare_nearest n = {.name = text};
    for (size_t i = 0; scope_at(i) != NULL; i++) {
        declare_nearest_try(&n, str_from(scope_at(i)));
    }
    struct str hint = declare_nearest_text(cx->arena, &n);
    return str_z(cx->arena, str_format(cx->arena, "there is no such scope.%.*s", STR_ARG(hint)));
}

const char *declare_application_type_check(struct ctx *cx, struct str text) {
    (void)cx;
    return application_type_known(text) ? NULL : "it must be backend, public or confidential";
}

const char *declare_tenancy_check(struct ctx *cx, struct str text) {
    (void)cx;
    return str_is(text, "single") || str_is(text, "all") ? NULL : "it must be single or all";
}

const char *declare_auth_method_check(struct ctx *cx, struct str text) {
    (void)cx;
    return auth_method_known(text) ? NULL
                                   : "it must be client_secret_basic, client_secret_post, "
                                     "client_secret_jwt, private_key_jwt or none";
}

const char *declare_token_alg_check(struct ctx *cx, struct str text) {
    (void)cx;
    const struct alg *alg = alg_find(text);
    return alg != NULL && !alg->symmetric ? NULL : "it must be RS256, ES256 or EdDSA";
}

const char *declare_employee_type_check(struct ctx *cx, struct str text) {
    (void)cx;
    return str_is(text, "user") || str_is(text, "api") ? NULL : "it must be user or api";
}

const char *declare_status_check(struct ctx *cx, struct str text) {
    (void)cx;
    return employee_status_known(text)
               ? NULL
               : "it must be UNREGISTERED, PENDING, ACTIVE, BLOCKED or DELETED";
}

/* SECURITY defaults: what stands in examples, or was typed without thought, is no secret. */
static const char *guessable(struct ctx *cx, struct str text) {
    static const char *const words[] = {"example",  "changeme", "change-me", "placeholder",
                                        "password", "your-",    "your_",     "secret"};
    struct str folded = str_lower(cx->arena, text);
    for (size_t i = 0; i < folded.n; i++) {
        struct str rest = str_sub(folded, i, folded.n);
        for (size_t k = 0; k < COUNT_OF(words); k++) {
            if (str_starts(rest, words[k])) {
                return "it reads like an example; leave the member out and one is generated";
            }
        }
    }
    bool seen[256] = {false};
    size_t distinct = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        distinct += !seen[c];
        seen[c] = true;
    }
    return distinct < SECRET_DISTINCT_MIN
               ? "it is too uniform to be random; leave the member out and one is generated"
               : NULL;
}

/* PROTOCOL 12.2: programs check this length. */
const char *declare_access_key_id_check(struct ctx *cx, struct str text) {
    (void)cx;
    bool ok = text.n == ACCESS_KEY_LENGTH && str_ends(text, "====");
    for (size_t i = 0; ok && i < ACCESS_KEY_DIGITS; i++) {
        char c = text.p[i];
        ok = (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
    }
    return ok ? NULL : "it must be 56 characters of base32: 52 of A-Z and 2-7, then ====";
}

const char *declare_access_key_secret_check(struct ctx *cx, struct str text) {
    const char *wrong = declare_access_key_id_check(cx, text);
    return wrong != NULL ? wrong : guessable(cx, text);
}

const char *declare_client_secret_check(struct ctx *cx, struct str text) {
    if (text.n < SECRET_MIN || text.n > SECRET_MAX) {
        return "a client secret has 32 to 256 characters; leave the member out and one is "
               "generated";
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] > '~') {
            return "a client secret is printable ASCII without spaces";
        }
    }
    return guessable(cx, text);
}

const char *declare_response_type_check(struct ctx *cx, struct str text) {
    (void)cx;
    return response_type_known(text) ? NULL
                                     : "it must be code, id_token, \"id_token token\", token, "
                                       "\"code id_token\", \"code token\" or "
                                       "\"code id_token token\"";
}

const char *declare_login_kind_check(struct ctx *cx, struct str text) {
    (void)cx;
    return login_kind_find(text) != NULL ? NULL : "it must be system or openid";
}

const char *declare_factor_check(struct ctx *cx, struct str text) {
    (void)cx;
    enum factor f;
    return factor_parse(text, &f) ? NULL : "it must be none, totp or hotp";
}

/* RFC 5646, roughly: which languages there are, who writes in them says. */
const char *declare_language_check(struct ctx *cx, struct str text) {
    (void)cx;
    bool good = text.n >= 2 && text.n <= 16;
    for (size_t i = 0; good && i < text.n; i++) {
        char c = text.p[i];
        good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (i > 0 && c == '-');
    }
    return good ? NULL : "it must be the language of the mail, such as en";
}

/* What no policy and nobody's names change; the rest is asked when those are known. */
const char *declare_password_check(struct ctx *cx, struct str text) {
    struct login_policy policy;
    static const struct employee nobody = {.user_name = {NULL, 0}};
    if (login_policy_parse(cx, STR("{}"), &policy) == OK &&
        password_check(cx, &policy, &nobody, text) == OK) {
        return NULL;
    }
    return str_z(cx->arena, str_from(failure_text(cx)));
}
