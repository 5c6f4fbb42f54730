/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a password is among the first that are tried: lists of words (top_passwords.txt: the
 * 10,000 seen most often in leaks; common_passwords.txt: what such lists are made of), and rules
 * for what people do to a word and for what is no word at all. */
#include "user.h"

#include <string.h>

#define AROUND_MAX      6  /* characters put before or behind a word that do not make it another */
#define RUN_MIN         3  /* neighbours in a row that count as a run */
#define RUNS_MAX        3  /* so many runs make no password: "qweasdzxc" */
#define UNIT_MAX        8  /* repeated: "abcabcabc" */
#define DIGITS_MAX      11 /* dates, telephone numbers */
#define FOLDED_MAX      64 /* nothing longer is one word */
#define WORD_LENGTH_MIN 3

extern const char common_passwords[]; /* both lists, sorted, made at build time: a line a word */
extern const unsigned long common_passwords_n;

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* A binary search over the text itself: `low` and `high` are beginnings of lines. */
static bool listed(struct str word) {
    size_t low = 0, high = common_passwords_n;
    while (word.n >= WORD_LENGTH_MIN && low < high) {
        size_t at = low + (high - low) / 2;
        while (at > low && common_passwords[at - 1] != '\n') {
            at--;
        }
        struct str rest = {common_passwords + at, high - at};
        struct str line = str_sub(rest, 0, str_find_char(rest, '\n'));
        int order = str_compare(word, line);
        if (order == 0) {
            return true;
        }
        low = order > 0 ? at + line.n + 1 : low;
        high = order > 0 ? high : at;
    }
    return false;
}

/* "1984summer!": "summer". What has more than AROUND_MAX at an end stays as it is. */
static struct str core(struct str text) {
    size_t first = 0, end = text.n;
    while (first < text.n && !is_letter(text.p[first])) {
        first++;
    }
    while (end > first && !is_letter(text.p[end - 1])) {
        end--;
    }
    bool few = first <= AROUND_MAX && text.n - end <= AROUND_MAX;
    return few ? str_sub(text, first, end - first) : text;
}

/* "p4$$w0rd": "password"; `one` is what a 1 stands for. */
static struct str letters_of(struct arena *a, struct str text, char one) {
    static const char from[] = "03457@$!+", to[] = "oeastasit";
    char *p = str_z(a, text);
    for (size_t i = 0; i < text.n; i++) {
        const char *at = p[i] != '\0' ? strchr(from, p[i]) : NULL;
        p[i] = at != NULL ? to[at - from] : p[i];
        p[i] = p[i] == '1' || p[i] == '|' ? one : p[i];
    }
    return (struct str){p, text.n};
}

static bool is_word(struct arena *a, struct str folded) {
    struct str word = core(folded);
    static const char ones[] = {'i', 'l'};
    for (size_t i = 0; i < COUNT_OF(ones); i++) {
        if (listed(letters_of(a, word, ones[i])) || listed(letters_of(a, folded, ones[i]))) {
            return true;
        }
    }
    return listed(word) || listed(folded);
}

/* How many characters from the beginning are neighbours in this row, to the right (1) or to the
 * left (-1). */
static size_t run_in(struct str text, struct str row, int step) {
    size_t at = str_find_char(row, text.p[0]), n = 0;
    while (n < text.n && at < row.n && row.p[at] == text.p[n]) {
        n++;
        at = step > 0 ? at + 1 : at - 1; /* before the first: SIZE_MAX, past the end too */
    }
    return n;
}

static size_t run_longest(struct str text) {
    static const char *const rows[] = {"1234567890-=",
                                       "qwertyuiop[]",
                                       "asdfghjkl;'",
                                       "zxcvbnm,./",
                                       "qwertzuiop",
                                       "yxcvbnm",
                                       "azertyuiop",
                                       "qsdfghjklm",
                                       "wxcvbn",
                                       "0123456789",
                                       "abcdefghijklmnopqrstuvwxyz",
                                       "!@#$%^&*()_+",
                                       "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
                                       "1q2w3e4r5t6y7u8i9o0p",
                                       "q1w2e3r4t5y6u7i8o9p0",
                                       "qawsedrftgyhujikolp",
                                       "a1b2c3d4e5f6g7h8i9j0",
                                       "1a2b3c4d5e6f7g8h9i0j"};
    size_t longest = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str row = str_from(rows[i]);
        size_t right = run_in(text, row, 1), left = run_in(text, row, -1);
        longest = right > longest ? right : longest;
        longest = left > longest ? left : longest;
    }
    size_t same = 1;
    while (same < text.n && text.p[same] == text.p[0]) {
        same++;
    }
    return same > longest ? same : longest;
}

/* Nothing but a few runs: "qwerty123456", "aaaa1111". */
static bool is_runs(struct str text) {
    for (unsigned runs = 0; runs < RUNS_MAX && text.n > 0; runs++) {
        size_t n = run_longest(text);
        if (n < RUN_MIN) {
            return false;
        }
        text = str_sub(text, n, text.n);
    }
    return text.n == 0;
}

/* "abcabcabc", "xyxyxyxy" */
static bool is_repeated(struct str text) {
    for (size_t unit = 1; unit <= UNIT_MAX && unit * 2 <= text.n; unit++) {
        size_t i = unit;
        while (i < text.n && text.p[i] == text.p[i - unit]) {
            i++;
        }
        if (i == text.n) {
            return true;
        }
    }
    return false;
}

/* Digits, with or without signs between them: "24.12.1984". */
static bool is_digits(struct str text) {
    size_t digits = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (is_letter(text.p[i])) {
            return false;
        }
        digits += is_digit(text.p[i]);
    }
    return digits > 0 && text.n <= DIGITS_MAX;
}

bool password_is_common(struct ctx *cx, struct str password) {
    struct str folded = str_lower(cx->arena, str_trim(password));
    if (folded.n == 0 || is_repeated(folded) || is_runs(folded) || is_digits(folded)) {
        return true;
    }
    return folded.n <= FOLDED_MAX && is_word(cx->arena, folded);
}
