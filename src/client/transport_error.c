/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong on the way, in words: host, reason, what to do. */
#include <string.h>

#include "transport.h"

#define REASON_MAX 160
/* The setting, and how it is given: to a command, to any program. */
#define CA_FILE "the setting ca_file (--ca-file FILE, or POSTERN_CA_FILE)"

/* Numbers of openssl/x509_vfy.h, which libcurl hands through; they are part of OpenSSL's ABI. */
static const struct {
    long verify;
    const char *what, *advice;
} verdicts[] = {
    {9, "is not valid yet",
     "Compare this machine's clock with the server's; else the server's operator has to renew it"},
    {10, "has expired",
     "The server's operator has to renew it; if others get through, this machine's clock is wrong"},
    {18, "is signed by itself", "If you trust it, name it in " CA_FILE},
    {19, "is signed by an authority that is not trusted here",
     "Name that authority's certificate in " CA_FILE},
    {20, "is signed by an authority that is not known here",
     "Name that authority's certificate in " CA_FILE ", or install ca-certificates"},
    {21, "comes without the certificates between it and an authority",
     "Name the authority in " CA_FILE ", or have the server send its whole chain"},
    {23, "was revoked", "Do not go on; ask the server's operator"},
};

static err certificate_error(struct transfer *t, const char *reason) {
    long verify = 0;
    (void)t->curl->easy_getinfo(t->lane->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
        if (verdicts[i].verify == verify) {
            return fail_say(&t->k->cx, ERR_CLIENT_TLS, "The certificate of %.*s %s. %s.",
                            STR_ARG(t->url.origin), verdicts[i].what, verdicts[i].advice);
        }
    }
    if (strstr(reason, "subject name") != NULL) { /* libcurl compares names itself */
        return fail_say(&t->k->cx, ERR_CLIENT_TLS,
                        "The certificate of %.*s is for another host name (%s). Use a name that it "
                        "has in issuer, base_url or api_endpoint, or have the server's certificate "
                        "mended.",
                        STR_ARG(t->url.origin), reason);
    }
    return fail_say(&t->k->cx, ERR_CLIENT_TLS,
                    "The certificate of %.*s is not to be trusted (%s). Check the setting ca_file "
                    "and this machine's clock.",
                    STR_ARG(t->url.origin), reason);
}

/* A connection that breaks during the handshake may come about at the next attempt. */
static err handshake_error(struct transfer *t, const char *reason) {
    if (strstr(reason, "SSL_ERROR_SYSCALL") != NULL || strstr(reason, "reset") != NULL) {
        t->x->lasting = false;
        return fail_say(&t->k->cx, ERR_CLIENT_NETWORK,
                        "The connection to %.*s broke during the TLS handshake (%s). Try again; if "
                        "it stays, look for a firewall or proxy in between.",
                        STR_ARG(t->url.origin), reason);
    }
    return fail_say(&t->k->cx, ERR_CLIENT_TLS,
                    "The TLS handshake with %.*s failed (%s). Check that the port speaks https and "
                    "TLS 1.2 or newer.",
                    STR_ARG(t->url.origin), reason);
}

static err timeout_error(struct transfer *t) {
    curl_off_t connected = 0;
    (void)t->curl->easy_getinfo(t->lane->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    if (connected == 0) {
        return fail_say(&t->k->cx, ERR_CLIENT_TIMEOUT,
                        "No connection to %.*s came about in time. Check the network, a firewall, "
                        "the setting proxy; more time gives the setting connect_timeout.",
                        STR_ARG(t->url.origin));
    }
    return fail_say(&t->k->cx, ERR_CLIENT_TIMEOUT,
                    "%.*s took the request but gave no whole answer in time. Try again later; more "
                    "time gives the setting timeout.",
                    STR_ARG(t->url.origin));
}

static err connect_error(struct transfer *t, const char *reason) {
    long number = 0;
    char text[64] = "";
    (void)t->curl->easy_getinfo(t->lane->easy, CURLINFO_OS_ERRNO, &number);
    /* libcurl names whom it could not reach. */
    bool proxied = strstr(reason, str_z(t->k->cx.arena, t->url.host)) == NULL;
    if (number != 0) {
        reason = strerror_r((int)number, text, sizeof text);
    }
    if (proxied) {
        return fail_say(&t->k->cx, ERR_CLIENT_CONNECT,
                        "The proxy on the way to %.*s does not answer (%s). Check the setting "
                        "proxy and the variables https_proxy and no_proxy.",
                        STR_ARG(t->url.origin), reason);
    }
    return fail_say(&t->k->cx, ERR_CLIENT_CONNECT,
                    "Nobody answers at %.*s (%s). Check that the server runs there, and the "
                    "settings issuer, base_url, api_endpoint and proxy.",
                    STR_ARG(t->url.origin), reason);
}

/* What an HTTP proxy said to CONNECT; 0 if there was none or it was content. */
static long proxy_status(struct transfer *t) {
    long status = 0;
    (void)t->curl->easy_getinfo(t->lane->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= 200 && status < 300 ? 0 : status;
}

static err proxy_error(struct transfer *t, const char *reason) {
    long status = proxy_status(t);
    t->x->lasting = status > 0 && status < 500;
    if (status == 407) {
        return fail_say(&t->k->cx, ERR_CLIENT_CONNECT,
                        "The proxy asks for a name and a password (407) before it lets through to "
                        "%.*s. Write http://NAME:PASSWORD@HOST:PORT in the setting proxy.",
                        STR_ARG(t->url.origin));
    }
    return fail_say(&t->k->cx, ERR_CLIENT_CONNECT,
                    "The proxy does not let through to %.*s (%s). Check the setting proxy and the "
                    "variables https_proxy and no_proxy.",
                    STR_ARG(t->url.origin), reason);
}

/* Before anything of the request left. */
static err early_error(struct transfer *t, CURLcode code, const char *reason) {
    t->x->left = false;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return fail_say(&t->k->cx, ERR_CLIENT_DNS,
                        "The host name of %.*s has no address. Check its spelling in issuer, "
                        "base_url or api_endpoint, and this machine's network and name server.",
                        STR_ARG(t->url.origin));
    case CURLE_COULDNT_RESOLVE_PROXY:
        return fail_say(&t->k->cx, ERR_CLIENT_DNS,
                        "The host name of the proxy has no address. Check the setting proxy and "
                        "the variable https_proxy.");
    case CURLE_COULDNT_CONNECT:
        return connect_error(t, reason);
    case CURLE_SSL_CACERT_BADFILE:
        t->x->lasting = true;
        return fail_say(&t->k->cx, ERR_CLIENT_TLS,
                        "The certificates to trust cannot be read (%s). Check the setting ca_file; "
                        "without it the system's are used (package ca-certificates).",
                        reason);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        t->x->lasting = true;
        return certificate_error(t, reason);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
        t->x->lasting = true;
        return handshake_error(t, reason);
    default:
        return proxy_error(t, reason);
    }
}

static err late_error(struct transfer *t, CURLcode code, const char *reason) {
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return timeout_error(t);
    case CURLE_PARTIAL_FILE:
        return fail_say(&t->k->cx, ERR_CLIENT_ANSWER,
                        "The answer of %.*s was cut short (%s). Try again.", STR_ARG(t->url.origin),
                        reason);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_HTTP2:
        t->x->lasting = true;
        return fail_say(&t->k->cx, ERR_CLIENT_ANSWER,
                        "%.*s does not answer in HTTP (%s). Check the port in issuer, base_url or "
                        "api_endpoint.",
                        STR_ARG(t->url.origin), reason);
    case CURLE_GOT_NOTHING:
        return fail_say(&t->k->cx, ERR_CLIENT_NETWORK,
                        "%.*s closed the connection without an answer. Try again.",
                        STR_ARG(t->url.origin));
    case CURLE_SEND_FAIL_REWIND:
        return fail_say(&t->k->cx, ERR_CLIENT_NETWORK,
                        "The connection to %.*s broke before an answer came, and what was being "
                        "sent cannot be sent again without harm. Look whether it was done.",
                        STR_ARG(t->url.origin));
    default:
        return fail_say(&t->k->cx, ERR_CLIENT_NETWORK,
                        "The connection to %.*s broke (%s). Try again.", STR_ARG(t->url.origin),
                        reason);
    }
}

static bool is_early(struct transfer *t, CURLcode code) {
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_PROXY:
        return true;
    default:
        return proxy_status(t) != 0;
    }
}

err transport_error(struct transfer *t, CURLcode code) {
    if (t->no_memory || code == CURLE_OUT_OF_MEMORY) {
        memory_exhausted(0);
    }
    if (t->error != OK) {
        return t->error;
    }
    const char *said = t->lane->error[0] != '\0' ? t->lane->error : t->curl->easy_strerror(code);
    struct str clean = text_clean(t->k->cx.arena, str_from(said), REASON_MAX);
    const char *reason = str_z(t->k->cx.arena, clean);
    return is_early(t, code) ? early_error(t, code, reason) : late_error(t, code, reason);
}
