/* SPDX-License-Identifier: Apache-2.0 */
/* keys list|rotate: the signing keys of the environments. Never shows a private part. */
#include "posternd.h"

#include <stdlib.h>

struct list {
    const struct signing_key_row *row;
    const char *environment; /* NULL: all */
    struct json_out *json;   /* NULL: a table */
    size_t n;
};

static void time_text(int64_t at, char ret_text[TIME_ISO_SIZE]) {
    if (at == 0) {
        ret_text[0] = '-';
        ret_text[1] = '\0';
        return;
    }
    time_iso(at * 1000, ret_text);
    ret_text[16] = '\0'; /* to the minute */
}

static void row_json(struct json_out *j, const struct signing_key_row *r) {
    json_open_object(j, NULL);
    json_put_str(j, "environment", r->environment);
    json_put_str(j, "kid", r->kid);
    json_put_str(j, "alg", r->alg);
    json_put_str(j, "state", r->state);
    const struct {
        const char *name;
        int64_t at;
    } times[] = {{"createdAt", r->created_at},
                 {"activatedAt", r->activated_at},
                 {"retiredAt", r->retired_at}};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        if (times[i].at != 0) {
            json_put_int(j, times[i].name, times[i].at);
        }
    }
    json_close_object(j);
}

static err list_row(struct ctx *cx, void *state) {
    (void)cx;
    struct list *l = state;
    const struct signing_key_row *r = l->row;
    if (l->environment != NULL && !str_is(r->environment, l->environment)) {
        return OK;
    }
    if (l->json != NULL) {
        row_json(l->json, r);
        return OK;
    }
    if (l->n++ == 0) {
        (void)printf("%-16s %-7s %-8s %-16s  %-16s  %s\n", "ENVIRONMENT", "ALG", "STATE",
                     "ACTIVE SINCE", "RETIRED", "KID");
    }
    char activated[TIME_ISO_SIZE], retired[TIME_ISO_SIZE];
    time_text(r->activated_at, activated);
    time_text(r->retired_at, retired);
    (void)printf("%-16.*s %-7.*s %-8.*s %-16s  %-16s  %.*s\n", STR_ARG(r->environment),
                 STR_ARG(r->alg), STR_ARG(r->state), activated, retired, STR_ARG(r->kid));
    return OK;
}

static err keys_list(struct invocation *in, const struct store *store) {
    struct ctx *cx = in->cx;
    if (in->environment != NULL) {
        const struct environment *e;
        TRY(store_platform(cx, store));
        TRY(store_environment(cx, in->environment, &e));
    }
    struct buf b = buf_in(cx->arena, 1024);
    struct json_out j = json_to(&b);
    struct signing_key_row row = {0};
    struct list list = {.row = &row, .environment = in->environment, .json = in->json ? &j : NULL};
    if (in->json) {
        json_open_object(&j, NULL);
        json_open_array(&j, "keys");
    }
    TRY(signing_keys_list(cx, list_row, &row, &list));
    if (in->json) {
        json_close_array(&j);
        json_close_object(&j);
        (void)printf("%.*s\n", STR_ARG(buf_view(&b)));
    } else if (list.n == 0) {
        (void)printf("No signing keys. They are made when an environment is declared: posternd "
                     "apply FILE\n");
    }
    return OK;
}

struct rotation {
    struct str environment_id, actor, alg;
    const struct signing_keys_new *keys;
};

static err rotation_run(struct ctx *cx, void *state) {
    const struct rotation *r = state;
    TRY(signing_keys_rotate(cx, r->keys));
    const struct audit audit = {.tenant_id = r->environment_id,
                                .actor = r->actor,
                                .action = STR("signing_key.rotate"),
                                .object = r->environment_id,
                                .remote = STR("local"),
                                .detail =
                                    str_format(cx->arena, "{\"alg\":\"%.*s\"}", STR_ARG(r->alg))};
    return audit_write(cx, &audit);
}

static err keys_rotate_one(struct invocation *in, const struct store *store,
                           const struct environment *e, const struct alg *alg) {
    struct ctx *cx = in->cx;
    struct signing_keys_new *keys;
    TRY(signing_keys_prepare(cx, &store->master, e->id, alg, &keys));
    struct rotation r = {.environment_id = e->id,
                         .actor = store_operator(cx),
                         .alg = str_from(alg->name),
                         .keys = keys};
    TRY(db_transaction(cx, rotation_run, &r));
    if (!in->json) {
        (void)printf("%.*s: %s\n", STR_ARG(e->name),
                     keyring_active(e->keys, alg) == NULL
                         ? "it had no such keys; they are made now, and one of them signs."
                         : "the next key signs now; the retired one stays published until its last "
                           "token has expired.");
    }
    return OK;
}

static err keys_rotate(struct invocation *in, const struct store *store) {
    struct ctx *cx = in->cx;
    const struct alg *alg = alg_find(str_from(in->alg != NULL ? in->alg : "RS256"));
    if (alg == NULL || alg->symmetric) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "--alg %s is no algorithm for tokens. There are RS256, ES256 and EdDSA.",
                        in->alg);
    }
    TRY(store_platform(cx, store));
    if (in->environment != NULL) {
        const struct environment *e;
        TRY(store_environment(cx, in->environment, &e));
        TRY(keys_rotate_one(in, store, e, alg));
        return in->json ? keys_list(in, store) : OK;
    }
    const struct snapshot *s = platform_snapshot(cx);
    size_t rotated = 0;
    for (size_t i = 0; i < snapshot_count(s); i++) {
        const struct environment *e = snapshot_at(s, i);
        if (keyring_active(e->keys, alg) != NULL) {
            TRY(keys_rotate_one(in, store, e, alg));
            rotated++;
        }
    }
    if (rotated == 0) {
        return fail_say(cx, ERR_NOT_FOUND,
                        "No environment has %s keys. With --environment NAME they are made.",
                        alg->name);
    }
    return in->json ? keys_list(in, store) : OK;
}

int cmd_keys(struct invocation *in) {
    struct str verb = str_from(in->arguments[0]);
    if (!str_is(verb, "list") && !str_is(verb, "rotate")) {
        (void)fprintf(stderr, "posternd: keys %s is not known. Write: posternd keys list|rotate\n",
                      in->arguments[0]);
        return POSTERND_EXIT_USAGE;
    }
    struct store *store;
    err e = store_open_existing(in->cx, &in->config, &store);
    if (e == OK) {
        e = str_is(verb, "list") ? keys_list(in, store) : keys_rotate(in, store);
    }
    return e == OK ? EXIT_SUCCESS : command_failed(in, e);
}
