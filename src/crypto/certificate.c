/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of a machine that has no others: an authority for a few hosts and the server
 * certificate it signs. The authority's key lives as long as the call that made it, so a developer
 * who trusts it trusts one server and nothing that could be signed later. */
#include "evp.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define AUTHORITY_NAME "Postern local authority"
#define SERIAL_SIZE    16 /* bytes */
#define CLOCK_SKEW     3600
#define DAY            86400
#define HOST_MAX       253
#define LABEL_MAX      63

static void x509_cleanup(X509 **x) {
    X509_free(*x);
}

static void bio_cleanup(BIO **b) {
    BIO_free(*b);
}

static void store_cleanup(X509_STORE **s) {
    X509_STORE_free(*s);
}

static void verify_cleanup(X509_STORE_CTX **c) {
    X509_STORE_CTX_free(*c);
}

static void key_cleanup(struct pkey **key) {
    pkey_free(*key);
}

/* ---- hosts ---- */

enum host_kind { HOST_NONE, HOST_NAME, HOST_V4, HOST_V6 };

static bool is_label(struct str label) {
    for (size_t i = 0; i < label.n; i++) {
        char c = label.p[i];
        bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (c != '-' || i == 0 || i + 1 == label.n)) {
            return false;
        }
    }
    return label.n > 0 && label.n <= LABEL_MAX;
}

/* RFC 1123 2.1; one '*' in front as the whole first label of at least three. */
static bool is_name(struct str host) {
    struct str rest = host, label;
    if (str_starts(host, "*.")) {
        rest = str_sub(host, 2, host.n);
        if (str_find_char(rest, '.') == rest.n) {
            return false;
        }
    }
    while (str_next(&rest, '.', &label)) {
        if (!is_label(label)) {
            return false;
        }
    }
    return true;
}

static enum host_kind host_kind(struct str host) {
    char z[HOST_MAX + 1];
    unsigned char bytes[sizeof(struct in6_addr)];
    if (host.n == 0 || host.n > HOST_MAX || memchr(host.p, '\0', host.n) != NULL) {
        return HOST_NONE;
    }
    (void)snprintf(z, sizeof z, "%.*s", STR_ARG(host));
    if (inet_pton(AF_INET, z, bytes) == 1) {
        return HOST_V4;
    }
    if (inet_pton(AF_INET6, z, bytes) == 1) {
        return HOST_V6;
    }
    /* Digits and dots alone are an address written wrongly, never a name. */
    bool numeric = strspn(z, "0123456789.") == host.n;
    return !numeric && is_name(host) ? HOST_NAME : HOST_NONE;
}

bool certificate_host_is_valid(struct str host) {
    return host_kind(host) != HOST_NONE;
}

static err hosts_check(struct ctx *cx, const struct certificate_hosts *hosts) {
    if (hosts->n == 0 || hosts->n > CERTIFICATE_HOSTS_MAX) {
        return fail_say(cx, ERR_INVALID_REQUEST, "A certificate is for 1 to %d hosts.",
                        CERTIFICATE_HOSTS_MAX);
    }
    for (size_t i = 0; i < hosts->n; i++) {
        if (!certificate_host_is_valid(hosts->v[i])) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "'%.*s' is no host. Write a name or an address, without a port.",
                            STR_ARG(str_sub(hosts->v[i], 0, 60)));
        }
    }
    return OK;
}

/* "DNS:localhost,IP:::1": safe to build as text, because hosts have none of OpenSSL's separators.
 */
static const char *names_text(struct ctx *cx, const struct certificate_hosts *hosts) {
    struct buf b = buf_in(cx->arena, 256);
    for (size_t i = 0; i < hosts->n; i++) {
        buf_format(&b, "%s%s:%.*s", i > 0 ? "," : "",
                   host_kind(hosts->v[i]) == HOST_NAME ? "DNS" : "IP", STR_ARG(hosts->v[i]));
    }
    return str_z(cx->arena, buf_view(&b));
}

/* A kind of names without a row would be unconstrained: hence the two that nobody has. */
static const char *constraints_text(struct ctx *cx, const struct certificate_hosts *hosts) {
    static const char *const masks[] = {
        [HOST_V4] = "/255.255.255.255",
        [HOST_V6] = "/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    };
    struct buf b = buf_in(cx->arena, 512);
    bool seen[HOST_V6 + 1] = {false};
    for (size_t i = 0; i < hosts->n; i++) {
        struct str host = hosts->v[i];
        enum host_kind kind = host_kind(host);
        seen[kind] = true;
        buf_z(&b, i > 0 ? ",permitted;" : "permitted;");
        if (kind == HOST_NAME) {
            buf_format(&b, "DNS:%.*s", STR_ARG(str_sub(host, host.p[0] == '*' ? 2 : 0, host.n)));
        } else {
            buf_format(&b, "IP:%.*s%s", STR_ARG(host), masks[kind]);
        }
    }
    buf_z(&b, seen[HOST_NAME] ? "" : ",permitted;DNS:invalid");
    buf_z(&b, seen[HOST_V4] || seen[HOST_V6] ? "" : ",permitted;IP:0.0.0.0/255.255.255.255");
    return str_z(cx->arena, buf_view(&b));
}

/* ---- making ---- */

struct extension {
    int nid;
    const char *value;
};

static bool extensions_add(X509 *to, X509 *issuer, const struct extension *v, size_t n) {
    X509V3_CTX c;
    X509V3_set_ctx_nodb(&c);
    X509V3_set_ctx(&c, issuer, to, NULL, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, v[i].nid, v[i].value);
        bool good = e != NULL && X509_add_ext(to, e, -1) == 1;
        X509_EXTENSION_free(e);
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool name_set(X509 *x, struct str common_name) {
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_commonName, MBSTRING_ASC,
                                      (const unsigned char *)common_name.p, (int)common_name.n, -1,
                                      0) == 1;
}

/* RFC 5280 4.1.2.2: positive, at most 20 bytes, unique to its issuer. */
static bool serial_set(struct ctx *cx, X509 *x) {
    unsigned char bytes[SERIAL_SIZE];
    cx->random->fill(cx->random, bytes, sizeof bytes);
    bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40);
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool good = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return good;
}

/* Without extensions and unsigned. NULL if OpenSSL refuses. */
static X509 *x509_begin(struct ctx *cx, const struct pkey *key, struct str common_name, int days) {
    X509 *x = X509_new();
    int64_t from = cx->now - CLOCK_SKEW; /* the clock of who connects may be behind */
    bool good =
        x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && serial_set(cx, x) &&
        name_set(x, common_name) && X509_set_pubkey(x, key->evp) == 1 &&
        ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from) != NULL &&
        ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(from + (int64_t)days * DAY - 1)) != NULL;
    if (!good) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static X509 *authority_make(struct ctx *cx, const struct pkey *key,
                            const struct certificate_hosts *hosts, int days) {
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_name_constraints,
         str_z(cx->arena, str_format(cx->arena, "critical,%s", constraints_text(cx, hosts)))},
    };
    /* A name of its own, so that trust stores tell it from its predecessor. */
    struct str name = str_format(cx->arena, AUTHORITY_NAME " %.*s", STR_ARG(random_text(cx, 6)));
    X509 *x = x509_begin(cx, key, name, days);
    if (x != NULL && (X509_set_issuer_name(x, X509_get_subject_name(x)) != 1 ||
                      !extensions_add(x, x, extensions, COUNT_OF(extensions)) ||
                      X509_sign(x, key->evp, evp_hash(HASH_SHA256)) == 0)) {
        X509_free(x);
        return NULL;
    }
    return x;
}

struct issuer {
    X509 *x;
    const struct pkey *key;
};

static X509 *server_make(struct ctx *cx, const struct pkey *key, const struct issuer *issuer,
                         const struct certificate_hosts *hosts, int days) {
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_subject_alt_name, names_text(cx, hosts)},
    };
    X509 *x = x509_begin(cx, key, STR("Postern local server"), days);
    if (x != NULL && (X509_set_issuer_name(x, X509_get_subject_name(issuer->x)) != 1 ||
                      !extensions_add(x, issuer->x, extensions, COUNT_OF(extensions)) ||
                      X509_sign(x, issuer->key->evp, evp_hash(HASH_SHA256)) == 0)) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static err pem_write(struct ctx *cx, X509 *const *certificates, size_t n, struct str *ret) {
    CLEANUP(bio_cleanup) BIO *b = BIO_new(BIO_s_mem());
    bool good = b != NULL;
    for (size_t i = 0; good && i < n; i++) {
        good = PEM_write_bio_X509(b, certificates[i]) == 1;
    }
    char *p = NULL;
    long size = good ? BIO_get_mem_data(b, &p) : 0;
    if (size <= 0) {
        return evp_failed(cx, "write a certificate");
    }
    *ret = str_copy(cx->arena, (struct str){p, (size_t)size});
    return OK;
}

static err key_write(struct ctx *cx, const struct pkey *key, struct secret *ret) {
    /* Memory of BIO_s_secmem is wiped when it is freed. */
    CLEANUP(bio_cleanup) BIO *b = BIO_new(BIO_s_secmem());
    char *p = NULL;
    long size =
        b != NULL && PEM_write_bio_PKCS8PrivateKey(b, key->evp, NULL, NULL, 0, NULL, NULL) == 1
            ? BIO_get_mem_data(b, &p)
            : 0;
    if (size <= 0) {
        return evp_failed(cx, "write a private key");
    }
    *ret = secret_in(cx->arena, p, (size_t)size);
    return OK;
}

err certificate_make(struct ctx *cx, const struct certificate_hosts *hosts, int days,
                     struct certificate_set *ret_set) {
    TRY(hosts_check(cx, hosts));
    CLEANUP(key_cleanup) struct pkey *authority_key = NULL;
    CLEANUP(key_cleanup) struct pkey *server_key = NULL;
    TRY(pkey_generate(cx, PKEY_EC_P256, 0, &authority_key));
    TRY(pkey_generate(cx, PKEY_EC_P256, 0, &server_key));
    CLEANUP(x509_cleanup) X509 *authority = authority_make(cx, authority_key, hosts, days);
    if (authority == NULL) {
        return evp_failed(cx, "make a certificate authority");
    }
    const struct issuer issuer = {.x = authority, .key = authority_key};
    CLEANUP(x509_cleanup) X509 *server = server_make(cx, server_key, &issuer, hosts, days);
    if (server == NULL) {
        return evp_failed(cx, "make a server certificate");
    }
    X509 *const chain[] = {server, authority};
    struct certificate_set set;
    TRY(pem_write(cx, chain, 2, &set.chain));
    TRY(pem_write(cx, &authority, 1, &set.authority));
    TRY(key_write(cx, server_key, &set.key));
    *ret_set = set;
    return OK;
}

/* ---- looking ---- */

/* OpenSSL would ask the terminal for a password. */
static int no_password(char *to, int n, int writing, void *state) {
    (void)to, (void)n, (void)writing, (void)state;
    return -1;
}

/* NULL if there is none. */
static X509 *pem_read(struct str pem) {
    openssl_start();
    CLEANUP(bio_cleanup) BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = b == NULL ? NULL : PEM_read_bio_X509(b, NULL, no_password, NULL);
    ERR_clear_error();
    return x;
}

static bool key_fits(X509 *x, struct secret pem) {
    CLEANUP(bio_cleanup) BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    CLEANUP(evp_pkey_cleanup)
    EVP_PKEY *key = b == NULL ? NULL : PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
    bool fits = key != NULL && X509_check_private_key(x, key) == 1;
    ERR_clear_error();
    return fits;
}

static err is_believed(struct ctx *cx, X509 *authority, X509 *server, int64_t when) {
    CLEANUP(store_cleanup) X509_STORE *store = X509_STORE_new();
    CLEANUP(verify_cleanup) X509_STORE_CTX *c = X509_STORE_CTX_new();
    if (store == NULL || c == NULL || X509_STORE_add_cert(store, authority) != 1 ||
        X509_STORE_CTX_init(c, store, server, NULL) != 1) {
        return evp_failed(cx, "verify a certificate");
    }
    X509_VERIFY_PARAM *how = X509_STORE_CTX_get0_param(c);
    (void)X509_VERIFY_PARAM_set_purpose(how, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_time(how, (time_t)when);
    int good = X509_verify_cert(c), why = X509_STORE_CTX_get_error(c);
    ERR_clear_error();
    return good == 1 ? OK
                     : fail_say(cx, ERR_INVALID_REQUEST, "The certificate is not good: %s.",
                                X509_verify_cert_error_string(why));
}

static bool is_for(struct ctx *cx, X509 *x, struct str host) {
    if (host_kind(host) != HOST_NAME) {
        return X509_check_ip_asc(x, str_z(cx->arena, host), 0) == 1;
    }
    /* "*.example.com" is there if any name in its place is taken. */
    const char *name =
        host.p[0] == '*'
            ? str_z(cx->arena, str_format(cx->arena, "any%.*s", STR_ARG(str_sub(host, 1, host.n))))
            : str_z(cx->arena, host);
    return X509_check_host(x, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

err certificate_check(struct ctx *cx, const struct certificate_set *set,
                      const struct certificate_hosts *hosts, int64_t until) {
    TRY(hosts_check(cx, hosts));
    CLEANUP(x509_cleanup) X509 *authority = pem_read(set->authority);
    CLEANUP(x509_cleanup) X509 *server = pem_read(set->chain);
    if (authority == NULL || server == NULL) {
        return fail_say(cx, ERR_INVALID_REQUEST, "There is no certificate in it.");
    }
    if (!key_fits(server, set->key)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The key is not the certificate's.");
    }
    TRY(is_believed(cx, authority, server, cx->now));
    TRY(is_believed(cx, authority, server, until));
    for (size_t i = 0; i < hosts->n; i++) {
        if (!is_for(cx, server, hosts->v[i])) {
            return fail_say(cx, ERR_INVALID_REQUEST, "The certificate is not for %.*s.",
                            STR_ARG(hosts->v[i]));
        }
    }
    return OK;
}

bool certificate_is_local(struct str pem) {
    CLEANUP(x509_cleanup) X509 *x = pem_read(pem);
    char name[128] = "";
    if (x == NULL || X509_NAME_get_text_by_NID(X509_get_issuer_name(x), NID_commonName, name,
                                               sizeof name) <= 0) {
        return false;
    }
    return str_starts(str_from(name), AUTHORITY_NAME " ");
}

err certificate_expiry(struct ctx *cx, struct str pem, int64_t *ret_expiry) {
    CLEANUP(x509_cleanup) X509 *x = pem_read(pem);
    struct tm tm = {0};
    if (x == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1) {
        return fail_say(cx, ERR_INVALID_REQUEST, "There is no certificate in it.");
    }
    *ret_expiry = (int64_t)timegm(&tm);
    return OK;
}
