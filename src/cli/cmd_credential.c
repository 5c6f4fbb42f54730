/* SPDX-License-Identifier: Apache-2.0 */
/* credential curl: a line for curl -K -. credential git get|store|erase: git's credential helper.
 */
#include "cli.h"

#include <string.h>

/* curl's configuration file: backslash and quote are escaped within quotes. */
static int curl_print(struct cli *c) {
    struct postern *client;
    struct postern_token t = POSTERN_TOKEN_INIT;
    int status = cli_open(c, &client);
    if (status != EXIT_OK) {
        return status;
    }
    if (postern_token_get(client, 0, c->cancel, &t) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    if (c->json) {
        struct buf b = buf_in(c->cx->arena, 4096);
        struct json_out j = json_to(&b);
        json_open_object(&j, NULL);
        json_put_str(&j, "header",
                     str_format(c->cx->arena, "Authorization: Bearer %s", t.access_token));
        json_close_object(&j);
        cli_json(c, buf_view(&b));
    } else {
        (void)fputs("header = \"Authorization: Bearer ", c->out);
        for (const char *p = t.access_token; *p != '\0'; p++) {
            (void)fprintf(c->out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
        }
        (void)fputs("\"\n", c->out);
    }
    postern_token_done(&t);
    return EXIT_OK;
}

/* The client's own addresses: a token is for no other host. */
static bool is_ours(const struct git_credential *g, const struct postern_discovery *d) {
    const struct str urls[] = {
        str_from(d->issuer),      str_from(d->api_endpoint), str_from(d->auth_endpoint),
        str_from(d->ui_endpoint), str_from(d->acd_endpoint),
    };
    return git_credential_is_for(g, urls, COUNT_OF(urls));
}

static void git_print(struct cli *c, const struct git_credential *g,
                      const struct postern_token *t) {
    if (g->authtype) {
        (void)fprintf(c->out,
                      "capability[]=authtype\nauthtype=Bearer\ncredential=%s\n"
                      "ephemeral=true\n",
                      t->access_token);
    } else {
        struct str user = str_empty(g->username) ? STR("oauth2") : g->username;
        (void)fprintf(c->out, "username=%.*s\npassword=%s\n", STR_ARG(user), t->access_token);
    }
    if (t->expires_at != 0) {
        (void)fprintf(c->out, "password_expiry_utc=%lld\n", (long long)t->expires_at);
    }
}

/* 0 in *ret_ours: another host, which is no failure. Asks for a token only where the environment's
 * own addresses leave the question open. */
static int ours_find(struct cli *c, struct postern *client, const struct git_credential *g,
                     bool *ret_ours) {
    struct postern_discovery d = POSTERN_DISCOVERY_INIT;
    struct postern_token t = POSTERN_TOKEN_INIT;
    if (postern_discover(client, 0, c->cancel, &d) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    *ret_ours = is_ours(g, &d);
    bool known = *ret_ours || d.api_endpoint != NULL;
    postern_discovery_done(&d);
    if (known) {
        return EXIT_OK;
    }
    if (postern_token_get(client, 0, c->cancel, &t) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    postern_token_done(&t);
    struct postern_discovery again = POSTERN_DISCOVERY_INIT;
    if (postern_discover(client, 0, c->cancel, &again) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    *ret_ours = is_ours(g, &again);
    postern_discovery_done(&again);
    return EXIT_OK;
}

/* The server refused what we gave: then it is not given again. */
static int git_erase(struct cli *c, struct postern *client, const struct git_credential *g) {
    struct postern_token t = POSTERN_TOKEN_INIT;
    struct str given = str_empty(g->credential) ? g->password : g->credential;
    if (postern_token_get(client, POSTERN_CACHED, c->cancel, &t) != POSTERN_OK) {
        return EXIT_OK;
    }
    struct str cached = str_from(t.access_token);
    bool same =
        given.n == cached.n && given.n > 0 && secret_equal_bytes(given.p, cached.p, given.n);
    postern_token_done(&t);
    if (same && postern_forget(client) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    return EXIT_OK;
}

static int git_get(struct cli *c, struct postern *client, const struct git_credential *g) {
    struct postern_token t = POSTERN_TOKEN_INIT;
    if (postern_token_get(client, 0, c->cancel, &t) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    git_print(c, g, &t);
    postern_token_done(&t);
    return EXIT_OK;
}

static int git(struct cli *c) {
    struct postern *client;
    struct str text;
    struct git_credential g;
    bool ours = false;
    const char *action = c->words_n > 1 ? c->words[1] : "";
    bool get = strcmp(action, "get") == 0;
    if (!get && strcmp(action, "erase") != 0) {
        /* gitcredentials(7): an operation that a helper does not know is silently ignored; store
         * has nothing to do, the cache keeps the token. */
        return *action == '\0' ? cli_usage(c, "Write: postern credential git get|store|erase")
                               : EXIT_OK;
    }
    if (!cli_read(c, "-", GIT_CREDENTIAL_MAX, &text)) {
        return EXIT_OTHER;
    }
    if (!git_credential_parse(text, &g)) {
        return cli_usage(c, "Standard input is not git's credential protocol: lines key=value "
                            "with protocol and host.");
    }
    if (!str_is(g.protocol, "https")) {
        return EXIT_OK; /* a token travels over https alone */
    }
    int status = cli_open(c, &client);
    status = status != EXIT_OK ? status : ours_find(c, client, &g, &ours);
    if (status != EXIT_OK || !ours) {
        return status;
    }
    return get ? git_get(c, client, &g) : git_erase(c, client, &g);
}

int cmd_credential(struct cli *c) {
    if (strcmp(c->words[0], "git") == 0) {
        return git(c);
    }
    if (c->words_n > 1) {
        return cli_usage(c, "credential curl does not take '%.60s'.", c->words[1]);
    }
    return curl_print(c);
}
