/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON line an event, one write(2) a line. */
#include "base.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LOG_MESSAGE_MAX 1024

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void time_iso(int64_t ms, char ret_text[TIME_ISO_SIZE]) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm t;
    gmtime_r(&seconds, &t);
    char text[64];
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900,
             t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(ms % 1000));
    text[TIME_ISO_SIZE - 1] = '\0';
    for (size_t i = 0; i < TIME_ISO_SIZE; i++) {
        ret_text[i] = text[i];
    }
}

static void write_all(int fd, struct str s) {
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR) {
            return; /* a log that cannot be written must not stop the server */
        }
        s = n > 0 ? str_sub(s, (size_t)n, s.n) : s;
    }
}

void log_write(struct log *l, enum log_level level, const char *event, struct str members) {
    if (l == NULL || l->fd < 0 || level < l->level) {
        return;
    }
    char line[4096], time[TIME_ISO_SIZE];
    time_iso(l->clock->now_ms(l->clock), time);
    int n =
        snprintf(line, sizeof(line), "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"%s%.*s}\n",
                 time, level_names[level], event, members.n > 0 ? "," : "", STR_ARG(members));
    if (n > 0 && (size_t)n < sizeof(line)) {
        write_all(l->fd, (struct str){line, (size_t)n});
        return;
    }
    struct arena *a CLEANUP(arena_cleanup) = arena_new();
    write_all(l->fd,
              str_format(a, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"%s%.*s}\n", time,
                         level_names[level], event, members.n > 0 ? "," : "", STR_ARG(members)));
}

void log_message(struct log *l, enum log_level level, const char *event, const char *format, ...) {
    if (l == NULL || l->fd < 0 || level < l->level) {
        return;
    }
    char text[LOG_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct arena *a CLEANUP(arena_cleanup) = arena_new();
    struct buf b = buf_in(a, LOG_MESSAGE_MAX);
    struct json_out j = json_to(&b);
    json_put_z(&j, "message", text);
    log_write(l, level, event, buf_view(&b));
}
