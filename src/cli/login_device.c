/* SPDX-License-Identifier: Apache-2.0 */
/* login without a browser on this machine: an address and a code for one on another, and waiting
 * for what the person does there (RFC 8628). */
#include "login.h"

#define TURN_MS 1000 /* between two looks at the time that is left */

static void device_deferred(void *device) {
    postern_device_free(device);
}

/* Each stands alone in its line, to be copied. */
static void show(struct cli *c, const struct postern_device *d) {
    struct arena *a = c->cx->arena;
    const char *complete = postern_device_uri_complete(d);
    cli_note(c, "to sign in, open this address in a browser, on any machine:");
    (void)fprintf(c->err, "\n    %.*s\n\n", STR_ARG(visible(a, str_from(postern_device_uri(d)))));
    (void)fflush(c->err);
    cli_note(c, "and enter this code there:");
    (void)fprintf(c->err, "\n    %s\n\n",
                  cli_styled(c, STYLE_BOLD, str_from(postern_device_user_code(d))));
    (void)fflush(c->err);
    if (complete != NULL) {
        cli_note(c, "this address has the code already: %.*s",
                 STR_ARG(visible(a, str_from(complete))));
    }
}

static int wait_for_person(struct cli *c, struct postern *client, struct postern_device *d,
                           int64_t seconds) {
    int64_t until = clock_monotonic_us() + seconds * 1000000;
    enum postern_code code;
    do {
        int64_t left = postern_device_expires_at(d) - c->cx->clock->now_ms(c->cx->clock) / 1000;
        cli_progress(c, "Waiting for you to sign in; the code is good for %s; Ctrl-C gives up ...",
                     cli_duration(c, left > 0 ? left : 0));
        code = postern_device_poll(client, d, TURN_MS, c->cancel);
        if (code == POSTERN_TIMEOUT && clock_monotonic_us() >= until) {
            cli_progress(c, "%s", "");
            return cli_error(c, cli_exit_of(POSTERN_AUTH), "Nobody signed in within %lld s.",
                             (long long)seconds);
        }
    } while (code == POSTERN_TIMEOUT);
    cli_progress(c, "%s", "");
    return code == POSTERN_OK ? EXIT_OK : cli_failed(c, NULL);
}

/* The server, or this application there, has no such sign-in. */
static bool is_unknown_there(enum postern_code code) {
    static const char *const errors[] = {"unauthorized_client", "invalid_request",
                                         "unsupported_grant_type"};
    const char *error = postern_error()->error;
    for (size_t i = 0; code == POSTERN_AUTH && i < COUNT_OF(errors); i++) {
        if (str_is(str_from(error), errors[i])) {
            return true;
        }
    }
    return code == POSTERN_DISCOVERY;
}

int login_device(struct cli *c, struct postern *client, int64_t seconds, bool *ret_unknown) {
    struct postern_device *d;
    enum postern_code code = postern_device_begin(client, c->cancel, &d);
    cli_progress(c, "%s", "");
    if (code != POSTERN_OK) {
        *ret_unknown = is_unknown_there(code);
        return *ret_unknown && !cli_has(c, "--device") ? EXIT_OTHER : cli_failed(c, NULL);
    }
    arena_defer(c->cx->arena, device_deferred, d);
    *ret_unknown = false;
    show(c, d);
    return wait_for_person(c, client, d, seconds);
}
