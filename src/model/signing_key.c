/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the signing keys: what an environment lacks, making it, rotation. Private parts are
 * sealed and bound to their row. */
#include "snapshot.h"

#define KEYS_NEW_MAX (1 + SIGNING_KEYS_FUTURE)
#define KID_BYTES    10 /* 16 characters of base32 without padding */

struct key_new {
    struct str kid, sealed;
};
struct signing_keys_new {
    struct str environment_id;
    const struct alg *alg;
    struct key_new keys[KEYS_NEW_MAX];
    size_t n;
    struct key_new refresh;
};

struct census { /* the keys of one algorithm, and what the environment has in all */
    int64_t active, future, position, refresh, published;
};

static err census_take(struct ctx *cx, struct str environment_id, const struct alg *alg,
                       struct census *ret) {
    return db_one(
        cx,
        "SELECT coalesce(sum(CASE WHEN alg = $2 AND state = 'active' THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN alg = $2 AND state = 'future' THEN 1 ELSE 0 END), 0), "
        "coalesce(max(position), 0), "
        "coalesce(sum(CASE WHEN alg = 'HS256' THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN alg = 'HS256' THEN 0 ELSE 1 END), 0) "
        "FROM signing_key WHERE environment_id = $1",
        DB_ARGS(DB_TEXT(environment_id), DB_TEXT(str_from(alg->name))),
        DB_COLUMNS(COLUMN_INT(&ret->active), COLUMN_INT(&ret->future), COLUMN_INT(&ret->position),
                   COLUMN_INT(&ret->refresh), COLUMN_INT(&ret->published)));
}

err signing_keys_complete(struct ctx *cx, struct str environment_id, const struct alg *alg,
                          bool *ret_complete) {
    struct census c;
    TRY(census_take(cx, environment_id, alg, &c));
    *ret_complete = c.active > 0 && c.future >= SIGNING_KEYS_FUTURE && c.refresh > 0;
    return OK;
}

bool kid_header_ok(struct str encoded_header) {
    return str_find_char(encoded_header, '-') == encoded_header.n &&
           str_find_char(encoded_header, '_') == encoded_header.n;
}

/* PROTOCOL 12.12: some programs read the header with a decoder of plain base64. */
static struct str kid_new(struct ctx *cx, const struct alg *alg) {
    struct str kid;
    do {
        unsigned char bytes[KID_BYTES];
        cx->random->fill(cx->random, bytes, sizeof bytes);
        kid = str_lower(cx->arena, base32(cx->arena, bytes, sizeof bytes));
    } while (!kid_header_ok(jws_header(cx->arena, alg, STR("JWT"), kid)));
    return kid;
}

static struct key_new key_seal(struct ctx *cx, const struct seal_key *seal_key,
                               struct str environment_id, const struct alg *alg,
                               struct secret plain) {
    struct key_new k = {.kid = kid_new(cx, alg)};
    k.sealed = seal(cx, seal_key, signing_key_context(cx->arena, environment_id, k.kid),
                    (struct str){(const char *)plain.p, plain.n});
    return k;
}

static err pair_make(struct ctx *cx, const struct seal_key *seal_key, struct signing_keys_new *to) {
    struct pkey *pair;
    TRY(pkey_generate(cx, to->alg->kind, 0, &pair));
    struct secret der;
    err e = pkey_write_private(cx, pair, &der);
    pkey_free(pair);
    if (e == OK) {
        to->keys[to->n++] = key_seal(cx, seal_key, to->environment_id, to->alg, der);
    }
    return e;
}

static void refresh_make(struct ctx *cx, const struct seal_key *seal_key,
                         struct signing_keys_new *to) {
    unsigned char bytes[REFRESH_KEY_SIZE];
    cx->random->fill(cx->random, bytes, sizeof bytes);
    struct secret plain = {bytes, sizeof bytes};
    to->refresh = key_seal(cx, seal_key, to->environment_id, alg_find(STR("HS256")), plain);
    secret_wipe(bytes, sizeof bytes);
}

err signing_keys_prepare(struct ctx *cx, const struct seal_key *master, struct str environment_id,
                         const struct alg *alg, struct signing_keys_new **ret_new) {
    if (alg->symmetric) {
        return fail(cx, ERR_INTERNAL, "%s has no key pairs", alg->name);
    }
    struct census c;
    TRY(census_take(cx, environment_id, alg, &c));
    int64_t missing = (c.active > 0 ? 0 : 1) +
                      (c.future < SIGNING_KEYS_FUTURE ? SIGNING_KEYS_FUTURE - c.future : 0);
    missing = missing > 0 ? missing : 1;
    struct signing_keys_new *to = NEW(cx->arena, struct signing_keys_new);
    to->environment_id = str_copy(cx->arena, environment_id);
    to->alg = alg;
    struct seal_key seal_key = seal_key_derive(master, SEAL_SIGNING_KEY);
    err e = OK;
    while (e == OK && to->n < (size_t)missing) {
        e = pair_make(cx, &seal_key, to);
    }
    refresh_make(cx, &seal_key, to);
    secret_wipe(&seal_key, sizeof seal_key);
    if (e == OK) {
        *ret_new = to;
    }
    return e;
}

/* Two at once (apply on one node, rotation on another) would both see the same gap: the
 * environment's row is their lock. */
static err environment_lock(struct ctx *cx, struct str environment_id) {
    int64_t found;
    TRY(db_exec(cx, "UPDATE environment SET updated_at = updated_at WHERE environment_id = $1",
                DB_ARGS(DB_TEXT(environment_id)), &found));
    return found == 1 ? OK : fail(cx, ERR_NOT_FOUND, "no such environment");
}

static err row_insert(struct ctx *cx, const struct signing_keys_new *from, struct str alg,
                      const struct key_new *key, int64_t position) {
    bool active = position == 0;
    return db_exec(
        cx,
        "INSERT INTO signing_key (environment_id, kid, alg, state, position, "
        "private_sealed, created_at, activated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        DB_ARGS(DB_TEXT(from->environment_id), DB_TEXT(key->kid), DB_TEXT(alg),
                DB_TEXT(active ? STR("active") : STR("future")), DB_INT(position),
                DB_TEXT(key->sealed), DB_INT(cx->now), DB_INT_OR_NULL(cx->now, active)),
        NULL);
}

/* Fills the gaps with as many of the prepared keys as it takes. */
static err pairs_store(struct ctx *cx, const struct signing_keys_new *from, struct census *c) {
    struct str alg = str_from(from->alg->name);
    size_t used = 0;
    if (c->active == 0 && used < from->n) {
        TRY(row_insert(cx, from, alg, &from->keys[used++], 0));
        c->active++;
    }
    for (; c->future < SIGNING_KEYS_FUTURE && used < from->n; c->future++) {
        TRY(row_insert(cx, from, alg, &from->keys[used++], ++c->position));
    }
    return OK;
}

err signing_keys_store(struct ctx *cx, const struct signing_keys_new *keys) {
    TRY(environment_lock(cx, keys->environment_id));
    struct census c;
    TRY(census_take(cx, keys->environment_id, keys->alg, &c));
    TRY(pairs_store(cx, keys, &c));
    if (c.refresh == 0) {
        TRY(row_insert(cx, keys, STR("HS256"), &keys->refresh, 0));
    }
    return generation_raise(cx);
}

err signing_keys_rotate(struct ctx *cx, const struct signing_keys_new *replacement) {
    struct str id = replacement->environment_id, alg = str_from(replacement->alg->name);
    TRY(environment_lock(cx, id));
    struct census c;
    TRY(census_take(cx, id, replacement->alg, &c));
    if (c.published >= SIGNING_KEYS_MAX) {
        return fail_say(cx, ERR_CONFLICT,
                        "%d keys are published already: wait until retired ones have expired",
                        SIGNING_KEYS_MAX);
    }
    TRY(db_exec(cx,
                "UPDATE signing_key SET state = 'retired', retired_at = $3 "
                "WHERE environment_id = $1 AND alg = $2 AND state = 'active'",
                DB_ARGS(DB_TEXT(id), DB_TEXT(alg), DB_INT(cx->now)), NULL));
    int64_t activated;
    TRY(db_exec(cx,
                "UPDATE signing_key SET state = 'active', activated_at = $3 "
                "WHERE environment_id = $1 AND kid = (SELECT f.kid FROM signing_key f WHERE "
                "f.environment_id = $1 AND f.alg = $2 AND f.state = 'future' "
                "ORDER BY f.position LIMIT 1)",
                DB_ARGS(DB_TEXT(id), DB_TEXT(alg), DB_INT(cx->now)), &activated));
    c.active = activated;
    c.future -= activated;
    TRY(pairs_store(cx, replacement, &c));
    return generation_raise(cx);
}

err signing_keys_list(struct ctx *cx, err (*each)(struct ctx *cx, void *state),
                      struct signing_key_row *row, void *state) {
    return db_each(
        cx,
        "SELECT e.name, k.kid, k.alg, k.state, k.created_at, k.activated_at, k.retired_at "
        "FROM signing_key k JOIN environment e ON e.environment_id = k.environment_id "
        "WHERE k.alg <> 'HS256' ORDER BY e.name, k.alg DESC, CASE k.state "
        "WHEN 'active' THEN 0 WHEN 'future' THEN 1 ELSE 2 END, k.position",
        DB_NO_ARGS,
        DB_COLUMNS(COLUMN_STR(&row->environment), COLUMN_STR(&row->kid), COLUMN_STR(&row->alg),
                   COLUMN_STR(&row->state), COLUMN_INT(&row->created_at),
                   COLUMN_INT(&row->activated_at), COLUMN_INT(&row->retired_at)),
        each, state);
}

/* ---- the master key fits ---- */

#define CHECK_CONTEXT STR("platform_value/master_key_check")
#define CHECK_PLAIN   STR("postern master key check 1")

static err check_store(struct ctx *cx, void *state) {
    const struct str *sealed = state;
    return db_exec(cx,
                   "INSERT INTO platform_value (name, text_value) VALUES ('master_key_check', $1) "
                   "ON CONFLICT (name) DO NOTHING",
                   DB_ARGS(DB_TEXT(*sealed)), NULL);
}

static err check_find(struct ctx *cx, struct str *ret_sealed) {
    *ret_sealed = STR_NONE;
    err e = db_one(cx, "SELECT text_value FROM platform_value WHERE name = 'master_key_check'",
                   DB_NO_ARGS, DB_COLUMNS(COLUMN_STR(ret_sealed)));
    return e == ERR_NOT_FOUND ? OK : e;
}

static err check_with(struct ctx *cx, const struct seal_key *seal_key, bool may_store) {
    struct str sealed;
    bool has_keys;
    TRY(check_find(cx, &sealed));
    TRY(db_exists(cx, "SELECT 1 FROM signing_key LIMIT 1", DB_NO_ARGS, &has_keys));
    if (sealed.p == NULL && may_store && !has_keys) {
        sealed = seal(cx, seal_key, CHECK_CONTEXT, CHECK_PLAIN);
        TRY(db_transaction(cx, check_store, &sealed));
        TRY(check_find(cx, &sealed)); /* another process may have been faster */
    }
    if (sealed.p == NULL) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "The database does not say which master key it belongs to.");
    }
    struct secret plain;
    if (unseal(cx, seal_key, CHECK_CONTEXT, sealed, &plain) != OK) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "The master key is not the one that this database was made with. Give the "
                        "right key file or POSTERN_MASTER_KEY.");
    }
    return OK;
}

err master_key_check(struct ctx *cx, const struct seal_key *master, bool may_store) {
    struct seal_key seal_key = seal_key_derive(master, SEAL_MASTER_KEY_CHECK);
    err e = check_with(cx, &seal_key, may_store);
    secret_wipe(&seal_key, sizeof seal_key);
    return e;
}
