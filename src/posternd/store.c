/* SPDX-License-Identifier: Apache-2.0 */
/* Opens what every command stands on: directories, database, master key, schema, and the check that
 * the key fits. */
#include "posternd.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct str store_address(struct arena *a, const char *url) {
    struct str all = str_from(url);
    size_t scheme = 0;
    while (scheme + 2 < all.n && memcmp(all.p + scheme, "://", 3) != 0) {
        scheme++;
    }
    if (scheme + 2 >= all.n) {
        return all;
    }
    struct str rest = str_sub(all, scheme + 3, all.n);
    /* Parameters may hold a password too; the last '@' before them ends user and password. */
    rest = str_sub(rest, 0, str_find_char(rest, '?'));
    size_t at = rest.n;
    for (size_t i = 0; i < rest.n; i++) {
        at = rest.p[i] == '@' ? i : at;
    }
    if (at == rest.n) {
        return str_format(a, "%.*s://%.*s", (int)scheme, all.p, STR_ARG(rest));
    }
    struct str user = str_sub(rest, 0, str_find_char(str_sub(rest, 0, at), ':'));
    return str_format(a, "%.*s://%.*s%.*s", (int)scheme, all.p, STR_ARG(user),
                      STR_ARG(str_sub(rest, at, rest.n)));
}

err directories_make(struct ctx *cx, struct str file) {
    for (size_t i = 1; i < file.n; i++) {
        if (file.p[i] != '/') {
            continue;
        }
        const char *directory = str_z(cx->arena, str_sub(file, 0, i));
        if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
            return fail_say(cx, ERR_BAD_CONFIG, "The directory %s cannot be made: %s", directory,
                            strerror(errno));
        }
    }
    return OK;
}

static void store_close(void *object) {
    struct store *s = object;
    if (s->conn != NULL) {
        db_disconnect(s->conn);
    }
    db_close(s->db);
    secret_wipe(&s->master, sizeof s->master);
}

static err master_key_find(struct ctx *cx, const struct config *config, struct store *store) {
    int64_t version;
    TRY(db_schema_version(cx, &version));
    bool empty = version == 0;
    if (empty) {
        TRY(directories_make(cx, str_from(config->key_file)));
    }
    struct str env = str_from(getenv("POSTERN_MASTER_KEY"));
    /* Made before the schema: a start that is cut off between the two leaves a key and an empty
     * database. */
    return master_key_load(cx, env, config->key_file, empty, &store->master);
}

bool store_absent(struct ctx *cx, const struct config *config, struct str *ret_why) {
    struct str file = db_file(config->database_url);
    if (file.n == 0 || access(str_z(cx->arena, file), F_OK) == 0) {
        return false;
    }
    struct str address = store_address(cx->arena, config->database_url);
    *ret_why = str_format(cx->arena,
                          "%.*s does not exist. Is it another one? Name it with --database or "
                          "POSTERN_DATABASE (after ./run: . var/demo/env). Or make it: posternd "
                          "apply FILE",
                          STR_ARG(address));
    return true;
}

static err store_begin(struct ctx *cx, const struct config *config, struct store *s) {
    const struct db_options options = {.url = config->database_url};
    TRY(db_open(cx, &options, &s->db));
    arena_defer(cx->arena, store_close, s);
    TRY(db_connect(cx, s->db, DB_WRITE, &s->conn));
    cx->db = s->conn;
    return OK;
}

static err store_finish(struct ctx *cx, const struct config *config, struct store *s,
                        struct store **ret_store) {
    TRY(master_key_find(cx, config, s));
    TRY(db_migrate(cx, s->db));
    TRY(master_key_check(cx, &s->master, true));
    *ret_store = s;
    return OK;
}

err store_open(struct ctx *cx, const struct config *config, struct store **ret_store) {
    struct store *s = NEW(cx->arena, struct store);
    TRY(directories_make(cx, db_file(config->database_url)));
    TRY(store_begin(cx, config, s));
    return store_finish(cx, config, s, ret_store);
}

err store_open_existing(struct ctx *cx, const struct config *config, struct store **ret_store) {
    struct store *s = NEW(cx->arena, struct store);
    struct str why;
    int64_t version;
    if (store_absent(cx, config, &why)) {
        return fail_say(cx, ERR_NOT_FOUND, "%.*s", STR_ARG(why));
    }
    TRY(store_begin(cx, config, s));
    TRY(db_schema_version(cx, &version));
    if (version == 0) {
        struct str address = store_address(cx->arena, config->database_url);
        return fail_say(cx, ERR_NOT_FOUND,
                        "The database %.*s is empty. Is it another one? Name it with --database "
                        "or POSTERN_DATABASE. Or fill it: posternd apply FILE",
                        STR_ARG(address));
    }
    return store_finish(cx, config, s, ret_store);
}

static void platform_close(void *object) {
    platform_free(object);
}

err store_platform(struct ctx *cx, const struct store *store) {
    const struct platform_options options = {
        .master = &store->master, .workers = 1, .decorate = discovery_decorate};
    struct platform *p;
    bool changed;
    TRY(platform_new(cx, &options, &p));
    arena_defer(cx->arena, platform_close, p);
    TRY(platform_reload(cx, p, false, &changed));
    cx->app = p;
    return OK;
}

err store_environment(struct ctx *cx, const char *name,
                      const struct environment **ret_environment) {
    const struct snapshot *s = platform_snapshot(cx);
    struct buf known = buf_in(cx->arena, 64);
    for (size_t i = 0; i < snapshot_count(s); i++) {
        const struct environment *e = snapshot_at(s, i);
        if (name == NULL ? e->is_default : str_is(e->name, name)) {
            *ret_environment = e;
            return OK;
        }
        buf_format(&known, "%s%.*s", i > 0 ? ", " : "", STR_ARG(e->name));
    }
    if (known.n == 0) {
        return fail_say(cx, ERR_NOT_FOUND,
                        "The database has no environment yet. Declare one: posternd apply FILE");
    }
    struct str names = buf_view(&known);
    return fail_say(cx, ERR_NOT_FOUND, "There is no environment '%s'. There are: %.*s",
                    name != NULL ? name : "(default)", STR_ARG(names));
}

struct str store_operator(struct ctx *cx) {
    struct passwd entry, *found = NULL;
    char *room = arena_alloc(cx->arena, 4096);
    if (getpwuid_r(getuid(), &entry, room, 4096, &found) == 0 && found != NULL &&
        str_is_text(str_from(found->pw_name))) {
        return str_format(cx->arena, "operator:%s", found->pw_name);
    }
    return str_format(cx->arena, "operator:%u", (unsigned)getuid());
}

err store_user(struct ctx *cx, const struct environment *e, const char *name,
               struct str *ret_tenant_id, struct str *ret_employee_id) {
    err found = user_name_find(cx, e->id, str_from(name), ret_tenant_id, ret_employee_id);
    if (found == ERR_NOT_FOUND) {
        return fail_say(cx, ERR_NOT_FOUND,
                        "Environment %.*s has no user named '%s'. Write the user name, e.g. "
                        "kim@example.com; --environment says where.",
                        STR_ARG(e->name), name);
    }
    return found;
}

err store_audit(struct ctx *cx, struct str tenant_id, const char *action, struct str object) {
    const struct audit audit = {.tenant_id = tenant_id,
                                .actor = store_operator(cx),
                                .action = str_from(action),
                                .object = object,
                                .remote = STR("local")};
    return audit_write(cx, &audit);
}

err user_command_begin(struct invocation *in, struct user_command *ret) {
    struct ctx *cx = in->cx;
    TRY(store_open_existing(cx, &in->config, &ret->store));
    TRY(store_platform(cx, ret->store));
    TRY(store_environment(cx, in->environment, &ret->environment));
    return store_user(cx, ret->environment, in->arguments[0], &ret->tenant_id, &ret->employee_id);
}
