/* SPDX-License-Identifier: Apache-2.0 */
/* discover: the addresses of the environment and, if the tenant is known, of the tenant. */
#include "cli.h"

#include <string.h>

#define ADDRESSES 15

struct address {
    const char *name, *value;
};

static void addresses(const struct postern_discovery *d, struct address to[ADDRESSES]) {
    const struct address all[ADDRESSES] = {
        {"issuer", d->issuer},
        {"token_endpoint", d->token_endpoint},
        {"authorization_endpoint", d->authorization_endpoint},
        {"userinfo_endpoint", d->userinfo_endpoint},
        {"jwks_uri", d->jwks_uri},
        {"introspection_endpoint", d->introspection_endpoint},
        {"revocation_endpoint", d->revocation_endpoint},
        {"end_session_endpoint", d->end_session_endpoint},
        {"tenant_id", d->tenant_id},
        {"area", d->area},
        {"cluster", d->cluster},
        {"api_endpoint", d->api_endpoint},
        {"auth_endpoint", d->auth_endpoint},
        {"ui_endpoint", d->ui_endpoint},
        {"acd_endpoint", d->acd_endpoint},
    };
    memcpy(to, all, sizeof all);
}

static void print_json(struct cli *c, const struct postern_discovery *d) {
    struct address all[ADDRESSES];
    struct buf b = buf_in(c->cx->arena, 4096);
    struct json_out j = json_to(&b);
    addresses(d, all);
    json_open_object(&j, NULL);
    for (size_t i = 0; i < ADDRESSES; i++) {
        json_put_str_if(&j, all[i].name, str_from(all[i].value));
    }
    if (d->openid_configuration != NULL) {
        json_put_raw(&j, "openid_configuration", str_from(d->openid_configuration));
    }
    if (d->cxone_configuration != NULL) {
        json_put_raw(&j, "cxone_configuration", str_from(d->cxone_configuration));
    }
    json_close_object(&j);
    cli_json(c, buf_view(&b));
}

static void print_table(struct cli *c, const struct postern_discovery *d) {
    struct address all[ADDRESSES];
    struct cell cells[(ADDRESSES + 1) * 2] = {CELL("NAME"), CELL("VALUE")};
    size_t rows = 1;
    addresses(d, all);
    for (size_t i = 0; i < ADDRESSES; i++) {
        if (all[i].value != NULL) {
            cells[rows * 2] = CELL_STYLED(STYLE_NAME, all[i].name);
            cells[rows++ * 2 + 1] = CELL(all[i].value);
        }
    }
    cli_table(c, cells, 2, rows);
}

/* The tenant is known from the setting or after authentication. That this fails does not make the
 * environment's addresses unknown: it is said, and they are printed. */
static void tenant_find(struct cli *c, struct postern *client, unsigned flags,
                        struct postern_discovery *d) {
    struct postern_token t = POSTERN_TOKEN_INIT;
    if (d->api_endpoint != NULL || (postern_setting(client, "client_id", NULL) == NULL &&
                                    postern_setting(client, "access_key_id", NULL) == NULL)) {
        return;
    }
    if (postern_token_get(client, 0, c->cancel, &t) != POSTERN_OK) {
        cli_note(c, "The tenant's addresses are known after authentication: %s",
                 postern_error_message());
        return;
    }
    postern_token_done(&t);
    struct postern_discovery again = POSTERN_DISCOVERY_INIT;
    if (postern_discover(client, flags, c->cancel, &again) != POSTERN_OK) {
        cli_note(c, "The tenant's addresses: %s", postern_error_message());
        return;
    }
    postern_discovery_done(d);
    *d = again;
}

int cmd_discover(struct cli *c) {
    struct postern *client;
    struct postern_discovery d = POSTERN_DISCOVERY_INIT;
    unsigned flags = cli_has(c, "--fresh") ? POSTERN_FRESH : 0;
    int status = cli_open(c, &client);
    if (status != EXIT_OK) {
        return status;
    }
    if (postern_discover(client, flags, c->cancel, &d) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    tenant_find(c, client, flags, &d);
    cli_progress(c, "%s", "");
    if (c->json) {
        print_json(c, &d);
    } else {
        print_table(c, &d);
    }
    postern_discovery_done(&d);
    return EXIT_OK;
}
