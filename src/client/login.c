/* SPDX-License-Identifier: Apache-2.0 */
/* A person signs in: the authorization request (RFC 6749 4.1, PKCE of RFC 7636), and what comes
 * back of it for tokens. */
#include <string.h>

#include "client.h"

#define SECRET_BYTES 32 /* 43 characters: RFC 7636 4.1 */
#define SHOWN_MAX    60

/* ---- nobody is signed in ---- */

err login_missing(struct call *k) {
    const char *profile = k->p->profile;
    const struct state *s = state_current(k);
    bool spent = s != NULL && s->refresh_token.p != NULL && s->refresh_spent;
    bool refused = s != NULL && s->access_refused;
    const char *what = spent ? "The sign-in has ended: its refresh token is used up or was refused"
                       : refused ? "The sign-in has ended: its token was refused"
                                 : "Nobody is signed in";
    bool plain = *profile == '\0' || str_is(STR("default"), profile);
    k->oauth_error = spent ? STR("invalid_grant") : refused ? STR("invalid_token") : STR_NONE;
    return fail_say(&k->cx, ERR_CLIENT_NO_TOKEN, "%s. Sign in with: postern login%s%s", what,
                    plain ? "" : " --profile ", plain ? "" : profile);
}

/* ---- the request ---- */

struct str login_challenge(struct arena *a, struct str verifier) {
    return sha256_text(a, verifier);
}

static struct str secret_make(struct call *k, struct arena *a) {
    struct str text = random_text(&k->cx, SECRET_BYTES);
    struct str kept = state_secret(a, text);
    secret_wipe((char *)(uintptr_t)text.p, text.n);
    return kept;
}

static void query_add(struct buf *b, const char *name, struct str value) {
    if (str_empty(value)) {
        return;
    }
    buf_char(b, '&');
    buf_z(b, name);
    buf_char(b, '=');
    buf_str(b, percent_encode(b->arena, value));
}

/* OpenID Connect Core 3.1.2.1: without openid it is none. */
struct str login_scope(struct call *k) {
    struct str scope = setting_str(k->p, SET_SCOPE);
    if (scope.p == NULL || str_has_word(scope, STR("openid"))) {
        return scope.p != NULL ? scope : STR("openid");
    }
    return str_format(k->cx.arena, "openid %.*s", STR_ARG(scope));
}

static void url_write(struct call *k, const struct postern_login_options *o, struct str endpoint,
                      struct postern_login *login) {
    struct buf b = buf_in(login->arena, 1024);
    struct str challenge = login_challenge(k->cx.arena, login->verifier);
    buf_str(&b, endpoint); /* RFC 6749 3.1: it may have a query, which stays */
    buf_z(&b, str_find_char(endpoint, '?') < endpoint.n ? "&" : "?");
    buf_z(&b, "response_type=code");
    query_add(&b, "client_id", setting_str(k->p, SET_CLIENT_ID));
    query_add(&b, "redirect_uri", login->redirect_uri);
    query_add(&b, "scope", login_scope(k));
    query_add(&b, "state", login->state);
    query_add(&b, "nonce", login->nonce);
    query_add(&b, "code_challenge", challenge);
    query_add(&b, "code_challenge_method", STR("S256"));
    query_add(&b, "login_hint", str_from(o->login_hint));
    query_add(&b, "prompt", str_from(o->prompt));
    query_add(&b, "ui_locales", str_from(o->ui_locales));
    query_add(&b, "tenantId", setting_str(k->p, SET_TENANT_ID));
    buf_char(&b, '\0');
    login->url = b.p;
}

/* As a shell takes it in one word. */
static bool is_word(struct str v) {
    for (size_t i = 0; v.p != NULL && i < v.n; i++) {
        char c = v.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || strchr("-._~:/@+,=%", c) == NULL)) {
            return false;
        }
    }
    return v.n > 0;
}

/* What is typed for a profile with which people sign in. A profile is written as a whole, so what
 * this one says is said again, as far as it is no secret. */
static struct str person_command(struct call *k) {
    static const struct {
        enum setting_id id;
        const char *flag, *otherwise;
        bool needed;
    } parts[] = {
        {SET_ISSUER, "--issuer", "URL", true},
        {SET_CLIENT_ID, "--client-id", "ID", true},
        {SET_CLIENT_SECRET_FILE, "--client-secret-file", "FILE", false},
        {SET_CA_FILE, "--ca-file", "FILE", false},
    };
    const char *profile = k->p->profile;
    struct buf b = buf_in(k->cx.arena, 256);
    buf_z(&b, "postern configure");
    if (*profile != '\0') {
        buf_format(&b, " --profile %s", profile);
    }
    buf_z(&b, " --grant authorization_code");
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct str v = setting_str(k->p, parts[i].id);
        if (v.p != NULL || parts[i].needed) {
            v = is_word(v) && v.n <= SHOWN_MAX ? v : str_from(parts[i].otherwise);
            buf_format(&b, " %s %.*s", parts[i].flag, STR_ARG(v));
        }
    }
    return buf_view(&b);
}

err login_possible(struct call *k) {
    const struct grant *grant;
    TRY(grant_chosen(k, &grant));
    if (!grant->person) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "Nobody signs in here: the grant is %s. For an application whose users "
                        "sign in type: %.*s",
                        grant->name, STR_ARG(person_command(k)));
    }
    if (setting_str(k->p, SET_CLIENT_ID).p == NULL || setting_str(k->p, SET_ISSUER).p == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "To sign in, issuer and client_id have to be set: where, and for which "
                        "application. Make a profile with: postern configure");
    }
    return OK;
}

/* RFC 6749 3.1.2: absolute, without a fragment. */
static bool is_redirect_uri(struct str uri) {
    size_t colon = str_find_char(uri, ':');
    for (size_t i = 0; i < uri.n; i++) {
        if (uri.p[i] <= ' ' || uri.p[i] >= 0x7f || uri.p[i] == '#') {
            return false;
        }
    }
    return colon > 0 && colon + 1 < uri.n && uri.n <= SETTING_MAX;
}

err login_begin(struct call *k, const struct postern_login_options *options,
                struct postern_login **ret_login) {
    struct endpoints ep;
    struct str endpoint, redirect_uri = str_from(options->redirect_uri);
    TRY(login_possible(k));
    if (!is_redirect_uri(redirect_uri)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "redirect_uri is missing or none: an absolute address without a fragment.");
    }
    TRY(discovery_get(k, 0, &ep));
    TRY(discovery_endpoint(k, &ep, "authorization_endpoint", &endpoint));
    endpoint = str_sub(endpoint, 0, str_find_char(endpoint, '#'));
    struct arena **slot = memory_slot(k);
    struct postern_login *login = NEW(*slot, struct postern_login);
    login->arena = *slot;
    login->client = k->p;
    login->redirect_uri = str_copy(*slot, redirect_uri);
    login->issuer = str_copy(*slot, ep.issuer);
    login->verifier = secret_make(k, *slot);
    login->state = secret_make(k, *slot);
    login->nonce = secret_make(k, *slot);
    login->iss_promised = json_is_true(
        json_object_get(ep.openid_configuration, "authorization_response_iss_parameter_supported"));
    url_write(k, options, endpoint, login);
    *slot = NULL;
    *ret_login = login;
    return OK;
}

/* ---- what comes back ---- */

static bool is_same(struct str a, struct str b) {
    return a.n == b.n && a.p != NULL && b.p != NULL && secret_equal_bytes(a.p, b.p, a.n);
}

err login_callback_check(struct call *k, const struct postern_login *login,
                         const struct login_callback *c) {
    if (!is_same(c->state, login->state)) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "This is the answer to another sign-in: its state is not this one's.");
    }
    /* RFC 9207 2.4 (SECURITY mix-up): also of an error. */
    if (c->iss.p == NULL ? login->iss_promised : !str_eq(c->iss, login->issuer)) {
        return fail_say(&k->cx, ERR_CLIENT_ISSUER,
                        "The answer to the sign-in is of issuer '%.*s', asked was %.*s. Somebody "
                        "may stand between you and the server.",
                        STR_ARG(text_clean(k->cx.arena, c->iss, 120)),
                        STR_ARG(str_sub(login->issuer, 0, 120)));
    }
    if (str_empty(c->error)) {
        return OK;
    }
    struct str text = text_clean(k->cx.arena, c->error_description, 240);
    k->oauth_error = text_clean(k->cx.arena, c->error, 60);
    bool denied = str_is(k->oauth_error, "access_denied");
    return fail_say(&k->cx, ERR_CLIENT_AUTH, "The sign-in was not completed: %.*s%s%.*s%s",
                    STR_ARG(k->oauth_error), text.n > 0 ? ": " : "", STR_ARG(text),
                    denied ? " - it was refused or given up in the browser" : "");
}

err login_id_token_check(struct call *k, const struct jwt *jwt) {
    if (k->login == NULL) {
        return OK;
    }
    /* OpenID Connect Core 3.1.3.7, 11 and 5. */
    if (!is_same(jwt_str(jwt, "nonce"), k->login->nonce)) {
        return fail_say(&k->cx, ERR_CLIENT_TOKEN,
                        "The id token is of another sign-in: its nonce is not this one's.");
    }
    struct str party = jwt_str(jwt, "azp");
    if (party.p != NULL && !str_eq(party, setting_str(k->p, SET_CLIENT_ID))) {
        return fail_say(&k->cx, ERR_CLIENT_TOKEN,
                        "The id token is for another client: its azp is not this client_id.");
    }
    return OK;
}

/* ---- the code for tokens ---- */

struct finishing {
    struct postern_login *login;
    const char *callback;
    struct login_callback parsed;
};

err login_request(struct call *k, const struct endpoints *ep, struct token_request *r) {
    if (k->device != NULL) {
        return device_request(k, ep, r);
    }
    if (k->login == NULL) {
        return login_missing(k);
    }
    TRY(grant_form(k, ep, r, "authorization_code"));
    r->code = true;
    token_parameter(r, "code", k->login_code);
    token_parameter(r, "redirect_uri", k->login->redirect_uri);
    token_parameter(r, "code_verifier", k->login->verifier);
    return grant_parameters(k, r);
}

static err callback_read(struct call *k, const char *text, struct login_callback *ret_callback) {
    return login_callback_parse(k->cx.arena, str_from(text), ret_callback)
               ? OK
               : fail_say(&k->cx, ERR_CLIENT_ANSWER,
                          "This is no answer to a sign-in: a query with state, and with code or "
                          "error, each once.");
}

static err exchange_work(struct call *k, void *argument) {
    const struct finishing *f = argument;
    const struct grant *grant;
    struct endpoints ep;
    TRY(grant_chosen(k, &grant));
    TRY(discovery_get(k, 0, &ep));
    if (!str_eq(ep.issuer, f->login->issuer)) {
        return fail_say(&k->cx, ERR_CLIENT_ISSUER,
                        "The issuer has changed since the sign-in began. Begin anew.");
    }
    k->login = f->login;
    k->login_code = f->parsed.code;
    err e = token_authenticate(k, &ep, grant);
    k->login = NULL;
    return e;
}

static err finish_run(struct call *k, void *arguments) {
    struct finishing *f = arguments;
    struct postern_login *login = f->login;
    TRY(callback_read(k, f->callback, &f->parsed));
    if (login->client != k->p) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE, "This sign-in was begun by another client.");
    }
    err e = login_callback_check(k, login, &f->parsed);
    if (e == ERR_CLIENT_ANSWER || e == ERR_CLIENT_ISSUER) {
        return e; /* somebody else's: the right one may still come */
    }
    if (__atomic_exchange_n(&login->finished, true, __ATOMIC_RELAXED)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "This sign-in is finished: an answer is good once. Begin another.");
    }
    TRY(e);
    return flight_run(k, NULL, exchange_work, f);
}

/* ---- public ---- */

struct beginning {
    struct postern_login_options options;
    struct postern_login *login;
};

static err begin_run(struct call *k, void *arguments) {
    struct beginning *b = arguments;
    return login_begin(k, &b->options, &b->login);
}

enum postern_code postern_login_begin(struct postern *client,
                                      const struct postern_login_options *options,
                                      struct postern_cancel *cancel,
                                      struct postern_login **ret_login) {
    struct beginning b = {.options = POSTERN_LOGIN_OPTIONS_INIT};
    if (client == NULL || options == NULL || ret_login == NULL) {
        return usage_failed("postern_login_begin needs a client, options and a place for the "
                            "result.");
    }
    memcpy(&b.options, options,
           options->size < sizeof b.options ? options->size : sizeof b.options);
    enum postern_code code = call_run(client, cancel, 0, begin_run, &b);
    if (code == POSTERN_OK) {
        *ret_login = b.login;
    }
    return code;
}

const char *postern_login_url(const struct postern_login *login) {
    return login != NULL ? login->url : NULL;
}

static err matches_run(struct call *k, void *arguments) {
    struct finishing *f = arguments;
    TRY(callback_read(k, f->callback, &f->parsed));
    return login_callback_check(k, f->login, &f->parsed);
}

int postern_login_matches(const struct postern_login *login, const char *callback) {
    struct finishing f = {.login = (struct postern_login *)(uintptr_t)login, .callback = callback};
    if (login == NULL || callback == NULL) {
        return 0;
    }
    enum postern_code code = call_run(NULL, NULL, 0, matches_run, &f);
    return code == POSTERN_OK || code == POSTERN_AUTH;
}

enum postern_code postern_login_finish(struct postern *client, struct postern_login *login,
                                       const char *callback, struct postern_cancel *cancel) {
    struct finishing f = {.login = login, .callback = callback};
    if (client == NULL || login == NULL || callback == NULL) {
        return usage_failed("postern_login_finish needs a client, a login and its callback.");
    }
    return call_run(client, cancel, 0, finish_run, &f);
}

void postern_login_free(struct postern_login *login) {
    if (login != NULL) {
        arena_free(login->arena);
    }
}
