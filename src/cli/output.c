/* SPDX-License-Identifier: Apache-2.0 */
/* Failures, notes and progress on standard error; times in words. A proxy calls these from many
 * threads: what is written is one line in one call, made without the arena. */
#include "cli.h"

#include <string.h>

#define LINE_MAX_LENGTH 1024 /* longer ones are cut */

/* A line that grows up to its end. */
struct line {
    char text[LINE_MAX_LENGTH + 2];
    size_t n;
};

static void line_visible(struct line *l, struct str text) {
    char one[VISIBLE_MAX];
    size_t n;
    while (text.n > 0) {
        text = str_sub(text, visible_one(text, false, one, &n), text.n);
        if (l->n + n > LINE_MAX_LENGTH) {
            return;
        }
        memcpy(l->text + l->n, one, n);
        l->n += n;
    }
}

static void line_z(struct line *l, const char *z) {
    size_t n = strlen(z);
    if (l->n + n <= LINE_MAX_LENGTH) {
        memcpy(l->text + l->n, z, n);
        l->n += n;
    }
}

static void line_format(struct line *l, const char *format, va_list args) {
    char text[LINE_MAX_LENGTH];
    (void)vsnprintf(text, sizeof text, format, args);
    line_visible(l, str_from(text));
}

/* Takes a line of progress off the terminal first. */
static void line_write(const struct cli *c, const struct line *l) {
    if (c->progress != NULL && __atomic_exchange_n(c->progress, false, __ATOMIC_RELAXED)) {
        (void)fputs("\r\x1b[K", c->err);
    }
    (void)fwrite(l->text, 1, l->n, c->err);
    (void)fflush(c->err);
}

static void note(const struct cli *c, const char *before, const char *format, va_list args) {
    struct line l = {.n = 0};
    line_z(&l, before);
    line_format(&l, format, args);
    l.text[l.n++] = '\n';
    line_write(c, &l);
}

void cli_note(const struct cli *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    note(c, "postern: ", format, args);
    va_end(args);
}

void cli_trace(const struct cli *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    note(c, "", format, args);
    va_end(args);
}

void cli_progress(const struct cli *c, const char *format, ...) {
    struct line l = {.n = 0};
    va_list args;
    if (!c->err_terminal || c->progress == NULL || c->verbose || c->json) {
        return;
    }
    va_start(args, format);
    line_format(&l, format, args);
    va_end(args);
    line_write(c, &l);
    if (l.n > 0) {
        __atomic_store_n(c->progress, true, __ATOMIC_RELAXED);
    }
}

/* ---- failures ---- */

/* What one failure has to say; absent members are left out. */
struct said {
    const char *code;
    int status;
    struct str message, error, correlation_id;
};

static int say(const struct cli *c, const struct said *s) {
    struct line l = {.n = 0};
    if (c->json) {
        struct buf b = buf_in(c->cx->arena, 256);
        struct json_out j = json_to(&b);
        json_open_object(&j, NULL);
        json_open_object(&j, "error");
        json_put_z(&j, "code", s->code);
        json_put_str(&j, "message", s->message);
        if (s->status != 0) {
            json_put_int(&j, "status", s->status);
        }
        json_put_str_if(&j, "error", s->error);
        json_put_str_if(&j, "correlation_id", s->correlation_id);
        json_close_object(&j);
        json_close_object(&j);
        line_write(c, &l); /* progress away */
        (void)fprintf(c->err, "%.*s\n", STR_ARG(buf_view(&b)));
        return 0;
    }
    line_z(&l, "postern: ");
    line_visible(&l, s->message);
    if (s->correlation_id.n > 0) {
        line_z(&l, " (correlation id ");
        line_visible(&l, str_sub(s->correlation_id, 0, 80));
        line_z(&l, ")");
    }
    l.text[l.n++] = '\n';
    line_write(c, &l);
    return 0;
}

int cli_exit_of(enum postern_code code) {
    switch (code) {
    case POSTERN_OK:
        return EXIT_OK;
    case POSTERN_USAGE:
        return EXIT_USAGE;
    case POSTERN_CANCELLED:
        return EXIT_CANCELLED;
    case POSTERN_DNS:
    case POSTERN_CONNECT:
    case POSTERN_TLS:
    case POSTERN_TIMEOUT:
    case POSTERN_NETWORK:
        return EXIT_NETWORK;
    case POSTERN_CLOCK:
    case POSTERN_AUTH:
    case POSTERN_TOKEN:
    case POSTERN_NO_TOKEN:
        return EXIT_AUTH;
    case POSTERN_DENIED:
        return EXIT_DENIED;
    case POSTERN_DISCOVERY:
    case POSTERN_ISSUER:
    case POSTERN_LIMIT:
    case POSTERN_SERVER:
    case POSTERN_ANSWER:
        return EXIT_SERVER;
    case POSTERN_MEMORY:
    case POSTERN_FILE:
    case POSTERN_NOT_FOUND:
    case POSTERN_REQUEST:
    default:
        return EXIT_OTHER;
    }
}

static struct str present(const char *z) {
    return z != NULL && *z != '\0' ? str_from(z) : STR_NONE;
}

int cli_failed(const struct cli *c, const char *what) {
    const struct postern_error *e = postern_error();
    struct str message = str_from(e->message);
    if (what != NULL) {
        message = str_format(c->cx->arena, "%s: %s", what, e->message);
    }
    (void)say(c, &(struct said){.code = postern_code_name(e->code),
                                .status = e->status,
                                .message = message,
                                .error = present(e->error),
                                .correlation_id = present(e->correlation_id)});
    return cli_exit_of(e->code);
}

static struct str formatted(const struct cli *c, const char *format, va_list args) {
    char text[LINE_MAX_LENGTH];
    (void)vsnprintf(text, sizeof text, format, args);
    return str_copy(c->cx->arena, str_from(text));
}

int cli_usage(const struct cli *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct str message = formatted(c, format, args);
    va_end(args);
    (void)say(c, &(struct said){.code = "usage", .message = message});
    return EXIT_USAGE;
}

int cli_error(const struct cli *c, int status, const char *format, ...) {
    static const char *const names[] = {
        [EXIT_OK] = "other",      [EXIT_OTHER] = "other",   [EXIT_USAGE] = "usage",
        [EXIT_AUTH] = "auth",     [EXIT_DENIED] = "denied", [EXIT_NETWORK] = "network",
        [EXIT_SERVER] = "server",
    };
    bool known = status >= 0 && (size_t)status < COUNT_OF(names);
    va_list args;
    va_start(args, format);
    struct str message = formatted(c, format, args);
    va_end(args);
    (void)say(c, &(struct said){.code = known ? names[status] : "cancelled", .message = message});
    return status;
}

/* ---- times ---- */

const char *cli_duration(const struct cli *c, int64_t seconds) {
    static const struct {
        int64_t from, unit;
        const char *name;
    } units[] = {{172800, 86400, "days"}, {7200, 3600, "h"}, {120, 60, "min"}, {0, 1, "s"}};
    size_t i = 0;
    while (seconds < units[i].from && i + 1 < COUNT_OF(units)) {
        i++;
    }
    struct arena *a = c->cx->arena;
    return str_z(a, str_format(a, "%lld %s", (long long)(seconds / units[i].unit), units[i].name));
}

const char *cli_when(const struct cli *c, int64_t time) {
    struct arena *a = c->cx->arena;
    if (time == 0) {
        return "";
    }
    int64_t left = time - c->cx->now;
    if (left >= -1 && left <= 1) {
        return "now"; /* the server's second and ours */
    }
    const char *words = cli_duration(c, left < 0 ? -left : left);
    return str_z(a, left < 0 ? str_format(a, "%s ago", words) : str_format(a, "in %s", words));
}
