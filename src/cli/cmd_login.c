/* SPDX-License-Identifier: Apache-2.0 */
/* login: a person signs in with a browser, for the profile. */
#include "cli.h"
#include "login.h"

#include <stdlib.h>

#define LOGIN_SECONDS  300   /* unless the setting timeout says otherwise */
#define DEVICE_SECONDS 86400 /* likewise: the server says how long a code is good */

static int64_t seconds_of(const struct postern *client, int64_t otherwise) {
    const char *from = NULL;
    int64_t seconds = otherwise;
    struct str text = str_from(postern_setting(client, "timeout", &from));
    if (!str_is(str_from(from), "default")) {
        (void)str_int(text, &seconds);
    }
    return seconds;
}

static void login_deferred(void *login) {
    postern_login_free(login);
}

static int begin(struct cli *c, struct postern *client, const struct login_server *s,
                 struct postern_login **ret_login) {
    struct postern_login_options o = POSTERN_LOGIN_OPTIONS_INIT;
    struct arena *a = c->cx->arena;
    o.redirect_uri = str_z(a, str_format(a, "http://%.*s%s", STR_ARG(s->authority), LOGIN_PATH));
    o.login_hint = cli_value(c, "--login-hint");
    o.prompt = cli_value(c, "--prompt");
    if (postern_login_begin(client, &o, c->cancel, ret_login) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    arena_defer(a, login_deferred, *ret_login);
    cli_progress(c, "%s", "");
    return EXIT_OK;
}

/* The address stands alone in its line, to be copied. */
static pid_t show(struct cli *c, const struct login_server *s, const char *url) {
    pid_t browser = cli_has(c, "--no-browser") ? 0 : login_browser_open(c, url);
    if (browser != 0) {
        cli_note(c, "a browser opens for you to sign in. If it does not, open this address:");
    } else {
        cli_note(c, "to sign in, open this address in a browser on this machine:");
    }
    (void)fprintf(c->err, "\n    %.*s\n\n", STR_ARG(visible(c->cx->arena, str_from(url))));
    (void)fflush(c->err);
    if (browser == 0) {
        cli_note(c,
                 "with the browser on another machine, type there first: ssh -L "
                 "%d:127.0.0.1:%d THIS_MACHINE",
                 s->port, s->port);
    }
    return browser;
}

static void print_json(struct cli *c, const struct postern_token *t, const struct claims *k) {
    struct buf b = buf_in(c->cx->arena, 512);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_bool(&j, "signed_in", true);
    json_put_str_if(&j, "name", k->name);
    json_put_str_if(&j, "sub", k->sub);
    json_put_str_if(&j, "user_id", k->user_id);
    json_put_str_if(&j, "tenant", k->tenant);
    json_put_str_if(&j, "tenant_id", k->tenant_id);
    json_put_str_if(&j, "scope", str_from(t->scope));
    json_put_int(&j, "expires_at", t->expires_at);
    json_put_bool(&j, "has_refresh_token", t->has_refresh_token != 0);
    json_close_object(&j);
    cli_json(c, buf_view(&b));
}

static void print(struct cli *c, const struct postern_token *t, const struct claims *k) {
    struct str who = str_empty(k->name) ? k->sub : k->name;
    struct str tenant = str_empty(k->tenant) ? k->tenant_id : k->tenant;
    const char *life =
        t->expires_at != 0 ? cli_duration(c, t->expires_at - t->obtained_at) : "an unknown time";
    (void)fprintf(c->out, "Signed in as %s%s%s%s.\n", cli_styled(c, STYLE_NAME, who),
                  str_empty(tenant) ? "" : " (tenant ", cli_styled(c, STYLE_PLAIN, tenant),
                  str_empty(tenant) ? "" : ")");
    (void)fprintf(c->out, "The token is good for %s%s\n", life,
                  t->has_refresh_token != 0 ? " and is renewed as it is used."
                                            : "; there is no refresh token: sign in again then.");
}

/* What the next command will find, and nothing else, is what is told. */
static int report(struct cli *c) {
    struct postern *client;
    struct postern_token t = POSTERN_TOKEN_INIT;
    struct claims k;
    int status = cli_open(c, &client);
    if (status != EXIT_OK) {
        return status;
    }
    /* A short-lived one may have expired by now: it is renewed as it is used. */
    unsigned flags = POSTERN_CACHED | POSTERN_RENEWABLE;
    if (postern_token_get(client, flags, c->cancel, &t) != POSTERN_OK) {
        return cli_error(c, EXIT_OTHER,
                         "The server let you in, but the tokens could not be kept in the cache "
                         "directory: make it writable, and sign in again.");
    }
    claims_read(c, &t, &k);
    if (c->json) {
        print_json(c, &t, &k);
    } else {
        print(c, &t, &k);
    }
    postern_token_done(&t);
    return EXIT_OK;
}

/* The profile that the client was read from; NULL: from none. */
static const char *profile_of(struct cli *c, struct postern *client) {
    static const char *const names[] = {"client_id", "issuer"};
    const char *profile = cli_value(c, "--profile"), *from = NULL;
    for (size_t i = 0; profile == NULL && i < COUNT_OF(names); i++) {
        (void)postern_setting(client, names[i], &from);
        struct str text = str_from(from);
        if (str_starts(text, "profile ")) {
            profile = str_z(c->cx->arena, str_sub(text, sizeof "profile", text.n));
        }
    }
    return profile;
}

static int with_browser(struct cli *c, struct postern *client) {
    struct postern_login *login;
    struct login_server *s = NEW(c->cx->arena, struct login_server);
    const char *query;
    if (!login_listen(c, s)) {
        return EXIT_OTHER;
    }
    s->profile = profile_of(c, client);
    int status = begin(c, client, s, &login);
    if (status != EXIT_OK) {
        return status;
    }
    pid_t browser = show(c, s, postern_login_url(login));
    cli_progress(c, "Waiting for the browser; Ctrl-C gives up ...");
    status = login_await(s, login, browser, seconds_of(client, LOGIN_SECONDS), &query);
    cli_progress(c, "%s", "");
    if (status != EXIT_OK) {
        return status;
    }
    bool good = postern_login_finish(client, login, query, c->cancel) == POSTERN_OK;
    login_answer(s, good);
    return good ? report(c) : cli_failed(c, NULL);
}

/* *ret_unknown: not with this server. */
static int with_device(struct cli *c, struct postern *client, bool *ret_unknown) {
    int64_t seconds = seconds_of(client, DEVICE_SECONDS);
    int status = login_device(c, client, seconds, ret_unknown);
    return status == EXIT_OK ? report(c) : status;
}

/* What only the page that we open can be told. */
static bool asks_of_the_page(const struct cli *c) {
    return cli_value(c, "--login-hint") != NULL || cli_value(c, "--prompt") != NULL;
}

int cmd_login(struct cli *c) {
    struct postern *client;
    bool device = cli_has(c, "--device"), unknown;
    if (cli_has(c, "--no-cache")) {
        return cli_usage(c, "login keeps tokens for later commands: --no-cache forbids that.");
    }
    if (device && asks_of_the_page(c)) {
        return cli_usage(c, "--login-hint and --prompt are for the browser that login opens: with "
                            "--device there is none.");
    }
    int status = cli_open(c, &client);
    if (status != EXIT_OK) {
        return status;
    }
    if (!device && (cli_has(c, "--no-browser") || asks_of_the_page(c) || login_browser_is_here())) {
        return with_browser(c, client);
    }
    status = with_device(c, client, &unknown);
    return unknown && !device ? with_browser(c, client) : status;
}
