/* SPDX-License-Identifier: Apache-2.0 */
/* A part of client.h: settings and profiles. */
#ifndef POSTERN_CLIENT_SETTINGS_H
#define POSTERN_CLIENT_SETTINGS_H

#include <postern.h>

#include "jose.h"

struct call;

/* ---- settings.c: the table, and where a value comes from ---- */

enum setting_id {
    SET_ISSUER,
    SET_BASE_URL,
    SET_GRANT,
    SET_CLIENT_ID,
    SET_CLIENT_SECRET,
    SET_CLIENT_SECRET_FILE,
    SET_AUTH_METHOD,
    SET_PRIVATE_KEY_FILE,
    SET_PRIVATE_KEY_ID,
    SET_ACCESS_KEY_ID,
    SET_ACCESS_KEY_SECRET,
    SET_ACCESS_KEY_SECRET_FILE,
    SET_SCOPE,
    SET_TENANT_ID,
    SET_USER_ID,
    SET_TOKEN_PARAMETERS,
    SET_API_ENDPOINT,
    SET_CA_FILE,
    SET_PROXY,
    SET_CONNECT_TIMEOUT,
    SET_TIMEOUT,
    SET_RETRIES,
    SET_RENEW_BEFORE,
    SETTINGS_N
};

struct settings {
    char *value[SETTINGS_N]; /* malloced, NULL if absent; defaults filled in */
    char *from[SETTINGS_N];  /* malloced: "profile default", ... */
    char *proxy_shown;       /* malloced: without its password */
};

#define SETTING_MAX 4096 /* characters of a value */

/* Each adds what it finds to `s`, over what is there. ERR_CLIENT_USAGE says where the value stands
 * and what would be right. */
err settings_defaults(struct call *k, struct settings *s);
err settings_profile(struct call *k, struct settings *s, struct str text, struct str file,
                     struct str profile);
/* manner_only: how to speak (ca_file and what follows it), not to whom and as whom. */
err settings_environment(struct call *k, struct settings *s, bool manner_only);
/* The environment says to whom or as whom: then the profile "default" is not used. */
bool settings_environment_names_one(struct call *k);
err settings_given(struct call *k, struct settings *s, const struct postern_setting *given,
                   size_t n);
void settings_done(struct settings *s); /* secrets are wiped */
err setting_check(struct call *k, struct str name, struct str value);

/* Borrowed; STR_NONE if absent. */
struct str setting_str(const struct postern *p, enum setting_id id);
/* Numbers were checked at postern_open. */
int64_t setting_int(const struct postern *p, enum setting_id id);
/* The secret itself or the first line of its file; STR_NONE without either. */
err setting_secret(struct call *k, enum setting_id id, enum setting_id file, struct str *ret);
/* The same without the warning of spaces at its ends. */
err setting_secret_quietly(struct call *k, enum setting_id id, enum setting_id file,
                           struct str *ret);

/* ---- profile.c ---- */

#define PROFILE_MAX      65536
#define PROFILE_NAME_MAX 64
/* Where files of a kind are: given, else a variable of ours, else XDG's, else below the home.
 * STR_NONE: nowhere. */
struct directory_names {
    const char *variable, *xdg_variable, *below_home;
};
struct str directory_for(struct call *k, const char *given, bool environment,
                         const struct directory_names *names);
err directory_make(struct call *k, const char *path); /* and what is above it; mode 0700 */
err profile_file(struct call *k, const char *config_dir, struct str name, bool environment,
                 const char **ret_file);
/* Adds the profile's settings. `must`: it is an error if there is none. */
err profile_read(struct call *k, struct settings *s, const char *file, struct str name, bool must);

#endif
