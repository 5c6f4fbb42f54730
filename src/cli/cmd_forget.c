/* SPDX-License-Identifier: Apache-2.0 */
/* forget: deletes what is cached for the profile. */
#include "cli.h"

int cmd_forget(struct cli *c) {
    struct postern *client;
    int status = cli_open(c, &client);
    if (status != EXIT_OK) {
        return status;
    }
    if (postern_forget(client) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    if (c->json) {
        cli_json(c, STR("{\"forgotten\":true}"));
    } else {
        (void)fprintf(c->out, "Forgotten: tokens and addresses that were cached. Tokens that "
                              "others hold stay good until they expire.\n");
    }
    return EXIT_OK;
}
