/* SPDX-License-Identifier: Apache-2.0 */
/* The settings table, and where a value comes from: default, file, environment, flag; the later
 * wins.
 * --help, posternd(8) and SIGHUP read the same table. */
#include "posternd.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(member) offsetof(struct config, member)

/* clang-format off */
static const struct setting settings[] = {
    {.name = "database.url", .type = SETTING_TEXT, .otherwise = "sqlite:var/postern.db",
     .variable = "POSTERN_DATABASE", .flag = "--database", .argument = "URL",
     .offset = FIELD(database_url),
     .doc = "Where everything is stored: sqlite:FILE or postgresql://USER@HOST/NAME. A missing SQLite file is created."},
    {.name = "database.writers", .type = SETTING_INT, .otherwise = "0",
     .variable = "POSTERN_DATABASE_WRITERS", .flag = "--database-writers", .argument = "N",
     .offset = FIELD(database_writers), .min = 0, .max = 256,
     .doc = "Connections that write. 0: 16 for PostgreSQL; SQLite always has one."},
    {.name = "listen", .type = SETTING_TEXT, .otherwise = "127.0.0.1:8420",
     .variable = "POSTERN_LISTEN", .flag = "--listen", .argument = "ADDRESS",
     .offset = FIELD(listen),
     .doc = "Where requests are answered: HOST:PORT, [HOST]:PORT or unix:PATH. Port 0 takes any free one. Other than loopback needs behind_front."},
    {.name = "ops.listen", .type = SETTING_TEXT, .otherwise = "127.0.0.1:8421",
     .variable = "POSTERN_OPS_LISTEN", .flag = "--ops-listen", .argument = "ADDRESS",
     .offset = FIELD(ops_listen),
     .doc = "Where /healthz, /readyz and /metrics are answered; off: nowhere."},
    {.name = "key.file", .type = SETTING_TEXT, .otherwise = "var/master.key",
     .variable = "POSTERN_KEY_FILE", .flag = "--key-file", .argument = "FILE",
     .offset = FIELD(key_file),
     .doc = "The master key that encrypts signing keys and stored secrets. Created with mode 0600 together with a new database. POSTERN_MASTER_KEY holds the key itself and wins."},
    {.name = "behind_front", .type = SETTING_BOOL, .otherwise = "off",
     .variable = "POSTERN_BEHIND_FRONT", .flag = "--behind-front",
     .offset = FIELD(behind_front),
     .doc = "A TLS front stands before this server: its X-Forwarded-For and X-Forwarded-Proto count, and other addresses than loopback may be listened on."},
    {.name = "workers", .type = SETTING_INT, .otherwise = "0",
     .variable = "POSTERN_WORKERS", .flag = "--workers", .argument = "N",
     .offset = FIELD(workers), .min = 0, .max = 512,
     .doc = "Threads that answer requests. 0: four for each core, at least 8."},
    {.name = "connections", .type = SETTING_INT, .otherwise = "16384",
     .variable = "POSTERN_CONNECTIONS", .flag = "--connections", .argument = "N",
     .offset = FIELD(connections), .min = 16, .max = 1000000,
     .doc = "Connections in all; more have to wait."},
    {.name = "connections.per_address", .type = SETTING_INT, .otherwise = "0",
     .variable = "POSTERN_CONNECTIONS_PER_ADDRESS", .flag = "--connections-per-address", .argument = "N",
     .offset = FIELD(per_address), .min = 0, .max = 1000000,
     .doc = "Connections of one address; 0: no limit. Behind a front every connection has the front's address."},
    {.name = "idle_timeout", .type = SETTING_INT, .otherwise = "60",
     .variable = "POSTERN_IDLE_TIMEOUT", .flag = "--idle-timeout", .argument = "SECONDS",
     .offset = FIELD(idle_timeout), .min = 1, .max = 86400,
     .doc = "A connection that is silent for so long is closed."},
    {.name = "limit.sign_ins", .type = SETTING_INT, .otherwise = "120",
     .variable = "POSTERN_LIMIT_SIGN_INS", .flag = "--limit-sign-ins", .argument = "N",
     .offset = FIELD(limit.per_minute[RATE_SIGN_IN]), .min = 0, .max = 1000000,
     .doc = "Sign-ins that one address (of IPv6: one network of 64 bits) may begin a minute; what it did not use for ten minutes it may use at once. 0: no limit. So it is with the limits below."},
    {.name = "limit.passwords", .type = SETTING_INT, .otherwise = "30",
     .variable = "POSTERN_LIMIT_PASSWORDS", .flag = "--limit-passwords", .argument = "N",
     .offset = FIELD(limit.per_minute[RATE_PASSWORD]), .min = 0, .max = 1000000,
     .doc = "Wrong passwords, codes and second factors of one address a minute. An account is locked by its own count besides."},
    {.name = "limit.credentials", .type = SETTING_INT, .otherwise = "300",
     .variable = "POSTERN_LIMIT_CREDENTIALS", .flag = "--limit-credentials", .argument = "N",
     .offset = FIELD(limit.per_minute[RATE_TOKEN]), .min = 0, .max = 1000000,
     .doc = "Wrong client secrets, access keys and tokens of one address a minute, where applications authenticate."},
    {.name = "limit.device_codes", .type = SETTING_INT, .otherwise = "30",
     .variable = "POSTERN_LIMIT_DEVICE_CODES", .flag = "--limit-device-codes", .argument = "N",
     .offset = FIELD(limit.per_minute[RATE_DEVICE]), .min = 0, .max = 1000000,
     .doc = "Device codes for one address a minute."},
    {.name = "limit.mails", .type = SETTING_INT, .otherwise = "6",
     .variable = "POSTERN_LIMIT_MAILS", .flag = "--limit-mails", .argument = "N",
     .offset = FIELD(limit.per_minute[RATE_MAIL]), .min = 0, .max = 1000000,
     .doc = "Mails that one address may have sent a minute, for forgotten passwords."},
    {.name = "stop.grace", .type = SETTING_INT, .otherwise = "10",
     .variable = "POSTERN_STOP_GRACE", .flag = "--stop-grace", .argument = "SECONDS",
     .offset = FIELD(stop_grace), .min = 0, .max = 3600, .reloads = true,
     .doc = "How long requests that run may take to finish after SIGTERM."},
    {.name = "allow_private_fetch", .type = SETTING_BOOL, .otherwise = "off",
     .variable = "POSTERN_ALLOW_PRIVATE_FETCH", .flag = "--allow-private-fetch",
     .offset = FIELD(allow_private_fetch),
     .doc = "The issuer of another OpenID provider and the jwksEndpoint of an application may be http and on a private or loopback address. For a laptop, tests and closed networks."},
    {.name = "mailbox", .type = SETTING_BOOL, .otherwise = "off",
     .variable = "POSTERN_MAILBOX", .flag = "--mailbox",
     .offset = FIELD(mailbox),
     .doc = "Mails, with the links in them that set passwords, are shown at /auth/mailbox to programs of this machine. Only where every issuer is on loopback."},
    {.name = "log.level", .type = SETTING_LEVEL, .otherwise = "info",
     .variable = "POSTERN_LOG_LEVEL", .flag = "--log-level", .argument = "LEVEL",
     .offset = FIELD(log_level), .reloads = true,
     .doc = "What is logged on standard error: debug, info, warn or error."},
    {.name = "access_log", .type = SETTING_BOOL, .otherwise = "on",
     .variable = "POSTERN_ACCESS_LOG", .flag = "--access-log",
     .offset = FIELD(access_log), .reloads = true,
     .doc = "One line of the log for each request."},
};
/* clang-format on */

static const char *const levels[] = {"debug", "info", "warn", "error"};

const struct setting *setting_at(size_t i) {
    return i < COUNT_OF(settings) ? &settings[i] : NULL;
}

const struct setting *setting_by_flag(struct str flag) {
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        if (str_is(flag, settings[i].flag)) {
            return &settings[i];
        }
    }
    return NULL;
}

static const char **field_text(const struct setting *s, const struct config *c) {
    return (const char **)(void *)((char *)(uintptr_t)c + s->offset);
}

static int64_t *field_int(const struct setting *s, const struct config *c) {
    return (int64_t *)(void *)((char *)(uintptr_t)c + s->offset);
}

static bool *field_bool(const struct setting *s, const struct config *c) {
    return (bool *)(void *)((char *)(uintptr_t)c + s->offset);
}

bool setting_differs(const struct setting *s, const struct config *a, const struct config *b) {
    switch (s->type) {
    case SETTING_TEXT:
        return !str_eq(str_from(*field_text(s, a)), str_from(*field_text(s, b)));
    case SETTING_BOOL:
        return *field_bool(s, a) != *field_bool(s, b);
    default:
        return *field_int(s, a) != *field_int(s, b);
    }
}

static bool bool_read(struct str v, bool *ret) {
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"on", true},   {"true", true},   {"yes", true}, {"1", true},
                 {"off", false}, {"false", false}, {"no", false}, {"0", false}};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq_nocase(v, str_from(words[i].word))) {
            *ret = words[i].value;
            return true;
        }
    }
    return false;
}

static bool level_read(struct str v, int64_t *ret) {
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (str_is(v, levels[i])) {
            *ret = (int64_t)i;
            return true;
        }
    }
    return false;
}

static bool in_range(const struct setting *s, struct str v, int64_t *ret) {
    int64_t n;
    if (!str_int(v, &n) || n < s->min || n > s->max) {
        return false;
    }
    *ret = n;
    return true;
}

/* `from` says where the value stands, for the message. */
static err setting_set(struct ctx *cx, const struct setting *s, struct str v, struct str from,
                       struct config *c) {
    switch (s->type) {
    case SETTING_TEXT:
        if (str_empty(v) || !str_is_text(v)) {
            return fail_say(cx, ERR_BAD_CONFIG, "%.*s: %s is empty or not text. Default: %s",
                            STR_ARG(from), s->name, s->otherwise);
        }
        *field_text(s, c) = str_z(cx->arena, v);
        return OK;
    case SETTING_BOOL:
        if (!bool_read(v, field_bool(s, c))) {
            return fail_say(cx, ERR_BAD_CONFIG, "%.*s: %s is '%.*s'. Write on or off.",
                            STR_ARG(from), s->name, STR_ARG(str_sub(v, 0, 60)));
        }
        return OK;
    case SETTING_LEVEL:
        if (!level_read(v, field_int(s, c))) {
            return fail_say(cx, ERR_BAD_CONFIG,
                            "%.*s: %s is '%.*s'. Write debug, info, warn or error.", STR_ARG(from),
                            s->name, STR_ARG(str_sub(v, 0, 60)));
        }
        return OK;
    default:
        if (!in_range(s, v, field_int(s, c))) {
            return fail_say(cx, ERR_BAD_CONFIG,
                            "%.*s: %s is '%.*s'. Write a number from %lld to %lld.", STR_ARG(from),
                            s->name, STR_ARG(str_sub(v, 0, 60)), (long long)s->min,
                            (long long)s->max);
        }
        return OK;
    }
}

void config_defaults(struct config *config) {
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        const struct setting *s = &settings[i];
        struct str v = str_from(s->otherwise);
        bool good = true;
        switch (s->type) {
        case SETTING_TEXT:
            *field_text(s, config) = s->otherwise;
            break;
        case SETTING_BOOL:
            good = bool_read(v, field_bool(s, config));
            break;
        case SETTING_LEVEL:
            good = level_read(v, field_int(s, config));
            break;
        default:
            good = in_range(s, v, field_int(s, config));
            break;
        }
        if (!good) {
            abort(); /* our own table: test_config reads every row */
        }
    }
}

static const struct setting *setting_named(struct str name) {
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        if (str_is(name, settings[i].name)) {
            return &settings[i];
        }
    }
    return NULL;
}

static err line_set(struct ctx *cx, const struct setting_line *line, struct str from, bool *seen,
                    struct config *config) {
    if (line->malformed) {
        return fail_say(cx, ERR_BAD_CONFIG, "%.*s: '%.*s' is no setting. Write name = value.",
                        STR_ARG(from), STR_ARG(str_sub(line->text, 0, 60)));
    }
    const struct setting *s = setting_named(line->name);
    if (s == NULL) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "%.*s: there is no setting '%.*s'. posternd --help lists them all.",
                        STR_ARG(from), STR_ARG(str_sub(line->name, 0, 60)));
    }
    if (seen[s - settings]) {
        return fail_say(cx, ERR_BAD_CONFIG, "%.*s: %s was set before. Keep one of the two lines.",
                        STR_ARG(from), s->name);
    }
    seen[s - settings] = true;
    return setting_set(cx, s, line->value, from, config);
}

err config_parse(struct ctx *cx, struct str text, const char *file, struct config *config) {
    bool seen[COUNT_OF(settings)] = {false};
    struct setting_line line = {0};
    while (setting_line_next(&text, &line)) {
        struct str from = str_format(cx->arena, "%s:%d", file, line.number);
        TRY(line_set(cx, &line, from, seen, config));
    }
    return OK;
}

err config_load(struct ctx *cx, const struct config_sources *sources, struct config *ret_config) {
    struct config config;
    config_defaults(&config);
    if (sources->file != NULL) {
        struct str text;
        TRY(file_read(cx, sources->file, CONFIG_FILE_MAX, &text));
        TRY(config_parse(cx, text, sources->file, &config));
    }
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        const char *v = sources->getenv(sources->getenv_state, settings[i].variable);
        if (v != NULL && *v != '\0') {
            TRY(setting_set(cx, &settings[i], str_from(v), str_from(settings[i].variable),
                            &config));
        }
    }
    for (size_t i = 0; i < sources->flags_n; i++) {
        const struct config_flag *f = &sources->flags[i];
        TRY(setting_set(cx, f->setting, f->value, str_from(f->setting->flag), &config));
    }
    if (str_is(str_from(config.ops_listen), "off")) {
        config.ops_listen = NULL;
    }
    *ret_config = config;
    return OK;
}
