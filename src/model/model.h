/* SPDX-License-Identifier: Apache-2.0 */
/* model: the rows and their rules. All SQL of Postern is in this folder.
 *
 * Functions named _find, _create, _update work on cx->db: a read connection in a handler, the
 * transaction in a write closure. A rule that several rows share is kept by one atomic statement or
 * by first updating the parent row. What is asked on every request comes in one statement with
 * joins (client_find, access_key_authenticate, caller_find), so that disabled tenants,
 * applications, employees and keys are dead at once, without a cache.
 *
 * Environments, their hosts and their signing keys are a snapshot (struct platform), swapped whole
 * when the database's `generation` changes; a request holds a reference to the snapshot it began
 * with. Everything in a snapshot is immutable, but for the per-worker signers: a thread takes its
 * worker's, or, when another thread has it just now, makes one for this once.
 *
 * Times are seconds since the epoch. Ids are lower-case UUIDs. Lists in rows are JSON text unless
 * said to be words.
 */
#ifndef POSTERN_MODEL_H
#define POSTERN_MODEL_H

#include "http.h"
#include "jose.h"

/* ---- lifetime.c: how long tokens live ---- */

#define LIFETIME_ACCESS_DEFAULT         3600
#define LIFETIME_REFRESH_DEFAULT        7200
#define LIFETIME_REFRESH_CLIENT_DEFAULT 2592000
/* expires_in may not fall to 600 or below (PROTOCOL 12.4). */
#define LIFETIME_ACCESS_MIN 601
/* No access or id token lives longer: so long (and an hour) a retired key stays published. */
#define LIFETIME_ACCESS_MAX  86400
#define LIFETIME_REFRESH_MIN 60
#define LIFETIME_REFRESH_MAX 31536000

struct lifetimes { /* seconds; 0: not set, the next wider one decides */
    int64_t access, id, refresh, refresh_client, jitter;
};
/* {"access":3600,"id":...,"refresh":...,"refreshClient":...,"jitter":...}; ERR_INVALID_REQUEST
 * names the member out of range; 0 is not set. Other members are left alone: a newer version may
 * have written them. */
err lifetimes_parse(struct ctx *cx, struct str json, struct lifetimes *ret);
struct str lifetimes_write(struct arena *a, const struct lifetimes *l);
/* Application over tenant over environment over the defaults (of id: what access has); jitter (0 to
 * its value, random) is taken off access and id, but never below LIFETIME_ACCESS_MIN. */
struct lifetimes lifetimes_resolve(struct ctx *cx, const struct lifetimes *environment,
                                   const struct lifetimes *tenant,
                                   const struct lifetimes *application);

/* ---- catalogue.c: closed lists as tables ---- */

struct scope_info {
    const char *name, *description;
};
const struct scope_info *scope_at(size_t i); /* NULL past the end */
bool scope_known(struct str name);
struct permission_info {
    const char *name; /* "access-key.create" */
    const char *area; /* "Access Key": the word of the console and the seeds */
    const char *description;
};
const struct permission_info *permission_at(size_t i);
bool permission_known(struct str name);
/* Auth methods, application types, tenancies, statuses are texts in rows; these say whether one is
 * known. */
bool application_type_known(struct str type);
bool auth_method_known(struct str method);
bool employee_status_known(struct str status);
/* "code", "id_token token", ...: the spelling of the rows; NULL past the end. */
const char *response_type_at(size_t i);
bool response_type_known(struct str type);

/* ---- signing_key.c, keyring.c ---- */

#define SIGNING_KEYS_FUTURE 3
#define SIGNING_KEYS_MAX    32
#define REFRESH_KEY_SIZE    32

struct signing_key {
    struct str kid;
    const struct alg *alg;
    struct str state; /* future, active, retired */
    struct pkey *key;
    struct str header_access,
        header_id;          /* encoded JOSE headers, without '-' and '_' (PROTOCOL 12.12) */
    struct key_slot *slots; /* signer and verifier per worker, made at their first use */
    unsigned slots_n;
};
struct keyring {
    struct signing_key *keys; /* published ones, active first */
    size_t n;
    struct secret refresh_key;                   /* HS256: refresh tokens and generated keys */
    struct str refresh_header, generated_header; /* typ "JWT" and "generated+jwt" */
};
/* The active key of this algorithm; NULL if the environment has none (keys are made for RS256 at
 * creation, for others when an application asks for them). */
const struct signing_key *keyring_active(const struct keyring *r, const struct alg *alg);
const struct signing_key *keyring_find(const struct keyring *r, struct str kid);
/* Signs with this worker's signer. */
err signing_key_sign(struct ctx *cx, const struct signing_key *k, struct str header,
                     struct str payload, struct str *ret_compact);
bool signing_key_verify(struct ctx *cx, const struct signing_key *k, const struct jws *jws);

/* Rows. An environment has for each algorithm in use one active and SIGNING_KEYS_FUTURE future
 * keys, and one HS256 key for refresh tokens. Generation (slow) happens before the transaction:
 * signing_keys_prepare reads on cx->db what is missing and makes that, at least one key (for a
 * rotation); store and rotate run in a closure and store only what is missing then. */
bool kid_header_ok(struct str encoded_header); /* no '-', no '_' */
/* Nothing is missing: no need to prepare and store. */
err signing_keys_complete(struct ctx *cx, struct str environment_id, const struct alg *alg,
                          bool *ret_complete);
struct signing_keys_new;
err signing_keys_prepare(struct ctx *cx, const struct seal_key *master, struct str environment_id,
                         const struct alg *alg, struct signing_keys_new **ret_new);
err signing_keys_store(struct ctx *cx, const struct signing_keys_new *keys);
/* The active key retires, the first future key becomes active, a new future key is added. Tokens
 * that the retired key signed stay valid: it is published for SIGNING_KEY_RETIRED_SECONDS.
 * ERR_CONFLICT: SIGNING_KEYS_MAX are published already. */
#define SIGNING_KEY_RETIRED_SECONDS (LIFETIME_ACCESS_MAX + 3600)
err signing_keys_rotate(struct ctx *cx, const struct signing_keys_new *replacement);
struct signing_key_row {
    struct str environment, kid, alg, state;
    int64_t created_at, activated_at, retired_at;
};
err signing_keys_list(struct ctx *cx, err (*each)(struct ctx *cx, void *state),
                      struct signing_key_row *row, void *state);
/* The master key fits this database (ERR_BAD_CONFIG if not); stores the check value in an empty
 * one. */
err master_key_check(struct ctx *cx, const struct seal_key *master, bool may_store);

/* ---- environment.c, platform.c: the snapshot ---- */

struct area {
    struct str area, domain, acd_domain, uh_domain;
};
struct cluster {
    struct str cluster, area;
};
/* Patterns with {area}, {cluster}, {domain}, {acdDomain}, {uhDomain}; scheme and port included:
 * "https://api-{area}.{domain}". Stored as
 * {"ui","auth","api","cluster","acd","aliases":[...]}; what is absent is the issuer itself. */
struct host_templates {
    struct str ui, auth, api, cluster, acd;
};
/* A document that many requests get: made once per snapshot. */
struct document {
    struct str body, etag;
};
enum { DOCUMENT_OPENID, DOCUMENT_JWKS, DOCUMENT_COUNT };

struct environment {
    struct str id, name, issuer;
    bool is_default;
    struct host_templates hosts;
    struct str *aliases; /* further host names, or such patterns */
    size_t aliases_n;
    struct area *areas;
    size_t areas_n;
    struct cluster *clusters;
    size_t clusters_n;
    struct lifetimes lifetimes;
    struct str platform_client_id;
    struct str token_endpoint;
    struct keyring *keys;
    struct document documents[DOCUMENT_COUNT];
};
const struct area *environment_area(const struct environment *e, struct str area);
/* A template filled in; the text is the arena's. area may be NULL, cluster absent: their words are
 * then left empty. */
struct str environment_url(struct arena *a, struct str pattern, const struct area *area,
                           struct str cluster);

struct snapshot; /* environments and a table of host names; counted references */
struct platform; /* the current snapshot, the master key, what handlers share: cx->app */
struct platform_options {
    const struct seal_key *master;
    unsigned workers;
    bool mailbox;             /* mails are shown on a page: a laptop's setting */
    bool allow_private_fetch; /* jwks_endpoint may be http and name private addresses: a laptop's
                                 setting */
    /* Fills documents; called while the snapshot is made. */
    err (*decorate)(struct ctx *cx, struct environment *e);
    struct metrics *metrics; /* what signatures take is noted here; NULL: nowhere */
};
err platform_new(struct ctx *cx, const struct platform_options *options,
                 struct platform **ret_platform); /* empty until platform_reload */
void platform_free(struct platform *p);
/* Reads environments and keys on cx->db into a new snapshot and swaps it in. `only_if_changed`:
 * compares `generation` first. */
err platform_reload(struct ctx *cx, struct platform *p, bool only_if_changed, bool *ret_changed);
/* A reference for this request, given back when its arena is reset. NULL before the first reload.
 */
const struct snapshot *platform_snapshot(struct ctx *cx);
/* seal_key_derive(master, purpose), kept for the purposes that the hot path has (platform.c). */
const struct seal_key *platform_seal_key(const struct ctx *cx, const char *purpose_constant);
#define SEAL_SIGNING_KEY        "signing-key"
#define SEAL_APPLICATION_SECRET "application-secret"
#define SEAL_MASTER_KEY_CHECK   "master-key-check"
#define SEAL_REFRESH_ANSWER     "refresh-answer"
#define SEAL_SECOND_FACTOR      "second-factor"
#define SEAL_LOGIN_PROVIDER     "login-provider"
#define SEAL_LOGIN_STATE        "login-state"
#define SEAL_MAIL               "mail"
struct metrics *platform_metrics(const struct ctx *cx); /* NULL: none */
bool platform_allow_private_fetch(const struct ctx *cx);
bool platform_mailbox(const struct ctx *cx);
struct fetch_once *platform_fetch_once(const struct ctx *cx);
/* By host (with or without port); unknown: the default environment; none at all: ERR_UNAVAILABLE.
 */
err snapshot_environment(struct ctx *cx, const struct snapshot *s, struct str host,
                         const struct environment **ret_environment);
size_t snapshot_count(const struct snapshot *s);
const struct environment *snapshot_at(const struct snapshot *s, size_t i);
/* A name of some environment, and not only a hint that led to the default one (PROTOCOL 12.7). */
bool snapshot_host_known(const struct snapshot *s, struct str host);
/* Which area a regional host names, e.g. na1.nice-incontact.com (PROTOCOL 12.9); NULL for the
 * issuer's and others. */
const struct area *snapshot_host_area(const struct snapshot *s, struct str host);
/* Raises `generation`: part of every change to what a snapshot holds. */
err generation_raise(struct ctx *cx);

/* ---- tenant.c ---- */

struct tenant {
    struct str tenant_id, environment_id, tenant, area, cluster, sp_id;
    int64_t primary_business_unit;
    bool is_private, is_enabled;
    struct lifetimes lifetimes;
};
/* ERR_NOT_FOUND also if it belongs to another environment. Disabled ones are found. */
err tenant_find(struct ctx *cx, struct str environment_id, struct str tenant_id,
                struct tenant *ret_tenant);

/* ---- application.c ---- */

struct application {
    struct str application_id, tenant_id, environment_id;
    struct str name, vendor, description, contacts;
    struct str type, tenancy, auth_method;
    int64_t business_unit;
    struct str jwks_endpoint, jwks;
    int64_t jwks_fetched_at;
    struct str scope; /* words */
    struct str redirects, origins, logouts;
    struct str response_types; /* JSON list of RFC 6749 3.1.1's names, as response_type_at() */
    struct str token_alg;
    struct lifetimes lifetimes;
    struct str secret_digest, secret_sealed, old_secret_digest, old_secret_sealed;
    int64_t old_secret_until;
    bool is_enabled;
    bool tenant_enabled; /* the owner's; true for the built-in one */
    struct str created_by, modified_by;
    int64_t created_at, modified_at, last_used_at, deletion_at;
};
/* By client_id in this environment, what a token request needs of it. ERR_NOT_FOUND: unknown, or of
 * another environment. */
err client_find(struct ctx *cx, struct str environment_id, struct str client_id,
                struct application *ret_application);
/* The whole row, inside its owner tenant. */
err application_find(struct ctx *cx, struct str tenant_id, struct str application_id,
                     struct application *ret_application);
/* May users of this tenant use it? And may it act there by itself (client_credentials)? One
 * statement. */
struct application_access {
    bool users, itself;
};
err application_access(struct ctx *cx, const struct application *a, struct str tenant_id,
                       struct application_access *ret_access);
err application_used(struct ctx *cx,
                     const struct application *a); /* last_used_at = now, at most once a minute */
/* What a fetch of jwks_endpoint brought; STR_NONE: nothing, the stored set stays. */
err application_jwks_store(struct ctx *cx, const struct application *a, struct str jwks);
err origin_registered(struct ctx *cx, struct str environment_id, struct str origin,
                      bool *ret_registered);
/* A new secret: the given text or, if that is absent, 32 random bytes as base64url; its digest;
 * and, if there is a master key (client_secret_jwt), its sealed form. */
struct secret_new {
    struct str text; /* shown once */
    struct str digest, sealed;
};
/* ERR_INVALID_REQUEST: the given one is empty, longer than APPLICATION_SECRET_MAX or has controls.
 */
#define APPLICATION_SECRET_MAX 256
err application_secret_new(struct ctx *cx, const struct seal_key *master, struct str application_id,
                           struct str given, struct secret_new *ret_secret);
/* secret_sealed or old_secret_sealed, read with the platform's key. */
err application_secret_open(struct ctx *cx, const struct application *a, struct str sealed,
                            struct secret *ret_secret);
/* "name@vendor" in lower case: the key of application_name_index. */
struct str application_name_folded(struct arena *a, struct str name, struct str vendor);

/* ---- role.c, employee.c, user.c ---- */

struct role {
    struct str role_id, name, legacy_id;
    struct str permissions; /* words */
    int64_t updated_ms;
};
struct employee {
    struct str employee_id, tenant_id, user_name, email_address;
    struct str first_name, middle_name, last_name, display_name;
    struct str role_id, secondary_roles; /* words */
    struct str team_id, type, status;
    int64_t agent_id;
    struct str attributes; /* JSON object */
};
err role_find(struct ctx *cx, struct str tenant_id, struct str role_id, struct role *ret_role);
err employee_find(struct ctx *cx, struct str tenant_id, struct str employee_id,
                  struct employee *ret_employee);
/* Other names of an employee (lookup.c); ERR_NOT_FOUND if nobody has it. */
err user_name_find(struct ctx *cx, struct str environment_id, struct str user_name,
                   struct str *ret_tenant_id, struct str *ret_employee_id);
err agent_find(struct ctx *cx, struct str tenant_id, int64_t agent_id, struct str *ret_employee_id);
/* First and last names (PROTOCOL 8): characters that are refused; user names look like an e-mail
 * address. */
bool employee_name_ok(struct str name);
bool user_name_ok(struct str user_name);

/* Who a user token speaks of: employee, tenant, primary role. One statement. ERR_NOT_FOUND. Checks
 * nothing else. */
struct user {
    struct employee employee;
    struct tenant tenant;
    struct role role;
};
err user_find(struct ctx *cx, struct str tenant_id, struct str employee_id, struct user *ret_user);
/* Tenant enabled and employee ACTIVE (or PENDING/UNREGISTERED for type api): may get tokens. */
bool user_is_alive(const struct user *u);
/* Permissions of primary and secondary roles, words, each once. */
err user_permissions(struct ctx *cx, const struct user *u, struct str *ret_permissions);

/* ---- access_key.c ---- */

#define ACCESS_KEY_LENGTH 56

struct access_key {
    struct str access_key_id, tenant_id, employee_id;
    bool is_active;
    int64_t created_at, last_used_at;
    int64_t agent_id; /* of the employee, in lists */
};
/* id and secret are right, active, and the user is alive: ERR_INVALID_GRANT for everything else,
 * with the reason in the log alone; the secret is compared (constant time) also when the key is
 * unknown. */
err access_key_authenticate(struct ctx *cx, struct str environment_id, struct str access_key_id,
                            struct str access_key_secret, struct access_key *ret_key,
                            struct user *ret_user);
err access_key_used(struct ctx *cx,
                    const struct access_key *k); /* last_used_at, at most once a minute */
struct access_key_new {
    struct access_key key;
    struct str secret; /* shown once */
    struct str secret_digest;
    struct str environment_id, created_by;
};
/* Makes id and secret (no database); access_key_create stores them. */
void access_key_prepare(struct ctx *cx, struct access_key_new *key);
err access_key_create(
    struct ctx *cx, const struct access_key_new *key); /* NOT_FOUND: no such employee, or DELETED */
err access_key_find(struct ctx *cx, struct str tenant_id, struct str access_key_id,
                    struct access_key *ret_key);
err access_key_set_active(struct ctx *cx, struct str tenant_id, struct str access_key_id,
                          bool active);
err access_key_delete(struct ctx *cx, struct str tenant_id, struct str access_key_id);
/* Keyset pages in the order of access_key_id; employee_id absent: the tenant's all. Fetches limit
 * rows after `after`. */
struct access_key_page {
    struct str tenant_id, employee_id, after;
    int64_t limit;
    bool backwards; /* limit rows before `after`, in descending order */
};
err access_keys_list(struct ctx *cx, const struct access_key_page *page, struct access_key *row,
                     err (*each)(struct ctx *cx, void *state), void *state);
err access_keys_count(struct ctx *cx, struct str tenant_id, struct str employee_id, int64_t *ret);

/* ---- session.c: the unit of revocation, and the refresh family ---- */

#define REFRESH_GRACE_SECONDS 10

struct session {
    struct str session_id, tenant_id, application_tenant_id, application_id;
    struct str employee_id, access_key_id; /* absent for client_credentials; absent */
    struct str scope;
    /* Of the browser session that it began in, if it did; the authorization request's nonce; how
     * the user signed in (words). */
    struct str sso_session_id, nonce, amr;
    int64_t sso_expires_at; /* that one's absolute limit; 0: it is gone, or there was none */
    int64_t auth_at, created_at, expires_at;
    struct str refresh_digest, refresh_used_digest, refresh_answer;
    int64_t refresh_rotated_at, refresh_expires_at, refresh_revoked_at, revoked_at;
    bool access_key_alive; /* no key, or an active one that exists */
};
/* ERR_INVALID_GRANT: its browser session has ended. The two are one step: what is created here is
 * revoked by every sso_session_end() that comes later. */
err session_create(struct ctx *cx, const struct session *s);
err session_find(struct ctx *cx, struct str tenant_id, struct str session_id,
                 struct session *ret_session);
/* The one step of a refresh: succeeds once for each token. ERR_NOT_FOUND: it was not the current
 * token, or the family or the session is revoked. */
struct session_rotation {
    struct str tenant_id, session_id, old_digest, new_digest;
    struct str answer; /* sealed, or absent */
    int64_t refresh_expires_at, expires_at;
};
err session_rotate(struct ctx *cx, const struct session_rotation *r);
err session_revoke_refresh(struct ctx *cx, struct str tenant_id, struct str session_id);
err session_revoke(struct ctx *cx, struct str tenant_id, struct str session_id);

/* ---- session_end.c: at disabling ---- */

/* Browser sessions, sessions and open codes of the tenant's users. */
err tenant_sessions_end(struct ctx *cx, struct str tenant_id);
/* Sessions and open codes of the application, in every tenant of the environment. */
err application_sessions_end(struct ctx *cx, struct str environment_id, struct str owner_id,
                             struct str application_id);
/* The same for all that the tenant registered for other tenants. */
err tenant_applications_end(struct ctx *cx, struct str environment_id,
                            struct str tenant_id); /* its access tokens too */

/* ---- caller.c: who calls an API ---- */

struct caller {
    bool is_user;
    struct str tenant_id, client_id, session_id;
    struct str scope;       /* of the session, as far as the application still has it */
    struct str actor;       /* "user:{uuid}" or "client:{client_id}": for audit */
    struct str employee_id; /* users */
    struct str user_name;
    struct str permissions; /* users: words */
    int64_t agent_id;
    int64_t expires_at;
};
/* Session not revoked, application enabled, tenant enabled, access key active, employee alive: one
 * statement (one more for secondary roles). ERR_INVALID_TOKEN with the reason otherwise. */
err caller_find(struct ctx *cx, struct str environment_id, struct str tenant_id,
                struct str session_id, struct caller *ret_caller);
bool caller_may(const struct caller *c, const char *permission);

/* ---- fetch_once.c: one fetch of one thing at a time in this process
 * ------------------------------------------------------------------------------------ */

struct fetch_once;
struct fetched { /* text, or the reason why there is none */
    struct str text, reason;
    int64_t at; /* out: when that fetch ended */
};
struct fetch_once *fetch_once_new(void);
void fetch_once_free(struct fetch_once *f);
/* True: fetch it, and call fetch_once_end() whatever comes. False, perhaps after waiting for
 * another thread: the outcome of a fetch that ended less than `seconds` ago. */
bool fetch_once_begin(struct ctx *cx, struct fetch_once *f, struct str what, int64_t seconds,
                      struct fetched *ret_outcome);
void fetch_once_end(struct ctx *cx, struct fetch_once *f, struct str what,
                    const struct fetched *outcome);

/* ---- assertion.c, generated_key.c ---- */

/* ERR_INVALID_CLIENT if this jti was used before. */
err assertion_use(struct ctx *cx, const struct application *a, struct str jti, int64_t expires_at);

#define GENERATED_KEY_SECONDS 600
struct generated_key {
    struct str tenant_id, generated_key_id, employee_id;
    int64_t expires_at;
};
err generated_key_create(struct ctx *cx, const struct generated_key *k);
err generated_key_use(struct ctx *cx, struct str tenant_id,
                      struct str generated_key_id); /* once; ERR_INVALID_GRANT */

/* ---- audit.c ---- */

struct audit {
    struct str tenant_id, actor, action, object, remote;
    struct str detail; /* JSON object; absent: {} */
};
err audit_write(struct ctx *cx, const struct audit *a);

/* ---- purge.c: expired rows, in small bites ---- */

#define PURGE_BITE 500
struct purge_cursor {
    unsigned table; /* which table of purge.c's list is walked */
    char after_tenant[64], after_key[256];
};
/* One bite inside a write closure; ret_wrapped: all tables were walked once. Also clears
 * refresh_answer after its grace and removes applications whose deletion_at has come. */
err purge_bite(struct ctx *cx, struct purge_cursor *cursor, int64_t *ret_removed,
               bool *ret_wrapped);

/* ---- declaration.c (and declare_*.c): plan and apply ---- */

/* The declarative description of the model (docs/declaration.schema.json). Objects are matched by
 * their natural names: environments by name, tenants by `tenant`, roles by name, employees by user
 * name, applications by name and vendor, access keys by id or order. What the file does not name
 * stays as it is. */
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
};
struct declaration_change {
    const char *verb; /* "create", "update" */
    struct str kind, name;
    struct str detail; /* which members change; never a secret */
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

/* ---- login_policy.c, password_rule.c, common_password.c, login_authenticator.c: how a tenant's
 * people sign in ---- */

enum factor { FACTOR_NONE, FACTOR_TOTP, FACTOR_HOTP };
/* "none", "totp", "hotp": the words of policies and rows. */
const char *factor_word(enum factor f);
bool factor_parse(struct str word, enum factor *ret_factor);
/* JSON {"passwordMin", "upper", "lower", "digit", "special", "history", "maxAgeDays", "lockAfter",
 * "lockSeconds", "idleSeconds", "sessionSeconds", "mfa"}; members absent: the default in brackets.
 */
struct login_policy {
    int64_t password_min;                  /* characters, 8 to LOGIN_PASSWORD_MIN_MAX [8] */
    bool upper, lower, digit, special;     /* classes that must be there [none] */
    int64_t history;                       /* so many before today's are no new ones [0] */
    int64_t max_age_days;                  /* 0: they do not expire [0] */
    int64_t lock_after;                    /* wrong ones in a row [6] */
    int64_t lock_seconds;                  /* [1800] */
    int64_t idle_seconds, session_seconds; /* of a browser session [3600, 43200] */
    enum factor mfa;                       /* what everybody must have beside the password [none] */
};
#define LOGIN_PASSWORD_MIN_MAX 24
#define PASSWORD_HISTORY_MAX   10 /* each costs an argon2 when a password is changed */
/* ERR_INVALID_REQUEST names the member out of range. Other members are left alone: a newer version
 * may have written them. */
err login_policy_parse(struct ctx *cx, struct str json, struct login_policy *ret_policy);
struct str login_policy_write(struct arena *a, const struct login_policy *policy);
enum password_rule {
    PASSWORD_TEXT,   /* no control characters */
    PASSWORD_LENGTH, /* password_length_min() to PASSWORD_MAX */
    PASSWORD_UPPER,
    PASSWORD_LOWER,
    PASSWORD_DIGIT,
    PASSWORD_SPECIAL,
    PASSWORD_COMMON,
    PASSWORD_NAME,
    PASSWORD_USED, /* before: password_was_used() says */
    PASSWORD_RULES
};
int64_t password_length_min(const struct login_policy *policy);
bool password_rule_applies(const struct login_policy *policy, enum password_rule rule);
/* The rules that it breaks: bit 1 << rule. All but PASSWORD_USED. */
unsigned password_broken(struct ctx *cx, const struct login_policy *policy,
                         const struct employee *who, struct str password);
/* 8 to 128 characters whatever the policy, its classes, no common one, none with one's own names
 * (SECURITY `password`); OK, or ERR_INVALID_REQUEST whose text names the rule. */
err password_check(struct ctx *cx, const struct login_policy *policy, const struct employee *who,
                   struct str password);
/* A new one that every policy takes: 24 characters in five groups. */
#define LOGIN_PASSWORD_GENERATED 24
struct str password_generate(struct ctx *cx);
/* On the list of common ones, or one of them with digits or signs around it or for its letters; a
 * row of the keyboard, of digits or letters; one thing repeated; a date. */
bool password_is_common(struct ctx *cx, struct str password);

struct login_authenticator {
    struct str tenant_id, login_authenticator_id, name, kind;
    bool is_default;
    struct login_policy policy;
};
/* ERR_NOT_FOUND: the tenant has none of this id; or of this name; or no default. */
err login_authenticator_find(struct ctx *cx, struct str tenant_id, struct str id,
                             struct login_authenticator *ret);
err login_authenticator_named(struct ctx *cx, struct str tenant_id, struct str name,
                              struct login_authenticator *ret);
err login_authenticator_default(struct ctx *cx, struct str tenant_id,
                                struct login_authenticator *ret);

/* ---- login_provider.c: who signs in elsewhere ---- */

/* The column `provider`, JSON {"issuer", "clientId", "scope", "claim"}. */
#define LOGIN_PROVIDER_SCOPE "openid email profile"
struct login_provider {
    struct str issuer, client_id;
    struct str scope; /* words [LOGIN_PROVIDER_SCOPE] */
    /* Which of its claims says whose account it is, until the subject there is known ["sub": never;
     * the subject must be known]. */
    struct str claim;
};
err login_provider_parse(struct ctx *cx, struct str json, struct login_provider *ret_provider);
struct str login_provider_write(struct arena *a, const struct login_provider *p);
/* A kind of login authenticator. */
struct login_kind {
    const char *name; /* "system" */
    /* NULL, or what is missing. NULL itself: this kind has no provider. */
    const char *(*provider_check)(const struct login_provider *p);
};
const struct login_kind *login_kind_find(struct str kind); /* NULL: unknown */
/* The client secret there, bound to the row. */
struct str login_provider_seal(struct ctx *cx, const struct seal_key *master,
                               const struct login_authenticator *a, struct str secret);
err login_provider_unseal(struct ctx *cx, const struct seal_key *key,
                          const struct login_authenticator *a, struct str sealed,
                          struct secret *ret_secret);
/* How the user of this name signs in. ERR_NOT_FOUND as login_find(), and for those without an
 * authenticator. */
struct login_way {
    struct str tenant_id, employee_id, user_name, email_address;
    struct str authenticator_id, authenticator_name, kind;
    struct login_provider provider;
    struct str secret_sealed;    /* absent: none */
    struct str external_subject; /* at the provider; absent: not known yet */
};
err login_way_find(struct ctx *cx, struct str environment_id, struct str user_name,
                   struct login_way *ret_way);
err login_way_secret(struct ctx *cx, const struct login_way *w, struct secret *ret_secret);
/* In the closure that signs in, one UPDATE: the employee has this authenticator still, and is this
 * subject there, from now on if it was not known. ERR_INVALID_GRANT. */
err login_way_used(struct ctx *cx, const struct login_way *w, struct str subject);
err login_subject_set(struct ctx *cx, struct str tenant_id, struct str employee_id,
                      struct str subject);
/* Of all employees: the authenticator leads to another provider now. */
err login_subjects_forget(struct ctx *cx, const struct login_authenticator *a);

/* ---- employee_login.c ---- */

/* Everything the password step needs, by user name in one statement. Unknown, without a password,
 * disabled, of a disabled tenant, of type api, or one who signs in elsewhere: ERR_NOT_FOUND, and
 * the handler goes on with login_dummy() so that it looks the same (SECURITY `enumeration`). Found:
 * compare the password on the pool; a wrong one ends in login_failed(), the right one in
 * login_succeeded(). */
struct login {
    struct str tenant_id, employee_id, user_name;
    struct str authenticator_kind, authenticator_id; /* absent: none, said after the password */
    struct login_policy policy;
    struct str password_hash;
    int64_t password_changed_at, failures, locked_until;
    bool must_change; /* told so, or older than the policy allows: said after the password */
    /* The second factor that is enrolled, asked for whatever the policy says; said after the
     * password, like everything else here. */
    enum factor factor;
    struct str factor_sealed;
    int64_t factor_position; /* the last time step or counter that was used */
};
err login_find(struct ctx *cx, struct str environment_id, struct str user_name,
               struct login *ret_login);
/* The same by id, with or without a password: for the steps after the first, each of which looks
 * again (SECURITY `dead-means-dead`). ERR_NOT_FOUND. */
err login_of(struct ctx *cx, struct str tenant_id, struct str employee_id, struct login *ret_login);
/* Nobody's: password_dummy() and a default policy. login_failed() does nothing with it. */
struct login login_dummy(struct str user_name);
/* In a write closure. Counts, and locks when the policy says so. `remote`: of the audit record that
 * a lock leaves; failures alone leave none, or anybody could fill the table. */
err login_failed(struct ctx *cx, const struct login *l, struct str remote);
/* The password was right. is_whole: nothing else is to be proven, which clears the counter; a
 * password before a second factor does not, or the factor could be guessed for ever. Decided by the
 * row as it is now, so that 64 at once get no more guesses than one after the other (SECURITY
 * `lockout`). ERR_FORBIDDEN: the account is locked, and may be told so. ERR_INVALID_GRANT: answer
 * as to a wrong password: so many wrong ones came while it was locked that the word "locked" would
 * tell a guesser that this one is right; or the password was changed meanwhile. */
err login_succeeded(struct ctx *cx, const struct login *l, bool is_whole);
/* In a write closure: ERR_FORBIDDEN if the account is locked now; else it stays open until the
 * closure ends. */
err login_not_locked(struct ctx *cx, const struct login *l);
/* A new password: also ends the employee's browser sessions and what they issued (SECURITY
 * `dead-means-dead`), clears counter and lock, and voids the links that would set another. */
err login_password_set(struct ctx *cx, struct str tenant_id, struct str employee_id,
                       struct str password_hash, bool must_change);
/* The same password under a better hash; nothing, if it was changed meanwhile. */
err login_password_rehash(struct ctx *cx, const struct login *l, struct str password_hash);
/* How an employee signs in; its password and counters stay, who it is at a provider is forgotten.
 */
err login_authenticator_set(struct ctx *cx, struct str tenant_id, struct str employee_id,
                            struct str login_authenticator_id);

/* ---- second_factor.c, recovery_code.c ---- */

#include "second_factor.h"

/* ---- password_history.c, password_link.c, mail.c ---- */

#include "new_password.h"

/* ---- sso_session.c ---- */

struct sso_session {
    struct str tenant_id, sso_session_id, employee_id, amr;
    struct str user_agent; /* stored for its owner, never read to decide anything */
    int64_t auth_at, created_at, last_used_at, expires_at, idle_seconds;
};
/* A new id for every sign-in (SECURITY `fixation`). Filled in before: tenant_id, employee_id, amr,
 * idle_seconds, expires_at, and auth_at if it is not now. The cookie's value is "TENANT.RANDOM";
 * the row has its digest. */
void sso_session_prepare(struct ctx *cx, struct sso_session *s, struct str *ret_cookie);
err sso_session_create(struct ctx *cx, const struct sso_session *s);
/* Alive: not ended, not idle too long, employee and tenant alive. ERR_NOT_FOUND. */
err sso_session_find(struct ctx *cx, struct str environment_id, struct str cookie,
                     struct sso_session *ret_session);
err sso_session_used(struct ctx *cx, const struct sso_session *s); /* at most once a minute */
/* `after` takes the place of `before` in one browser: of the same employee it takes over what that
 * one issued, of another it ends it. */
err sso_session_replace(struct ctx *cx, const struct sso_session *before,
                        const struct sso_session *after);
/* Ends it and revokes what it issued to applications (SECURITY `dead-means-dead`). */
err sso_session_end(struct ctx *cx, struct str tenant_id, struct str sso_session_id);
/* All of an employee. */
err sso_sessions_end(struct ctx *cx, struct str tenant_id, struct str employee_id);

/* ---- login_flow.c ---- */

#define LOGIN_FLOW_SECONDS 1800
struct login_flow {
    struct str flow;    /* the secret in the form; the row has its digest */
    struct str browser; /* the secret in the cookie */
    struct str environment_id, step, request, data; /* request, data: JSON; absent: {} */
    int64_t version, expires_at;
};
/* The bound of what is begun and never finished (SECURITY `slow`), of each environment: the first
 * two characters of the digests deal the rows into 4096 equal parts; one more in a part that is
 * full ends the oldest there. */
#define LOGIN_FLOW_PARTS    4096
#define LOGIN_FLOW_PART_MAX 16
/* Makes flow, and browser if absent; version 1, LOGIN_FLOW_SECONDS from now. */
void login_flow_prepare(struct ctx *cx, struct login_flow *f);
err login_flow_create(struct ctx *cx, const struct login_flow *f);
/* Of this environment, this browser, not expired. ERR_NOT_FOUND. */
err login_flow_find(struct ctx *cx, struct str environment_id, struct str flow, struct str browser,
                    struct login_flow *ret_flow);
/* From f->version to the next; ERR_CONFLICT: another request was faster, or it was posted twice. */
err login_flow_advance(struct ctx *cx, const struct login_flow *f, struct str step,
                       struct str data);
err login_flow_delete(struct ctx *cx, const struct login_flow *f); /* ERR_CONFLICT as above */

/* ---- authorization_code.c ---- */

#define AUTHORIZATION_CODE_SECONDS 60
struct authorization_code {
    struct str code; /* the text, "TENANT.RANDOM": URL-safe characters (PROTOCOL 12.2) */
    struct str tenant_id, application_tenant_id, application_id, employee_id, sso_session_id;
    struct str redirect_uri, scope, nonce, code_challenge, session_id;
    struct str claims;      /* JSON: the claims parameter, acr, amr; absent: {} */
    int64_t sso_expires_at; /* as a session's */
    int64_t auth_at, used_at, expires_at;
};
/* Makes the code of tenant_id, and expires_at. */
void authorization_code_prepare(struct ctx *cx, struct authorization_code *c);
err authorization_code_create(struct ctx *cx, const struct authorization_code *c);
/* Used and expired ones too: whose code comes again is revoked what it became (session_id). */
err authorization_code_find(struct ctx *cx, struct str code, struct authorization_code *ret_code);
/* One UPDATE ... WHERE used_at IS NULL: ERR_INVALID_GRANT for all but the first, and when it has
 * expired. session_create() of the same closure refuses when the browser session has ended. */
err authorization_code_use(struct ctx *cx, const struct authorization_code *c,
                           struct str session_id);

/* What a person sees and ends of its own; what a tenant's pages look like; devices (RFC 8628). */
#include "account.h"
#include "branding.h"
#include "device_code.h"

#endif
