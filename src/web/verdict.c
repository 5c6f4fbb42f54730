/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of somebody who gave the right password, and the words for what did not go well. */
#include "web_internal.h"

enum verdict verdict_of(const struct authorize *r, const struct login *l) {
    if (!str_is(l->authenticator_kind, "system")) {
        return VERDICT_NO_WAY;
    }
    /* OpenID Connect Core 3.1.2.1: id_token_hint says who it must be. */
    if (!authorize_is_for(r, l->tenant_id, l->employee_id)) {
        return VERDICT_OTHER_USER;
    }
    return VERDICT_GOOD;
}

static const struct problem problems[] = {
    {"user_name_missing", TEXT_PROBLEM_USER_NAME_MISSING, "username"},
    {"user_name_form", TEXT_PROBLEM_USER_NAME_FORM, "username"},
    {"session_gone", TEXT_PROBLEM_SESSION_GONE, "username"},
    {"password_missing", TEXT_PROBLEM_PASSWORD_MISSING, "password"},
    {"wrong", TEXT_PROBLEM_WRONG, "password"},
    {"locked", TEXT_PROBLEM_LOCKED, NULL},
    {"code_missing", TEXT_SECOND_CODE_MISSING, "code"},
    {"code_wrong", TEXT_SECOND_CODE_WRONG, "code"},
    {"code_used", TEXT_SECOND_CODE_USED, "code"},
    {"recovery_missing", TEXT_SECOND_RECOVERY_MISSING, "recovery_code"},
    {"recovery_wrong", TEXT_SECOND_RECOVERY_WRONG, "recovery_code"},
    {"factor_changed", TEXT_SECOND_CHANGED, "username"},
    {"no_way", TEXT_PROBLEM_NO_WAY, NULL},
    {"other_user", TEXT_PROBLEM_OTHER_USER, NULL},
    {"provider_down", TEXT_PROVIDER_DOWN, NULL},
    {"provider_denied", TEXT_PROVIDER_DENIED, NULL},
    {"provider_failed", TEXT_PROVIDER_FAILED, NULL},
    {"provider_other", TEXT_PROVIDER_OTHER, NULL},
    {"provider_unlinked", TEXT_PROVIDER_UNLINKED, NULL},
    {"provider_stale", TEXT_PROVIDER_STALE, NULL},
};

const struct problem *problem_find(struct str word) {
    for (size_t i = 0; i < COUNT_OF(problems); i++) {
        if (str_is(word, problems[i].word)) {
            return &problems[i];
        }
    }
    return NULL;
}

const char *verdict_word(enum verdict v) {
    static const char *const words[] = {
        [VERDICT_GOOD] = NULL,
        [VERDICT_WRONG] = "wrong",
        [VERDICT_LOCKED] = "locked",
        [VERDICT_NO_WAY] = "no_way",
        [VERDICT_OTHER_USER] = "other_user",
    };
    return words[v];
}

enum trial verdict_trial(enum verdict v) {
    switch (v) {
    case VERDICT_GOOD:
        return TRIAL_NONE;
    case VERDICT_WRONG:
        return TRIAL_WRONG;
    case VERDICT_LOCKED:
        return TRIAL_LOCKED;
    default:
        return TRIAL_REFUSED;
    }
}
