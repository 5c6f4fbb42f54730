/* SPDX-License-Identifier: Apache-2.0 */
/* logout: what was issued to the profile is revoked at the server and forgotten here. */
#include "cli.h"

static int say(struct cli *c, bool was_in) {
    if (c->json) {
        cli_json(c, was_in ? STR("{\"signed_out\":true}") : STR("{\"signed_out\":false}"));
    } else {
        (void)fprintf(c->out, "%s\n",
                      was_in ? "Signed out: the tokens are revoked and forgotten. A browser that "
                               "is signed in at the server stays so."
                             : "Nobody was signed in.");
    }
    return EXIT_OK;
}

int cmd_logout(struct cli *c) {
    struct postern *client;
    bool force = cli_has(c, "--force");
    int status = cli_open(c, &client);
    if (status != EXIT_OK) {
        return status;
    }
    enum postern_code code = postern_logout(client, force ? POSTERN_LOGOUT_ANYWAY : 0, c->cancel);
    cli_progress(c, "%s", "");
    if (code == POSTERN_OK || code == POSTERN_NO_TOKEN) {
        return say(c, code == POSTERN_OK);
    }
    status = cli_failed(c, force ? "forgotten, but not revoked" : "not signed out");
    if (!force) {
        cli_note(c, "to forget the tokens without telling the server: postern logout --force");
    }
    return status;
}
