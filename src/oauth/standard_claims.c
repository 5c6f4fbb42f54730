/* SPDX-License-Identifier: Apache-2.0 */
/* The standard claims (OpenID Connect Core 5.1) beyond those that every token of a user has, and
 * the scopes that stand for them (5.4). What we do not know of an employee (a postal address) has
 * neither scope nor claim here. */
#include "oauth_internal.h"

static const struct {
    const char *name, *scope;
    bool scope_only; /* told under its scope alone, however it was asked for */
} claims[] = {
    [STANDARD_MIDDLE_NAME] = {"middle_name", "profile", false},
    [STANDARD_PREFERRED_USERNAME] = {"preferred_username", "profile", false},
    [STANDARD_EMAIL] = {"email", "email", false},
    [STANDARD_EMAIL_VERIFIED] = {"email_verified", "email", true},
    [STANDARD_PHONE_NUMBER] = {"phone_number", "phone", true},
    [STANDARD_PHONE_NUMBER_VERIFIED] = {"phone_number_verified", "phone", true},
};

const char *standard_claim_at(size_t i) {
    return i < COUNT_OF(claims) ? claims[i].name : NULL;
}

unsigned standard_claims_of_scope(struct str scope) {
    unsigned bits = 0;
    for (size_t i = 0; i < COUNT_OF(claims); i++) {
        bits |= str_has_word(scope, str_from(claims[i].scope)) ? 1U << i : 0;
    }
    return bits;
}

/* Core 5.5: a member asks, whatever its value. */
unsigned standard_claims_asked(const json_t *section) {
    unsigned bits = 0;
    for (size_t i = 0; i < COUNT_OF(claims); i++) {
        bits |= json_object_get(section, claims[i].name) != NULL ? 1U << i : 0;
    }
    return bits;
}

unsigned standard_claims_allowed(unsigned bits, struct str scope) {
    unsigned of_scope = standard_claims_of_scope(scope);
    for (size_t i = 0; i < COUNT_OF(claims); i++) {
        if (claims[i].scope_only && (of_scope & 1U << i) == 0) {
            bits &= ~(1U << i);
        }
    }
    return bits;
}

/* Core 5.3.2: what is not known is left out. */
static void put_text(struct json_out *j, enum standard_claim claim, struct str value) {
    if (!str_empty(value)) {
        json_put_str(j, claims[claim].name, value);
    }
}

static void put_phone(struct ctx *cx, struct json_out *j, const struct employee *e, unsigned bits) {
    json_t *attributes = NULL;
    struct str number = STR_NONE;
    if (!str_empty(e->attributes) && json_parse(cx, e->attributes, &attributes) == OK) {
        const json_t *mobile = json_object_get(attributes, "mobileNumber");
        number = (struct str){json_string_value(mobile), json_string_length(mobile)};
    }
    if (str_empty(number)) {
        return;
    }
    if ((bits & 1U << STANDARD_PHONE_NUMBER) != 0) {
        put_text(j, STANDARD_PHONE_NUMBER, number);
    }
    if ((bits & 1U << STANDARD_PHONE_NUMBER_VERIFIED) != 0) {
        json_put_bool(j, claims[STANDARD_PHONE_NUMBER_VERIFIED].name, false);
    }
}

void standard_claims_put(struct ctx *cx, struct json_out *j, const struct employee *e,
                         unsigned bits) {
    if ((bits & 1U << STANDARD_MIDDLE_NAME) != 0) {
        put_text(j, STANDARD_MIDDLE_NAME, e->middle_name);
    }
    if ((bits & 1U << STANDARD_PREFERRED_USERNAME) != 0) {
        put_text(j, STANDARD_PREFERRED_USERNAME, e->user_name);
    }
    if ((bits & 1U << STANDARD_EMAIL) != 0) {
        put_text(j, STANDARD_EMAIL, e->email_address);
    }
    if ((bits & 1U << STANDARD_EMAIL_VERIFIED) != 0 && !str_empty(e->email_address)) {
        /* Administrators enter addresses and numbers; nobody proved that they are the user's. */
        json_put_bool(j, claims[STANDARD_EMAIL_VERIFIED].name, false);
    }
    bool phone = (bits & (1U << STANDARD_PHONE_NUMBER | 1U << STANDARD_PHONE_NUMBER_VERIFIED)) != 0;
    if (phone) {
        put_phone(cx, j, e, bits);
    }
}
