/* SPDX-License-Identifier: Apache-2.0 */
/* One request, one answer, over a kept connection. libcurl's multi interface waits, because it also
 * waits for the descriptor of a cancellation. */
#include <stdlib.h>

#include "transport.h"

#define WAIT_MAX_MS 60000
#define ONCE_IDLE_S 3L   /* a connection that rested longer may be dead: not for what goes once */
#define IDLE_S      118L /* libcurl's default */

/* ---- from the arena's point of view ---- */

static void lane_return(struct transfer *t) {
    struct lane *lane = t->lane;
    if (lane != NULL) {
        bool broken = t->added;
        if (t->added) {
            (void)t->curl->multi_remove_handle(lane->multi, lane->easy);
        }
        t->lane = NULL;
        t->added = false;
        pool_give(t->k->p->pool, lane, broken);
    }
}

static void transfer_deferred(void *object) {
    struct transfer *t = object;
    lane_return(t);
    received_free(t->received);
    t->received = NULL;
}

/* The same one for each attempt of an exchange. */
static struct transfer *transfer_of(struct call *k, struct exchange *x) {
    struct transfer *t = x->transfer;
    if (t == NULL) {
        t = NEW(k->cx.arena, struct transfer);
        t->k = k;
        arena_defer(k->cx.arena, transfer_deferred, t);
    }
    transfer_deferred(t);
    *t = (struct transfer){.k = k, .x = x, .headers = t->headers};
    x->transfer = t;
    return t;
}

static void answer_forget(struct exchange *x) {
    x->status = 0;
    x->answer_headers = NULL;
    x->answer_headers_n = 0;
    x->answer = STR_NONE;
    x->server_date = 0;
    x->retry_after_ms = -1;
    x->left = x->streamed = x->lasting = false;
}

/* ---- options ---- */

static struct curl_slist *header_push(struct call *k, struct curl_slist *next, char *line) {
    struct curl_slist *node = NEW(k->cx.arena, struct curl_slist);
    node->data = line;
    node->next = next;
    return node;
}

/* Ends in NUL and is wiped. libcurl drops a header without a value; it wants "Name;" for an empty
 * one. */
static char *header_line(struct call *k, struct str header) {
    size_t colon = str_find_char(header, ':');
    struct secret line = secret_in(k->cx.arena, header.p, header.n);
    if (str_trim(str_sub(header, colon + 1, header.n)).n == 0 && colon < header.n) {
        line.p[colon] = ';';
        line.p[colon + 1] = '\0';
    }
    return (char *)line.p;
}

static bool is_stream(const struct exchange *x) {
    return x->stream != NULL && x->stream->read != NULL;
}

static bool is_chunked(const struct exchange *x) {
    return is_stream(x) && x->stream->body_n == SIZE_MAX;
}

static size_t body_length(const struct exchange *x) {
    return is_stream(x) ? x->stream->body_n : x->body.n;
}

/* The nodes are ours: one allocation of libcurl's less for each. All attempts send the same. */
static void headers_make(struct transfer *t) {
    const struct exchange *x = t->x;
    bool typed = false;
    struct curl_slist *list = header_push(t->k, NULL, str_z(t->k->cx.arena, STR("Expect:")));
    for (size_t i = x->headers_n; i > 0; i--) {
        typed = typed || str_starts_nocase(x->headers[i - 1], "content-type:");
        list = header_push(t->k, list, header_line(t->k, x->headers[i - 1]));
    }
    if (!typed) {
        list = header_push(t->k, list, str_z(t->k->cx.arena, STR("Content-Type:")));
    }
    if (is_chunked(x)) {
        list = header_push(t->k, list, str_z(t->k->cx.arena, STR("Transfer-Encoding: chunked")));
    }
    t->headers = list;
}

static void set_text(struct transfer *t, CURLoption option, const char *text) {
    if (t->curl->easy_setopt(t->lane->easy, option, text) == CURLE_OUT_OF_MEMORY) {
        memory_exhausted(0);
    }
}

static void set_number(struct transfer *t, CURLoption option, long n) {
    (void)t->curl->easy_setopt(t->lane->easy, option, n);
}

static void options_post(struct transfer *t) {
    const struct exchange *x = t->x;
    curl_off_t n = is_chunked(x) ? -1 : (curl_off_t)body_length(x);
    const char *bytes = x->body.p != NULL ? x->body.p : "";
    /* Bytes that libcurl has it may send again by itself; what goes once it has to ask us for. */
    bool asked = is_stream(x) || (x->once && x->body.n > 0);
    (void)t->curl->easy_setopt(t->lane->easy, CURLOPT_POSTFIELDSIZE_LARGE, n);
    (void)t->curl->easy_setopt(t->lane->easy, CURLOPT_POSTFIELDS, asked ? NULL : bytes);
    set_number(t, CURLOPT_POST, 1L);
}

static void options_method(struct transfer *t) {
    struct str method = str_from(t->x->method);
    bool post = str_is(method, "POST") || t->x->body.p != NULL || is_stream(t->x);
    bool natural = str_is(method, "POST") || (!post && str_is(method, "GET"));
    if (post) {
        options_post(t);
    } else if (str_is(method, "HEAD")) {
        set_number(t, CURLOPT_NOBODY, 1L);
        natural = true;
    } else {
        set_number(t, CURLOPT_HTTPGET, 1L);
    }
    set_text(t, CURLOPT_CUSTOMREQUEST, natural ? NULL : t->x->method);
}

static void options_connection(struct transfer *t) {
    const struct exchange *x = t->x;
    bool direct = pool_is_direct(t->k, &t->url);
    if (direct != t->lane->direct) {
        set_text(t, CURLOPT_PROXY, pool_proxy(t->k->p, direct));
        t->lane->direct = direct;
    }
    set_number(t, CURLOPT_FRESH_CONNECT, x->once && body_length(x) == 0 ? 1L : 0L);
    set_number(t, CURLOPT_MAXAGE_CONN, x->once ? ONCE_IDLE_S : IDLE_S);
    set_number(t, CURLOPT_TIMEOUT_MS, (long)call_left_ms(t->k));
}

static void options_set(struct transfer *t) {
    if (t->headers == NULL) {
        headers_make(t);
    }
    set_text(t, CURLOPT_URL, str_z(t->k->cx.arena, t->x->url));
    (void)t->curl->easy_setopt(t->lane->easy, CURLOPT_HTTPHEADER, t->headers);
    options_method(t);
    options_connection(t);
    t->lane->error[0] = '\0';
    t->lane->transfer = t;
}

/* ---- the transfer ---- */

static CURLcode result_of(struct transfer *t) {
    int rest = 0;
    for (CURLMsg *m = t->curl->multi_info_read(t->lane->multi, &rest); m != NULL;
         m = t->curl->multi_info_read(t->lane->multi, &rest)) {
        if (m->msg == CURLMSG_DONE) {
            return m->data.result;
        }
    }
    return CURLE_FAILED_INIT;
}

/* ret_code is libcurl's verdict; an error here is ours: cancelled. */
static err transfer_drive(struct transfer *t, CURLcode *ret_code) {
    struct lane *lane = t->lane;
    struct curl_waitfd cancel = {.fd = call_cancel_fd(t->k), .events = CURL_WAIT_POLLIN};
    if (t->curl->multi_add_handle(lane->multi, lane->easy) != CURLM_OK) {
        memory_exhausted(0);
    }
    t->added = true;
    for (;;) {
        int running = 0;
        CURLMcode m = t->curl->multi_perform(lane->multi, &running);
        if (m != CURLM_OK || running == 0) {
            *ret_code = m == CURLM_OK ? result_of(t) : CURLE_FAILED_INIT;
            break;
        }
        TRY(call_check(t->k));
        int64_t left = call_left_ms(t->k);
        int wait = (int)(left < WAIT_MAX_MS ? left + 1 : WAIT_MAX_MS);
        (void)t->curl->multi_poll(lane->multi, &cancel, cancel.fd >= 0 ? 1 : 0, wait, NULL);
    }
    (void)t->curl->multi_remove_handle(lane->multi, lane->easy);
    t->added = false;
    return OK;
}

static void event_request(struct transfer *t) {
    if (t->k->p->on_event != NULL) {
        call_event(t->k, &(struct postern_event){.kind = POSTERN_EVENT_REQUEST,
                                                 .method = t->x->method,
                                                 .url = str_z(t->k->cx.arena, url_shown(t->x->url)),
                                                 .attempt = t->x->attempt});
    }
}

static void event_response(struct transfer *t, int64_t began_us) {
    if (t->k->p->on_event != NULL) {
        call_event(t->k, &(struct postern_event){.kind = POSTERN_EVENT_RESPONSE,
                                                 .method = t->x->method,
                                                 .url = str_z(t->k->cx.arena, url_shown(t->x->url)),
                                                 .status = t->x->status,
                                                 .attempt = t->x->attempt,
                                                 .ms = (clock_monotonic_us() - began_us) / 1000});
    }
}

static void answer_read(struct transfer *t) {
    struct exchange *x = t->x;
    struct received *r = t->received;
    if (!received_list(r)) {
        memory_exhausted(0);
    }
    x->status = t->status;
    x->answer_headers = r->headers;
    x->answer_headers_n = r->headers_n;
    x->answer = (struct str){r->body != NULL ? r->body : "", r->body_n};
    if (!http_date_parse(exchange_header(x, "Date"), x->sent_at, &x->server_date)) {
        x->server_date = 0;
    }
    int64_t now = x->server_date != 0 ? x->server_date : x->sent_at;
    x->retry_after_ms = retry_after_parse(exchange_header(x, "Retry-After"), now);
}

static err transfer_run(struct transfer *t) {
    CURLcode code = CURLE_OK;
    long sent = 0;
    err e = transfer_drive(t, &code);
    (void)t->curl->easy_getinfo(t->lane->easy, CURLINFO_REQUEST_SIZE, &sent);
    t->x->left = sent > 0;
    if (e == OK && (code != CURLE_OK || t->error != OK || t->no_memory)) {
        e = transport_error(t, code);
    }
    if (e == OK && t->status < 200) {
        e = fail_say(&t->k->cx, ERR_CLIENT_ANSWER, "%.*s gave no final answer. Try again.",
                     STR_ARG(t->url.origin));
    }
    return e;
}

static err url_check(struct call *k, const struct exchange *x, struct url *ret_url) {
    if (!url_parse(x->url, ret_url)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "'%.*s' is no address that can be asked: http(s), plain ASCII, without a "
                        "user name. Escape what else is in it (%%20 for a space).",
                        STR_ARG(str_sub(url_shown(x->url), 0, 200)));
    }
    if (!url_is_safe(x->url)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "%.*s is not asked: secrets would travel unencrypted. Write https://; "
                        "http:// is for this machine (localhost) only.",
                        STR_ARG(ret_url->origin));
    }
    return OK;
}

err exchange_run(struct call *k, struct exchange *x) {
    struct url url;
    answer_forget(x);
    x->lasting = true;
    TRY(url_check(k, x, &url));
    TRY(call_check(k));
    struct transfer *t = transfer_of(k, x);
    t->url = url;
    TRY(pool_take(k, &t->curl, &t->lane));
    x->lasting = false;
    t->received = calloc(1, sizeof *t->received);
    if (t->received == NULL) {
        memory_exhausted(sizeof *t->received);
    }
    if (call_left_ms(k) == 0) {
        return fail_say(&k->cx, ERR_CLIENT_TIMEOUT,
                        "No time is left to ask %.*s. More gives the setting timeout.",
                        STR_ARG(url.origin));
    }
    options_set(t);
    event_request(t);
    int64_t began_us = clock_monotonic_us();
    x->sent_at = k->cx.clock->now_ms(k->cx.clock) / 1000;
    err e = transfer_run(t);
    lane_return(t);
    TRY(e);
    answer_read(t);
    event_response(t, began_us);
    return OK;
}

void exchange_give(struct exchange *x, struct postern_response *ret) {
    struct received *r = x->transfer->received;
    ret->status = x->status;
    ret->headers = r->headers;
    ret->headers_n = r->headers_n;
    ret->body = r->body != NULL ? r->body : "";
    ret->body_n = r->body_n;
    ret->memory = r;
    x->transfer->received = NULL;
    answer_forget(x);
}
