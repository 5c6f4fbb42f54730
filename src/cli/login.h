/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `postern login` share: the browser that is opened, and the one answer that it
 * brings back to a loopback address (RFC 8252 7.3); or a browser elsewhere (RFC 8628). */
#ifndef POSTERN_CLI_LOGIN_H
#define POSTERN_CLI_LOGIN_H

#include <sys/types.h>

#include "cli.h"

#define LOGIN_PATH        "/callback"
#define LOGIN_HEAD_MAX    ((size_t)16 << 10)
#define LOGIN_CONNECTIONS 8

/* ---- login_request.c ---- */

/* The query of a browser's GET of LOGIN_PATH at this authority (its one Host), in `head`, a whole
 * request head. False: anything else. */
bool login_request_query(struct str head, struct str authority, struct str *ret_query);

/* ---- login_page.c ---- */

#define LOGIN_PAGE_MAX 4096
enum login_page_kind { LOGIN_PAGE_REFUSED, LOGIN_PAGE_GOOD, LOGIN_PAGE_BAD };
struct login_page {
    enum login_page_kind kind;
    const char *status;       /* "200 OK" */
    const char *title, *text; /* constants: they are HTML */
    const char *profile;      /* its name is told; NULL: not */
    bool head_only;
};
/* The whole answer; returns its size. */
size_t login_page_write(const struct login_page *page, char ret_text[LOGIN_PAGE_MAX]);

/* ---- login_server.c ---- */

struct login_connection {
    int fd; /* -1: free */
    int64_t since_us;
    size_t n;
    char head[LOGIN_HEAD_MAX];
};
struct login_server {
    struct cli *c;
    int fd;
    struct str authority; /* "127.0.0.1:PORT" */
    int port;
    const char *profile; /* for whom it is, or NULL */
    struct login_connection v[LOGIN_CONNECTIONS];
    struct login_connection *answered; /* whose request is the answer that was awaited */
};
/* Listens on a free port; false after saying why not. Closed with the arena. */
bool login_listen(struct cli *c, struct login_server *s);
/* Until the answer of `login` has come: its query in *ret_query. Everything else is refused and
 * changes nothing. `browser`: whose failure is told; 0: none. EXIT_OK, or an exit status after
 * saying why. */
int login_await(struct login_server *s, const struct postern_login *login, pid_t browser,
                int64_t seconds, const char **ret_query);
/* The page for the person: signed in or not. */
void login_answer(struct login_server *s, bool good);

/* ---- login_browser.c ---- */

/* $BROWSER, else xdg-open where there is a display. 0: none was started. */
pid_t login_browser_open(struct cli *c, const char *url);
/* Whether there is one to try; over SSH a display counts only if it was forwarded. */
bool login_browser_is_here(void);

/* ---- login_device.c ---- */

/* Shows address and code and waits for the person, `seconds` at most. EXIT_OK: signed in; else an
 * exit status after saying why. *ret_unknown: this server has no such sign-in; said only with
 * --device. */
int login_device(struct cli *c, struct postern *client, int64_t seconds, bool *ret_unknown);

#endif
