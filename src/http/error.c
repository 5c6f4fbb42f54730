/* SPDX-License-Identifier: Apache-2.0 */
/* One failure, rendered once, in the style that the route's column asks for. */
#include "http_internal.h"

#define REALM         "realm=\"postern\""
#define RETRY_SECONDS "1" /* if nobody knows better */

void header_clean(char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            text[i] = '?';
        }
    }
}

struct str header_text(struct arena *a, struct str text) {
    char *clean = str_z(a, text);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)clean[i];
        if (c == '"') {
            clean[i] = '\'';
        } else if (c < 0x20 || c > 0x7e || c == '\\') {
            clean[i] = '?';
        }
    }
    return (struct str){clean, text.n};
}

/* What the client may read; a failure that was not told with fail() has its row's text. */
static struct str description_of(const struct ctx *cx, err code) {
    return str_from(cx->failure.code == code ? failure_text(cx) : err_info(code)->text);
}

static struct str json_body(struct ctx *cx, const struct request *rq, enum error_style style,
                            err code) {
    const struct err_info *info = err_info(code);
    struct buf b = buf_in(cx->arena, 256);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_z(&j, "error", info->code);
    json_put_str(&j, "error_description", description_of(cx, code));
    if (style != ERRORS_OAUTH) {
        json_put_int(&j, "status", info->status);
        json_put_str(&j, "correlationId", rq->correlation);
    }
    json_close_object(&j);
    return buf_view(&b);
}

static void html_text(struct buf *b, struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '<':
            buf_z(b, "&lt;");
            break;
        case '>':
            buf_z(b, "&gt;");
            break;
        case '&':
            buf_z(b, "&amp;");
            break;
        case '"':
            buf_z(b, "&quot;");
            break;
        default:
            buf_char(b, s.p[i]);
        }
    }
}

static struct str page_body(struct ctx *cx, const struct request *rq, err code) {
    struct buf b = buf_in(cx->arena, 512);
    buf_z(&b, "<!DOCTYPE html><html lang=\"en\"><title>Error</title><h1>This did not work</h1><p>");
    html_text(&b, description_of(cx, code));
    buf_z(&b, "</p><p>Request ");
    html_text(&b, rq->correlation);
    buf_z(&b, "</p></html>");
    return buf_view(&b);
}

/* RFC 6750 3: the challenge names what is wrong with the token; without a token it is bare (3.1).
 */
static void bearer_challenge(struct ctx *cx, const struct request *rq, err code, struct reply *rp) {
    if (code == ERR_TOKEN_MISSING) {
        reply_header(rp, "WWW-Authenticate", STR("Bearer " REALM));
        return;
    }
    struct buf b = buf_in(cx->arena, 256);
    buf_format(&b, "Bearer " REALM ", error=\"%s\", error_description=\"", err_info(code)->code);
    buf_str(&b, header_text(cx->arena, description_of(cx, code)));
    buf_char(&b, '"');
    if (code == ERR_INSUFFICIENT_SCOPE && rq->route != NULL && rq->route->scope != NULL) {
        buf_format(&b, ", scope=\"%s\"", rq->route->scope);
    }
    reply_header(rp, "WWW-Authenticate", buf_view(&b));
}

static void challenge(struct ctx *cx, const struct request *rq, enum error_style style, err code,
                      struct reply *rp) {
    switch (code) {
    case ERR_TOKEN_MISSING:
    case ERR_INVALID_TOKEN:
    case ERR_INSUFFICIENT_SCOPE:
    case ERR_FORBIDDEN:
    case ERR_USER_REQUIRED:
        if (style != ERRORS_PAGE) {
            bearer_challenge(cx, rq, code, rp);
        }
        break;
    case ERR_INVALID_CLIENT:
    case ERR_CLIENT_NOT_AUTHORIZED:
        /* RFC 6749 5.2: the scheme that the client used. Without the header a challenge would only
         * make browsers ask people for a password. */
        if (!str_empty(str_trim(request_header(rq, "authorization")))) {
            reply_header(rp, "WWW-Authenticate", STR("Basic " REALM));
        }
        break;
    default:
        break;
    }
}

void error_reply(struct ctx *cx, const struct request *rq, enum error_style style, err code,
                 struct reply *rp) {
    const struct err_info *info = err_info(code);
    struct str retry_after = reply_header_of(rp, RETRY_AFTER); /* who knows better put it there */
    retry_after = retry_after.p != NULL ? retry_after : STR(RETRY_SECONDS);
    struct reply out = {.status = info->status,
                        .headers_n = rp->headers_kept,
                        .headers_kept = rp->headers_kept,
                        .outcome = code,
                        .tenant_id = rp->tenant_id,
                        .client_id = rp->client_id,
                        .grant = rp->grant};
    for (size_t i = 0; i < rp->headers_kept; i++) {
        out.headers[i] = rp->headers[i];
    }
    *rp = out;
    /* An unknown outcome invites nobody to send it again: it may have happened. Before the page,
     * which says it too. */
    if (info->status == 429 || (info->status == 503 && code != ERR_OUTCOME_UNKNOWN)) {
        reply_header(rp, RETRY_AFTER, retry_after);
    }
    if (style == ERRORS_PAGE && rq->hooks != NULL && rq->hooks->error_page != NULL) {
        rq->hooks->error_page(cx, rq, code, rp);
    } else if (style == ERRORS_PAGE) {
        rp->content_type = "text/html; charset=utf-8";
        rp->body = page_body(cx, rq, code);
        reply_header(rp, "Content-Security-Policy",
                     STR("default-src 'none'; frame-ancestors 'none'"));
    } else {
        rp->content_type = "application/json";
        rp->body = json_body(cx, rq, style, code);
    }
    if (style == ERRORS_ACD) {
        reply_header(rp, "icStatusDescription", header_text(cx->arena, description_of(cx, code)));
    }
    challenge(cx, rq, style, code, rp);
}
