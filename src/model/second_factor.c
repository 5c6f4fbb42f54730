/* SPDX-License-Identifier: Apache-2.0 */
/* Second factors: one-time passwords of an authenticator app (TOTP) or a token (HOTP). The secret
 * is sealed, bound to its employee; while it is being enrolled, to the sign-in too. */
#include "user.h"

static const char *const words[] = {
    [FACTOR_NONE] = "none", [FACTOR_TOTP] = "totp", [FACTOR_HOTP] = "hotp"};

const char *factor_word(enum factor f) {
    return words[f];
}

bool factor_parse(struct str word, enum factor *ret_factor) {
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_is(word, words[i])) {
            *ret_factor = (enum factor)i;
            return true;
        }
    }
    return false;
}

/* ---- secrets, sealed ---- */

static struct str seal_for(struct ctx *cx, struct str context, struct str plain) {
    return seal(cx, platform_seal_key(cx, SEAL_SECOND_FACTOR), context, plain);
}

static struct str enrolled_context(struct arena *a, const struct login *l) {
    return str_format(a, "employee_login/%.*s/%.*s", STR_ARG(l->tenant_id),
                      STR_ARG(l->employee_id));
}

static struct str flow_context(struct arena *a, const struct login *l, struct str flow) {
    return str_format(a, "login_flow/%.*s/%.*s/%.*s", STR_ARG(l->tenant_id),
                      STR_ARG(l->employee_id), STR_ARG(sha256_text(a, flow)));
}

struct str second_factor_new(struct ctx *cx, const struct login *l, struct str flow) {
    unsigned char bytes[OTP_SECRET_SIZE];
    cx->random->fill(cx->random, bytes, sizeof bytes);
    struct str sealed = seal_for(cx, flow_context(cx->arena, l, flow),
                                 (struct str){(const char *)bytes, sizeof bytes});
    secret_wipe(bytes, sizeof bytes);
    return sealed;
}

struct str second_factor_note(struct ctx *cx, const struct login *l, struct str flow,
                              struct str text) {
    return seal_for(cx, flow_context(cx->arena, l, flow), text);
}

err second_factor_pending(struct ctx *cx, const struct login *l, struct str flow, struct str sealed,
                          struct secret *ret_key) {
    return unseal(cx, platform_seal_key(cx, SEAL_SECOND_FACTOR), flow_context(cx->arena, l, flow),
                  sealed, ret_key);
}

/* ---- what an app is told ---- */

struct str second_factor_text(struct arena *a, struct secret key) {
    struct str text = base32(a, key.p, key.n);
    while (text.n > 0 && text.p[text.n - 1] == '=') {
        text.n--;
    }
    return text;
}

/* https://github.com/google/google-authenticator/wiki/Key-Uri-Format, which every app reads. */
struct str second_factor_uri(struct arena *a, const struct login *l, enum factor kind,
                             struct str issuer, struct secret key) {
    struct str text = second_factor_text(a, key), label = percent_encode(a, issuer);
    return str_format(
        a, "otpauth://%s/%.*s:%.*s?secret=%.*s&issuer=%.*s&algorithm=SHA1&digits=%d%s",
        factor_word(kind), STR_ARG(label), STR_ARG(percent_encode(a, l->user_name)), STR_ARG(text),
        STR_ARG(label), OTP_DIGITS, kind == FACTOR_HOTP ? "&counter=0" : "&period=30");
}

/* ---- codes ---- */

#define POSITION_NONE (-1) /* before the first time step or counter */

static struct otp_window window_of(const struct ctx *cx, enum factor kind, int64_t used) {
    return kind == FACTOR_HOTP ? hotp_window(used) : totp_window(cx->now);
}

bool second_factor_first(const struct ctx *cx, enum factor kind, struct secret key, struct str code,
                         int64_t *ret_position) {
    return otp_find(key, code, window_of(cx, kind, POSITION_NONE), ret_position);
}

err second_factor_check(struct ctx *cx, const struct login *l, struct str code,
                        int64_t *ret_position, bool *ret_good) {
    struct secret key;
    if (l->factor == FACTOR_NONE) {
        *ret_good = false;
        return OK;
    }
    TRY(unseal(cx, platform_seal_key(cx, SEAL_SECOND_FACTOR), enrolled_context(cx->arena, l),
               l->factor_sealed, &key));
    *ret_good = otp_find(key, code, window_of(cx, l->factor, l->factor_position), ret_position);
    return OK;
}

err second_factor_use(struct ctx *cx, const struct login *l, int64_t position) {
    int64_t n, locked_until;
    TRY(db_exec(cx,
                "UPDATE employee_login SET mfa_position = $4, failures = 0, locked_until = NULL, "
                "updated_at = $3 WHERE tenant_id = $1 AND employee_id = $2 AND mfa_sealed = $5 "
                "AND mfa_position < $4 AND (locked_until IS NULL OR locked_until <= $3)",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_INT(cx->now),
                        DB_INT(position), DB_TEXT(l->factor_sealed)),
                &n));
    if (n == 1) {
        return OK;
    }
    err e =
        db_one(cx,
               "SELECT locked_until FROM employee_login "
               "WHERE tenant_id = $1 AND employee_id = $2 AND mfa_sealed = $3",
               DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_TEXT(l->factor_sealed)),
               DB_COLUMNS(COLUMN_INT(&locked_until)));
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INVALID_GRANT, "another second factor is enrolled meanwhile, or none");
    }
    TRY(e);
    if (locked_until > cx->now) {
        return fail(cx, ERR_FORBIDDEN, "locked while the second factor was asked for");
    }
    return fail(cx, ERR_CONFLICT, "this code, or a later one, was used before");
}

/* ---- enrolment and reset ---- */

void second_factor_prepare(struct ctx *cx, const struct login *l, struct secret key,
                           struct enrolment *e) {
    e->sealed =
        seal_for(cx, enrolled_context(cx->arena, l), (struct str){(const char *)key.p, key.n});
    e->codes = recovery_codes_new(cx);
}

err second_factor_enrol(struct ctx *cx, const struct login *l, const struct enrolment *e) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE employee_login SET mfa_kind = $4, mfa_sealed = $5, mfa_position = $6, "
                "failures = 0, locked_until = NULL, updated_at = $3, epoch = epoch + 1 "
                "WHERE tenant_id = $1 AND employee_id = $2 AND epoch = $7",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_INT(cx->now),
                        DB_TEXT(str_from(factor_word(e->kind))), DB_TEXT(e->sealed),
                        DB_INT(e->position), DB_INT(l->epoch)),
                &n));
    if (n != 1) {
        return fail(cx, ERR_CONFLICT, "the second factor or the password was changed meanwhile");
    }
    return recovery_codes_store(cx, l, e->codes);
}

err second_factor_reset(struct ctx *cx, struct str tenant_id, struct str employee_id,
                        bool *ret_had) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE employee_login SET mfa_kind = NULL, mfa_sealed = NULL, "
                "mfa_position = NULL, updated_at = $3 "
                "WHERE tenant_id = $1 AND employee_id = $2 AND mfa_kind IS NOT NULL",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(cx->now)), &n));
    TRY(db_exec(cx, "DELETE FROM recovery_code WHERE tenant_id = $1 AND employee_id = $2",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id)), NULL));
    *ret_had = n == 1;
    return sso_sessions_end(cx, tenant_id, employee_id);
}
