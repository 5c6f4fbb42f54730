/* SPDX-License-Identifier: Apache-2.0 */
/* dev-cert: TLS for a machine without a certificate: a local authority to be trusted by who calls,
 * and a server certificate. What is still good is kept; nothing that dev-cert did not make is
 * replaced. */
#include "posternd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define VALID_DAYS 825 /* more than some systems take */
#define GOOD_DAYS  30  /* renewed when less is left */
#define DAY        86400
#define PEM_MAX    65536
#define MODE       0644

struct dev_cert {
    const char *authority, *chain, *key; /* paths */
    struct str host[CERTIFICATE_HOSTS_MAX];
    struct certificate_hosts hosts;
    struct certificate_set set;
    bool kept;
    int64_t expiry;
};

static err hosts_read(struct ctx *cx, struct str more, struct dev_cert *d) {
    struct str list = STR("localhost,127.0.0.1,::1"), host;
    if (more.p != NULL) {
        list = str_format(cx->arena, "%.*s,%.*s", STR_ARG(list), STR_ARG(more));
    }
    while (str_next(&list, ',', &host)) {
        host = str_lower(cx->arena, str_trim(host));
        if (!certificate_host_is_valid(host)) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "--host: '%.*s' is no host. Write names or addresses without a port, "
                            "separated by commas.",
                            STR_ARG(str_sub(host, 0, 60)));
        }
        bool seen = false;
        for (size_t i = 0; i < d->hosts.n; i++) {
            seen = seen || str_eq(d->host[i], host);
        }
        if (seen) {
            continue;
        }
        if (d->hosts.n == CERTIFICATE_HOSTS_MAX) {
            return fail_say(cx, ERR_INVALID_REQUEST, "--host: more than %d hosts.",
                            CERTIFICATE_HOSTS_MAX);
        }
        d->host[d->hosts.n++] = host;
    }
    d->hosts.v = d->host;
    return OK;
}

/* STR_NONE if there is no such file. */
static err part_read(struct ctx *cx, const char *path, struct str *ret) {
    struct str text;
    err e = file_read(cx, path, PEM_MAX, &text);
    if (e != OK && errno == ENOENT) {
        *ret = STR_NONE;
        return OK;
    }
    TRY(e);
    *ret = text;
    return OK;
}

/* Reads what is there. ERR_CONFLICT if dev-cert did not make it: a real key may be the only copy.
 */
static err parts_read(struct ctx *cx, struct dev_cert *d) {
    struct str authority, chain, key;
    TRY(part_read(cx, d->authority, &authority));
    TRY(part_read(cx, d->chain, &chain));
    TRY(part_read(cx, d->key, &key));
    bool ours = certificate_is_local(authority) || certificate_is_local(chain);
    bool foreign = (authority.p != NULL && !certificate_is_local(authority)) ||
                   (chain.p != NULL && !certificate_is_local(chain));
    d->set = (struct certificate_set){.authority = authority, .chain = chain};
    if (key.p != NULL) {
        d->set.key = secret_in(cx->arena, key.p, key.n);
        secret_wipe((void *)(uintptr_t)key.p, key.n);
    }
    if (foreign || (key.p != NULL && !ours)) {
        return fail_say(cx, ERR_CONFLICT,
                        "There is a certificate or a key in place of %s that dev-cert did not "
                        "make, and it is not replaced. Move it away, or choose another --dir.",
                        d->chain);
    }
    return OK;
}

/* Each file is whole at any moment; a set that was cut off between two does not fit, and is made
 * anew by the next call. */
static err parts_write(struct ctx *cx, const struct dev_cert *d) {
    const struct certificate_set *set = &d->set;
    TRY(file_replace(cx, d->chain, set->chain));
    TRY(file_replace(cx, d->key, (struct str){(const char *)set->key.p, set->key.n}));
    TRY(file_replace(cx, d->authority, set->authority));
    if (chmod(d->chain, MODE) != 0 || chmod(d->authority, MODE) != 0) {
        return fail_say(cx, ERR_STORAGE, "%s: %s", d->chain, strerror(errno));
    }
    return OK;
}

static err dev_cert(struct invocation *in, const char *directory, struct dev_cert *d) {
    struct ctx *cx = in->cx;
    TRY(hosts_read(cx, str_from(in->hosts), d));
    d->authority = str_z(cx->arena, str_format(cx->arena, "%s/" EDGE_AUTHORITY, directory));
    d->chain = str_z(cx->arena, str_format(cx->arena, "%s/" EDGE_CHAIN, directory));
    d->key = str_z(cx->arena, str_format(cx->arena, "%s/" EDGE_KEY, directory));
    TRY(directories_make(cx, str_from(d->chain)));
    TRY(parts_read(cx, d));
    d->kept = certificate_check(cx, &d->set, &d->hosts, cx->now + GOOD_DAYS * DAY) == OK;
    if (!d->kept) {
        TRY(certificate_make(cx, &d->hosts, VALID_DAYS, &d->set));
        TRY(parts_write(cx, d));
    } else if (chmod(d->key, S_IRUSR | S_IWUSR) != 0) {
        return fail_say(cx, ERR_STORAGE, "%s: %s", d->key, strerror(errno));
    }
    return certificate_expiry(cx, d->set.chain, &d->expiry);
}

static void dev_cert_print(const struct dev_cert *d, const char *directory) {
    struct tm tm;
    char until[32] = "";
    time_t expiry = (time_t)d->expiry;
    if (gmtime_r(&expiry, &tm) != NULL) {
        (void)strftime(until, sizeof until, "%Y-%m-%d", &tm);
    }
    const char *verb = d->kept ? "kept" : "made";
    (void)printf("%s %s: the certificate, good until %s for", verb, d->chain, until);
    for (size_t i = 0; i < d->hosts.n; i++) {
        (void)printf("%s %.*s", i > 0 ? "," : "", STR_ARG(d->host[i]));
    }
    (void)printf("\n%s %s: its key, for nobody's eyes\n%s %s: the authority that clients trust; it "
                 "can sign for these hosts only, and its own key was not kept\n",
                 verb, d->key, verb, d->authority);
    (void)printf("Next: posternd edge-config --certificate %s --key %s --run-dir %s > "
                 "%s/nginx.conf\nThen: curl --cacert %s https://localhost:8443/auth/jwks\n",
                 d->chain, d->key, directory, directory, d->authority);
}

int cmd_dev_cert(struct invocation *in) {
    struct dev_cert d = {0};
    const char *directory = in->dir != NULL ? in->dir : EDGE_DIRECTORY;
    err e = dev_cert(in, directory, &d);
    if (e != OK) {
        return command_failed(in, e);
    }
    dev_cert_print(&d, directory);
    return EXIT_SUCCESS;
}
