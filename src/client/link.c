/* SPDX-License-Identifier: Apache-2.0 */
/* The Link header (RFC 8288): a list of <target>; name=value; name="value". */
#include "client.h"

#define LINK_HEADER_MAX 8192

static void skip_space(struct str *s) {
    while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t')) {
        *s = str_sub(*s, 1, s->n);
    }
}

static bool take_char(struct str *s, char c) {
    skip_space(s);
    if (s->n == 0 || s->p[0] != c) {
        return false;
    }
    *s = str_sub(*s, 1, s->n);
    return true;
}

/* Up to the first of ";,= \t" and '"'. */
static struct str take_token(struct str *s) {
    size_t n = 0;
    skip_space(s);
    while (n < s->n && str_find_char(STR(";,= \t\""), s->p[n]) == sizeof ";,= \t\"" - 1) {
        n++;
    }
    struct str token = str_sub(*s, 0, n);
    *s = str_sub(*s, n, s->n);
    return token;
}

/* RFC 9110 5.6.4, the opening quote is taken already. Escapes are left as they are: no relation
 * type that we look for needs one. */
static bool take_quoted(struct str *s, struct str *ret) {
    for (size_t i = 0; i < s->n; i++) {
        if (s->p[i] == '\\') {
            i++;
        } else if (s->p[i] == '"') {
            *ret = str_sub(*s, 0, i);
            *s = str_sub(*s, i + 1, s->n);
            return true;
        }
    }
    return false;
}

/* Relation types are compared without case (RFC 8288 3.3). */
static bool has_relation(struct str list, const char *wanted) {
    struct str word;
    while (str_next(&list, ' ', &word)) {
        if (str_eq_nocase(word, str_from(wanted))) {
            return true;
        }
    }
    return false;
}

struct link {
    struct str target;
    struct str rel; /* the first; RFC 8288 3.3: later ones are ignored */
    bool elsewhere; /* has an anchor: a statement about another page (3.2) */
};

static bool parameter_parse(struct str *s, struct link *link) {
    struct str name = take_token(s), value = STR_NONE;
    if (take_char(s, '=')) {
        if (!take_char(s, '"')) {
            value = take_token(s);
        } else if (!take_quoted(s, &value)) {
            return false;
        }
    }
    if (str_eq_nocase(name, STR("rel")) && link->rel.p == NULL) {
        link->rel = value;
    }
    link->elsewhere = link->elsewhere || str_eq_nocase(name, STR("anchor"));
    return true;
}

static bool link_parse(struct str *s, struct link *link) {
    *link = (struct link){0};
    if (!take_char(s, '<')) {
        return false;
    }
    size_t n = str_find_char(*s, '>');
    if (n == s->n) {
        return false;
    }
    link->target = str_trim(str_sub(*s, 0, n));
    *s = str_sub(*s, n + 1, s->n);
    while (take_char(s, ';')) {
        if (!parameter_parse(s, link)) {
            return false;
        }
    }
    return true;
}

bool link_next(struct str header, struct str *ret_target) {
    struct link link;
    struct str s = str_sub(header, 0, header.n);
    if (header.p == NULL || header.n > LINK_HEADER_MAX) {
        return false;
    }
    do {
        while (take_char(&s, ',')) { /* RFC 9110 5.6.1.2: empty elements */
        }
        if (!link_parse(&s, &link)) {
            return false;
        }
        if (has_relation(link.rel, "next") && !link.elsewhere && link.target.n > 0) {
            *ret_target = link.target;
            return true;
        }
    } while (take_char(&s, ','));
    return false;
}
