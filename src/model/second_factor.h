/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: second factors and recovery codes. */
#ifndef POSTERN_MODEL_SECOND_FACTOR_H
#define POSTERN_MODEL_SECOND_FACTOR_H

#include "login_authenticator.h"

/* ---- second_factor.c: one-time passwords of an authenticator app or a token ---- */

/* A secret for an enrolment under way, sealed for this employee and this sign-in alone; kept with
 * the sign-in until a code of it was given. */
struct str second_factor_new(struct ctx *cx, const struct login *l, struct str flow);
err second_factor_pending(struct ctx *cx, const struct login *l, struct str flow, struct str sealed,
                          struct secret *ret_key);
/* Anything else that a sign-in must show again: the codes of an enrolment. */
struct str second_factor_note(struct ctx *cx, const struct login *l, struct str flow,
                              struct str text);
/* What the page of an enrolment shows: base32 without padding, and the address that a QR code
 * holds (otpauth:). `issuer`: whose account it is, as the app will call it. */
struct str second_factor_text(struct arena *a, struct secret key);
struct str second_factor_uri(struct arena *a, const struct login *l, enum factor kind,
                             struct str issuer, struct secret key);
/* Which position of a new factor has this code; false: none. */
bool second_factor_first(const struct ctx *cx, enum factor kind, struct secret key, struct str code,
                         int64_t *ret_position);
/* In a write closure: takes the place of what `l` had, and of its recovery codes. ERR_CONFLICT:
 * another factor was enrolled, it was reset, or the password changed, since l was read. */
struct enrolment {
    enum factor kind;
    struct str sealed;
    int64_t position;
    const struct str *codes; /* RECOVERY_CODES of them */
};
/* Fills in `sealed`, and `codes`. */
void second_factor_prepare(struct ctx *cx, const struct login *l, struct secret key,
                           struct enrolment *e);
err second_factor_enrol(struct ctx *cx, const struct login *l, const struct enrolment *e);
/* Which position of the enrolled one has this code; false: none. */
err second_factor_check(struct ctx *cx, const struct login *l, struct str code,
                        int64_t *ret_position, bool *ret_good);
/* In a write closure: one UPDATE that moves the position forward, so that a code works once, and
 * clears the counter of failures. ERR_FORBIDDEN: locked. ERR_CONFLICT: this code was used before.
 * ERR_INVALID_GRANT: another factor is enrolled meanwhile, or none. */
err second_factor_use(struct ctx *cx, const struct login *l, int64_t position);
/* An administrator's: the employee has none any more, nor recovery codes; its browser sessions end
 * (SECURITY `dead-means-dead`). */
err second_factor_reset(struct ctx *cx, struct str tenant_id, struct str employee_id,
                        bool *ret_had);

/* ---- recovery_code.c: for the day the device is lost ---- */

#define RECOVERY_CODES 10
/* "K7QM-2XVD-HA4T-RN5E": 80 random bits, four groups of base32. */
const struct str *recovery_codes_new(struct ctx *cx);
/* In a write closure: in place of those that were there. */
err recovery_codes_store(struct ctx *cx, const struct login *l, const struct str *codes);
/* The same in a sign-in: it ends the others (login_epoch_pass). ERR_CONFLICT. */
err recovery_codes_replace(struct ctx *cx, const struct login *l, const struct str *codes);
err recovery_codes_left(struct ctx *cx, const struct login *l, int64_t *ret_left);
/* In a write closure: used up by one DELETE; in place of a code of the second factor, as
 * second_factor_use(). ERR_INVALID_GRANT: none of theirs, or used. */
err recovery_code_use(struct ctx *cx, const struct login *l, struct str text);

#endif
