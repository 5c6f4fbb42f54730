/* SPDX-License-Identifier: Apache-2.0 */
/* check: one line for each thing that `serve` will need, with what to do where it is missing.
 * Changes nothing. */
#include "posternd.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FINDINGS_MAX 8

struct finding {
    const char *what;
    bool ok;
    struct str says;
};
struct findings {
    struct arena *arena;
    struct finding v[FINDINGS_MAX];
    size_t n;
};

static void found(struct findings *f, const char *what, bool ok, struct str says) {
    if (f->n < FINDINGS_MAX) {
        f->v[f->n++] = (struct finding){.what = what, .ok = ok, .says = says};
    }
}

static void found_failure(struct findings *f, const struct ctx *cx, const char *what, err e) {
    const char *why = cx->failure.code == e && cx->failure.detail[0] != '\0' ? cx->failure.detail
                                                                             : err_info(e)->text;
    char *line = str_z(f->arena, str_from(why));
    for (char *c = line; *c != '\0'; c++) { /* libpq's reasons have several lines */
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    }
    found(f, what, false, str_trim(str_from(line)));
}

static void database_close(void *object) {
    db_close(object);
}

static void connection_close(void *object) {
    db_disconnect(object);
}

static err database_open(struct ctx *cx, const struct config *config) {
    struct db *db;
    struct db_conn *conn;
    const struct db_options options = {.url = config->database_url};
    TRY(db_open(cx, &options, &db));
    arena_defer(cx->arena, database_close, db);
    TRY(db_connect(cx, db, DB_READ, &conn));
    arena_defer(cx->arena, connection_close, conn);
    cx->db = conn;
    return OK;
}

static bool check_database(struct ctx *cx, const struct config *config, struct findings *f) {
    struct str address = store_address(cx->arena, config->database_url);
    struct str why;
    if (store_absent(cx, config, &why)) {
        found(f, "database", false, why);
        return false;
    }
    err e = database_open(cx, config);
    if (e != OK) {
        found_failure(f, cx, "database", e);
        return false;
    }
    found(f, "database", true, address);
    return true;
}

static bool check_schema(struct ctx *cx, struct findings *f) {
    int64_t version, newest = db_schema_newest();
    err e = db_schema_version(cx, &version);
    if (e != OK) {
        found_failure(f, cx, "schema", e);
        return false;
    }
    const char *then = version == 0       ? "The database is empty: posternd apply FILE"
                       : version < newest ? "serve and apply bring it up to date."
                       : version > newest ? "It is of a newer posternd."
                                          : "";
    found(f, "schema", version > 0,
          str_format(cx->arena, "version %lld, this program has %lld%s%s", (long long)version,
                     (long long)newest, *then != '\0' ? ". " : "", then));
    return version > 0;
}

static err master_fits(struct ctx *cx, const struct config *config, struct store *store) {
    struct str env = str_from(getenv("POSTERN_MASTER_KEY"));
    TRY(master_key_load(cx, env, config->key_file, false, &store->master));
    return master_key_check(cx, &store->master, false);
}

static bool check_master(struct ctx *cx, const struct config *config, struct findings *f,
                         struct store *store) {
    err e = master_fits(cx, config, store);
    if (e != OK) {
        found_failure(f, cx, "master key", e);
        return false;
    }
    bool variable = getenv("POSTERN_MASTER_KEY") != NULL;
    found(f, "master key", true,
          str_format(cx->arena, "%s fits this database",
                     variable ? "POSTERN_MASTER_KEY" : config->key_file));
    return true;
}

static void check_environments(struct ctx *cx, struct findings *f, const struct store *store) {
    err e = store_platform(cx, store);
    if (e != OK) {
        found_failure(f, cx, "environments", e);
        return;
    }
    const struct snapshot *s = platform_snapshot(cx);
    struct buf b = buf_in(cx->arena, 128);
    bool keys = true;
    for (size_t i = 0; i < snapshot_count(s); i++) {
        const struct environment *environment = snapshot_at(s, i);
        keys = keys && keyring_active(environment->keys, alg_find(STR("RS256"))) != NULL;
        buf_format(&b, "%s%.*s (%.*s)", i > 0 ? ", " : "", STR_ARG(environment->name),
                   STR_ARG(environment->issuer));
    }
    bool any = snapshot_count(s) > 0;
    found(f, "environments", any,
          any ? buf_view(&b) : STR("none. Declare one: posternd apply FILE"));
    if (any) {
        found(f, "signing keys", keys,
              keys ? STR("each environment has an active one")
                   : STR("an environment has no active RS256 key: posternd apply FILE makes it"));
    }
}

static void address_free(struct addrinfo **a) {
    if (*a != NULL) {
        freeaddrinfo(*a);
    }
}

/* Host and port of "HOST:PORT" or "[HOST]:PORT". */
static bool address_split(struct arena *a, struct str listen, const char **ret_host,
                          const char **ret_port) {
    size_t colon = listen.n;
    while (colon > 0 && listen.p[colon - 1] != ':') {
        colon--;
    }
    if (colon < 2 || colon == listen.n) {
        return false;
    }
    struct str host = str_sub(listen, 0, colon - 1);
    if (host.p[0] == '[' && host.p[host.n - 1] == ']') {
        host = str_sub(host, 1, host.n - 2);
    }
    *ret_host = str_z(a, host);
    *ret_port = str_z(a, str_sub(listen, colon, listen.n));
    return true;
}

static struct finding check_address(struct ctx *cx, const char *listen) {
    if (str_starts(str_from(listen), "unix:")) {
        return (struct finding){.ok = true, .says = str_from(listen)};
    }
    const char *host, *port;
    CLEANUP(address_free) struct addrinfo *a = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    if (!address_split(cx->arena, str_from(listen), &host, &port) ||
        getaddrinfo(host, port, &hints, &a) != 0) {
        return (struct finding){
            .says = str_format(cx->arena, "%s is no address. Write HOST:PORT with a numeric host.",
                               listen)};
    }
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    bool free_now = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                    bind(fd, a->ai_addr, a->ai_addrlen) == 0;
    int why = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (free_now) {
        return (struct finding){.ok = true, .says = str_format(cx->arena, "%s is free", listen)};
    }
    if (why == EADDRINUSE) { /* a server that runs is no mistake */
        return (struct finding){
            .ok = true,
            .says = str_format(cx->arena, "%s is in use: a server is running there", listen)};
    }
    return (struct finding){
        .says = str_format(cx->arena, "%s cannot be listened on: %s", listen, strerror(why))};
}

static void check_addresses(struct ctx *cx, const struct config *config, struct findings *f) {
    struct finding a = check_address(cx, config->listen);
    found(f, "listen", a.ok, a.says);
    if (config->ops_listen != NULL) {
        a = check_address(cx, config->ops_listen);
        found(f, "ops.listen", a.ok, a.says);
    }
}

static bool findings_print(struct invocation *in, const struct findings *f) {
    bool all = true;
    struct buf b = buf_in(in->cx->arena, 1024);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_open_array(&j, "checks");
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *v = &f->v[i];
        all = all && v->ok;
        json_open_object(&j, NULL);
        json_put_z(&j, "name", v->what);
        json_put_bool(&j, "ok", v->ok);
        json_put_str(&j, "detail", v->says);
        json_close_object(&j);
        if (!in->json) {
            (void)printf("%s  %-12s  %.*s\n", v->ok ? "ok  " : "FAIL", v->what, STR_ARG(v->says));
        }
    }
    json_close_array(&j);
    json_put_bool(&j, "ok", all);
    json_close_object(&j);
    if (in->json) {
        (void)printf("%.*s\n", STR_ARG(buf_view(&b)));
    }
    return all;
}

int cmd_check(struct invocation *in) {
    struct ctx *cx = in->cx;
    struct findings f = {.arena = cx->arena};
    struct store *store = NEW(cx->arena, struct store);
    found(&f, "settings", true,
          in->sources.file != NULL ? str_from(in->sources.file)
                                   : STR("no file: defaults, variables and flags"));
    if (check_database(cx, &in->config, &f) && check_schema(cx, &f) &&
        check_master(cx, &in->config, &f, store)) {
        check_environments(cx, &f, store);
    }
    check_addresses(cx, &in->config, &f);
    bool all = findings_print(in, &f);
    secret_wipe(&store->master, sizeof store->master);
    return all ? EXIT_SUCCESS : POSTERND_EXIT_FAILURE;
}
