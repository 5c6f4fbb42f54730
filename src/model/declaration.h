/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: plan and apply. */
#ifndef POSTERN_MODEL_DECLARATION_H
#define POSTERN_MODEL_DECLARATION_H

#include "employee.h"

/* ---- declaration.c (and declare_*.c): plan and apply ---- */

/* The declarative description of the model (docs/declaration.schema.json). Objects are matched by
 * their natural names: environments by name, tenants by `tenant`, roles by name, employees by user
 * name, applications by name and vendor, access keys by id or order. What the file does not name
 * stays as it is. */
/* How a tenant gets a login authenticator, for messages. */
#define LOGIN_AUTHENTICATORS_EXAMPLE "[{\"name\": \"Passwords\", \"kind\": \"system\"}]"
struct invitation {
    const struct seal_key *master;
    struct str issuer; /* of the environment: where the link leads */
    struct str language;
    const struct employee *who;
    struct str url; /* filled in: the link */
};
struct declaration_options {
    struct str text;                                     /* the file's content */
    const char *file;                                    /* its name, for messages */
    struct str (*getenv)(void *state, const char *name); /* for {"env": NAME} secrets */
    void *getenv_state;
    const struct seal_key *master;
    struct str actor; /* "operator:{name}" */
    bool apply;       /* false: plan; the transaction is rolled back */
    /* Writes an invitation in this language, in the transaction; ERR_INVALID_REQUEST says why it
     * cannot. NULL: there are none. */
    err (*invite)(struct ctx *cx, struct invitation *invitation);
    /* The path before the tenant's id, at which people come back from another provider. NULL: the
     * changes do not say it. */
    const char *callback_path;
};
struct declaration_change {
    const char *verb; /* "create", "update" */
    struct str kind, name;
    struct str detail; /* which members change, or what else is to be known; never a secret */
};
struct declaration_secret { /* generated: printed once */
    struct str kind, name, member, value;
};
struct declaration_result {
    struct declaration_change *changes;
    size_t changes_n;
    struct declaration_secret *secrets; /* apply only */
    size_t secrets_n;
    /* Beside ERR_BAD_CONFIG: "FILE:LINE: MEMBER.PATH: what is wrong; what would be right", in the
     * order of the file as far as possible; the list ends after ten, mistakes_seen counts all. */
    struct str *mistakes;
    size_t mistakes_n, mistakes_seen;
};
/* cx->db is a DB_WRITE connection. A mistake is ERR_BAD_CONFIG whose said text is the first of the
 * mistakes, and nothing is changed. Not JSON at all: ERR_BAD_CONFIG with line and column.
 * ret_result is zeroed by the caller. */
err declaration_run(struct ctx *cx, const struct declaration_options *options,
                    struct declaration_result *ret_result);

#endif
