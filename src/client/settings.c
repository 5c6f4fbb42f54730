/* SPDX-License-Identifier: Apache-2.0 */
/* The settings table. Where a value comes from, the later wins: default, profile, environment, what
 * the program gives to postern_open(). */
#include "client.h"

#include <stdlib.h>
#include <string.h>

enum kind { TEXT, NUMBER, GRANT, AUTH_METHOD, URL };

static const struct row {
    struct postern_setting_info info;
    enum kind kind;
    int64_t min, max;
} rows[SETTINGS_N] = {
    /* clang-format off */
    [SET_ISSUER] = {{"issuer", "POSTERN_ISSUER CXONE_ISSUER", "", "The environment's issuer, whose discovery document names all other addresses: https://cxone.niceincontact.com, or http://localhost:8420 for a posternd of one's own.", 0}, URL, 0, 0},
    [SET_BASE_URL] = {{"base_url", "POSTERN_BASE_URL CXONE_BASE_URL", "", "Instead of issuer: the address of the APIs, where the token endpoint is /api/v2/oauth/token and nothing is discovered.", 0}, URL, 0, 0},
    [SET_GRANT] = {{"grant", "POSTERN_GRANT CXONE_GRANT", "auto", "How to authenticate: password (access key and application), client_credentials (application alone), authorization_code (a person signs in: postern login), access_key (access key alone, the older way), or auto: by what is set; authorization_code is meant there only by auth_method = none.", 0}, GRANT, 0, 0},
    [SET_CLIENT_ID] = {{"client_id", "POSTERN_CLIENT_ID CXONE_CLIENT_ID", "", "The application's client id.", 0}, TEXT, 0, 0},
    [SET_CLIENT_SECRET] = {{"client_secret", "POSTERN_CLIENT_SECRET CXONE_CLIENT_SECRET", "", "The application's secret.", 1}, TEXT, 0, 0},
    [SET_CLIENT_SECRET_FILE] = {{"client_secret_file", "POSTERN_CLIENT_SECRET_FILE", "", "A file with the secret in its first line.", 0}, TEXT, 0, 0},
    [SET_AUTH_METHOD] = {{"auth_method", "POSTERN_AUTH_METHOD CXONE_AUTH_METHOD", "auto", "How the application authenticates: client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, none; auto: private_key_jwt with a private_key_file, none without a secret, else client_secret_basic, and client_secret_post if that is refused.", 0}, AUTH_METHOD, 0, 0},
    [SET_PRIVATE_KEY_FILE] = {{"private_key_file", "POSTERN_PRIVATE_KEY_FILE", "", "The private key of private_key_jwt: PEM, PKCS#8, not encrypted; RSA, P-256 or Ed25519.", 0}, TEXT, 0, 0},
    [SET_PRIVATE_KEY_ID] = {{"private_key_id", "POSTERN_PRIVATE_KEY_ID", "", "The kid of that key in the application's key set.", 0}, TEXT, 0, 0},
    [SET_ACCESS_KEY_ID] = {{"access_key_id", "POSTERN_ACCESS_KEY_ID CXONE_ACCESS_KEY_ID", "", "The id of a user's access key.", 0}, TEXT, 0, 0},
    [SET_ACCESS_KEY_SECRET] = {{"access_key_secret", "POSTERN_ACCESS_KEY_SECRET CXONE_ACCESS_KEY_SECRET", "", "The secret of that access key.", 1}, TEXT, 0, 0},
    [SET_ACCESS_KEY_SECRET_FILE] = {{"access_key_secret_file", "POSTERN_ACCESS_KEY_SECRET_FILE", "", "A file with that secret in its first line.", 0}, TEXT, 0, 0},
    [SET_SCOPE] = {{"scope", "POSTERN_SCOPE CXONE_SCOPE", "", "The scopes to ask for, separated by spaces; without it all that the application registered (`postern login`: openid).", 0}, TEXT, 0, 0},
    [SET_TENANT_ID] = {{"tenant_id", "POSTERN_TENANT_ID CXONE_TENANT_ID", "", "The tenant, where no id token says it: client_credentials of an application of all tenants.", 0}, TEXT, 0, 0},
    [SET_USER_ID] = {{"user_id", "POSTERN_USER_ID CXONE_USER_ID", "", "The user that whoami and doctor ask for, where the token has none.", 0}, TEXT, 0, 0},
    [SET_TOKEN_PARAMETERS] = {{"token_parameters", "POSTERN_TOKEN_PARAMETERS", "", "Further parameters of token requests, form-encoded, for servers that want them: resource=urn%3Aapi", 1}, TEXT, 0, 0},
    [SET_API_ENDPOINT] = {{"api_endpoint", "POSTERN_API_ENDPOINT CXONE_API_ENDPOINT", "", "The address of the APIs, where tenant discovery is not to be asked or not to be believed.", 0}, URL, 0, 0},
    [SET_CA_FILE] = {{"ca_file", "POSTERN_CA_FILE", "", "Certificates to trust instead of the system's, PEM.", 0}, TEXT, 0, 0},
    [SET_PROXY] = {{"proxy", "POSTERN_PROXY", "", "The proxy of outgoing requests, http://HOST:PORT; off: none. Without it the variables https_proxy and http_proxy count. Hosts that no_proxy names, and this machine, are asked directly.", 0}, TEXT, 0, 0},
    [SET_CONNECT_TIMEOUT] = {{"connect_timeout", "POSTERN_CONNECT_TIMEOUT", "10", "Seconds for a connection, TLS included.", 0}, NUMBER, 1, 3600},
    [SET_TIMEOUT] = {{"timeout", "POSTERN_TIMEOUT", "60", "Seconds for a call in all, waits and repetitions included.", 0}, NUMBER, 1, 86400},
    [SET_RETRIES] = {{"retries", "POSTERN_RETRIES", "4", "Further attempts where an answer or the lack of one allows them.", 0}, NUMBER, 0, 100},
    [SET_RENEW_BEFORE] = {{"renew_before", "POSTERN_RENEW_BEFORE", "60", "Seconds before its end at which a token is renewed; at most a quarter of its life.", 0}, NUMBER, 0, 86400},
    /* clang-format on */
};

const struct postern_setting_info *postern_setting_at(size_t i) {
    return i < SETTINGS_N ? &rows[i].info : NULL;
}

static bool setting_named(struct str name, enum setting_id *ret_id) {
    for (size_t i = 0; i < SETTINGS_N; i++) {
        if (str_is(name, rows[i].info.name)) {
            *ret_id = (enum setting_id)i;
            return true;
        }
    }
    return false;
}

struct str setting_str(const struct postern *p, enum setting_id id) {
    struct str v = str_from(p->settings.value[id]);
    return v.n == 0 ? STR_NONE : v;
}

int64_t setting_int(const struct postern *p, enum setting_id id) {
    int64_t n = 0;
    (void)str_int(setting_str(p, id), &n);
    return n;
}

static bool is_printable(struct str v) {
    for (size_t i = 0; i < v.n; i++) {
        if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f) {
            return false;
        }
    }
    return str_is_text(v) && v.n <= SETTING_MAX;
}

static err url_check(struct call *k, const char *name, struct str v, struct str from) {
    struct str origin;
    if (!url_origin(k->cx.arena, v, &origin)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "%.*s: %s is '%.*s', which is no address. Write https://HOST.",
                        STR_ARG(from), name, STR_ARG(str_sub(v, 0, 80)));
    }
    if (!url_is_safe(v)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "%.*s: %s is '%.*s': secrets would travel unencrypted. Write https://; "
                        "http:// is for this machine (localhost) only.",
                        STR_ARG(from), name, STR_ARG(str_sub(v, 0, 80)));
    }
    return OK;
}

static err value_check(struct call *k, enum setting_id id, struct str v, struct str from) {
    const struct row *r = &rows[id];
    if (!is_printable(v)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "%.*s: %s has control characters, is not UTF-8 or is too long.",
                        STR_ARG(from), r->info.name);
    }
    int64_t n;
    switch (r->kind) {
    case NUMBER:
        if (!str_int(v, &n) || n < r->min || n > r->max) {
            return fail_say(&k->cx, ERR_CLIENT_USAGE,
                            "%.*s: %s is '%.*s'. Write a number from %lld to %lld.", STR_ARG(from),
                            r->info.name, STR_ARG(str_sub(v, 0, 40)), (long long)r->min,
                            (long long)r->max);
        }
        return OK;
    case GRANT:
        return str_is(v, "auto") || grant_find(v) != NULL
                   ? OK
                   : fail_say(&k->cx, ERR_CLIENT_USAGE,
                              "%.*s: grant is '%.*s'. Write auto, password, client_credentials, "
                              "authorization_code or access_key.",
                              STR_ARG(from), STR_ARG(str_sub(v, 0, 40)));
    case AUTH_METHOD:
        return str_is(v, "auto") || auth_method_find(v) != NULL
                   ? OK
                   : fail_say(&k->cx, ERR_CLIENT_USAGE,
                              "%.*s: auth_method is '%.*s'. Write auto, client_secret_basic, "
                              "client_secret_post, client_secret_jwt, private_key_jwt or none.",
                              STR_ARG(from), STR_ARG(str_sub(v, 0, 40)));
    case URL:
        return url_check(k, r->info.name, v, from);
    default:
        return OK;
    }
}

static char *copy_or_exhausted(struct str v) {
    char *z = malloc(v.n + 1);
    if (z == NULL) {
        memory_exhausted(v.n + 1);
    }
    if (v.n > 0) {
        memcpy(z, v.p, v.n);
    }
    z[v.n] = '\0';
    return z;
}

static void value_free(char **value, bool secret) {
    if (*value != NULL && secret) {
        secret_wipe(*value, strlen(*value));
    }
    free(*value);
    *value = NULL;
}

/* A proxy may want a password, which nobody else is to see. */
static struct str proxy_masked(struct arena *a, struct str v) {
    size_t at = v.n;
    while (at > 0 && v.p[at - 1] != '@') {
        at--;
    }
    struct str scheme = str_starts_nocase(v, "http://")    ? str_sub(v, 0, 7)
                        : str_starts_nocase(v, "https://") ? str_sub(v, 0, 8)
                                                           : STR("");
    return at == 0 ? v
                   : str_format(a, "%.*s***@%.*s", STR_ARG(scheme), STR_ARG(str_sub(v, at, v.n)));
}

/* An empty value unsets what was there before. */
static err setting_set(struct call *k, struct settings *s, enum setting_id id, struct str v,
                       struct str from) {
    if (v.n > 0) {
        TRY(value_check(k, id, v, from));
    }
    value_free(&s->value[id], true);
    free(s->from[id]);
    s->from[id] = NULL;
    s->value[id] = copy_or_exhausted(v);
    if (id == SET_PROXY) {
        free(s->proxy_shown);
        s->proxy_shown = NULL;
        s->proxy_shown = copy_or_exhausted(proxy_masked(k->cx.arena, v));
    }
    s->from[id] = copy_or_exhausted(from);
    return OK;
}

void settings_done(struct settings *s) {
    for (size_t i = 0; i < SETTINGS_N; i++) {
        value_free(&s->value[i], rows[i].info.secret);
        free(s->from[i]);
    }
    free(s->proxy_shown);
}

err settings_defaults(struct call *k, struct settings *s) {
    for (size_t i = 0; i < SETTINGS_N; i++) {
        struct str v = str_from(rows[i].info.otherwise);
        if (v.n > 0) {
            TRY(setting_set(k, s, (enum setting_id)i, v, STR("default")));
        }
    }
    return OK;
}

static struct str environment_value(struct call *k, enum setting_id id, struct str *ret_name) {
    struct str names = str_from(rows[id].info.variables);
    while (str_next(&names, ' ', ret_name)) {
        const char *v = getenv(str_z(k->cx.arena, *ret_name));
        if (v != NULL && *v != '\0') {
            return str_from(v);
        }
    }
    return STR_NONE;
}

bool settings_environment_names_one(struct call *k) {
    static const enum setting_id who[] = {SET_ISSUER, SET_BASE_URL, SET_CLIENT_ID,
                                          SET_ACCESS_KEY_ID};
    struct str name;
    for (size_t i = 0; i < COUNT_OF(who); i++) {
        if (environment_value(k, who[i], &name).p != NULL) {
            return true;
        }
    }
    return false;
}

err settings_environment(struct call *k, struct settings *s, bool manner_only) {
    for (size_t i = manner_only ? SET_CA_FILE : 0; i < SETTINGS_N; i++) {
        struct str name, v = environment_value(k, (enum setting_id)i, &name);
        if (v.p != NULL) {
            struct str from = str_format(k->cx.arena, "environment %.*s", STR_ARG(name));
            TRY(setting_set(k, s, (enum setting_id)i, v, from));
        }
    }
    return OK;
}

err settings_given(struct call *k, struct settings *s, const struct postern_setting *given,
                   size_t n) {
    for (size_t i = 0; given != NULL && i < n; i++) {
        enum setting_id id;
        struct str name = str_from(given[i].name);
        if (!setting_named(name, &id)) {
            return fail_say(&k->cx, ERR_CLIENT_USAGE, "There is no setting '%.*s'.",
                            STR_ARG(str_sub(name, 0, 60)));
        }
        TRY(setting_set(k, s, id, str_from(given[i].value), STR("setting")));
    }
    return OK;
}

static err line_set(struct call *k, struct settings *s, const struct setting_line *line,
                    struct str file, struct str profile) {
    enum setting_id id;
    if (line->malformed) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "%.*s:%d: this line is no setting. Write name = value.", STR_ARG(file),
                        line->number);
    }
    if (!setting_named(line->name, &id)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "%.*s:%d: there is no setting '%.*s'. postern-profile(5) lists them all.",
                        STR_ARG(file), line->number, STR_ARG(str_sub(line->name, 0, 60)));
    }
    struct str from = str_format(k->cx.arena, "profile %.*s", STR_ARG(profile));
    if (str_eq(from, str_from(s->from[id]))) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "%.*s:%d: %s was set before. Keep one of the two lines.", STR_ARG(file),
                        line->number, rows[id].info.name);
    }
    return setting_set(k, s, id, line->value, from);
}

err settings_profile(struct call *k, struct settings *s, struct str text, struct str file,
                     struct str profile) {
    struct setting_line line = {0};
    while (setting_line_next(&text, &line)) {
        TRY(line_set(k, s, &line, file, profile));
    }
    return OK;
}

const char *postern_setting(const struct postern *client, const char *name, const char **ret_from) {
    enum setting_id id;
    if (client == NULL || !setting_named(str_from(name), &id) ||
        setting_str(client, id).p == NULL) {
        return NULL;
    }
    if (ret_from != NULL) {
        *ret_from = client->settings.from[id];
    }
    return rows[id].info.secret ? ""
           : id == SET_PROXY    ? client->settings.proxy_shown
                                : client->settings.value[id];
}

err setting_check(struct call *k, struct str name, struct str value) {
    enum setting_id id;
    if (!setting_named(name, &id)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE, "There is no setting '%.*s'.",
                        STR_ARG(str_sub(name, 0, 60)));
    }
    return value_check(k, id, value, name);
}

err setting_secret_quietly(struct call *k, enum setting_id id, enum setting_id file,
                           struct str *ret) {
    struct str name = setting_str(k->p, file), secret = setting_str(k->p, id);
    if (secret.p == NULL && name.p != NULL) {
        struct str text;
        if (file_read(&k->cx, str_z(k->cx.arena, name), PROFILE_MAX, &text) != OK) {
            return fail_say(&k->cx, ERR_CLIENT_FILE, "%s: %s", rows[file].info.name,
                            k->cx.failure.detail);
        }
        secret = str_sub(text, 0, str_find_char(text, '\n'));
        if (secret.n > 0 && secret.p[secret.n - 1] == '\r') {
            secret.n--;
        }
        if (!is_printable(secret) || secret.n == 0) {
            return fail_say(&k->cx, ERR_CLIENT_USAGE, "%s: the first line of %.*s is no secret.",
                            rows[file].info.name, STR_ARG(str_sub(name, 0, 200)));
        }
    }
    *ret = secret;
    return OK;
}

err setting_secret(struct call *k, enum setting_id id, enum setting_id file, struct str *ret) {
    struct str secret;
    TRY(setting_secret_quietly(k, id, file, &secret));
    /* PROTOCOL 11: trim nothing silently. */
    bool spaces = secret.n > 0 && (secret.p[0] == ' ' || secret.p[secret.n - 1] == ' ');
    if (spaces && !k->spaces_told) {
        k->spaces_told = true;
        call_warn(k, "%s begins or ends with a space, and is sent so: is that meant?",
                  rows[id].info.name);
    }
    *ret = secret;
    return OK;
}
