/* SPDX-License-Identifier: Apache-2.0 */
/* Removes what has expired, a bite at a time: each bite walks PURGE_BITE keys of one table from
 * where the last one stopped, so that no table needs an index on time and no write waits long. What
 * is still good by any node's clock stays. */
#include "model.h"

#include <string.h>

/* Clocks of nodes differ, and a token is accepted a little after its time (JWT_LEEWAY_SECONDS). */
#define MARGIN_SECONDS JWT_LEEWAY_SECONDS
/* RFC 6749 4.1.2: a code that comes again revokes what it gave; access tokens live no longer. */
#define CODE_KEPT_SECONDS LIFETIME_ACCESS_MAX

struct bite;
struct purge_table {
    /* The next keys after the cursor, in order: tenant and one or two more, or a global digest. */
    const char *keys_sql;
    unsigned keys; /* how many in all: 1 to 3; 0: the bite is the table */
    err (*clear)(struct ctx *cx, struct bite *bite);
};
struct key {
    struct str part[3];
};
struct bite {
    const struct purge_table *table;
    struct key row, first, last; /* first: the cursor, not part of the bite */
    int64_t n, removed;
};

/* ---- each table's own ---- */

static err exec_range(struct ctx *cx, struct bite *b, const char *sql, int64_t time, bool counts) {
    struct db_value v[7];
    size_t n = 0;
    for (unsigned i = 0; i < b->table->keys; i++) {
        v[n++] = DB_TEXT(b->first.part[i]);
    }
    for (unsigned i = 0; i < b->table->keys; i++) {
        v[n++] = DB_TEXT(b->last.part[i]);
    }
    v[n++] = DB_INT(time);
    int64_t changed;
    TRY(db_exec(cx, sql, (struct db_args){v, n}, &changed));
    b->removed += counts ? changed : 0;
    return OK;
}

static err clear_sessions(struct ctx *cx, struct bite *b) {
    TRY(exec_range(cx, b,
                   "DELETE FROM session WHERE (tenant_id, session_id) > ($1, $2) "
                   "AND (tenant_id, session_id) <= ($3, $4) AND expires_at <= $5",
                   cx->now - MARGIN_SECONDS, true));
    /* PROTOCOL 4: the answer is kept for the seconds of grace. */
    return exec_range(cx, b,
                      "UPDATE session SET refresh_answer = NULL "
                      "WHERE (tenant_id, session_id) > ($1, $2) "
                      "AND (tenant_id, session_id) <= ($3, $4) AND refresh_answer IS NOT NULL "
                      "AND refresh_rotated_at < $5",
                      cx->now - REFRESH_GRACE_SECONDS, false);
}

static err clear_assertions(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM assertion "
                      "WHERE (tenant_id, application_id, jti_digest) > ($1, $2, $3) "
                      "AND (tenant_id, application_id, jti_digest) <= ($4, $5, $6) "
                      "AND expires_at <= $7",
                      cx->now - MARGIN_SECONDS, true);
}

static err clear_generated_keys(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM generated_key WHERE (tenant_id, generated_key_id) > ($1, $2) "
                      "AND (tenant_id, generated_key_id) <= ($3, $4) AND expires_at <= $5",
                      cx->now - MARGIN_SECONDS, true);
}

/* Ended ones go too: a missing row is as dead as an ended one (session_create). */
static err clear_sso_sessions(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM sso_session WHERE (tenant_id, sso_session_id) > ($1, $2) "
                      "AND (tenant_id, sso_session_id) <= ($3, $4) "
                      "AND (expires_at <= $5 OR ended_at <= $5)",
                      cx->now - AUTHORIZATION_CODE_SECONDS - MARGIN_SECONDS, true);
}

/* A used code stays for a while: when it comes again, what it became is revoked. */
static err clear_codes(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM authorization_code WHERE (tenant_id, code_digest) > ($1, $2) "
                      "AND (tenant_id, code_digest) <= ($3, $4) AND expires_at <= $5",
                      cx->now - CODE_KEPT_SECONDS, true);
}

static err clear_login_flows(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM login_flow_index WHERE flow_digest > $1 AND flow_digest <= $2 "
                      "AND expires_at <= $3",
                      cx->now - MARGIN_SECONDS, true);
}

static err clear_mails(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM mail WHERE (tenant_id, mail_id) > ($1, $2) "
                      "AND (tenant_id, mail_id) <= ($3, $4) AND expires_at <= $5",
                      cx->now - MARGIN_SECONDS, true);
}

static err clear_password_links(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM password_link WHERE (tenant_id, link_digest) > ($1, $2) "
                      "AND (tenant_id, link_digest) <= ($3, $4) AND expires_at <= $5",
                      cx->now - MARGIN_SECONDS, true);
}

/* A used one stays, as a code does. */
static err clear_device_codes(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM device_code WHERE (tenant_id, code_digest) > ($1, $2) "
                      "AND (tenant_id, code_digest) <= ($3, $4) AND expires_at <= $5",
                      cx->now - CODE_KEPT_SECONDS, true);
}

static err clear_user_codes(struct ctx *cx, struct bite *b) {
    return exec_range(
        cx, b,
        "DELETE FROM user_code_index WHERE (environment_id, user_code_digest) > ($1, $2) "
        "AND (environment_id, user_code_digest) <= ($3, $4) AND expires_at <= $5",
        cx->now - MARGIN_SECONDS, true);
}

static err clear_device_guesses(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM device_guess WHERE (tenant_id, employee_id) > ($1, $2) "
                      "AND (tenant_id, employee_id) <= ($3, $4) AND since <= $5",
                      cx->now - DEVICE_CODE_SECONDS - MARGIN_SECONDS, true);
}

/* ---- applications: with everything that names them ---- */

struct doomed {
    struct doomed *next;
    struct str tenant_id, application_id, environment_id, name, vendor, origins;
};
struct doomed_list {
    struct doomed row, *first;
};

static err doomed_add(struct ctx *cx, void *state) {
    struct doomed_list *list = state;
    struct doomed *d = NEW(cx->arena, struct doomed);
    *d = list->row;
    d->next = list->first;
    list->first = d;
    return OK;
}

static err origins_remove(struct ctx *cx, const struct doomed *d) {
    json_t *origins = NULL;
    if (str_empty(d->origins) || json_parse(cx, d->origins, &origins) != OK) {
        return OK; /* nothing that could have been registered */
    }
    size_t i;
    const json_t *item;
    json_array_foreach(origins, i, item) {
        struct str origin = {json_string_value(item), json_string_length(item)};
        TRY(db_exec(cx,
                    "DELETE FROM origin_index WHERE environment_id = $1 AND origin = $2 "
                    "AND tenant_id = $3 AND application_id = $4",
                    DB_ARGS(DB_TEXT(d->environment_id), DB_TEXT(origin), DB_TEXT(d->tenant_id),
                            DB_TEXT(d->application_id)),
                    NULL));
    }
    return OK;
}

static err application_remove(struct ctx *cx, const struct doomed *d, int64_t *removed) {
    int64_t n;
    /* Asked again: the deletion may have been taken back since the list was read. */
    TRY(db_exec(cx,
                "DELETE FROM application WHERE tenant_id = $1 AND application_id = $2 "
                "AND deletion_at <= $3",
                DB_ARGS(DB_TEXT(d->tenant_id), DB_TEXT(d->application_id), DB_INT(cx->now)), &n));
    if (n == 0) {
        return OK;
    }
    *removed += n;
    TRY(origins_remove(cx, d));
    TRY(db_exec(cx,
                "DELETE FROM application_name_index WHERE environment_id = $1 AND name_folded = $2 "
                "AND tenant_id = $3 AND application_id = $4",
                DB_ARGS(DB_TEXT(d->environment_id),
                        DB_TEXT(application_name_folded(cx->arena, d->name, d->vendor)),
                        DB_TEXT(d->tenant_id), DB_TEXT(d->application_id)),
                NULL));
    return db_exec(cx, "DELETE FROM application_index WHERE application_id = $1 AND tenant_id = $2",
                   DB_ARGS(DB_TEXT(d->application_id), DB_TEXT(d->tenant_id)), NULL);
}

static err clear_applications(struct ctx *cx, struct bite *b) {
    struct doomed_list list = {.first = NULL};
    TRY(db_each(cx,
                "SELECT tenant_id, application_id, environment_id, name, vendor, origins "
                "FROM application WHERE (tenant_id, application_id) > ($1, $2) "
                "AND (tenant_id, application_id) <= ($3, $4) AND deletion_at <= $5",
                DB_ARGS(DB_TEXT(b->first.part[0]), DB_TEXT(b->first.part[1]),
                        DB_TEXT(b->last.part[0]), DB_TEXT(b->last.part[1]), DB_INT(cx->now)),
                DB_COLUMNS(COLUMN_STR(&list.row.tenant_id), COLUMN_STR(&list.row.application_id),
                           COLUMN_STR(&list.row.environment_id), COLUMN_STR(&list.row.name),
                           COLUMN_STR(&list.row.vendor), COLUMN_STR(&list.row.origins)),
                doomed_add, &list));
    for (const struct doomed *d = list.first; d != NULL; d = d->next) {
        TRY(application_remove(cx, d, &b->removed));
    }
    return OK;
}

/* What tenants decided about applications that are gone. */
static err clear_decisions(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM application_tenant "
                      "WHERE (tenant_id, application_id) > ($1, $2) "
                      "AND (tenant_id, application_id) <= ($3, $4) AND $5 > 0 AND NOT EXISTS "
                      "(SELECT 1 FROM application_index i "
                      "WHERE i.application_id = application_tenant.application_id)",
                      cx->now, true);
}

static err clear_consents(struct ctx *cx, struct bite *b) {
    return exec_range(cx, b,
                      "DELETE FROM consent "
                      "WHERE (tenant_id, employee_id, application_id) > ($1, $2, $3) "
                      "AND (tenant_id, employee_id, application_id) <= ($4, $5, $6) AND $7 > 0 "
                      "AND NOT EXISTS (SELECT 1 FROM application_index i "
                      "WHERE i.application_id = consent.application_id)",
                      cx->now, true);
}

/* A few rows in all, so the bite is the table. */
static err clear_signing_keys(struct ctx *cx, struct bite *b) {
    int64_t n;
    TRY(db_exec(cx, "DELETE FROM signing_key WHERE state = 'retired' AND retired_at <= $1",
                DB_ARGS(DB_INT(cx->now - SIGNING_KEY_RETIRED_SECONDS - MARGIN_SECONDS)), &n));
    b->removed += n;
    return n > 0 ? generation_raise(cx) : OK;
}

static const struct purge_table tables[] = {
    {"SELECT tenant_id, session_id FROM session WHERE (tenant_id, session_id) > ($1, $2) "
     "ORDER BY tenant_id, session_id LIMIT $3",
     2, clear_sessions},
    {"SELECT tenant_id, application_id, jti_digest FROM assertion "
     "WHERE (tenant_id, application_id, jti_digest) > ($1, $2, $3) "
     "ORDER BY tenant_id, application_id, jti_digest LIMIT $4",
     3, clear_assertions},
    {"SELECT tenant_id, generated_key_id FROM generated_key "
     "WHERE (tenant_id, generated_key_id) > ($1, $2) ORDER BY tenant_id, generated_key_id LIMIT $3",
     2, clear_generated_keys},
    {"SELECT tenant_id, application_id FROM application "
     "WHERE (tenant_id, application_id) > ($1, $2) ORDER BY tenant_id, application_id LIMIT $3",
     2, clear_applications},
    {"SELECT tenant_id, application_id FROM application_tenant "
     "WHERE (tenant_id, application_id) > ($1, $2) ORDER BY tenant_id, application_id LIMIT $3",
     2, clear_decisions},
    {"SELECT tenant_id, sso_session_id FROM sso_session "
     "WHERE (tenant_id, sso_session_id) > ($1, $2) ORDER BY tenant_id, sso_session_id LIMIT $3",
     2, clear_sso_sessions},
    {"SELECT tenant_id, code_digest FROM authorization_code "
     "WHERE (tenant_id, code_digest) > ($1, $2) ORDER BY tenant_id, code_digest LIMIT $3",
     2, clear_codes},
    {"SELECT flow_digest FROM login_flow_index WHERE flow_digest > $1 ORDER BY flow_digest LIMIT "
     "$2",
     1, clear_login_flows},
    {"SELECT tenant_id, employee_id, application_id FROM consent "
     "WHERE (tenant_id, employee_id, application_id) > ($1, $2, $3) "
     "ORDER BY tenant_id, employee_id, application_id LIMIT $4",
     3, clear_consents},
    {"SELECT tenant_id, mail_id FROM mail "
     "WHERE (tenant_id, mail_id) > ($1, $2) ORDER BY tenant_id, mail_id LIMIT $3",
     2, clear_mails},
    {"SELECT tenant_id, link_digest FROM password_link "
     "WHERE (tenant_id, link_digest) > ($1, $2) ORDER BY tenant_id, link_digest LIMIT $3",
     2, clear_password_links},
    {"SELECT tenant_id, code_digest FROM device_code "
     "WHERE (tenant_id, code_digest) > ($1, $2) ORDER BY tenant_id, code_digest LIMIT $3",
     2, clear_device_codes},
    {"SELECT environment_id, user_code_digest FROM user_code_index "
     "WHERE (environment_id, user_code_digest) > ($1, $2) "
     "ORDER BY environment_id, user_code_digest LIMIT $3",
     2, clear_user_codes},
    {"SELECT tenant_id, employee_id FROM device_guess "
     "WHERE (tenant_id, employee_id) > ($1, $2) ORDER BY tenant_id, employee_id LIMIT $3",
     2, clear_device_guesses},
    {NULL, 0, clear_signing_keys},
};

/* ---- the walk ---- */

static err key_seen(struct ctx *cx, void *state) {
    (void)cx;
    struct bite *b = state;
    b->last = b->row;
    b->n++;
    return OK;
}

/* Finds the last key of this bite. */
static err bite_measure(struct ctx *cx, struct bite *b) {
    struct db_value v[4];
    struct db_column c[3];
    unsigned keys = b->table->keys;
    for (unsigned i = 0; i < keys; i++) {
        v[i] = DB_TEXT(b->first.part[i]);
        c[i] = COLUMN_STR(&b->row.part[i]);
    }
    v[keys] = DB_INT(PURGE_BITE);
    return db_each(cx, b->table->keys_sql, (struct db_args){v, keys + 1},
                   (struct db_columns){c, keys}, key_seen, b);
}

/* The second and third part share after_key; neither has a space. */
static void cursor_read(struct arena *a, const struct purge_cursor *cursor, struct key *ret) {
    struct str rest = str_copy(a, str_from(cursor->after_key));
    ret->part[0] = str_copy(a, str_from(cursor->after_tenant));
    for (unsigned i = 1; i < 3; i++) {
        if (!str_next(&rest, ' ', &ret->part[i])) {
            ret->part[i] = STR("");
        }
    }
}

static void put(char *to, size_t size, struct str s) {
    size_t n = s.n < size ? s.n : size - 1;
    if (n > 0) {
        memcpy(to, s.p, n);
    }
    to[n] = '\0';
}

static void cursor_write(struct arena *a, struct purge_cursor *cursor, const struct key *k) {
    put(cursor->after_tenant, sizeof cursor->after_tenant, k->part[0]);
    struct str key = k->part[2].p == NULL
                         ? k->part[1]
                         : str_format(a, "%.*s %.*s", STR_ARG(k->part[1]), STR_ARG(k->part[2]));
    put(cursor->after_key, sizeof cursor->after_key, key);
}

err purge_bite(struct ctx *cx, struct purge_cursor *cursor, int64_t *ret_removed,
               bool *ret_wrapped) {
    unsigned at = cursor->table < COUNT_OF(tables) ? cursor->table : 0;
    struct bite b = {.table = &tables[at]};
    cursor_read(cx->arena, cursor, &b.first);
    if (b.table->keys > 0) {
        TRY(bite_measure(cx, &b));
    }
    if (b.n > 0 || b.table->keys == 0) {
        TRY(b.table->clear(cx, &b));
    }
    struct purge_cursor next = {.table = at};
    bool wrapped = false;
    if (b.n == PURGE_BITE) {
        cursor_write(cx->arena, &next, &b.last);
    } else {
        wrapped = at + 1 == COUNT_OF(tables);
        next.table = wrapped ? 0 : at + 1;
    }
    *cursor = next;
    *ret_removed = b.removed;
    *ret_wrapped = wrapped;
    return OK;
}
