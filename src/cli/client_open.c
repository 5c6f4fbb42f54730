/* SPDX-License-Identifier: Apache-2.0 */
/* A client from the command line, and what it tells while it works. */
#include "cli.h"

#include <string.h>

#define PROGRESS_FROM_MS 500 /* shorter pauses are not worth a line */

static void tell(const struct cli *c, const struct postern_event *e) {
    const char *text = e->text != NULL ? e->text : "";
    switch (e->kind) {
    case POSTERN_EVENT_REQUEST:
        if (e->attempt > 1) {
            cli_trace(c, "> %s %s (attempt %d)", e->method, e->url, e->attempt);
        } else {
            cli_trace(c, "> %s %s", e->method, e->url);
        }
        return;
    case POSTERN_EVENT_RESPONSE:
        cli_trace(c, "< %d %lld ms", e->status, (long long)e->ms);
        return;
    case POSTERN_EVENT_RETRY:
        cli_trace(c, "* again in %lld ms: %s", (long long)e->ms, text);
        return;
    case POSTERN_EVENT_TOKEN:
        cli_trace(c, "* token: %s", text);
        return;
    case POSTERN_EVENT_WARNING:
    default:
        cli_note(c, "warning: %s", text);
    }
}

/* Without --verbose: what takes long, while it does. */
static void show(const struct cli *c, const struct postern_event *e) {
    const char *text = e->text != NULL ? e->text : "";
    if (e->kind == POSTERN_EVENT_WARNING) {
        cli_note(c, "warning: %s", text);
    } else if (e->kind == POSTERN_EVENT_RETRY && e->status == 0) {
        cli_progress(c, "No answer from %.40s yet: attempt %d in %lld.%lld s ...", e->url,
                     e->attempt + 1, (long long)(e->ms / 1000), (long long)(e->ms % 1000 / 100));
    } else if (e->kind == POSTERN_EVENT_RETRY && e->ms >= PROGRESS_FROM_MS) {
        cli_progress(c, "Again in %lld.%lld s: %s", (long long)(e->ms / 1000),
                     (long long)(e->ms % 1000 / 100), text);
    } else if (e->kind == POSTERN_EVENT_REQUEST && e->attempt > 1) {
        return; /* what it waits for stays on the terminal */
    } else if (e->kind == POSTERN_EVENT_TOKEN && strncmp(text, "waiting", 7) == 0) {
        cli_progress(c, "Waiting for the token that another process renews ...");
    } else {
        cli_progress(c, "%s", "");
    }
}

static void on_event(void *user, const struct postern_event *event) {
    const struct cli *c = user;
    if (c->verbose) {
        tell(c, event);
    } else {
        show(c, event);
    }
}

static void close_client(void *client) {
    postern_close(client);
}

enum postern_code cli_open_profile(struct cli *c, const char *profile, unsigned flags,
                                   struct postern **ret_client) {
    struct postern_options options = POSTERN_OPTIONS_INIT;
    struct postern_setting settings[GIVEN_MAX];
    for (int i = 0; i < c->given_n; i++) {
        const struct option *o = c->given[i].option;
        if (o->setting != NULL) {
            settings[options.settings_n++] =
                (struct postern_setting){.name = o->setting->name, .value = c->given[i].value};
        }
    }
    options.settings = settings;
    options.profile = profile;
    options.flags = flags | (cli_has(c, "--no-cache") ? POSTERN_NO_CACHE : 0);
    options.on_event = on_event;
    options.on_event_user = c;
    struct postern *client;
    enum postern_code code = postern_open(&options, &client);
    if (code == POSTERN_OK) {
        arena_defer(c->cx->arena, close_client, client);
        *ret_client = client;
    }
    return code;
}

int cli_open(struct cli *c, struct postern **ret_client) {
    if (cli_open_profile(c, cli_value(c, "--profile"), 0, ret_client) == POSTERN_OK) {
        return EXIT_OK;
    }
    return cli_failed(c, NULL);
}
