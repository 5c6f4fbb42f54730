/* SPDX-License-Identifier: Apache-2.0 */
/* git's credential helper protocol (gitcredentials(7), git-credential(1)): lines key=value up to an
 * empty one. Git talks to the helper of every host, so what is not ours gets no answer. */
#include "cli.h"

#include <string.h>

static void member(struct git_credential *g, struct str key, struct str value) {
    const struct {
        const char *key;
        struct str *to;
    } members[] = {
        {"protocol", &g->protocol},     {"host", &g->host},
        {"username", &g->username},     {"password", &g->password},
        {"credential", &g->credential},
    };
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (str_is(key, members[i].key)) {
            *members[i].to = value;
        }
    }
    if (str_is(key, "capability[]") && str_is(value, "authtype")) {
        g->authtype = true;
    }
}

bool git_credential_parse(struct str text, struct git_credential *ret_credential) {
    struct git_credential g = {.authtype = false};
    struct str line;
    /* A carriage return lets one side see another host than the other (CVE-2024-52006). */
    if (str_find_char(text, '\r') < text.n || str_find_char(text, '\0') < text.n) {
        return false;
    }
    while (str_next(&text, '\n', &line) && line.n > 0) {
        size_t at = str_find_char(line, '=');
        if (at == 0 || at == line.n) {
            return false;
        }
        member(&g, str_sub(line, 0, at), str_sub(line, at + 1, line.n));
    }
    if (str_empty(g.protocol) || str_empty(g.host)) {
        return false;
    }
    *ret_credential = g;
    return true;
}

/* Host and port of an https URL; without the default port. */
static struct str authority_of(struct str url) {
    if (!str_starts_nocase(url, "https://")) {
        return STR_NONE;
    }
    struct str rest = str_sub(url, 8, url.n);
    size_t n = 0;
    while (n < rest.n && strchr("/?#", rest.p[n]) == NULL) {
        n++;
    }
    return str_sub(rest, 0, n);
}

static struct str without_default_port(struct str authority) {
    return str_ends(authority, ":443") ? str_sub(authority, 0, authority.n - 4) : authority;
}

bool git_credential_is_for(const struct git_credential *g, const struct str *urls, size_t urls_n) {
    if (!str_is(g->protocol, "https")) {
        return false;
    }
    for (size_t i = 0; i < urls_n; i++) {
        struct str authority = without_default_port(authority_of(urls[i]));
        if (authority.n > 0 && str_eq_nocase(authority, without_default_port(g->host))) {
            return true;
        }
    }
    return false;
}
