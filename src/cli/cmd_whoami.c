/* SPDX-License-Identifier: Apache-2.0 */
/* whoami: the user behind the token; for an application that acts by itself, that it is one. */
#include "cli.h"

#include <string.h>

#define ROWS_MAX 16

struct rows {
    struct cell cells[ROWS_MAX * 2];
    size_t n;
};

static void row(struct rows *r, const char *name, struct str value) {
    if (!str_empty(value) && r->n < ROWS_MAX) {
        r->cells[r->n * 2] = CELL_STYLED(STYLE_NAME, name);
        r->cells[r->n++ * 2 + 1] = (struct cell){.text = value, .style = STYLE_PLAIN};
    }
}

/* The application: what the platform knows of a token without a user. */
static int application_print(struct cli *c, struct postern *client, const struct postern_token *t,
                             const struct claims *k) {
    struct str application = k->client_id;
    if (str_empty(application)) {
        application = str_from(postern_setting(client, "client_id", NULL));
    }
    if (c->json) {
        struct buf b = buf_in(c->cx->arena, 512);
        struct json_out j = json_to(&b);
        json_open_object(&j, NULL);
        json_put_null(&j, "user");
        json_put_str_if(&j, "client_id", application);
        json_put_str_if(&j, "tenantId", k->tenant_id);
        json_put_str_if(&j, "tenant", k->tenant);
        json_put_str_if(&j, "scope", str_from(t->scope));
        json_close_object(&j);
        cli_json(c, buf_view(&b));
        return EXIT_OK;
    }
    struct rows r = {.n = 1};
    row(&r, "application", application);
    row(&r, "tenant", k->tenant);
    row(&r, "tenantId", k->tenant_id);
    row(&r, "scope", str_from(t->scope));
    cli_table(c, r.cells, 2, r.n);
    cli_note(c, "This token is of an application that acts by itself: it has no user. With the "
                "setting user_id whoami asks for that user.");
    return EXIT_OK;
}

static int user_print(struct cli *c, struct str body) {
    static const char *const names[] = {"displayName", "name",     "userName", "emailAddress",
                                        "id",          "tenantId", "role",     "teamId",
                                        "agentId",     "status"};
    json_t *object;
    if (c->json) {
        cli_json(c, body);
        return EXIT_OK;
    }
    if (json_parse(c->cx, body, &object) != OK || !json_is_object(object)) {
        return cli_error(c, EXIT_SERVER, "The answer to whoami is no JSON object.");
    }
    struct rows r = {.n = 1};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const json_t *value = json_object_get(object, names[i]);
        if (json_is_string(value)) {
            row(&r, names[i], (struct str){json_string_value(value), json_string_length(value)});
        } else if (json_is_integer(value)) {
            row(&r, names[i],
                str_format(c->cx->arena, "%lld", (long long)json_integer_value(value)));
        }
    }
    cli_table(c, r.cells, 2, r.n);
    return EXIT_OK;
}

static int user_get(struct cli *c, struct postern *client, const char *user_id) {
    struct postern_request request = POSTERN_REQUEST_INIT;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    struct arena *a = c->cx->arena;
    struct str id = percent_encode(a, str_from(user_id));
    request.path = str_z(a, str_format(a, "/api/v2/users/%.*s", STR_ARG(id)));
    request.cancel = c->cancel;
    int status = EXIT_OK;
    if (postern_call(client, &request, &answer) != POSTERN_OK) {
        status = cli_failed(c, NULL);
    } else {
        cli_progress(c, "%s", "");
        status = user_print(c, str_copy(a, (struct str){answer.body, answer.body_n}));
    }
    postern_response_done(&answer);
    return status;
}

int cmd_whoami(struct cli *c) {
    struct postern *client;
    struct postern_token t = POSTERN_TOKEN_INIT;
    int status = cli_open(c, &client);
    if (status != EXIT_OK) {
        return status;
    }
    const char *user_id = postern_setting(client, "user_id", NULL);
    if (user_id != NULL && *user_id != '\0') {
        return user_get(c, client, user_id);
    }
    if (postern_token_get(client, 0, c->cancel, &t) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    struct claims k;
    claims_read(c, &t, &k);
    bool application = k.is_client || (t.grant != NULL && str_empty(k.user_id) &&
                                       strcmp(t.grant, "client_credentials") == 0);
    if (application) {
        cli_progress(c, "%s", "");
        status = application_print(c, client, &t, &k);
        postern_token_done(&t);
        return status;
    }
    postern_token_done(&t);
    return user_get(c, client, "me");
}
