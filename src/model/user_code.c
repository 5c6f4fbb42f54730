/* SPDX-License-Identifier: Apache-2.0 */
/* What a person copies from a device into a browser (RFC 8628 6.1): eight letters of twenty, no
 * vowels, so that no word comes of them; as they are typed, and as they are shown. */
#include "model.h"

#define GROUP 4

static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ"; /* RFC 8628 6.1 */

struct str user_code_make(struct ctx *cx) {
    return random_letters(cx, letters, USER_CODE_LENGTH, GROUP);
}

static bool is_filler(char c) {
    return c == '-' || c == ' ' || c == '\t';
}

bool user_code_parse(struct arena *a, struct str text, struct str *ret_user_code) {
    char *code = arena_alloc(a, USER_CODE_LENGTH);
    size_t n = 0;
    if (text.n > USER_CODE_TYPED_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (is_filler(c)) {
            continue;
        }
        c = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        bool known = str_find_char(str_from(letters), c) < sizeof letters - 1;
        if (!known || n == USER_CODE_LENGTH) {
            return false;
        }
        if (n == GROUP) {
            code[n++] = '-';
        }
        code[n++] = c;
    }
    *ret_user_code = (struct str){code, n};
    return n == USER_CODE_LENGTH;
}
