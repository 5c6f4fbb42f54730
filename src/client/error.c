/* SPDX-License-Identifier: Apache-2.0 */
/* From the errors of the house to the codes of postern.h, and what a thread remembers of its last
 * failure. */
#include <stdio.h>
#include <string.h>

#include "client.h"

#define MESSAGE_MAX     FAILURE_DETAIL_MAX
#define OAUTH_ERROR_MAX 64
#define CORRELATION_MAX 128

static const char *const names[] = {
    [POSTERN_OK] = "ok",
    [POSTERN_USAGE] = "usage",
    [POSTERN_MEMORY] = "memory",
    [POSTERN_FILE] = "file",
    [POSTERN_CANCELLED] = "cancelled",
    [POSTERN_DNS] = "dns",
    [POSTERN_CONNECT] = "connect",
    [POSTERN_TLS] = "tls",
    [POSTERN_TIMEOUT] = "timeout",
    [POSTERN_NETWORK] = "network",
    [POSTERN_DISCOVERY] = "discovery",
    [POSTERN_ISSUER] = "issuer",
    [POSTERN_CLOCK] = "clock",
    [POSTERN_AUTH] = "auth",
    [POSTERN_TOKEN] = "token",
    [POSTERN_NO_TOKEN] = "no_token",
    [POSTERN_DENIED] = "denied",
    [POSTERN_NOT_FOUND] = "not_found",
    [POSTERN_REQUEST] = "request",
    [POSTERN_LIMIT] = "limit",
    [POSTERN_SERVER] = "server",
    [POSTERN_ANSWER] = "answer",
};

const char *postern_code_name(enum postern_code code) {
    return (size_t)code < COUNT_OF(names) ? names[code] : "unknown";
}

/* The rows of err.def that are the client's have the codes' own words. */
enum postern_code error_code(err e) {
    if (e == OK) {
        return POSTERN_OK;
    }
    if (e >= ERR_CLIENT_USAGE) {
        for (size_t i = 1; i < COUNT_OF(names); i++) {
            if (str_is(str_from(names[i]), err_info(e)->code)) {
                return (enum postern_code)i;
            }
        }
    }
    switch (e) {
    case ERR_BAD_CONFIG:
    case ERR_STORAGE:
        return POSTERN_FILE;
    case ERR_INVALID_TOKEN:
        return POSTERN_TOKEN;
    case ERR_INTERNAL:
        return POSTERN_MEMORY; /* OpenSSL fails at nothing else here */
    default:
        return POSTERN_ANSWER; /* JSON that is none, or of another shape */
    }
}

/* Of the thread: tools/check globals lists it, with its reason. */
static _Thread_local struct {
    struct postern_error view;
    char message[MESSAGE_MAX];
    char error[OAUTH_ERROR_MAX];
    char correlation_id[CORRELATION_MAX];
} last;

static void copy(char *to, size_t size, struct str from) {
    size_t n = from.n < size ? from.n : size - 1;
    if (n > 0) {
        memcpy(to, from.p, n);
    }
    to[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)to[i] < 0x20 || to[i] == 0x7f) {
            to[i] = ' '; /* one line, and no escape sequences of a server's */
        }
    }
}

void error_set(enum postern_code code, int status, const char *message, struct str error,
               struct str correlation_id) {
    last.view.code = code;
    last.view.status = status;
    copy(last.message, sizeof last.message, str_from(message));
    copy(last.error, sizeof last.error, error);
    copy(last.correlation_id, sizeof last.correlation_id, correlation_id);
}

const struct postern_error *postern_error(void) {
    last.view.message = last.message;
    last.view.error = last.error;
    last.view.correlation_id = last.correlation_id;
    return &last.view;
}

const char *postern_error_message(void) {
    return postern_error()->message;
}
