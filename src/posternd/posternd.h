/* SPDX-License-Identifier: Apache-2.0 */
/* posternd: the program. Settings, commands, and the two tables that are the whole product:
 * routes.c (what the server answers) and config.c (what an operator can set).
 *
 * main.c reads the command line against the tables of config.c and command.c, then runs one command
 * with a `struct invocation`. What touches the database begins with store_open(): it finds the
 * master key, brings the schema up to date and refuses a database that the key does not fit.
 * `serve` (serve.c) starts the layers in order, waits for signals, and stops them in the reverse
 * order; keeper.c is its one thread of its own: it notices changes that other processes made and
 * removes expired rows in small bites.
 *
 * Commands write what an operator reads to stdout, the log and mistakes to stderr. A mistake says
 * what happened, why, and what to do.
 */
#ifndef POSTERN_POSTERND_H
#define POSTERN_POSTERND_H

#include "api.h"
#include "oauth.h"
#include <stdio.h>

#define POSTERND_EXIT_FAILURE 1
#define POSTERND_EXIT_USAGE   2
#define POSTERND_EXIT_FATAL   70 /* a commit's outcome is unknown: start again and recover */

/* ---- config.c: settings
 * -------------------------------------------------------------------------- */

struct config {
    const char *database_url;
    int64_t database_writers;
    const char *listen, *ops_listen; /* ops_listen NULL: off */
    const char *key_file;
    bool behind_front;
    int64_t workers, connections, per_address, idle_timeout, stop_grace;
    int64_t log_level; /* enum log_level */
    bool access_log, allow_private_fetch, mailbox;
    struct limits_options limit;
};

enum setting_type { SETTING_TEXT, SETTING_INT, SETTING_BOOL, SETTING_LEVEL };
struct setting {
    const char *name; /* in the file: "ops.listen" */
    enum setting_type type;
    const char *otherwise; /* the default, as it would be written */
    const char *variable;  /* "POSTERN_OPS_LISTEN" */
    const char *flag;      /* "--ops-listen" */
    const char *argument;  /* "ADDRESS"; NULL for on/off */
    bool reloads;          /* SIGHUP applies it */
    size_t offset;         /* in struct config */
    int64_t min, max;      /* SETTING_INT */
    const char *doc;
};
const struct setting *setting_at(size_t i); /* NULL past the end */
const struct setting *setting_by_flag(struct str flag);
bool setting_differs(const struct setting *s, const struct config *a, const struct config *b);

#define CONFIG_FILE_MAX (256 * 1024)
struct config_flag {
    const struct setting *setting;
    struct str value;
};
struct config_sources { /* later ones win */
    const char *file;   /* NULL: none */
    const char *(*getenv)(void *state, const char *name);
    void *getenv_state;
    const struct config_flag *flags;
    size_t flags_n;
};
void config_defaults(struct config *config);
/* `name = value` lines; '#' begins a comment line. ERR_BAD_CONFIG says FILE:LINE, the setting and
 * what would be right. */
err config_parse(struct ctx *cx, struct str text, const char *file, struct config *config);
err config_load(struct ctx *cx, const struct config_sources *sources, struct config *ret_config);

/* ---- command.c: the command line and its commands
 * -------------------------------------------------- */

#define ARGUMENTS_MAX 16
struct invocation {
    struct ctx *cx;
    const struct command *command;
    struct config_sources sources; /* kept for SIGHUP */
    struct config config;
    struct config_flag flags[ARGUMENTS_MAX];
    const char *arguments[ARGUMENTS_MAX]; /* after the command's name */
    size_t arguments_n;
    bool json, help, version;
    const char *environment, *alg, *language; /* --environment, --alg, --language */
    const char *dir, *hosts;                  /* dev-cert: --dir, --host */
    /* edge-config: --server-name, --certificate, --key, --upstream, --run-dir, --user */
    const char *server_name, *certificate, *certificate_key, *upstream, *run_dir, *user;
};
struct command {
    const char *name, *arguments, *summary;
    size_t arguments_min, arguments_max;
    bool json;                         /* has --json */
    int (*run)(struct invocation *in); /* the exit status */
};
const struct command *command_at(size_t i); /* NULL past the end */
/* " Did you mean NAME?" of the commands; "" if none is near. */
struct str command_meant(struct ctx *cx, struct str word);
/* Reads the command line (argv[0] skipped) without acting on it. ERR_INVALID_REQUEST says what is
 * wrong. */
err command_line_parse(struct invocation *in, int argc, char **argv);
/* Prints why and returns POSTERND_EXIT_FAILURE. */
int command_failed(const struct invocation *in, err code);
/* Of one command; NULL: of all. */
void help_print(FILE *to, const struct command *command);
const struct command *command_find(struct str name); /* NULL: there is none */

int cmd_serve(struct invocation *in);
int cmd_plan(struct invocation *in);
int cmd_apply(struct invocation *in);
int cmd_check(struct invocation *in);
int cmd_keys(struct invocation *in);
int cmd_generate_key(struct invocation *in);
int cmd_reset_password(struct invocation *in);
int cmd_reset_second_factor(struct invocation *in);
int cmd_invite(struct invocation *in);
int cmd_dev_cert(struct invocation *in);
int cmd_edge_config(struct invocation *in);
int cmd_help(struct invocation *in);

/* ---- store.c: the database and the key that fits it
 * -------------------------------------------------- */

/* Makes the directories above `file`, for this user alone. */
err directories_make(struct ctx *cx, struct str file);

struct store {
    struct db *db;
    struct db_conn *conn; /* DB_WRITE; also cx->db */
    struct seal_key master;
};
/* Missing directories, the master key (created only for an empty database), migrations. Closed when
 * cx's arena is. */
err store_open(struct ctx *cx, const struct config *config, struct store **ret_store);
/* The same of a database that is there, for commands that ask or change something in it: nothing is
 * created. ERR_NOT_FOUND says what to do. */
err store_open_existing(struct ctx *cx, const struct config *config, struct store **ret_store);
/* A SQLite file that is not there. */
bool store_absent(struct ctx *cx, const struct config *config, struct str *ret_why);
/* A platform with every environment loaded, for commands (one worker); becomes cx->app, freed with
 * the arena. */
err store_platform(struct ctx *cx, const struct store *store);
/* By name; NULL: the default one. */
err store_environment(struct ctx *cx, const char *name, const struct environment **ret_environment);
/* Whose user name it is there; ERR_NOT_FOUND says what to write. */
err store_user(struct ctx *cx, const struct environment *e, const char *name,
               struct str *ret_tenant_id, struct str *ret_employee_id);
/* "operator:NAME" of the system's user, for audit. */
struct str store_operator(struct ctx *cx);
/* What the operator did to `object`, in the closure that does it. */
err store_audit(struct ctx *cx, struct str tenant_id, const char *action, struct str object);
/* For a command about one user, its first argument: the store, the platform, the environment that
 * --environment says, and who it is. */
struct user_command {
    struct store *store;
    const struct environment *environment;
    struct str tenant_id, employee_id;
};
err user_command_begin(struct invocation *in, struct user_command *ret);

/* ---- person.c: who may be handed a link that sets a password ---- */

/* In the transaction that makes the link: whoever has no login authenticator gets the tenant's
 * default. ERR_FORBIDDEN says why there is no link for this one, and what to do. */
err person_find(struct ctx *cx, const struct user_command *c, const char *name,
                struct password_owner *ret_owner);

/* ---- command.c, store.c ---- */

/* A secret made now, on stdout; --json: with the seconds that it is good for. */
void secret_print(const struct invocation *in, const char *name, struct str secret,
                  int64_t seconds);
/* The address without a password, for people and logs. */
struct str store_address(struct arena *a, const char *url);

/* ---- edge.c: nginx before the server
 * --------------------------------------------------------------- */

#define EDGE_DIRECTORY   "var/edge" /* of certificates and of nginx's own files, unless told */
#define EDGE_AUTHORITY   "ca.pem"
#define EDGE_CHAIN       "server.pem"
#define EDGE_KEY         "server.key"
#define EDGE_PER_ADDRESS 512 /* connections; over HTTP/2 also requests at a time */
#define EDGE_NAMES_MAX   64
struct edge_options {
    const char *listen;       /* HOST:PORT, [HOST]:PORT or *:PORT */
    const char *server_names; /* separated by commas; NULL: every host is answered */
    const char *certificate, *key;
    const char *upstream; /* unix:PATH or HOST:PORT */
    const char *run_dir;
    const char *user; /* of nginx's workers; NULL: who starts nginx */
    int64_t per_address;
};
/* Writes nginx's configuration. ERR_BAD_CONFIG names the flag whose value nginx could read as more
 * than one value, or not at all. */
err edge_config_write(struct ctx *cx, const struct edge_options *options, struct buf *to);

/* ---- keeper.c: the server's housekeeping thread
 * ------------------------------------------------------- */

struct keeper_options {
    struct db *db;
    struct db_writer *writer;
    struct platform *platform;
    struct log *log;
};
struct keeper;
err keeper_start(struct ctx *cx, const struct keeper_options *options, struct keeper **ret_keeper);
void keeper_reload(struct keeper *k); /* soon, whether changed or not */
/* True while the database answers and there is an environment to serve. Any thread. */
bool keeper_ready(const struct keeper *k);
void keeper_stop(struct keeper *k); /* before the writer */
void keeper_free(struct keeper *k); /* after it: a bite may be under way; NULL is fine */

/* ---- routes.c, hooks.c, openapi.c
 * ---------------------------------------------------------------------- */

const struct route *route_rows(size_t *ret_n);
struct http_hooks posternd_hooks(struct limits *limits);
/* GET /openapi.json: the document was written at build time from the route table and
 * openapi_schemas.json. */
err openapi_get(struct ctx *cx, const struct request *rq, struct reply *rp);
/* Writes it. ERR_BAD_CONFIG names a schema that a row asks for and `schemas` lacks. */
err openapi_write(struct ctx *cx, const struct route *rows, size_t n, const json_t *schemas,
                  struct buf *to);

#endif
