/* SPDX-License-Identifier: Apache-2.0 */
/* The call behind a proxied request: the library finds the address, adds the token and renews it;
 * what it cannot do becomes an answer in JSON. */
#include <string.h>

#include "proxy.h"

#define ANSWER_KEPT_MAX ((size_t)16 << 20) /* of a 4xx or 5xx, which the library keeps whole */

static const struct {
    enum postern_code code;
    int status;
} statuses[] = {
    {POSTERN_USAGE, 400},     {POSTERN_MEMORY, 503}, {POSTERN_FILE, 500},  {POSTERN_TIMEOUT, 504},
    {POSTERN_CANCELLED, 503}, {POSTERN_AUTH, 401},   {POSTERN_CLOCK, 401}, {POSTERN_TOKEN, 401},
    {POSTERN_NO_TOKEN, 401},  {POSTERN_DENIED, 403}, {POSTERN_LIMIT, 429}, {POSTERN_SERVER, 503},
};

int proxy_status_of(enum postern_code code) {
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (statuses[i].code == code) {
            return statuses[i].status;
        }
    }
    return 502; /* name, connection, TLS, discovery, an answer that is none */
}

struct str proxy_error_body(struct arena *a, const char *error, const char *text) {
    struct buf b = buf_in(a, 256);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_z(&j, "error", error);
    json_put_z(&j, "error_description", text);
    json_close_object(&j);
    return buf_view(&b);
}

/* ---- the answer ---- */

static void head_take(struct relay *x, const struct postern_response *answer) {
    struct field *fields = NEW_ARRAY(x->arena, answer->headers_n + 1, struct field);
    for (size_t i = 0; i < answer->headers_n; i++) {
        const struct postern_header *h = &answer->headers[i];
        fields[i].name = str_copy(x->arena, str_from(h->name));
        fields[i].value = str_copy(x->arena, str_from(h->value));
    }
    relay_set_head(x, answer->status, fields, answer->headers_n);
}

static int on_headers(void *user, const struct postern_response *head) {
    struct relay *x = user;
    head_take(x, head);
    return 0;
}

/* What the library could not do. */
static void failure_answer(struct relay *x, enum postern_code code) {
    const struct postern_error *e = postern_error();
    const char *error = e->error[0] != '\0' ? e->error : postern_code_name(code);
    struct field *fields = NEW_ARRAY(x->arena, 4, struct field);
    size_t n = 0;
    fields[n++] = (struct field){STR("Content-Type"), STR("application/json")};
    fields[n++] = (struct field){STR("Cache-Control"), STR("no-store")};
    int status = proxy_status_of(code);
    if (status == 401) { /* RFC 9110 15.5.2 */
        fields[n++] = (struct field){STR("WWW-Authenticate"), STR("Bearer")};
    }
    if (e->correlation_id[0] != '\0') {
        fields[n++] =
            (struct field){STR("CorrelationId"), str_copy(x->arena, str_from(e->correlation_id))};
    }
    struct str body = proxy_error_body(x->arena, error, e->message);
    relay_set_head(x, status, fields, n);
    relay_ended(x, relay_give_answer(x, body.p, body.n) != 0);
}

/* ---- the request ---- */

/* A body that was kept can be sent again, and RFC 9110 9.2.2 names the methods that may be. */
static bool is_repeatable(const struct relay *x) {
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (str_is(x->head.method, methods[i])) {
            return !x->streams;
        }
    }
    return false;
}

static struct postern_request request_of(struct relay *x) {
    struct postern_request rq = POSTERN_REQUEST_INIT;
    rq.method = str_z(x->arena, x->head.method);
    rq.path = str_z(x->arena, x->head.target);
    rq.base = x->proxy->base;
    rq.headers = x->sent;
    rq.headers_n = x->sent_n;
    rq.content_type = x->content_type.p != NULL ? str_z(x->arena, x->content_type) : NULL;
    if (x->streams) {
        rq.read = relay_take_body;
        rq.rewind = relay_rewind;
        rq.read_user = x;
        rq.body_n = x->has_length ? x->length : SIZE_MAX;
    } else if (x->kept_n > 0 || x->has_body) {
        rq.body = x->kept_n > 0 ? x->kept : "";
        rq.body_n = x->kept_n;
    }
    rq.write = relay_give_answer;
    rq.write_user = x;
    rq.on_headers = on_headers;
    rq.body_max = ANSWER_KEPT_MAX;
    rq.timeout_ms = x->proxy->timeout_ms;
    rq.retries = is_repeatable(x) ? -1 : 0;
    rq.cancel = x->cancel;
    return rq;
}

void *proxy_call(void *relay) {
    struct relay *x = relay;
    struct postern_request rq = request_of(x);
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    enum postern_code code = postern_call(x->proxy->client, &rq, &answer);
    if (x->head_ready) { /* set by this thread */
        relay_ended(x, code != POSTERN_OK);
    } else if (answer.status == 0) {
        failure_answer(x, code);
    } else {
        head_take(x, &answer);
        relay_ended(x, relay_give_answer(x, answer.body, answer.body_n) != 0);
    }
    postern_response_done(&answer);
    return NULL;
}
