/* SPDX-License-Identifier: Apache-2.0 */
/* A list that comes in pages: each page says where the next one is. */
#include <stdlib.h>
#include <string.h>

#include "client.h"

/* What is kept between pages, which are calls of their own. */
struct walk {
    struct postern_request request; /* of the present page; path is `next` after the first */
    struct postern_response page;
    char *next;     /* malloced: the URL of the next page, NULL after the last */
    uint64_t *seen; /* malloced: digests of the pages' URLs */
    size_t seen_n, seen_cap;
};

/* FNV-1a. Whoever makes two URLs meet ends a walk through a list of his own. */
static uint64_t url_digest(struct str url) {
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < url.n; i++) {
        h = (h ^ (unsigned char)url.p[i]) * 1099511628211u;
    }
    return h;
}

static err seen_add(struct call *k, struct walk *w, struct str url) {
    uint64_t digest = url_digest(url);
    for (size_t i = 0; i < w->seen_n; i++) {
        if (w->seen[i] == digest) {
            return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                            "The list goes in a circle: page %zu leads back to one that was there "
                            "(%.*s). Tell the server's operator.",
                            w->seen_n, STR_ARG(str_sub(url_shown(url), 0, 160)));
        }
    }
    if (w->seen_n == w->seen_cap) {
        size_t cap = w->seen_cap == 0 ? 64 : w->seen_cap * 2;
        uint64_t *larger = reallocarray(w->seen, cap, sizeof *larger);
        if (larger == NULL) {
            memory_exhausted(cap);
        }
        w->seen = larger;
        w->seen_cap = cap;
    }
    w->seen[w->seen_n++] = digest;
    return OK;
}

/* {"_links":{"next":"..."}} or {"_links":{"next":{"href":"..."}}} */
static err next_in_body(struct call *k, const struct postern_response *page, struct str *ret) {
    json_t *root;
    struct str body = str_trim((struct str){page->body, page->body_n});
    if (body.n == 0 || body.p[0] != '{') {
        return OK;
    }
    if (json_parse(&k->cx, body, &root) != OK) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "A page of the list is no JSON, though it begins like some. Tell the "
                        "server's operator.");
    }
    const json_t *next = json_object_get(json_object_get(root, "_links"), "next");
    if (json_is_object(next)) {
        next = json_object_get(next, "href");
    }
    if (json_is_string(next)) {
        *ret = (struct str){json_string_value(next), json_string_length(next)};
    }
    return OK;
}

static bool next_in_head(const struct postern_response *page, struct str *ret) {
    for (size_t i = 0; i < page->headers_n; i++) {
        if (str_eq_nocase(str_from(page->headers[i].name), STR("Link")) &&
            link_next(str_from(page->headers[i].value), ret)) {
            return true;
        }
    }
    return false;
}

static err next_find(struct call *k, struct walk *w, struct str url) {
    struct str link = STR_NONE, next;
    if (!next_in_head(&w->page, &link)) {
        TRY(next_in_body(k, &w->page, &link));
    }
    if (link.n == 0) {
        return OK;
    }
    if (!url_resolve(k->cx.arena, url, link, &next) || !url_same_origin(k->cx.arena, url, next)) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The list of %.*s goes on at %.*s, which is another server: no token is "
                        "sent there. Tell the server's operator.",
                        STR_ARG(str_sub(url_shown(url), 0, 160)),
                        STR_ARG(text_clean(k->cx.arena, url_shown(link), 160)));
    }
    w->next = strndup(next.p, next.n);
    if (w->next == NULL) {
        memory_exhausted(next.n);
    }
    return OK;
}

static err page_work(struct call *k, void *arguments) {
    struct walk *w = arguments;
    struct postern_request request;
    struct str url;
    TRY(request_copy(k, &w->request, &request));
    if (!str_is(str_from(request.method), "GET")) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "Pages are read with GET, not %s. Follow the answer's own rules instead.",
                        request.method);
    }
    TRY(api_call(k, &request, &w->page, &url));
    TRY(seen_add(k, w, url));
    return next_find(k, w, url);
}

static enum postern_code page_get(struct postern *client, struct walk *w) {
    char *path = w->next;
    w->next = NULL;
    if (path != NULL) {
        w->request.path = path;
    }
    enum postern_code code =
        call_run(client, w->request.cancel, w->request.timeout_ms, page_work, w);
    free(path);
    return code;
}

enum postern_code postern_pages(struct postern *client, const struct postern_request *request,
                                int (*each)(void *user, const struct postern_response *page),
                                void *user) {
    struct walk w = {.request = POSTERN_REQUEST_INIT};
    enum postern_code code;
    bool more;
    if (client == NULL || request == NULL || each == NULL) {
        return usage_failed(
            "postern_pages needs a client, a request and a function for the pages.");
    }
    size_t size = request->size < sizeof w.request ? request->size : sizeof w.request;
    memcpy(&w.request, request, size);
    do {
        w.page = (struct postern_response)POSTERN_RESPONSE_INIT;
        code = page_get(client, &w);
        more = code == POSTERN_OK && each(user, &w.page) == 0 && w.next != NULL;
        postern_response_done(&w.page);
    } while (more);
    free(w.next);
    free(w.seen);
    return code;
}
