/* SPDX-License-Identifier: Apache-2.0 */
/* What the platform says: its addresses, its time, a token, the tenant, and a call. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doctor.h"

#define SKEW_WARNING 60
#define SKEW_WRONG   300

static bool is_cancelled(const struct doctor *d, struct check *k, enum postern_code code) {
    if (code == POSTERN_CANCELLED) {
        check_failed(d, k, NULL);
    }
    return code == POSTERN_CANCELLED;
}

/* ---- discovery ---- */

void doctor_discovery(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    const struct postern_discovery *e = &d->environment;
    bool plain = d->client != NULL && d->answers && !d->is_tls;
    if (plain) {
        doctor_reach(d); /* over TLS that step has done it */
    }
    if (plain && cli_exit_of(d->reached) == EXIT_NETWORK) {
        check_wrong(k, EXIT_NETWORK, d->reached_error,
                    remedy_of(d, "Does that port speak TLS? Then write https:// in %s",
                              doctor_address_setting(d)));
    } else if (cli_exit_of(d->reached) == EXIT_NETWORK || d->client == NULL || d->url.p == NULL) {
        check_skip(k, "the issuer is not reached");
    } else if (!d->has_environment) {
        check_wrong(
            k, cli_exit_of(d->reached), d->reached_error,
            d->reached == POSTERN_ISSUER ? "Set issuer to exactly what the platform calls itself"
            : plain ? "Open ISSUER/.well-known/openid-configuration: is it this platform? A "
                      "port that speaks TLS wants https:// in issuer"
                    : "Open ISSUER/.well-known/openid-configuration: is it this platform?");
    } else if (e->issuer == NULL) {
        check_skip(k, "base_url is set: nothing is discovered");
    } else {
        struct str found = str_format(a, "issuer %s, tokens at %s", e->issuer, e->token_endpoint);
        if (e->jwks_uri == NULL) {
            check_warn(k, str_format(a, "%.*s, but no jwks_uri", STR_ARG(found)),
                       "id tokens cannot be verified: ask the platform's operator");
            return;
        }
        check_ok(k, found);
    }
}

/* ---- the clock ---- */

/* RFC 9110 5.6.7, the form that senders must use. */
int64_t date_read(const char *text) {
    struct tm t = {0};
    const char *end = text != NULL ? strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &t) : NULL;
    return end != NULL && *end == '\0' ? (int64_t)timegm(&t) : 0;
}

/* The issuer's own time, from any answer of it. */
static bool skew_get(const struct doctor *d, int64_t *ret_skew) {
    struct ctx *cx = d->c->cx;
    struct postern_request rq = POSTERN_REQUEST_INIT;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    rq.path = "/.well-known/openid-configuration";
    rq.base = POSTERN_BASE_ISSUER;
    rq.flags = POSTERN_ANONYMOUS;
    rq.retries = 0;
    rq.cancel = d->c->cancel;
    (void)postern_call(d->client, &rq, &answer);
    int64_t date = date_read(postern_response_header(&answer, "Date"));
    postern_response_done(&answer);
    *ret_skew = date - cx->clock->now_ms(cx->clock) / 1000;
    return date != 0;
}

void doctor_clock(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    int64_t skew;
    if (!d->has_environment || d->environment.issuer == NULL) {
        check_skip(k, "the issuer's time is not known");
        return;
    }
    if (!skew_get(d, &skew)) {
        check_skip(k, "the issuer's answer has no date");
        return;
    }
    int64_t off = skew < 0 ? -skew : skew;
    struct str found = off <= 1 ? STR("as the server's")
                                : str_format(a, "%lld s %s the server's", (long long)off,
                                             skew > 0 ? "behind" : "ahead of");
    const char *remedy = "Set the clock of this machine: timedatectl set-ntp true";
    if (off > SKEW_WRONG) {
        check_wrong(k, EXIT_AUTH, found, remedy);
    } else if (off > SKEW_WARNING) {
        check_warn(k, found, remedy);
    } else {
        check_ok(k, found);
    }
}

/* ---- authentication ---- */

/* The values of a list in the discovery document, "a, b"; absent: it has none. */
static struct str listed(const struct doctor *d, const char *name, const char *word,
                         bool *ret_has_word) {
    struct buf b = buf_in(d->c->cx->arena, 128);
    json_t *root;
    *ret_has_word = false;
    if (!d->has_environment || d->environment.openid_configuration == NULL ||
        json_parse(d->c->cx, str_from(d->environment.openid_configuration), &root) != OK) {
        return STR_NONE;
    }
    const json_t *list = json_object_get(root, name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        if (item != NULL) {
            buf_format(&b, "%s%s", b.n > 0 ? ", " : "", item);
            *ret_has_word = *ret_has_word || str_is(str_from(item), word);
        }
    }
    return b.n > 0 ? buf_view(&b) : STR_NONE;
}

static const struct {
    const char *error, *remedy;
} refusals[] = {
    {"invalid_client",
     "Look at client_id and its secret: copied whole, without a space at the end; is the "
     "application enabled, and registered for this way to authenticate (auth_method)?"},
    {"invalid_grant",
     "Look at the access key: copied whole, active, not expired; is its user active, and of a "
     "tenant that the application may serve?"},
    {"unauthorized_client",
     "The application may not use this grant, or not for this user: look at its registration and "
     "the setting grant"},
    {"unsupported_grant_type", "The server does not know this grant: look at the setting grant"},
    {"invalid_scope", "The application did not register this scope: look at the setting scope"},
};

/* auth_method and grant against what the server says that it knows. */
static const char *mismatch_of(const struct doctor *d) {
    static const struct {
        const char *setting, *member;
    } rows[] = {{"auth_method", "token_endpoint_auth_methods_supported"},
                {"grant", "grant_types_supported"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *value = postern_setting(d->client, rows[i].setting, NULL);
        bool known = false;
        if (value == NULL || str_is(str_from(value), "auto") ||
            str_is(str_from(value), "access_key")) {
            continue;
        }
        struct str list = listed(d, rows[i].member, value, &known);
        if (list.p != NULL && !known) {
            struct arena *a = d->c->cx->arena;
            return str_z(a, str_format(a, "%s is %s, and the server knows: %.*s", rows[i].setting,
                                       value, STR_ARG(list)));
        }
    }
    return NULL;
}

/* "registered for client_secret_basic": the server says which auth_method is meant. */
static const char *registered_remedy(const struct doctor *d) {
    static const char before[] = "registered for ";
    static const char *const methods[] = {"client_secret_basic", "client_secret_post",
                                          "client_secret_jwt", "private_key_jwt", "none"};
    const char *at = strstr(postern_error_message(), before);
    struct str rest = str_from(at != NULL ? at + strlen(before) : "");
    bool automatic = str_is(str_from(postern_setting(d->client, "auth_method", NULL)), "auto");
    for (size_t i = automatic ? 2 : 0; i < COUNT_OF(methods); i++) { /* auto tried the first two */
        if (str_starts(rest, methods[i])) {
            const char *more = i < 2    ? " (or auto)"
                               : i == 3 ? ", and private_key_file"
                               : i == 4 ? ", and leave out client_secret"
                                        : "";
            return remedy_of(d, "Set auth_method = %s%s", methods[i], more);
        }
    }
    return NULL;
}

static const char *refusal_remedy(const struct doctor *d) {
    const char *mismatch = registered_remedy(d);
    mismatch = mismatch != NULL ? mismatch : mismatch_of(d);
    const char *error = postern_error()->error;
    for (size_t i = 0; mismatch == NULL && i < COUNT_OF(refusals); i++) {
        if (str_is(str_from(error), refusals[i].error)) {
            return refusals[i].remedy;
        }
    }
    return mismatch;
}

void doctor_authentication(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    if (d->client == NULL || (!d->has_environment && d->reached != POSTERN_OK)) {
        check_skip(k, "the token endpoint is not known");
        return;
    }
    /* Without the cache: a refresh token would prove nothing about the credentials. Where a person
     * signs in there are none but that. */
    bool person = str_is(str_from(postern_grant(d->client)), "authorization_code");
    if (!person) {
        (void)cli_open_profile(d->c, cli_value(d->c, "--profile"), POSTERN_NO_CACHE, &d->client);
    }
    d->refused = postern_token_get(d->client, person ? 0 : POSTERN_FRESH, d->c->cancel, &d->token);
    d->has_token = d->refused == POSTERN_OK;
    if (d->refused == POSTERN_TOKEN || d->refused == POSTERN_ISSUER) {
        check_failed(d, &d->id_token,
                     "Somebody may stand between you and the platform, or the issuer's keys are "
                     "not those of its discovery: tell its operator");
        check_ok(k, STR("the credentials were taken, the id token of the answer was not"));
        return;
    }
    if (!d->has_token) {
        check_failed(d, k, d->refused == POSTERN_AUTH ? refusal_remedy(d) : NULL);
        return;
    }
    claims_read(d->c, &d->token, &d->claims);
    int64_t life = d->token.expires_at > 0 ? d->token.expires_at - d->token.obtained_at : 0;
    check_ok(k, str_format(a, "a %stoken by %s, for %s%s",
                           d->token.from_cache != 0 ? ""
                           : person                 ? "renewed "
                                                    : "new ",
                           d->token.grant, life > 0 ? cli_duration(d->c, life) : "an unknown time",
                           d->token.has_refresh_token ? ", with a refresh token" : ""));
}

/* ---- the id token ---- */

void doctor_id_token(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    char *json = NULL;
    if (d->id_token.state == CHECK_WRONG) {
        *k = d->id_token;
        return;
    }
    if (!d->has_token) {
        check_skip(k, "there is no token");
        return;
    }
    if (d->token.id_token == NULL) {
        bool plain =
            d->token.grant != NULL && str_is(str_from(d->token.grant), "client_credentials");
        if (plain) {
            check_ok(k, STR("none: client_credentials brings none"));
        } else {
            check_warn(k, STR("none came"),
                       "Who is meant must then come from tenant_id and user_id; with CXone, ask "
                       "for the scope openid");
        }
        return;
    }
    enum postern_code code = postern_jwt_verify(d->client, d->token.id_token, d->c->cancel, &json);
    postern_free(json);
    if (code != POSTERN_OK) {
        check_failed(d, k, NULL);
        return;
    }
    check_ok(k,
             str_format(a, "verified: %.*s of tenant %.*s",
                        STR_ARG(d->claims.name.n > 0 ? d->claims.name : d->claims.sub),
                        STR_ARG(d->claims.tenant.n > 0 ? d->claims.tenant : d->claims.tenant_id)));
}

/* ---- the tenant ---- */

/* https://api-{area}.{domain}, as the document's own members say (PROTOCOL 11); absent: no
 * document. */
static struct str expected_api(const struct doctor *d) {
    struct ctx *cx = d->c->cx;
    struct str area = STR_NONE, domain = STR_NONE;
    json_t *root;
    if (d->tenant.cxone_configuration == NULL ||
        json_parse(cx, str_from(d->tenant.cxone_configuration), &root) != OK ||
        json_get_str(cx, root, "area", &area) != OK ||
        json_get_str(cx, root, "domain", &domain) != OK || area.p == NULL || domain.p == NULL) {
        return STR_NONE;
    }
    return str_format(cx->arena, "https://api-%.*s.%.*s", STR_ARG(area), STR_ARG(domain));
}

static void tenant_judge(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    struct str api = str_from(d->tenant.api_endpoint), expected = expected_api(d);
    while (str_ends(api, "/")) {
        api.n--;
    }
    if (expected.p == NULL) {
        check_ok(k, str_format(a, "APIs at %.*s, as the settings say", STR_ARG(api)));
    } else if (str_eq_nocase(api, expected)) {
        check_ok(k, str_format(a, "%s, area %s, cluster %s: APIs at %.*s", d->tenant.tenant_id,
                               d->tenant.area, d->tenant.cluster, STR_ARG(api)));
    } else {
        check_ok(k, str_format(a,
                               "%s, area %s, cluster %s: APIs at %.*s, on the issuer's own address "
                               "(by area and domain it would be %.*s)",
                               d->tenant.tenant_id, d->tenant.area, d->tenant.cluster, STR_ARG(api),
                               STR_ARG(expected)));
    }
}

void doctor_tenant(struct doctor *d, struct check *k) {
    if (!d->has_token) {
        check_skip(k, "there is no token to say which");
        return;
    }
    enum postern_code code = postern_discover(d->client, POSTERN_FRESH, d->c->cancel, &d->tenant);
    if (is_cancelled(d, k, code)) {
        return;
    }
    if (code != POSTERN_OK) {
        bool set = postern_setting(d->client, "tenant_id", NULL) != NULL;
        check_failed(d, k,
                     set && cli_exit_of(code) != EXIT_NETWORK
                         ? "Set tenant_id to the tenant's id as the platform shows it, or leave it "
                           "out where an id token names the tenant"
                         : NULL);
        return;
    }
    d->has_tenant = d->tenant.api_endpoint != NULL;
    if (!d->has_tenant) {
        check_warn(k, STR("not known: the token names no tenant"),
                   "Set tenant_id; or api_endpoint, where there is no tenant discovery");
        return;
    }
    tenant_judge(d, k);
}

/* ---- a call ---- */

static struct str user_of(const struct doctor *d, const struct postern_response *answer) {
    struct ctx *cx = d->c->cx;
    static const char *const members[] = {"userName", "name", "fullName", "id"};
    struct str name = STR_NONE;
    json_t *root;
    if (json_parse(cx, (struct str){answer->body, answer->body_n}, &root) != OK) {
        return STR("an answer that is no JSON object");
    }
    for (size_t i = 0; i < COUNT_OF(members) && name.n == 0; i++) {
        if (json_get_str(cx, root, members[i], &name) != OK) {
            name = STR_NONE;
        }
    }
    return name.n > 0 ? str_copy(cx->arena, name) : STR("a user");
}

static void call_judge(const struct doctor *d, struct check *k, const char *path,
                       const struct postern_response *answer, enum postern_code code) {
    struct arena *a = d->c->cx->arena;
    if (code == POSTERN_OK) {
        check_ok(k, str_format(a, "GET %s: %d, %.*s", path, answer->status,
                               STR_ARG(user_of(d, answer))));
    } else if (code == POSTERN_DENIED &&
               str_is(str_from(postern_error()->error), "user_required")) {
        check_ok(k, str_format(a,
                               "GET %s: 403 user_required, as is right for an application's "
                               "token: it has no user (set user_id to ask for one)",
                               path));
    } else if (code == POSTERN_DENIED) {
        check_failed(d, k,
                     "The token is good, but a permission or scope is missing: look at the user's "
                     "role and at the application's scopes");
    } else if (code == POSTERN_NOT_FOUND) {
        check_failed(d, k, "Is user_id right, and api_endpoint the address of a CXone API?");
    } else {
        check_failed(d, k, NULL);
    }
}

void doctor_call(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    struct postern_request rq = POSTERN_REQUEST_INIT;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    const char *user = d->client != NULL ? postern_setting(d->client, "user_id", NULL) : NULL;
    if (!d->has_tenant) {
        check_skip(k, "the address of the APIs is not known");
        return;
    }
    bool by_id = d->claims.is_client && user != NULL;
    struct str path =
        by_id ? str_format(a, "/api/v2/users/%.*s", STR_ARG(percent_encode(a, str_from(user))))
              : STR("/api/v2/users/me");
    rq.path = str_z(a, path);
    rq.cancel = d->c->cancel;
    enum postern_code code = postern_call(d->client, &rq, &answer);
    call_judge(d, k, rq.path, &answer, code);
    postern_response_done(&answer);
}
