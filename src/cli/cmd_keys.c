/* SPDX-License-Identifier: Apache-2.0 */
/* keys: access keys of a user (PROTOCOL 6). The secret of a new one is shown once, here. */
#include "cli.h"

#include <string.h>

#define PATH    "/access-key-management/v1/access-keys"
#define COLUMNS 5

struct keys {
    struct cli *c;
    struct postern *client;
    struct str user_id, tenant_id; /* absent: not known */
    struct cell *cells;
    size_t rows, rows_max;
    struct buf json;
    struct json_out out;
    bool strange; /* a page is no list of keys */
};

/* Whose keys: --user-id, the setting, or the token's user; an application has none. */
static int whose(struct keys *k) {
    struct cli *c = k->c;
    struct postern_token t = POSTERN_TOKEN_INIT;
    struct claims claims;
    if (postern_token_get(k->client, 0, c->cancel, &t) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    claims_read(c, &t, &claims);
    postern_token_done(&t);
    k->user_id = str_from(postern_setting(k->client, "user_id", NULL));
    k->user_id = str_empty(k->user_id) ? claims.user_id : k->user_id;
    k->tenant_id = claims.tenant_id;
    if (str_empty(k->tenant_id)) {
        k->tenant_id = str_from(postern_setting(k->client, "tenant_id", NULL));
    }
    return EXIT_OK;
}

static int call(struct keys *k, const char *method, struct str path, struct str body,
                struct str *ret_body) {
    struct postern_request rq = POSTERN_REQUEST_INIT;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    rq.method = method;
    rq.path = str_z(k->c->cx->arena, path);
    rq.base = POSTERN_BASE_AUTH;
    rq.body = body.p;
    rq.body_n = body.n;
    rq.cancel = k->c->cancel;
    enum postern_code code = postern_call(k->client, &rq, &answer);
    cli_progress(k->c, "%s", "");
    if (code == POSTERN_OK) {
        *ret_body = str_copy(k->c->cx->arena, (struct str){answer.body, answer.body_n});
    }
    postern_response_done(&answer);
    return code == POSTERN_OK ? EXIT_OK : cli_failed(k->c, NULL);
}

/* ---- list ---- */

static struct str text_of(struct arena *a, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (json_is_string(value)) {
        return (struct str){json_string_value(value), json_string_length(value)};
    }
    if (json_is_integer(value)) {
        return str_format(a, "%lld", (long long)json_integer_value(value));
    }
    return STR("");
}

static void row_add(struct keys *k, const json_t *key) {
    struct arena *a = k->c->cx->arena;
    if (k->rows == k->rows_max) {
        struct cell *more = NEW_ARRAY(a, k->rows_max * 2 * COLUMNS, struct cell);
        memcpy(more, k->cells, k->rows * COLUMNS * sizeof *more);
        k->cells = more;
        k->rows_max *= 2;
    }
    struct cell *row = k->cells + k->rows++ * COLUMNS;
    row[0] = (struct cell){text_of(a, key, "accessKeyId"), STYLE_NAME};
    row[1] = json_is_true(json_object_get(key, "isActive")) ? CELL_STYLED(STYLE_GOOD, "active")
                                                            : CELL_STYLED(STYLE_WARN, "disabled");
    row[2] = (struct cell){text_of(a, key, "userId"), STYLE_PLAIN};
    row[3] = (struct cell){text_of(a, key, "agentId"), STYLE_PLAIN};
    row[4] = (struct cell){text_of(a, key, "lastUsedDate"), STYLE_PLAIN};
}

static int list_page(void *user, const struct postern_response *page) {
    struct keys *k = user;
    struct arena *a = k->c->cx->arena;
    json_t *object, *key;
    size_t i;
    struct str body = str_copy(a, (struct str){page->body, page->body_n});
    k->strange = json_parse(k->c->cx, body, &object) != OK ||
                 !json_is_array(json_object_get(object, "accessKeys"));
    if (k->strange) {
        return 1;
    }
    json_array_foreach(json_object_get(object, "accessKeys"), i, key) {
        row_add(k, key);
        json_put_raw(&k->out, NULL, json_canonical(a, key));
    }
    return 0;
}

static int list(struct keys *k) {
    struct cli *c = k->c;
    struct arena *a = c->cx->arena;
    struct postern_request rq = POSTERN_REQUEST_INIT;
    struct str path = STR(PATH);
    if (!cli_has(c, "--all") && !str_empty(k->user_id)) {
        path = str_format(a, PATH "?userId=%.*s", STR_ARG(percent_encode(a, k->user_id)));
    }
    rq.path = str_z(a, path);
    rq.base = POSTERN_BASE_AUTH;
    rq.cancel = c->cancel;
    k->rows_max = 64;
    k->cells = NEW_ARRAY(a, k->rows_max * COLUMNS, struct cell);
    const struct cell heading[COLUMNS] = {CELL("ACCESS KEY ID"), CELL("STATE"), CELL("USER ID"),
                                          CELL("AGENT"), CELL("LAST USED")};
    memcpy(k->cells, heading, sizeof heading);
    k->rows = 1;
    json_open_array(&k->out, NULL);
    if (postern_pages(k->client, &rq, list_page, k) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    json_close_array(&k->out);
    cli_progress(c, "%s", "");
    if (k->strange) {
        return cli_error(c, EXIT_SERVER,
                         "The answer is no list of access keys: is %s the address "
                         "of the platform?",
                         rq.path);
    }
    if (c->json) {
        cli_json(c, buf_view(&k->json));
    } else {
        cli_table(c, k->cells, COLUMNS, k->rows);
    }
    return EXIT_OK;
}

/* ---- create, change ---- */

static int create(struct keys *k) {
    struct cli *c = k->c;
    struct str body = STR_NONE;
    json_t *object;
    if (str_empty(k->user_id)) {
        return cli_usage(c, "This token has no user: say whose key it shall be with --user-id.");
    }
    json_open_object(&k->out, NULL);
    json_put_str(&k->out, "userId", k->user_id);
    json_put_str_if(&k->out, "tenantId", str_empty(k->tenant_id) ? STR_NONE : k->tenant_id);
    json_close_object(&k->out);
    int status = call(k, "POST", STR(PATH), buf_view(&k->json), &body);
    if (status != EXIT_OK) {
        return status;
    }
    if (c->json) {
        cli_json(c, body);
    } else {
        if (json_parse(c->cx, body, &object) != OK) {
            return cli_error(c, EXIT_SERVER, "The answer to the new key is no JSON.");
        }
        const json_t *key = json_object_get(object, "accessKey");
        const struct cell cells[] = {
            {STR_NONE, STYLE_PLAIN},
            {STR_NONE, STYLE_PLAIN},
            CELL_STYLED(STYLE_NAME, "accessKeyId"),
            {text_of(c->cx->arena, key, "accessKeyId"), STYLE_PLAIN},
            CELL_STYLED(STYLE_NAME, "accessKeySecret"),
            {text_of(c->cx->arena, key, "accessKeySecret"), STYLE_PLAIN},
        };
        cli_table(c, cells, 2, 3);
    }
    cli_note(c, "The secret is shown this once and never again: store it now.");
    return EXIT_OK;
}

static int done(struct keys *k, const char *what) {
    struct cli *c = k->c;
    struct str id = str_from(c->words[1]);
    if (c->json) {
        json_open_object(&k->out, NULL);
        json_put_str(&k->out, "accessKeyId", id);
        json_put_z(&k->out, "state", what);
        json_close_object(&k->out);
        cli_json(c, buf_view(&k->json));
    } else {
        (void)fprintf(c->out, "%s\t%s\n", cli_styled(c, STYLE_NAME, id), what);
    }
    return EXIT_OK;
}

static int set_active(struct keys *k, bool active) {
    struct arena *a = k->c->cx->arena;
    struct str body = STR_NONE, id = percent_encode(a, str_from(k->c->words[1]));
    int status = call(k, "PATCH", str_format(a, PATH "?accessKeyId=%.*s", STR_ARG(id)),
                      active ? STR("{\"isActive\":true}") : STR("{\"isActive\":false}"), &body);
    return status != EXIT_OK ? status : done(k, active ? "active" : "disabled");
}

static int delete_key(struct keys *k) {
    struct arena *a = k->c->cx->arena;
    struct str body = STR_NONE, id = percent_encode(a, str_from(k->c->words[1]));
    int status = call(k, "DELETE", str_format(a, PATH "/%.*s", STR_ARG(id)), STR_NONE, &body);
    return status != EXIT_OK ? status : done(k, "deleted");
}

int cmd_keys(struct cli *c) {
    struct keys k = {.c = c};
    const char *word = c->words[0];
    bool listed = strcmp(word, "list") == 0, created = strcmp(word, "create") == 0;
    if ((listed || created) != (c->words_n == 1)) {
        return listed || created ? cli_usage(c, "keys %s takes no id.", word)
                                 : cli_usage(c, "Write: postern keys %s ID", word);
    }
    k.json = buf_in(c->cx->arena, 256);
    k.out = json_to(&k.json);
    int status = cli_open(c, &k.client);
    if (status == EXIT_OK && (listed || created)) {
        status = whose(&k);
    }
    if (status != EXIT_OK) {
        return status;
    }
    if (listed) {
        return list(&k);
    }
    if (created) {
        return create(&k);
    }
    return strcmp(word, "delete") == 0 ? delete_key(&k) : set_active(&k, word[0] == 'e');
}
