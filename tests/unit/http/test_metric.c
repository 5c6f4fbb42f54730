/* SPDX-License-Identifier: Apache-2.0 */
/* metric.c: what was counted is what is written, in Prometheus' text format. */
#include "../fixture.h"

#include "http.h"

#include <stdio.h>

static err handle(struct ctx *cx, const struct request *rq, struct reply *rp) {
    (void)cx;
    (void)rq;
    (void)rp;
    return OK;
}

static const struct route rows[] = {
    {.methods = HTTP_GET, .path = "/a", .handle = handle, .name = "a_get"},
    {.methods = HTTP_GET, .path = "/b", .handle = handle, .name = "b_get"},
};

static const char *text_of(struct fixture *f, const struct metrics *m) {
    struct buf b = buf_in(f->arena, 1024);
    metrics_write(&b, m);
    return str_z(f->arena, buf_view(&b));
}

static void has(const char *text, const char *line) {
    if (strstr(text, line) == NULL) {
        fail_msg("missing: %s", line);
    }
}

static void requests_of_all_workers_are_summed(void **state) {
    struct route_table *t = route_table_new(rows, COUNT_OF(rows));
    struct metrics *m = metrics_new(3, t);
    for (unsigned w = 0; w < 3; w++) {
        metrics_request(m, w, &rows[0], 200, 150);
        metrics_request(m, w, &rows[0], 418, 10);
    }
    metrics_request(m, 1, NULL, 404, 2000000);
    metrics_request(m, 9, &rows[0], 200, 1); /* no such worker */
    metrics_refused(m);
    const char *text = text_of(*state, m);
    has(text, "# TYPE postern_http_requests_total counter\n");
    has(text, "postern_http_requests_total{route=\"a_get\",status=\"200\"} 3\n");
    has(text, "postern_http_requests_total{route=\"a_get\",status=\"other\"} 3\n");
    has(text, "postern_http_requests_total{route=\"none\",status=\"404\"} 1\n");
    has(text, "postern_http_refused_total 1\n");
    assert_null(strstr(text, "b_get"));
    metrics_free(m);
    route_table_free(t);
}

static void latencies_fall_into_their_buckets(void **state) {
    struct route_table *t = route_table_new(rows, COUNT_OF(rows));
    struct metrics *m = metrics_new(1, t);
    static const int64_t us[] = {-5, 0, 100, 101, 200, 819200, 819201};
    for (size_t i = 0; i < COUNT_OF(us); i++) {
        metrics_request(m, 0, &rows[0], 200, us[i]);
    }
    const char *text = text_of(*state, m);
    const char *name = "postern_http_request_duration_seconds";
    static const struct {
        const char *le;
        int n;
    } expected[] = {{"0.0001", 3}, {"0.0002", 5}, {"0.4096", 5}, {"0.8192", 6}, {"+Inf", 7}};
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        char line[160];
        (void)snprintf(line, sizeof line, "%s_bucket{route=\"a_get\",le=\"%s\"} %d\n", name,
                       expected[i].le, expected[i].n);
        has(text, line);
    }
    has(text, "postern_http_request_duration_seconds_count{route=\"a_get\"} 7\n");
    has(text, "postern_http_request_duration_seconds_sum{route=\"a_get\"} 1.638802\n");
    metrics_free(m);
    route_table_free(t);
}

static void tokens_are_counted_by_grant_and_outcome(void **state) {
    struct route_table *t = route_table_new(rows, COUNT_OF(rows));
    struct metrics *m = metrics_new(2, t);
    metrics_token(m, 0, STR("password"), OK);
    metrics_token(m, 1, STR("refresh_token"), ERR_INVALID_GRANT);
    metrics_token(m, 1, STR("password"), OK);
    metrics_signature(m, 0, 690);
    metrics_signature(m, 1, 710);
    const char *text = text_of(*state, m);
    has(text, "postern_tokens_total{grant=\"password\",outcome=\"ok\"} 2\n");
    has(text, "postern_tokens_total{grant=\"refresh_token\",outcome=\"invalid_grant\"} 1\n");
    has(text, "postern_signature_seconds_count 2\n");
    has(text, "postern_signature_seconds_sum 0.001400\n");
    metrics_free(m);
    route_table_free(t);
}

/* A page with one series twice is refused by Prometheus as a whole. */
static void errors_of_one_code_are_one_series(void **state) {
    struct route_table *t = route_table_new(rows, COUNT_OF(rows));
    struct metrics *m = metrics_new(2, t);
    metrics_token(m, 0, STR("password"), ERR_BUSY);
    metrics_token(m, 1, STR("password"), ERR_STORAGE);
    metrics_token(m, 0, STR("password"), ERR_OUTCOME_UNKNOWN);
    metrics_token(m, 0, STR("password"), ERR_CLIENT_NOT_AUTHORIZED);
    metrics_token(m, 1, STR("password"), ERR_UNAUTHORIZED_CLIENT);
    const char *text = text_of(*state, m);
    has(text, "{grant=\"password\",outcome=\"temporarily_unavailable\"} 3\n");
    has(text, "{grant=\"password\",outcome=\"unauthorized_client\"} 2\n");
    metrics_free(m);
    route_table_free(t);
}

static void grants_beyond_the_table_are_counted_together(void **state) {
    struct route_table *t = route_table_new(rows, COUNT_OF(rows));
    struct metrics *m = metrics_new(1, t);
    for (int i = 0; i < 40; i++) {
        char grant[16];
        (void)snprintf(grant, sizeof grant, "grant%d", i);
        metrics_token(m, 0, str_from(grant), OK);
    }
    const char *text = text_of(*state, m);
    has(text, "postern_tokens_total{grant=\"grant10\",outcome=\"ok\"} 1\n");
    has(text, "postern_tokens_total{grant=\"other\",outcome=\"ok\"} 29\n");
    metrics_free(m);
    route_table_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(requests_of_all_workers_are_summed),           TEST(latencies_fall_into_their_buckets),
        TEST(tokens_are_counted_by_grant_and_outcome),      TEST(errors_of_one_code_are_one_series),
        TEST(grants_beyond_the_table_are_counted_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
