/* SPDX-License-Identifier: Apache-2.0 */
/* The loopback address that the browser comes back to. It serves one answer, in one thread, to
 * connections of which any may be idle (browsers open some in advance) or somebody else's. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "login.h"

#define BACKLOG 16
#define IDLE_US (10 * INT64_C(1000000))
#define TICK_MS 250

/* ---- the socket ---- */

static void server_close(void *server) {
    struct login_server *s = server;
    for (size_t i = 0; i < LOGIN_CONNECTIONS; i++) {
        if (s->v[i].fd >= 0) {
            (void)close(s->v[i].fd);
        }
    }
    if (s->fd >= 0) {
        (void)close(s->fd);
    }
}

bool login_listen(struct cli *c, struct login_server *s) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    s->c = c;
    for (size_t i = 0; i < LOGIN_CONNECTIONS; i++) {
        s->v[i].fd = -1;
    }
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    arena_defer(c->cx->arena, server_close, s);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&at, n) != 0 || listen(s->fd, BACKLOG) != 0 ||
        getsockname(s->fd, (struct sockaddr *)&at, &n) != 0) {
        (void)cli_error(c, EXIT_OTHER, "Cannot listen on 127.0.0.1 for the browser's answer: %s",
                        strerror(errno));
        return false;
    }
    s->port = ntohs(at.sin_port);
    s->authority = str_format(c->cx->arena, "127.0.0.1:%d", s->port);
    return true;
}

/* ---- answers ---- */

static void reply(struct login_connection *x, struct login_page *page) {
    char text[LOGIN_PAGE_MAX];
    page->head_only = str_starts((struct str){x->head, x->n}, "HEAD ");
    size_t n = login_page_write(page, text);
    (void)send(x->fd, text, n, MSG_NOSIGNAL); /* a page of some kilobytes fits any buffer */
    (void)shutdown(x->fd, SHUT_WR);
    (void)close(x->fd);
    secret_wipe(x->head, x->n); /* the code */
    x->fd = -1;
}

/* Whoever asked learns nothing of the profile. */
static void refuse(struct login_connection *x, const char *status, const char *text) {
    reply(x, &(struct login_page){.status = status, .title = "Not here", .text = text});
}

void login_answer(struct login_server *s, bool good) {
    if (s->answered == NULL) {
        return;
    }
    struct login_page page = {
        .kind = good ? LOGIN_PAGE_GOOD : LOGIN_PAGE_BAD,
        .status = "200 OK",
        .title = good ? "You are signed in" : "You are not signed in",
        .text = good ? "You may close this window and go on in the terminal."
                     : "The terminal says why. You may close this window.",
        .profile = s->profile,
    };
    reply(s->answered, &page);
    s->answered = NULL;
}

/* ---- requests ---- */

static struct login_connection *slot_for(struct login_server *s) {
    struct login_connection *oldest = &s->v[0];
    for (size_t i = 0; i < LOGIN_CONNECTIONS; i++) {
        if (s->v[i].fd < 0) {
            return &s->v[i];
        }
        if (s->v[i].since_us < oldest->since_us) {
            oldest = &s->v[i];
        }
    }
    (void)close(oldest->fd);
    return oldest;
}

static void connection_accept(struct login_server *s) {
    int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        struct login_connection *x = slot_for(s);
        x->fd = fd;
        x->n = 0;
        x->since_us = clock_monotonic_us();
    }
}

/* A whole head: the answer that is awaited, or something else. True: the former. */
static bool head_take(struct login_server *s, struct login_connection *x,
                      const struct postern_login *login, const char **ret_query) {
    struct str query;
    if (!login_request_query((struct str){x->head, x->n}, s->authority, &query)) {
        refuse(x, "404 Not Found", "There is nothing under this address.");
        return false;
    }
    const char *text = str_z(s->c->cx->arena, query);
    if (!postern_login_matches(login, text)) {
        refuse(x, "400 Bad Request",
               "This is not the answer to the sign-in that the terminal waits for. Use the address "
               "that it shows.");
        return false;
    }
    *ret_query = text;
    return true;
}

static bool connection_read(struct login_server *s, struct login_connection *x,
                            const struct postern_login *login, const char **ret_query) {
    ssize_t n = recv(x->fd, x->head + x->n, sizeof x->head - x->n, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (n <= 0) {
        (void)close(x->fd);
        x->fd = -1;
        return false;
    }
    x->n += (size_t)n;
    if (memmem(x->head, x->n, "\r\n\r\n", 4) != NULL) {
        bool mine = head_take(s, x, login, ret_query);
        s->answered = mine ? x : s->answered;
        return mine;
    }
    if (x->n == sizeof x->head) {
        refuse(x, "431 Request Header Fields Too Large", "The request is too large.");
    }
    return false;
}

static void idle_close(struct login_server *s) {
    int64_t now = clock_monotonic_us();
    for (size_t i = 0; i < LOGIN_CONNECTIONS; i++) {
        if (s->v[i].fd >= 0 && now - s->v[i].since_us > IDLE_US) {
            (void)close(s->v[i].fd);
            s->v[i].fd = -1;
        }
    }
}

/* ---- waiting ---- */

struct waiting {
    struct login_server *s;
    const struct postern_login *login;
    pid_t browser;
    int signal_fd;
    const char *query; /* NULL: not yet */
};

static void browser_look(struct waiting *w) {
    int status;
    if (w->browser <= 0 || waitpid(w->browser, &status, WNOHANG) != w->browser) {
        return;
    }
    w->browser = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        cli_note(w->s->c, "the browser could not be opened: open the address yourself");
    }
}

/* One round. False: Ctrl-C. */
static bool wait_once(struct waiting *w, int ms) {
    struct login_server *s = w->s;
    struct pollfd fds[LOGIN_CONNECTIONS + 2];
    fds[0] = (struct pollfd){.fd = w->signal_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = s->fd, .events = POLLIN};
    for (size_t i = 0; i < LOGIN_CONNECTIONS; i++) {
        fds[i + 2] = (struct pollfd){.fd = s->v[i].fd, .events = POLLIN};
    }
    int n = poll(fds, COUNT_OF(fds), ms);
    if (n > 0 && fds[0].revents != 0) {
        return false;
    }
    for (size_t i = 0; n > 0 && i < LOGIN_CONNECTIONS && w->query == NULL; i++) {
        if (fds[i + 2].fd >= 0 && fds[i + 2].revents != 0) {
            (void)connection_read(s, &s->v[i], w->login, &w->query);
        }
    }
    if (n > 0 && fds[1].revents != 0 && w->query == NULL) {
        connection_accept(s);
    }
    idle_close(s);
    browser_look(w);
    return true;
}

static int given_up(const struct cli *c) {
    return cli_error(c, EXIT_CANCELLED, "The sign-in was given up.");
}

static int wait_all(struct waiting *w, int64_t seconds) {
    int64_t until = clock_monotonic_us() + seconds * 1000000;
    struct cli *c = w->s->c;
    while (w->query == NULL) {
        int64_t left = (until - clock_monotonic_us()) / 1000;
        if (left <= 0) {
            return cli_error(c, EXIT_AUTH,
                             "Nobody signed in within %s. Try again, or allow more time: --timeout "
                             "SECONDS",
                             cli_duration(c, seconds));
        }
        if (!wait_once(w, left < TICK_MS ? (int)left : TICK_MS)) {
            return given_up(c);
        }
    }
    return EXIT_OK;
}

int login_await(struct login_server *s, const struct postern_login *login, pid_t browser,
                int64_t seconds, const char **ret_query) {
    struct waiting w = {.s = s, .login = login, .browser = browser};
    sigset_t interrupt, before;
    (void)sigemptyset(&interrupt);
    (void)sigaddset(&interrupt, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &interrupt, &before);
    w.signal_fd = signalfd(-1, &interrupt, SFD_CLOEXEC | SFD_NONBLOCK);
    int status = EXIT_OTHER;
    if (w.signal_fd < 0) {
        status = cli_error(s->c, EXIT_OTHER, "The system has no descriptor left.");
    } else if (s->c->interrupted != NULL && *s->c->interrupted != 0) {
        status = given_up(s->c); /* after the address was printed, before it was waited for */
        (void)close(w.signal_fd);
    } else {
        status = wait_all(&w, seconds);
        if (status == EXIT_CANCELLED) {
            struct signalfd_siginfo what;
            (void)!read(w.signal_fd, &what, sizeof what);
        }
        (void)close(w.signal_fd);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    *ret_query = w.query;
    return status;
}
