/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the platform: libcurl, a proxy, the name, the connection, TLS. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"

#define ADDRESSES_SHOWN 8

/* ---- libcurl ---- */

void doctor_libcurl(struct doctor *d, struct check *k) {
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    const char *(*version)(void) = NULL;
    void *symbol = library != NULL ? dlsym(library, "curl_version") : NULL;
    if (symbol == NULL) {
        check_wrong(k, EXIT_NETWORK, STR("libcurl.so.4 is not there"),
                    "Install it: apt-get install libcurl4");
        return;
    }
    memcpy(&version, &symbol, sizeof(symbol));
    check_ok(k, str_copy(d->c->cx->arena, str_from(version())));
}

/* ---- addresses in text ---- */

bool url_parts(struct str url, struct str *ret_host, struct str *ret_port, bool *ret_tls) {
    bool tls = str_starts_nocase(url, "https://");
    if (!tls && !str_starts_nocase(url, "http://")) {
        return false;
    }
    struct str rest = str_sub(url, tls ? 8 : 7, url.n);
    rest = str_sub(rest, 0, str_find_char(rest, '/'));
    rest = str_sub(rest, 0, str_find_char(rest, '?'));
    size_t at = str_find_char(rest, '@'); /* of a proxy: its name and password */
    rest = at < rest.n ? str_sub(rest, at + 1, rest.n) : rest;
    bool v6 = rest.n > 0 && rest.p[0] == '[';
    size_t end = v6 ? str_find_char(rest, ']') : str_find_char(rest, ':');
    struct str host = v6 ? str_sub(rest, 1, end - 1) : str_sub(rest, 0, end);
    struct str after = str_sub(rest, v6 ? end + 1 : end, rest.n);
    if (host.n == 0 || (v6 && end == rest.n) || (after.n > 0 && after.p[0] != ':')) {
        return false;
    }
    *ret_host = host;
    *ret_port = after.n > 1 ? str_sub(after, 1, after.n) : tls ? STR("443") : STR("80");
    *ret_tls = tls;
    return true;
}

bool no_proxy_names(struct str list, struct str host) {
    struct str part;
    while (str_next(&list, ',', &part)) {
        part = str_trim(part);
        if (str_is(part, "*")) {
            return true;
        }
        if (str_starts(part, ".")) {
            part = str_sub(part, 1, part.n);
        }
        struct str tail = str_sub(host, host.n - (part.n < host.n ? part.n : host.n), host.n);
        bool whole = host.n == part.n || (host.n > part.n && host.p[host.n - part.n - 1] == '.');
        if (part.n > 0 && whole && str_eq_nocase(tail, part)) {
            return true;
        }
    }
    return false;
}

/* ---- the proxy ---- */

static bool is_loopback_name(struct str host) {
    return str_eq_nocase(host, STR("localhost")) || str_starts(host, "127.") || str_is(host, "::1");
}

static const char *variable_of(const char *const *names, size_t n, const char **ret_name) {
    for (size_t i = 0; i < n; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0') {
            *ret_name = names[i];
            return value;
        }
    }
    return NULL;
}

static struct str with_scheme(struct arena *a, const char *proxy) {
    return strstr(proxy, "://") != NULL ? str_from(proxy) : str_format(a, "http://%s", proxy);
}

bool is_direct(struct str host, bool tls, const char *set) {
    struct str proxy = str_from(set), name, port;
    bool proxy_tls, named = proxy.p != NULL && url_parts(proxy, &name, &port, &proxy_tls);
    if (!is_loopback_name(host)) {
        return false;
    }
    return proxy.p == NULL || (!tls && !(named && is_loopback_name(name)));
}

/* As libcurl finds it: HTTP_PROXY in capitals does not count (it could be a CGI's header), and
 * no_proxy shuts out the setting too. `ret_from`: whence, or why there is none. */
static const char *proxy_find(const struct doctor *d, const char **ret_from) {
    static const char *const of_https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    static const char *const of_http[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
    static const char *const except[] = {"no_proxy", "NO_PROXY"};
    struct arena *a = d->c->cx->arena;
    const char *name, *from = NULL;
    const char *set = postern_setting(d->client, "proxy", &from);
    *ret_from = NULL;
    if (set != NULL && str_is(str_from(set), "off")) {
        return NULL;
    }
    if (is_direct(d->host, d->is_tls, set != NULL ? str_z(a, with_scheme(a, set)) : NULL)) {
        return NULL;
    }
    const char *no = variable_of(except, COUNT_OF(except), &name);
    if (no != NULL && no_proxy_names(str_from(no), d->host)) {
        *ret_from = name;
        return NULL;
    }
    if (set != NULL) {
        *ret_from = from;
        return set;
    }
    return d->is_tls ? variable_of(of_https, COUNT_OF(of_https), ret_from)
                     : variable_of(of_http, COUNT_OF(of_http), ret_from);
}

void doctor_proxy(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    const char *from = NULL;
    bool tls;
    if (d->client == NULL || d->url.p == NULL ||
        !url_parts(d->url, &d->host, &d->port, &d->is_tls)) {
        check_skip(k, "no address is set");
        return;
    }
    const char *proxy = proxy_find(d, &from);
    if (proxy == NULL) {
        check_ok(k, from == NULL ? STR("none")
                                 : str_format(a, "none: %s names %.*s", from, STR_ARG(d->host)));
        return;
    }
    struct str url = with_scheme(a, proxy);
    if (!str_starts_nocase(url, "http")) {
        d->host = STR_NONE; /* libcurl speaks SOCKS, this step does not */
        check_ok(k, str_format(a, "a SOCKS proxy (%s)", from));
        return;
    }
    if (!url_parts(url, &d->host, &d->port, &tls)) {
        d->host = STR_NONE;
        check_wrong(k, EXIT_USAGE, str_format(a, "the proxy (%s) is no address", from),
                    "Write http://HOST:PORT, or off");
        return;
    }
    d->proxy = str_format(a, "%.*s:%.*s", STR_ARG(d->host), STR_ARG(d->port));
    d->proxy_from = from;
    check_ok(k, str_format(a, "%.*s (%s)", STR_ARG(d->proxy), from));
}

/* ---- name and connection ---- */

static struct str addresses_list(const struct doctor *d) {
    struct buf b = buf_in(d->c->cx->arena, 128);
    size_t n = 0;
    for (const struct addrinfo *i = d->addresses; i != NULL && n < ADDRESSES_SHOWN;
         i = i->ai_next) {
        char host[NI_MAXHOST];
        if (getnameinfo(i->ai_addr, i->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST) ==
            0) {
            buf_format(&b, "%s%s", n++ > 0 ? ", " : "", host);
        }
    }
    return buf_view(&b);
}

void doctor_dns(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    if (d->host.p == NULL) {
        check_skip(k, "there is no host to look for");
        return;
    }
    /* RFC 6761 6.3: localhost is loopback, for libcurl too, on machines whose /etc/hosts has no
     * such line. No name means loopback here. */
    bool local = str_eq_nocase(d->host, STR("localhost"));
    int e = getaddrinfo(local ? NULL : str_z(a, d->host), str_z(a, d->port), &hints, &d->addresses);
    if (e != 0) {
        d->addresses = NULL;
        check_wrong(k, EXIT_NETWORK,
                    str_format(a, "%.*s: %s", STR_ARG(d->host),
                               e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e)),
                    "Look at how the name is written, at /etc/resolv.conf, and whether this "
                    "network needs a proxy (setting proxy)");
        return;
    }
    check_ok(k, str_format(a, "%.*s%s is %.*s", STR_ARG(d->host),
                           d->proxy.p != NULL ? " (the proxy)" : "", STR_ARG(addresses_list(d))));
}

static void fd_close(const int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
}

/* 0, or the errno of why not. */
static int connect_try(const struct addrinfo *to, int timeout_ms) {
    CLEANUP(fd_close) int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int problem = 0;
    socklen_t n = sizeof(problem);
    if (fd < 0) {
        return errno;
    }
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int ready = poll(&wait, 1, timeout_ms);
    if (ready <= 0) {
        return ready == 0 ? ETIMEDOUT : errno;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &n) == 0 ? problem : errno;
}

static const char *connect_remedy(const struct doctor *d, int problem) {
    if (d->proxy.p != NULL) {
        return remedy_of(d,
                         "Is the proxy running, is its address right (%s)? Without a proxy: the "
                         "setting proxy = off, or its host in no_proxy",
                         d->proxy_from);
    }
    return problem == ECONNREFUSED
               ? "Nobody listens there: is the server running, is the port right?"
               : "Something on the way keeps silent: a firewall, or a network that needs a proxy "
                 "(setting proxy)";
}

void doctor_connect(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    int64_t seconds = 10;
    int problem = 0;
    if (d->addresses == NULL) {
        check_skip(k, "there is no address to connect to");
        return;
    }
    (void)str_int(str_from(postern_setting(d->client, "connect_timeout", NULL)), &seconds);
    struct buf tried = buf_in(a, 128);
    for (const struct addrinfo *i = d->addresses; i != NULL && !d->answers; i = i->ai_next) {
        problem = connect_try(i, (int)seconds * 1000);
        d->answers = problem == 0;
        buf_format(&tried, "%s%s", tried.n > 0 ? "; " : "", strerror(problem));
    }
    struct str to = str_format(a, "%s%.*s port %.*s", d->proxy.p != NULL ? "the proxy " : "",
                               STR_ARG(d->host), STR_ARG(d->port));
    if (!d->answers) {
        check_wrong(k, EXIT_NETWORK,
                    str_format(a, "%.*s: %.*s", STR_ARG(to), STR_ARG(buf_view(&tried))),
                    connect_remedy(d, problem));
        return;
    }
    check_ok(k, str_format(a, "%.*s answers", STR_ARG(to)));
}

/* ---- TLS: the library's own, since it is the library that must be content ---- */

/* Without a tenant: to ask for that too is a later step. */
static struct postern *environment_client(const struct doctor *d) {
    struct cli *c = d->c;
    struct postern *client = d->client;
    int before = c->given_n;
    for (size_t i = 0; i < c->settings_n && c->given_n < GIVEN_MAX; i++) {
        if (str_is(str_from(c->settings[i].setting->name), "tenant_id")) {
            c->given[c->given_n++] = (struct given){.option = &c->settings[i], .value = ""};
            break;
        }
    }
    (void)cli_open_profile(c, cli_value(c, "--profile"), POSTERN_NO_CACHE, &client);
    c->given_n = before;
    return client;
}

void doctor_reach(struct doctor *d) {
    d->reached =
        postern_discover(environment_client(d), POSTERN_FRESH, d->c->cancel, &d->environment);
    d->has_environment = d->reached == POSTERN_OK;
    d->reached_error =
        str_copy(d->c->cx->arena, str_from(d->has_environment ? "" : postern_error_message()));
}

const char *doctor_address_setting(const struct doctor *d) {
    return postern_setting(d->client, "issuer", NULL) != NULL ? "issuer" : "base_url";
}

static bool has(struct str text, const char *what, struct arena *a) {
    return strstr(str_z(a, text), what) != NULL;
}

static const char *tls_remedy(const struct doctor *d, const char *ca) {
    struct arena *a = d->c->cx->arena;
    if (has(d->reached_error, "wrong version number", a) ||
        has(d->reached_error, "unexpected TLS packet", a)) { /* OpenSSL, GnuTLS */
        return remedy_of(d,
                         "The port answers without TLS: give %s the port of https, or, on this "
                         "machine, write http://",
                         doctor_address_setting(d));
    }
    if (ca != NULL) {
        return remedy_of(d,
                         "Look into %s (ca_file): the authority that signs here must be in it, "
                         "in PEM; the clock of this machine matters too",
                         ca);
    }
    return "If a certificate authority of your company signs here, name its file with the setting "
           "ca_file; the clock of this machine matters too";
}

void doctor_tls(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    if (d->client == NULL || d->url.p == NULL || (d->host.p != NULL && !d->answers)) {
        d->reached = POSTERN_CONNECT;
        d->reached_error = STR("nobody answers");
        check_skip(k, "nobody answers");
        return;
    }
    if (!str_starts_nocase(d->url, "https://")) {
        check_skip(k, "http, which is for this machine only: nothing is encrypted");
        return;
    }
    const char *ca = postern_setting(d->client, "ca_file", NULL);
    if (ca != NULL && access(ca, R_OK) != 0) {
        d->reached = POSTERN_TLS;
        d->reached_error = str_format(a, "ca_file %s cannot be read: %s", ca, strerror(errno));
        check_wrong(
            k, EXIT_NETWORK, d->reached_error,
            remedy_of(d, "Name a file in PEM that you may read with ca_file, instead of %s", ca));
        return;
    }
    doctor_reach(d);
    const char *from = ca != NULL ? ca : "the system";
    if (d->reached == POSTERN_TLS) {
        check_failed(d, k, tls_remedy(d, ca));
    } else if (d->reached == POSTERN_OK && d->environment.issuer == NULL) {
        check_skip(k, "nothing is discovered at base_url: authentication will show it");
    } else if (cli_exit_of(d->reached) == EXIT_NETWORK || d->reached == POSTERN_CANCELLED) {
        check_failed(d, k, NULL);
    } else {
        check_ok(k, str_format(a, "the certificate is good by the authorities of %s", from));
    }
}
