/* SPDX-License-Identifier: Apache-2.0 */
/* A person signs in on another machine (RFC 8628): a code for them, and the question whether they
 * have answered, as often as the server allows. */
#include "client.h"

#define ENDPOINT         "device_authorization_endpoint"
#define INTERVAL_DEFAULT 5 /* seconds; RFC 8628 3.2 */
#define INTERVAL_MAX     300
#define SLOWER           5 /* RFC 8628 3.5 */
#define BACKOFF_MAX_MS   60000
#define EXPIRES_MAX      86400
#define TEXT_MAX         2048

/* ---- the request ---- */

static err request_send(struct call *k, const struct endpoints *ep, struct str url,
                        struct token_request *r, struct exchange *x) {
    const struct repeat how = {(int)setting_int(k->p, SET_RETRIES), true, false};
    *r = token_request_new(k);
    r->url = url;
    r->headers[r->headers_n++] = STR("Content-Type: application/x-www-form-urlencoded");
    TRY(client_authenticate(k, ep, r));
    token_parameter(r, "scope", login_scope(k));
    TRY(token_request_send(k, r, &how, x));
    return x->status == 200 ? OK : token_refused(k, x, r);
}

/* As token_authenticate(): with auth_method auto the other one is tried, once. */
static err request_once_or_twice(struct call *k, const struct endpoints *ep, struct str url,
                                 struct token_request *r, struct exchange *x) {
    err e = request_send(k, ep, url, r, x);
    if (e != ERR_CLIENT_AUTH || !str_is(k->oauth_error, "invalid_client") ||
        r->auth_method == NULL) {
        return e;
    }
    struct failure why = k->cx.failure;
    k->auth_method = client_auth_other(k, ep, r->auth_method);
    if (k->auth_method == NULL) {
        k->cx.failure = why;
        return e;
    }
    return request_send(k, ep, url, r, x);
}

/* What a person is shown: it must not steer their terminal, nor lead anywhere but to a page. */
static err address_read(struct call *k, const json_t *root, const char *name, bool must,
                        struct str *ret_address) {
    struct str address;
    struct url url;
    if (json_get_str(&k->cx, root, name, &address) != OK || address.n > TEXT_MAX ||
        (address.p != NULL && (!url_parse(address, &url) || !url_is_safe(address))) ||
        (must && str_empty(address))) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The device authorization endpoint's %s is no address of a page.", name);
    }
    *ret_address = address;
    return OK;
}

static err seconds_read(struct call *k, const json_t *root, const char *name, int64_t otherwise,
                        int64_t max, int64_t *ret_seconds) {
    if (json_get_int(&k->cx, root, name, otherwise, ret_seconds) != OK || *ret_seconds < 1 ||
        *ret_seconds > max) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The device authorization endpoint's %s is no sensible number of seconds.",
                        name);
    }
    return OK;
}

static bool is_user_code(struct str code) {
    for (size_t i = 0; i < code.n; i++) {
        if (code.p[i] < ' ' || code.p[i] >= 0x7f) {
            return false;
        }
    }
    return code.n > 0 && code.n <= 64;
}

static err codes_read(struct call *k, const json_t *root, struct str *ret_device,
                      struct str *ret_user) {
    if (json_get_str(&k->cx, root, "device_code", ret_device) != OK ||
        json_get_str(&k->cx, root, "user_code", ret_user) != OK || !is_token_text(*ret_device) ||
        !is_user_code(*ret_user)) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The device authorization endpoint's answer has no usable codes.");
    }
    return OK;
}

static const char *text_z(struct arena *a, struct str s) {
    return s.p != NULL ? str_z(a, s) : NULL;
}

/* RFC 8628 3.2. */
err device_answer_read(struct call *k, struct str text, struct postern_device *d) {
    json_t *root;
    struct str code, user_code, uri, complete;
    int64_t life, interval;
    if (json_parse(&k->cx, text, &root) != OK || !json_is_object(root)) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The device authorization endpoint's answer is no JSON object. Is a proxy "
                        "or a login page in between?");
    }
    TRY(codes_read(k, root, &code, &user_code));
    TRY(address_read(k, root, "verification_uri", true, &uri));
    TRY(address_read(k, root, "verification_uri_complete", false, &complete));
    TRY(seconds_read(k, root, "expires_in", -1, EXPIRES_MAX, &life));
    TRY(seconds_read(k, root, "interval", INTERVAL_DEFAULT, INTERVAL_MAX, &interval));
    d->code = state_secret(d->arena, code);
    d->user_code = str_z(d->arena, user_code);
    d->uri = str_z(d->arena, uri);
    d->uri_complete = text_z(d->arena, complete);
    d->expires_at = k->cx.clock->now_ms(k->cx.clock) / 1000 + life;
    d->expires_us = clock_monotonic_us() + life * 1000000;
    d->interval_ms = interval * 1000;
    d->next_us = clock_monotonic_us() + d->interval_ms * 1000;
    return OK;
}

struct beginning {
    struct postern_device *device;
};

static err begin_run(struct call *k, void *arguments) {
    struct beginning *b = arguments;
    struct endpoints ep;
    struct str url = STR_NONE;
    struct token_request r;
    struct exchange x;
    TRY(login_possible(k));
    TRY(discovery_get(k, 0, &ep));
    if (json_object_get(ep.openid_configuration, ENDPOINT) == NULL) {
        return fail_say(
            &k->cx, ERR_CLIENT_DISCOVERY,
            "The server offers no sign-in for devices: its discovery document has no " ENDPOINT
            ".");
    }
    TRY(discovery_endpoint(k, &ep, ENDPOINT, &url));
    TRY(request_once_or_twice(k, &ep, url, &r, &x));
    struct arena **slot = memory_slot(k);
    struct postern_device *d = NEW(*slot, struct postern_device);
    d->arena = *slot;
    d->client = k->p;
    d->issuer = str_copy(*slot, ep.issuer);
    d->auth_method = k->auth_method;
    TRY(device_answer_read(k, x.answer, d));
    *slot = NULL;
    b->device = d;
    return OK;
}

/* ---- the question ---- */

err device_request(struct call *k, const struct endpoints *ep, struct token_request *r) {
    TRY(grant_form(k, ep, r, DEVICE_GRANT));
    r->code = true;
    token_parameter(r, "device_code", k->device->code);
    return grant_parameters(k, r);
}

static err ask_work(struct call *k, void *argument) {
    struct postern_device *d = argument;
    const struct grant *grant;
    struct endpoints ep;
    TRY(grant_chosen(k, &grant));
    TRY(discovery_get(k, 0, &ep));
    if (!str_eq(ep.issuer, d->issuer)) {
        return fail_say(&k->cx, ERR_CLIENT_ISSUER,
                        "The issuer has changed since the sign-in began. Begin anew.");
    }
    k->device = d;
    k->auth_method = d->auth_method;
    err e = token_authenticate(k, &ep, grant);
    k->device = NULL;
    return e;
}

enum device_outcome device_outcome(const struct call *k, err e) {
    switch (e) {
    case OK:
        return DEVICE_SIGNED_IN;
    case ERR_CLIENT_AUTH:
        return str_is(k->oauth_error, "authorization_pending") ? DEVICE_PENDING
               : str_is(k->oauth_error, "slow_down")           ? DEVICE_SLOW_DOWN
                                                               : DEVICE_REFUSED;
    case ERR_CLIENT_DNS:
    case ERR_CLIENT_CONNECT:
    case ERR_CLIENT_NETWORK:
    case ERR_CLIENT_TIMEOUT:
    case ERR_CLIENT_SERVER:
    case ERR_CLIENT_LIMIT:
        return DEVICE_UNHEARD;
    default:
        return DEVICE_FAILED;
    }
}

static err expired(struct call *k, struct postern_device *d) {
    d->finished = true;
    k->oauth_error = STR("expired_token");
    return fail_say(&k->cx, ERR_CLIENT_AUTH,
                    "Nobody signed in while the code was good. Begin again for a new one.");
}

static err refused(struct call *k, struct postern_device *d, err e) {
    d->finished = true;
    if (str_is(k->oauth_error, "access_denied")) {
        return fail_say(&k->cx, ERR_CLIENT_AUTH, "The sign-in was refused in the browser.");
    }
    return str_is(k->oauth_error, "expired_token") ? expired(k, d) : e;
}

/* Nobody has answered yet, and when to ask again; or how it ended. */
static err ask(struct call *k, struct postern_device *d, bool *ret_done) {
    err e = flight_run(k, NULL, ask_work, d);
    *ret_done = false;
    switch (device_outcome(k, e)) {
    case DEVICE_SIGNED_IN:
        d->finished = true;
        *ret_done = true;
        return OK;
    case DEVICE_PENDING:
        break;
    case DEVICE_SLOW_DOWN:
        d->interval_ms += SLOWER * 1000;
        break;
    case DEVICE_UNHEARD: /* RFC 8628 3.5: exponential backoff */
        call_warn(k, "The server did not say whether you have signed in: %s", k->cx.failure.detail);
        d->interval_ms = d->interval_ms * 2 < BACKOFF_MAX_MS ? d->interval_ms * 2 : BACKOFF_MAX_MS;
        break;
    case DEVICE_REFUSED:
        return refused(k, d, e);
    case DEVICE_FAILED:
        return e;
    }
    d->next_us = clock_monotonic_us() + d->interval_ms * 1000;
    return OK;
}

struct polling {
    struct postern_device *device;
    int64_t wait_ms;
};

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static err poll_run(struct call *k, void *arguments) {
    const struct polling *p = arguments;
    struct postern_device *d = p->device;
    int64_t until = clock_monotonic_us() + p->wait_ms * 1000;
    bool done = false;
    if (d->client != k->p || d->finished) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE, "This sign-in %s",
                        d->finished ? "is finished. Begin another."
                                    : "was begun by another client.");
    }
    for (;;) {
        int64_t now = clock_monotonic_us();
        int64_t stop = earlier(earlier(d->next_us, until), d->expires_us);
        if (stop > now) {
            TRY(call_wait(k, (stop - now + 999) / 1000));
            continue;
        }
        if (d->expires_us <= now) {
            return expired(k, d);
        }
        if (d->next_us > now) {
            return fail_say(&k->cx, ERR_CLIENT_TIMEOUT,
                            "Nobody has signed in with the code yet. Ask again.");
        }
        TRY(ask(k, d, &done));
        if (done) {
            return OK;
        }
        TRY(call_check(k));
    }
}

/* ---- public ---- */

enum postern_code postern_device_begin(struct postern *client, struct postern_cancel *cancel,
                                       struct postern_device **ret_device) {
    struct beginning b = {NULL};
    if (client == NULL || ret_device == NULL) {
        return usage_failed("postern_device_begin needs a client and a place for the result.");
    }
    enum postern_code code = call_run(client, cancel, 0, begin_run, &b);
    if (code == POSTERN_OK) {
        *ret_device = b.device;
    }
    return code;
}

const char *postern_device_user_code(const struct postern_device *device) {
    return device != NULL ? device->user_code : NULL;
}

const char *postern_device_uri(const struct postern_device *device) {
    return device != NULL ? device->uri : NULL;
}

const char *postern_device_uri_complete(const struct postern_device *device) {
    return device != NULL ? device->uri_complete : NULL;
}

int64_t postern_device_expires_at(const struct postern_device *device) {
    return device != NULL ? device->expires_at : 0;
}

enum postern_code postern_device_poll(struct postern *client, struct postern_device *device,
                                      int64_t wait_ms, struct postern_cancel *cancel) {
    struct polling p = {device, wait_ms};
    if (client == NULL || device == NULL || wait_ms < 0 || wait_ms > EXPIRES_MAX * 1000) {
        return usage_failed("postern_device_poll needs a client, a device and a wait of up to a "
                            "day.");
    }
    /* What is under way when the wait ends is not cut off: its answer may be the tokens. */
    int64_t timeout_ms = setting_int(client, SET_TIMEOUT) * 1000;
    return call_run(client, cancel, wait_ms + timeout_ms, poll_run, &p);
}

void postern_device_free(struct postern_device *device) {
    if (device != NULL) {
        arena_free(device->arena);
    }
}
