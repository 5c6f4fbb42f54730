/* SPDX-License-Identifier: Apache-2.0 */
/* An API call: where it goes, with which token, and what is done about the answer. */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "transport.h"

#define POLL_FIRST_MS 1000
#define POLL_MAX_MS   10000
#define SHOWN_MAX     160

/* ---- where to ---- */

static err endpoint_missing(struct call *k, const char *what) {
    return fail_say(&k->cx, ERR_CLIENT_USAGE,
                    "The client knows no %s. It is the tenant's discovery that tells it: set "
                    "issuer, and tenant_id where no user's token says the tenant.",
                    what);
}

static err base_of(struct call *k, enum postern_base base, struct str *ret) {
    struct tenant tenant = {0};
    struct endpoints endpoints = {0};
    const char *what = "issuer";
    if (base == POSTERN_BASE_ISSUER) {
        TRY(discovery_get(k, 0, &endpoints));
        *ret = endpoints.issuer;
    } else if (base == POSTERN_BASE_API) {
        what = "api_endpoint";
        TRY(tenant_get(k, 0, &tenant));
        *ret = tenant.api_endpoint;
    } else if (base == POSTERN_BASE_AUTH) {
        what = "auth_endpoint";
        TRY(tenant_get(k, 0, &tenant));
        *ret = tenant.auth_endpoint;
    } else if (base == POSTERN_BASE_ACD) {
        what = "ACD endpoint";
        TRY(tenant_get(k, 0, &tenant));
        *ret = tenant.acd_endpoint;
    } else {
        return fail_say(&k->cx, ERR_CLIENT_USAGE, "%d is no enum postern_base.", (int)base);
    }
    return ret->n == 0 ? endpoint_missing(k, what) : OK;
}

/* A token goes to the client's own endpoints and nowhere else. */
static err foreign_check(struct call *k, struct str url) {
    struct tenant t = {0};
    struct endpoints e = {0};
    TRY(discovery_get(k, 0, &e));
    if (url_same_origin(k->cx.arena, url, e.issuer) ||
        url_same_origin(k->cx.arena, url, e.token_endpoint)) {
        return OK;
    }
    TRY(tenant_get(k, 0, &t));
    const struct str known[] = {t.api_endpoint, t.auth_endpoint, t.acd_endpoint, t.ui_endpoint};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (url_same_origin(k->cx.arena, url, known[i])) {
            return OK;
        }
    }
    return fail_say(&k->cx, ERR_CLIENT_USAGE,
                    "%.*s is none of this client's endpoints (APIs: %.*s): no token is sent there. "
                    "Give a path, or open a client for that server.",
                    STR_ARG(str_sub(url_shown(url), 0, SHOWN_MAX)), STR_ARG(t.api_endpoint));
}

static err api_join(struct call *k, struct str base, struct str path, struct str *ret_url) {
    struct url url;
    while (str_ends(base, "/")) {
        base.n--;
    }
    struct str whole = str_format(k->cx.arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path));
    if (!url_parse(whole, &url)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "The path '%.*s' cannot be asked for. Escape what is not plain ASCII (%%20 "
                        "for a space); %zu bytes at most.",
                        STR_ARG(text_clean(k->cx.arena, url_shown(path), SHOWN_MAX)), URL_MAX);
    }
    *ret_url = whole;
    return OK;
}

err api_url(struct call *k, const struct postern_request *request, struct str *ret_url) {
    struct str path = str_from(request->path), base;
    struct url url;
    if (str_find_char(path, '#') < path.n) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "The path has a '#', after which nothing is sent. Write %%23.");
    }
    if (str_starts(path, "/")) {
        TRY(base_of(k, request->base, &base));
        return api_join(k, base, path, ret_url);
    }
    if (!url_parse(path, &url)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "The path '%.*s' neither begins with '/' nor is a whole URL.",
                        STR_ARG(text_clean(k->cx.arena, url_shown(path), SHOWN_MAX)));
    }
    TRY(foreign_check(k, path));
    *ret_url = path;
    return OK;
}

/* ---- a call ---- */

struct api {
    struct call *k;
    const struct postern_request *request;
    struct token token; /* absent: anonymous */
    struct exchange *x; /* the last one */
    int attempts;
    int64_t waited_ms;
};

/* One exchange with its repetitions, to any of our own URLs. */
static err api_send(struct api *api, const struct postern_request *request, struct str url) {
    struct call *k = api->k;
    struct exchange *x = NEW(k->cx.arena, struct exchange);
    struct repeat how = {.retries = request->retries >= 0 ? request->retries
                                                          : (int)setting_int(k->p, SET_RETRIES),
                         .repeatable = request_is_repeatable(request)};
    int attempts = 0;
    int64_t waited = 0;
    x->method = request->method;
    x->url = url;
    x->stream = request;
    x->body = request->read != NULL ? STR_NONE
                                    : (struct str){(const char *)request->body, request->body_n};
    x->body_max = request->body_max;
    x->keep_pending = (request->flags & POSTERN_POLL) != 0;
    x->attempt = api->attempts;
    request_headers(k, request, api->token.access_token, x);
    api->x = x;
    err e = exchange_repeat(k, x, &how, &attempts, &waited);
    api->attempts += attempts;
    api->waited_ms += waited;
    return e;
}

/* 401: renewed once, repeated once (PROTOCOL 11). Where the body cannot be had again the renewal
 * still helps the program's own next attempt. */
static err api_ask(struct api *api, const struct postern_request *request, struct str url) {
    TRY(api_send(api, request, url));
    if (api->x->status != 401 || api->token.access_token.p == NULL) {
        return OK;
    }
    struct str refused = api->token.access_token;
    TRY(token_get(api->k, 0, refused, &api->token));
    return exchange_rewind(api->x) ? api_send(api, request, url) : OK;
}

/* `place` is where it is asked already: a 202 from there need not say it again. */
static bool is_pending(const struct api *api, struct str place) {
    return (api->request->flags & POSTERN_POLL) != 0 && api->x->status == 202 &&
           (place.n > 0 || exchange_header(api->x, "Location").n > 0);
}

/* RFC 9110 15.3.3: the 202's Location is where the outcome will be. */
static err poll_place(struct api *api, struct str *place) {
    struct call *k = api->k;
    struct str location = exchange_header(api->x, "Location");
    if (location.n == 0) {
        return OK;
    }
    if (!url_resolve(k->cx.arena, api->x->url, location, place) ||
        !url_same_origin(k->cx.arena, api->x->url, *place)) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The 202 of %.*s sends to %.*s, which is another server: no token is sent "
                        "there. Tell the server's operator.",
                        STR_ARG(str_sub(url_shown(api->x->url), 0, SHOWN_MAX)),
                        STR_ARG(text_clean(k->cx.arena, url_shown(location), SHOWN_MAX)));
    }
    return OK;
}

static err poll_wait(struct api *api, struct str place, int64_t pause_ms) {
    struct call *k = api->k;
    /* A server that says 0 again and again is not asked in a circle. */
    int64_t asked = api->x->retry_after_ms;
    int64_t wait = asked < 0 ? pause_ms : asked < POLL_FIRST_MS ? POLL_FIRST_MS : asked;
    if (wait >= call_left_ms(k)) {
        k->status = 202;
        return fail_say(&k->cx, ERR_CLIENT_TIMEOUT,
                        "The server took the request but has not finished it in time. Ask later "
                        "for the outcome: GET %.*s",
                        STR_ARG(str_sub(url_shown(place), 0, SHOWN_MAX)));
    }
    TRY(call_wait(k, wait));
    api->waited_ms += wait;
    return OK;
}

/* The outcome is asked for with GET: a request of its own without the first one's body. */
static struct postern_request *poll_request(struct api *api) {
    struct postern_request *get = NEW(api->k->cx.arena, struct postern_request);
    *get = *api->request;
    get->method = "GET";
    get->content_type = NULL;
    get->body = NULL;
    get->body_n = 0;
    get->read = NULL;
    get->rewind = NULL;
    return get;
}

static err api_poll(struct api *api) {
    struct postern_request *get = NULL;
    struct str place = STR_NONE;
    for (int64_t pause = POLL_FIRST_MS; is_pending(api, place); pause *= 2) {
        get = get != NULL ? get : poll_request(api);
        TRY(poll_place(api, &place));
        TRY(poll_wait(api, place, pause < POLL_MAX_MS ? pause : POLL_MAX_MS));
        pause = pause < POLL_MAX_MS ? pause : POLL_MAX_MS;
        TRY(api_ask(api, get, place));
    }
    return OK;
}

err api_call(struct call *k, const struct postern_request *request, struct postern_response *ret,
             struct str *ret_url) {
    struct api api = {.k = k, .request = request};
    struct str url;
    TRY(api_url(k, request, &url));
    if ((request->flags & POSTERN_ANONYMOUS) == 0) {
        TRY(token_get(k, 0, STR_NONE, &api.token));
    }
    TRY(api_ask(&api, request, url));
    TRY(api_poll(&api));
    err e = api.x->status >= 400 ? exchange_refusal(k, api.x) : OK;
    if (ret_url != NULL) {
        *ret_url = api.x->url;
    }
    ret->attempts = api.attempts;
    ret->waited_ms = api.waited_ms;
    exchange_give(api.x, ret);
    return e;
}

/* ---- the public functions ---- */

struct arguments {
    const struct postern_request *given;
    struct postern_response response;
};

static err call_work(struct call *k, void *arguments) {
    struct arguments *a = arguments;
    struct postern_request request;
    TRY(request_copy(k, a->given, &request));
    return api_call(k, &request, &a->response, NULL);
}

enum postern_code postern_call(struct postern *client, const struct postern_request *request,
                               struct postern_response *ret_response) {
    struct arguments a = {.given = request, .response = POSTERN_RESPONSE_INIT};
    if (client == NULL || request == NULL || ret_response == NULL) {
        return usage_failed("postern_call needs a client, a request and a place for the response.");
    }
    size_t size = ret_response->size < sizeof a.response ? ret_response->size : sizeof a.response;
    enum postern_code code = call_run(client, request->cancel, request->timeout_ms, call_work, &a);
    if (a.response.status != 0) {
        a.response.size = ret_response->size;
        memcpy(ret_response, &a.response, size);
    }
    return code;
}

void postern_response_done(struct postern_response *response) {
    if (response != NULL && response->memory != NULL) {
        received_free(response->memory);
        response->memory = NULL;
        response->headers = NULL;
        response->headers_n = 0;
        response->body = NULL;
        response->body_n = 0;
    }
}

const char *postern_response_header(const struct postern_response *response, const char *name) {
    for (size_t i = 0; response != NULL && name != NULL && i < response->headers_n; i++) {
        if (str_eq_nocase(str_from(response->headers[i].name), str_from(name))) {
            return response->headers[i].value;
        }
    }
    return NULL;
}
