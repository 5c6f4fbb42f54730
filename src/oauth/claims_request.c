/* SPDX-License-Identifier: Apache-2.0 */
/* The claims parameter (OpenID Connect Core 5.5), and what an authentication was worth (acr). Most
 * of what can be asked for stands in every id token and userinfo answer; what is left are the
 * standard claims of the id token, a certain user (sub) and a certain way to sign in (acr). */
#include "oauth_internal.h"

/* One factor, whatever it was; two. */
const char *const acr_names[] = {"1", "2", NULL};

bool amr_has_two(struct str amr) {
    return str_has_word(amr, STR("mfa")); /* RFC 8176 2 */
}

struct str acr_of(struct str amr) {
    return str_empty(amr) ? STR_NONE : str_from(acr_names[amr_has_two(amr) ? 1 : 0]);
}

static bool is_text(const json_t *value, const char *text) {
    struct str s = {json_string_value(value), json_string_length(value)};
    return str_is(s, text);
}

/* The least level of ours that a value names; 0: none. */
static int acr_level(const json_t *value, int least) {
    for (int i = 0; acr_names[i] != NULL; i++) {
        if (is_text(value, acr_names[i]) && (least == 0 || i + 1 < least)) {
            return i + 1;
        }
    }
    return least;
}

/* Core 5.5.1.1: an essential acr that is not reached is a failed authentication. 0: any will do. */
static int acr_needed(const json_t *acr, bool *ret_unmet) {
    const json_t *one = json_object_get(acr, "value"), *many = json_object_get(acr, "values");
    *ret_unmet = false;
    if (!json_is_true(json_object_get(acr, "essential")) || (one == NULL && many == NULL)) {
        return 0;
    }
    size_t i;
    const json_t *item;
    int least = acr_level(one, 0);
    json_array_foreach(many, i, item) {
        least = acr_level(item, least);
    }
    *ret_unmet = least == 0;
    return least;
}

/* Each member is null or an object; unknown ones are ignored (Core 5.5). */
static bool members_ok(const json_t *section) {
    if (section == NULL || json_is_null(section)) {
        return true;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)section, key, value) {
        if (!json_is_null(value) && !json_is_object(value)) {
            return false;
        }
    }
    return json_is_object(section);
}

/* Core 5.5.1: one user, as a text. A wish that is not understood must not be answered for another.
 */
static bool subject_of(const json_t *section, struct str *ret_subject) {
    const json_t *sub = json_object_get(section, "sub"), *value = json_object_get(sub, "value");
    *ret_subject = (struct str){json_string_value(value), json_string_length(value)};
    return json_object_get(sub, "values") == NULL && (value == NULL || json_is_string(value));
}

err claims_request_parse(struct ctx *cx, struct str text, struct claims_request *ret) {
    json_t *claims;
    if (json_parse(cx, text, &claims) != OK || !json_is_object(claims)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "claims must be a JSON object.");
    }
    const json_t *id_token = json_object_get(claims, "id_token");
    const json_t *info = json_object_get(claims, "userinfo");
    if (!members_ok(id_token) || !members_ok(info)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "The members id_token and userinfo of claims must be objects whose members "
                        "are null or objects.");
    }
    struct str subject, other;
    if (!subject_of(id_token, &subject) || !subject_of(info, &other)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "claims may ask for one user: {\"sub\":{\"value\":\"...\"}}.");
    }
    if (subject.p != NULL && other.p != NULL && !str_eq(subject, other)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "claims asks for two different users.");
    }
    bool unmet;
    int acr = acr_needed(json_object_get(id_token, "acr"), &unmet);
    *ret = (struct claims_request){
        .text = json_canonical(cx->arena, claims),
        .subject = subject.p != NULL ? subject : other,
        .acr_unmet = unmet,
        .two_factors = acr > 1,
        .id_claims = standard_claims_asked(id_token),
    };
    return OK;
}

/* ---- what a code remembers ---- */

struct str code_memory_write(struct arena *a, struct str amr, struct str claims) {
    struct buf b = buf_in(a, 128);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_str_if(&j, "amr", amr);
    if (claims.p != NULL) {
        json_put_raw(&j, "claims", claims);
    }
    json_close_object(&j);
    return buf_view(&b);
}

err code_memory_parse(struct ctx *cx, struct str text, struct str *ret_amr,
                      unsigned *ret_id_claims) {
    json_t *memory;
    TRY(json_parse(cx, text.p != NULL ? text : STR("{}"), &memory));
    TRY(json_get_str(cx, memory, "amr", ret_amr));
    const json_t *claims = json_object_get(memory, "claims");
    *ret_id_claims = standard_claims_asked(json_object_get(claims, "id_token"));
    return OK;
}
