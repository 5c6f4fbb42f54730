/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON line an event, written with one system call so that threads do not mix their lines. */
#include "base.h"

#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* Arithmetic of our own: gmtime_r takes the process-wide lock of the time zone, once for each line.
 */
void time_iso(int64_t ms, char ret_text[TIME_ISO_SIZE]) {
    if (ms < 0) {
        ms = 0;
    } else if (ms >
               253402300799999) { /* 9999-12-31T23:59:59.999Z: four digits of year are the format */
        ms = 253402300799999;
    }
    int64_t days = ms / 86400000, in_day = ms % 86400000;
    /* Days since 0000-03-01 in eras of 400 years; March is the first month, so leap days end a
     * year. */
    int64_t z = days + 719468, era = z / 146097, doe = z % 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    int year = (int)(yoe + era * 400 + (month <= 2 ? 1 : 0));
    int parts[] = {year,
                   month,
                   (int)(doy - (153 * mp + 2) / 5 + 1),
                   (int)(in_day / 3600000),
                   (int)(in_day / 60000 % 60),
                   (int)(in_day / 1000 % 60),
                   (int)(in_day % 1000)};
    static const struct {
        int at, digits;
    } fields[] = {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}, {20, 3}};
    (void)snprintf(ret_text, TIME_ISO_SIZE, "%s", "0000-00-00T00:00:00.000Z");
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        for (int d = fields[i].digits - 1; d >= 0; d--) {
            ret_text[fields[i].at + d] = (char)('0' + parts[i] % 10);
            parts[i] /= 10;
        }
    }
}

void log_write(struct log *l, enum log_level level, const char *event, struct str members) {
    if (l == NULL || l->fd < 0 || level < l->level) {
        return;
    }
    char time[TIME_ISO_SIZE];
    time_iso(l->clock->now_ms(l->clock), time);
    char head[160];
    int n = snprintf(head, sizeof head, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%.64s\"%s",
                     time, level_names[level], event, str_empty(members) ? "" : ",");
    struct iovec parts[] = {{.iov_base = head, .iov_len = (size_t)n},
                            {.iov_base = (char *)(uintptr_t)members.p, .iov_len = members.n},
                            {.iov_base = "}\n", .iov_len = 2}};
    ssize_t written;
    do {
        written = writev(l->fd, parts, COUNT_OF(parts));
    } while (written < 0 && errno == EINTR);
    /* A log that cannot be written has nobody to tell; the request goes on. */
}

void log_message(struct log *l, enum log_level level, const char *event, const char *format, ...) {
    if (l == NULL || l->fd < 0 || level < l->level) {
        return;
    }
    char message[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    CLEANUP(arena_cleanup) struct arena *arena = arena_new();
    struct buf members = buf_in(arena, 256);
    struct json_out j = json_to(&members);
    json_put_z(&j, "message", message);
    log_write(l, level, event, buf_view(&members));
}
