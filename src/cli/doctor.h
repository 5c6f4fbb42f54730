/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: the steps of an integration, each a function that fills a `struct check`. A step looks at
 * what earlier ones found and says why it is skipped if they left it nothing to look at. What is
 * found is shown to people and pasted into tickets: no secret may get into it.
 */
#ifndef POSTERN_CLI_DOCTOR_H
#define POSTERN_CLI_DOCTOR_H

#include "cli.h"

enum check_state { CHECK_OK, CHECK_WARNING, CHECK_WRONG, CHECK_SKIPPED };
struct check {
    enum check_state state;
    struct str found, remedy; /* remedy absent: nothing to mend */
    int exit;                 /* if it is wrong */
};

struct doctor {
    struct cli *c;
    struct postern *client; /* NULL: the settings are not usable */
    /* Where requests go first: the platform, or the proxy before it. */
    struct str url, host, port;
    bool is_tls;
    struct str proxy;       /* absent: none */
    const char *proxy_from; /* "https_proxy", "profile default" */
    bool answers;           /* somebody listens there */
    struct addrinfo *addresses;
    enum postern_code reached; /* of the discovery */
    struct str reached_error;
    struct postern_discovery environment, tenant;
    struct postern_token token;
    bool has_environment, has_tenant, has_token;
    enum postern_code refused; /* of the authentication */
    struct check id_token;     /* wrong: that is why the library did not take the answer */
    struct claims claims;
};

/* ---- cmd_doctor.c: how a step ends ---- */

void check_ok(struct check *k, struct str found);
void check_warn(struct check *k, struct str found, const char *remedy);
void check_wrong(struct check *k, int exit, struct str found, const char *remedy);
void check_skip(struct check *k, const char *why);
/* By the library's last failure. remedy NULL: the message says it. */
void check_failed(const struct doctor *d, struct check *k, const char *remedy);
/* Remedies with a name in them: of the arena. */
const char *remedy_of(const struct doctor *d, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- doctor_settings.c ---- */

void doctor_settings(struct doctor *d, struct check *k);
void doctor_secrets(struct doctor *d, struct check *k);
void doctor_cache(struct doctor *d, struct check *k);
/* What is odd about a secret or key as it is sent; NULL: nothing. */
const char *secret_oddity(struct str value);
bool is_access_key(struct str value);

/* ---- doctor_network.c ---- */

void doctor_libcurl(struct doctor *d, struct check *k);
void doctor_proxy(struct doctor *d, struct check *k);
void doctor_dns(struct doctor *d, struct check *k);
void doctor_connect(struct doctor *d, struct check *k);
void doctor_tls(struct doctor *d, struct check *k);
/* Asks for the discovery document: of TLS and discovery, the step that comes first does it. */
void doctor_reach(struct doctor *d);
/* Which setting is the address: "issuer" or "base_url". */
const char *doctor_address_setting(const struct doctor *d);
/* Whether requests to `url` go past every proxy, as the library decides it. `set`: the setting. */
bool is_direct(struct str host, bool tls, const char *set);
/* "HOST", "PORT" (by the scheme if there is none) and TLS of a URL; false if it has no host. */
bool url_parts(struct str url, struct str *ret_host, struct str *ret_port, bool *ret_tls);
/* Does a no_proxy list name the host? */
bool no_proxy_names(struct str list, struct str host);

/* ---- doctor_platform.c ---- */

void doctor_discovery(struct doctor *d, struct check *k);
void doctor_clock(struct doctor *d, struct check *k);
void doctor_authentication(struct doctor *d, struct check *k);
void doctor_id_token(struct doctor *d, struct check *k);
void doctor_tenant(struct doctor *d, struct check *k);
void doctor_call(struct doctor *d, struct check *k);
/* Of an HTTP date (IMF-fixdate), seconds since 1970; 0 if it is none. */
int64_t date_read(const char *text);

#endif
