/* SPDX-License-Identifier: Apache-2.0 */
/* token: a valid access token and nothing else, for $(postern token). */
#include "cli.h"

static void token_json(const struct cli *c, const struct postern_token *t) {
    struct buf b = buf_in(c->cx->arena, 4096);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_z(&j, "access_token", t->access_token);
    json_put_z(&j, "token_type", t->token_type);
    json_put_str_if(&j, "scope", str_from(t->scope));
    json_put_str_if(&j, "id_token", str_from(t->id_token));
    json_put_str_if(&j, "tenant_id", str_from(t->tenant_id));
    json_put_str_if(&j, "grant", str_from(t->grant));
    json_put_int(&j, "obtained_at", t->obtained_at);
    if (t->expires_at != 0) {
        json_put_int(&j, "expires_at", t->expires_at);
        json_put_int(&j, "expires_in", t->expires_at - c->cx->now);
        json_put_int(&j, "renew_at", t->renew_at);
    }
    json_put_int(&j, "clock_skew", t->clock_skew);
    json_put_bool(&j, "has_refresh_token", t->has_refresh_token != 0);
    json_put_bool(&j, "from_cache", t->from_cache != 0);
    json_close_object(&j);
    cli_json(c, buf_view(&b));
}

int cmd_token(struct cli *c) {
    struct postern *client;
    struct postern_token t = POSTERN_TOKEN_INIT;
    int status = cli_open(c, &client);
    if (status != EXIT_OK) {
        return status;
    }
    unsigned flags = cli_has(c, "--fresh") ? POSTERN_FRESH : 0;
    if (postern_token_get(client, flags, c->cancel, &t) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    cli_progress(c, "%s", "");
    if (c->json) {
        token_json(c, &t);
    } else if (cli_has(c, "--header")) {
        (void)fprintf(c->out, "Authorization: Bearer %s\n", t.access_token);
    } else {
        (void)fprintf(c->out, "%s\n", t.access_token);
    }
    postern_token_done(&t);
    return EXIT_OK;
}
