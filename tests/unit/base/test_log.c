/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines, read back through a pipe. */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct pipes {
    int read, write;
};

static struct pipes pipes_open(struct fixture *f) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    f->log.fd = ends[1];
    f->log.level = LOG_INFO;
    return (struct pipes){ends[0], ends[1]};
}

/* All that was written; closes the pipe. */
static struct str pipes_read(struct fixture *f, struct pipes p) {
    close(p.write);
    f->log.fd = -1;
    struct buf b = buf_in(f->arena, 4096);
    for (;;) {
        ssize_t n = read(p.read, buf_room(&b, 4096), 4096);
        assert_true(n >= 0);
        if (n == 0) {
            break;
        }
        buf_used(&b, (size_t)n);
    }
    close(p.read);
    return buf_view(&b);
}

static void a_line_is_one_json_object(void **state) {
    struct fixture *f = *state;
    struct pipes p = pipes_open(f);
    log_write(&f->log, LOG_WARN, "request", STR("\"status\":400,\"route\":\"/token\""));
    log_write(&f->log, LOG_INFO, "start", STR_NONE);
    assert_str(pipes_read(f, p),
               "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warn\",\"event\":\"request\","
               "\"status\":400,\"route\":\"/token\"}\n"
               "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"info\",\"event\":\"start\"}\n");
}

static void a_message_cannot_break_the_line(void **state) {
    struct fixture *f = *state;
    struct pipes p = pipes_open(f);
    log_message(&f->log, LOG_ERROR, "oops", "%s", "a\"b\n{\"level\":\"forged\"}\xff");
    struct str line = pipes_read(f, p);
    assert_int_equal(str_find_char(line, '\n'), line.n - 1);
    json_t *value;
    assert_int_equal(json_parse(&f->cx, line, &value), OK);
    assert_string_equal(json_string_value(json_object_get(value, "level")), "error");
    assert_string_equal(json_string_value(json_object_get(value, "message")),
                        "a\"b\n{\"level\":\"forged\"}\xef\xbf\xbd");
}

static void lower_levels_and_no_descriptor_are_silent(void **state) {
    struct fixture *f = *state;
    struct pipes p = pipes_open(f);
    log_write(&f->log, LOG_DEBUG, "x", STR_NONE);
    log_message(&f->log, LOG_DEBUG, "x", "y");
    assert_int_equal(pipes_read(f, p).n, 0);
    log_message(&f->log, LOG_ERROR, "x", "y");
    log_message(NULL, LOG_ERROR, "x", "y");
    log_write(NULL, LOG_ERROR, "x", STR_NONE);
}

static void a_long_line_is_whole(void **state) {
    struct fixture *f = *state;
    struct pipes p = pipes_open(f);
    struct buf b = buf_in(f->arena, 0);
    struct json_out j = json_to(&b);
    char *text = arena_alloc(f->arena, 20001);
    memset(text, 'x', 20000);
    json_put_z(&j, "long", text);
    log_write(&f->log, LOG_INFO, "x", buf_view(&b));
    struct str line = pipes_read(f, p);
    json_t *value;
    assert_int_equal(json_parse(&f->cx, line, &value), OK);
    assert_int_equal(json_string_length(json_object_get(value, "long")), 20000);
}

static void *write_many(void *log) {
    for (int i = 0; i < 100; i++) {
        log_write(log, LOG_INFO, "thread", STR("\"a\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\""));
    }
    return NULL;
}

static void threads_do_not_mix_their_lines(void **state) {
    struct fixture *f = *state;
    struct pipes p = pipes_open(f);
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &f->log), 0);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    struct str all = pipes_read(f, p), line;
    size_t lines = 0;
    while (str_next(&all, '\n', &line) && line.n > 0) {
        json_t *value;
        assert_int_equal(json_parse(&f->cx, line, &value), OK);
        lines++;
    }
    assert_int_equal(lines, 400);
}

static void assert_time(int64_t ms, const char *expected) {
    char text[TIME_ISO_SIZE];
    time_iso(ms, text);
    assert_string_equal(text, expected);
}

static void times_are_right_on_the_odd_days(void **state) {
    (void)state;
    assert_time(0, "1970-01-01T00:00:00.000Z");
    assert_time(951782399999, "2000-02-28T23:59:59.999Z");
    assert_time(951782400000, "2000-02-29T00:00:00.000Z");
    assert_time(951868800000, "2000-03-01T00:00:00.000Z");
    assert_time(1709164800000, "2024-02-29T00:00:00.000Z");
    assert_time(1735689599001, "2024-12-31T23:59:59.001Z");
    assert_time(1798761600000, "2027-01-01T00:00:00.000Z");
    assert_time(4107542400000, "2100-03-01T00:00:00.000Z");
    assert_time(253402300799999, "9999-12-31T23:59:59.999Z");
    /* Outside of what the format can say. */
    assert_time(-1, "1970-01-01T00:00:00.000Z");
    assert_time(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_one_json_object),
        TEST(a_message_cannot_break_the_line),
        TEST(lower_levels_and_no_descriptor_are_silent),
        TEST(a_long_line_is_whole),
        TEST(threads_do_not_mix_their_lines),
        TEST(times_are_right_on_the_odd_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
