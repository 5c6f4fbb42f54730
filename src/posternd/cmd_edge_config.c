/* SPDX-License-Identifier: Apache-2.0 */
/* edge-config: prints nginx's configuration for the front. Here --listen is where nginx listens;
 * where posternd does is --upstream, or what the other settings say. */
#include "posternd.h"

#include <stdlib.h>
#include <unistd.h>

#define EDGE_LISTEN "127.0.0.1:8443"

/* The settings as they are without --listen, which means the front here. */
static err settings_read(struct invocation *in, const char **ret_listen, struct config *ret) {
    struct config_flag kept[ARGUMENTS_MAX];
    struct config_sources sources = in->sources;
    const char *listen = EDGE_LISTEN;
    sources.flags = kept;
    sources.flags_n = 0;
    for (size_t i = 0; i < in->sources.flags_n; i++) {
        const struct config_flag *f = &in->sources.flags[i];
        if (str_is(STR("listen"), f->setting->name)) {
            listen = str_z(in->cx->arena, f->value);
        } else {
            kept[sources.flags_n++] = *f;
        }
    }
    TRY(config_load(in->cx, &sources, ret));
    *ret_listen = listen;
    return OK;
}

static const char *or_else(const char *value, const char *otherwise) {
    return value != NULL ? value : otherwise;
}

static err edge_config(struct invocation *in, struct edge_options *options, struct buf *to) {
    struct config config;
    TRY(settings_read(in, &options->listen, &config));
    options->server_names = in->server_name;
    options->run_dir = or_else(in->run_dir, EDGE_DIRECTORY);
    options->certificate = or_else(in->certificate, EDGE_DIRECTORY "/" EDGE_CHAIN);
    options->key = or_else(in->certificate_key, EDGE_DIRECTORY "/" EDGE_KEY);
    options->upstream = or_else(in->upstream, config.listen);
    options->user = or_else(in->user, geteuid() == 0 ? "root" : NULL);
    options->per_address = config.per_address > 0 ? config.per_address : EDGE_PER_ADDRESS;
    return edge_config_write(in->cx, options, to);
}

int cmd_edge_config(struct invocation *in) {
    struct edge_options options = {0};
    struct buf b = buf_in(in->cx->arena, 16384);
    err e = edge_config(in, &options, &b);
    if (e != OK) {
        return command_failed(in, e);
    }
    (void)printf("%.*s", STR_ARG(buf_view(&b)));
    if (geteuid() == 0 && in->user == NULL) {
        (void)fprintf(stderr, "nginx's workers will run as root, because you are. --user NAME "
                              "chooses a user who can reach posternd's socket and --run-dir.\n");
    }
    (void)fprintf(stderr,
                  "Next: posternd serve --behind-front --listen %s, and with this output in FILE: "
                  "nginx -c FILE -p %s -e %s/error.log\n",
                  options.upstream, options.run_dir, options.run_dir);
    return EXIT_SUCCESS;
}
