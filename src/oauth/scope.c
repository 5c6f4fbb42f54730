/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes as lists of words: what was asked for against what is registered. */
#include "oauth_internal.h"

static void word_add(struct buf *b, struct str word) {
    if (b->n > 0) {
        buf_char(b, ' ');
    }
    buf_str(b, word);
}

err scope_grant(struct ctx *cx, struct str requested, struct str registered,
                struct str *ret_granted) {
    struct str rest = str_trim(requested);
    if (str_empty(rest)) {
        *ret_granted = registered.p != NULL ? registered : STR("");
        return OK;
    }
    struct buf granted = buf_in(cx->arena, rest.n);
    struct str word;
    while (str_next(&rest, ' ', &word)) {
        if (str_empty(word) || str_has_word(buf_view(&granted), word)) {
            continue;
        }
        if (!str_has_word(registered, word)) {
            /* RFC 6749 3.3, CVE-2024-52287: never more than registered. */
            return fail_say(cx, ERR_INVALID_SCOPE,
                            "The scope '%.*s' is not registered for this application (or was not "
                            "granted before).",
                            (int)(word.n > 64 ? 64 : word.n), word.p);
        }
        word_add(&granted, word);
    }
    *ret_granted = buf_view(&granted);
    return OK;
}

struct str scope_without(struct arena *a, struct str scope, struct str unwanted) {
    struct buf kept = buf_in(a, scope.n);
    struct str rest = scope, word;
    while (str_next(&rest, ' ', &word)) {
        if (!str_empty(word) && !str_has_word(unwanted, word)) {
            word_add(&kept, word);
        }
    }
    return buf_view(&kept);
}

struct str scope_without_wishes(struct arena *a, struct str requested, struct str registered) {
    static const char wishes[] = "profile email address phone offline_access";
    return scope_without(a, requested, scope_without(a, str_from(wishes), registered));
}

struct str scope_within(struct arena *a, struct str scope, struct str registered) {
    struct buf kept = buf_in(a, scope.n);
    struct str rest = scope, word;
    while (str_next(&rest, ' ', &word)) {
        if (!str_empty(word) && str_has_word(registered, word)) {
            word_add(&kept, word);
        }
    }
    return buf_view(&kept);
}
