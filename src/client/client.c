/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

const char *postern_version(void) {
    return POSTERN_VERSION;
}

struct opening {
    struct postern_options options;
    struct postern *p;
};

/* Which profile, if any: the one named, POSTERN_PROFILE, or "default" unless the environment says
 * to whom or as whom itself. */
static err profile_choose(struct call *k, const struct opening *o, struct str *ret_name,
                          bool *ret_named) {
    bool environment = (o->options.flags & POSTERN_NO_ENVIRONMENT) == 0;
    *ret_name = STR_NONE;
    *ret_named = false;
    if ((o->options.flags & POSTERN_NO_PROFILE) != 0) {
        return OK;
    }
    const char *variable = environment ? getenv("POSTERN_PROFILE") : NULL;
    const char *name = o->options.profile != NULL ? o->options.profile : variable;
    if (name != NULL && *name != '\0') {
        *ret_name = str_from(name);
        *ret_named = true;
    } else if (!environment || !settings_environment_names_one(k)) {
        *ret_name = STR("default");
    }
    return OK;
}

static err settings_load(struct call *k, struct opening *o) {
    struct settings *s = &o->p->settings;
    const struct postern_options *options = &o->options;
    struct str profile;
    bool named;
    TRY(settings_defaults(k, s));
    TRY(profile_choose(k, o, &profile, &named));
    if (profile.p != NULL) {
        const char *file;
        TRY(profile_file(k, options->config_dir, profile,
                         (options->flags & POSTERN_NO_ENVIRONMENT) == 0, &file));
        if (file != NULL || named) {
            TRY(profile_read(k, s, file, profile, named));
            (void)snprintf(o->p->profile, sizeof o->p->profile, "%.*s", STR_ARG(profile));
        }
    }
    if ((options->flags & POSTERN_NO_ENVIRONMENT) == 0) {
        TRY(settings_environment(k, s, named));
    }
    return settings_given(k, s, options->settings, options->settings_n);
}

/* What can be seen to be wrong before anything is asked. */
static err settings_together(struct call *k) {
    const struct postern *p = k->p;
    struct str issuer = setting_str(p, SET_ISSUER), base = setting_str(p, SET_BASE_URL);
    if (issuer.p != NULL && base.p != NULL) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "Both issuer (%s) and base_url (%s) are set. Keep one: issuer discovers "
                        "the addresses, base_url takes them as given.",
                        p->settings.from[SET_ISSUER], p->settings.from[SET_BASE_URL]);
    }
    return OK;
}

static err open_run(struct call *k, void *arguments) {
    struct opening *o = arguments;
    k->p = o->p;
    TRY(settings_load(k, o));
    TRY(settings_together(k));
    if ((o->options.flags & POSTERN_NO_CACHE) == 0) {
        TRY(cache_locate(k, o->options.cache_dir,
                         (o->options.flags & POSTERN_NO_ENVIRONMENT) == 0));
    }
    return OK;
}

static struct postern *client_new(const struct postern_options *o) {
    struct postern *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    p->flags = o->flags;
    p->on_event = o->on_event;
    p->on_event_user = o->on_event_user;
    p->pool = pool_new();
    pthread_condattr_t monotonic;
    bool good = p->pool != NULL && pthread_condattr_init(&monotonic) == 0;
    if (!good) {
        pool_free(p->pool);
        free(p);
        return NULL;
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    return p;
}

enum postern_code postern_open(const struct postern_options *options, struct postern **ret_client) {
    struct opening o = {.options = POSTERN_OPTIONS_INIT};
    if (ret_client == NULL) {
        return usage_failed("postern_open needs a place for the client.");
    }
    if (options != NULL) {
        size_t n = options->size < sizeof o.options ? options->size : sizeof o.options;
        memcpy(&o.options, options, n);
    }
    o.p = client_new(&o.options);
    if (o.p == NULL) {
        error_set(POSTERN_MEMORY, 0, "Memory is exhausted.", STR_NONE, STR_NONE);
        return POSTERN_MEMORY;
    }
    enum postern_code code = call_run(NULL, NULL, 60000, open_run, &o);
    if (code != POSTERN_OK) {
        postern_close(o.p);
        return code;
    }
    *ret_client = o.p;
    return POSTERN_OK;
}

void postern_close(struct postern *client) {
    if (client == NULL) {
        return;
    }
    pool_free(client->pool);
    state_unref(client->state);
    settings_done(&client->settings);
    free(client->cache_file);
    (void)pthread_cond_destroy(&client->changed);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
}

void postern_free(void *text) {
    free(text);
}
