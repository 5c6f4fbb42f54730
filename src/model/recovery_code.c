/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery codes: in place of a second factor that is not at hand. Random enough that a plain
 * digest hides them. */
#include "user.h"

#define CODE_BYTES 10 /* 16 characters of base32, without padding */
#define CODE_CHARS 16
#define GROUP_SIZE 4
#define TYPED_MAX  64 /* with blanks and hyphens where somebody liked them */

static struct str code_new(struct ctx *cx) {
    unsigned char bytes[CODE_BYTES];
    struct buf b = buf_in(cx->arena, 24);
    cx->random->fill(cx->random, bytes, sizeof bytes);
    struct str text = base32(cx->arena, bytes, sizeof bytes);
    for (size_t i = 0; i < text.n; i++) {
        if (i > 0 && i % GROUP_SIZE == 0) {
            buf_char(&b, '-');
        }
        buf_char(&b, text.p[i]);
    }
    secret_wipe(bytes, sizeof bytes);
    return buf_view(&b);
}

const struct str *recovery_codes_new(struct ctx *cx) {
    struct str *codes = NEW_ARRAY(cx->arena, RECOVERY_CODES, struct str);
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        codes[i] = code_new(cx);
    }
    return codes;
}

/* What the typed character stands for; 0 and 1 and 8 are not in base32 and are read from paper. */
static char char_meant(char c) {
    switch (c) {
    case '0':
        return 'O';
    case '1':
        return 'I';
    case '8':
        return 'B';
    default:
        return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
}

/* Of the characters alone, however they were grouped. STR_NONE: nothing that could be a code. */
static struct str digest_of(struct arena *a, struct str typed) {
    char *text = arena_alloc(a, CODE_CHARS);
    size_t n = 0;
    if (typed.n > TYPED_MAX) {
        return STR_NONE;
    }
    for (size_t i = 0; i < typed.n; i++) {
        char c = char_meant(typed.p[i]);
        if (c == '-' || c == ' ') {
            continue;
        }
        bool known = (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
        if (!known || n == CODE_CHARS) {
            return STR_NONE;
        }
        text[n++] = c;
    }
    return n == CODE_CHARS ? sha256_text(a, (struct str){text, n}) : STR_NONE;
}

err recovery_codes_store(struct ctx *cx, const struct login *l, const struct str *codes) {
    TRY(db_exec(cx, "DELETE FROM recovery_code WHERE tenant_id = $1 AND employee_id = $2",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id)), NULL));
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        TRY(db_exec(cx,
                    "INSERT INTO recovery_code (tenant_id, employee_id, code_digest, created_at) "
                    "VALUES ($1, $2, $3, $4)",
                    DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id),
                            DB_TEXT(digest_of(cx->arena, codes[i])), DB_INT(cx->now)),
                    NULL));
    }
    return OK;
}

err recovery_codes_replace(struct ctx *cx, const struct login *l, const struct str *codes) {
    TRY(login_epoch_pass(cx, l));
    return recovery_codes_store(cx, l, codes);
}

err recovery_codes_left(struct ctx *cx, const struct login *l, int64_t *ret_left) {
    return db_one(
        cx, "SELECT count(*) FROM recovery_code WHERE tenant_id = $1 AND employee_id = $2",
        DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id)), DB_COLUMNS(COLUMN_INT(ret_left)));
}

err recovery_code_use(struct ctx *cx, const struct login *l, struct str text) {
    struct str digest = digest_of(cx->arena, text);
    int64_t n = 0;
    TRY(login_not_locked(cx, l));
    if (digest.p != NULL && l->factor != FACTOR_NONE) {
        TRY(db_exec(cx,
                    "DELETE FROM recovery_code "
                    "WHERE tenant_id = $1 AND employee_id = $2 AND code_digest = $3",
                    DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_TEXT(digest)), &n));
    }
    return n == 1 ? login_clear(cx, l)
                  : fail(cx, ERR_INVALID_GRANT, "not one of the recovery codes that are left");
}
