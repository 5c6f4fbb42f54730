/* SPDX-License-Identifier: Apache-2.0 */
/* GET .../access-keys: the keys of one user, or of the tenant, in pages. A page is found by the key
 * it begins after (or ends before), never by a count of rows to skip, so that it stays true while
 * keys come and go. */
#include "access_keys.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     500
#define PATH         "/access-key-management/v1/access-keys"

struct query {
    struct str user_id, agent_id, cursor; /* as sent */
    int64_t limit;
    struct str employee_id; /* whose; absent: everybody's */
    bool nobody;            /* the filters fit no user of this tenant */
};

struct rows {
    struct access_key row; /* filled by the model */
    struct access_key *v;
    size_t n, max;
};

static err rows_add(struct ctx *cx, void *state) {
    (void)cx;
    struct rows *r = state;
    if (r->n < r->max) {
        r->v[r->n++] = r->row;
    }
    return OK;
}

/* A cursor is a direction and a key id; opaque on the wire. */
static struct str cursor_write(struct ctx *cx, char direction, struct str access_key_id) {
    struct str text = str_format(cx->arena, "%c%.*s", direction, STR_ARG(access_key_id));
    return base64url(cx->arena, text.p, text.n);
}

static err cursor_read(struct ctx *cx, struct str cursor, struct access_key_page *page) {
    struct str text;
    if (!base64url_parse(cx->arena, cursor, &text) || text.n != 1 + ACCESS_KEY_LENGTH ||
        (text.p[0] != '>' && text.p[0] != '<') || !str_is_text(text)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "cursor is not one of ours. Take it from _links, or leave it out.");
    }
    page->backwards = text.p[0] == '<';
    page->after = str_sub(text, 1, text.n);
    return OK;
}

static err limit_read(struct ctx *cx, const struct request *rq, int64_t *ret_limit) {
    struct str text;
    TRY(request_query(cx, rq, "limit", &text));
    *ret_limit = PAGE_DEFAULT;
    if (str_empty(text)) {
        return OK;
    }
    if (!str_int(text, ret_limit) || *ret_limit < 1 || *ret_limit > PAGE_MAX) {
        return fail_say(cx, ERR_INVALID_REQUEST, "limit is a number from 1 to %d.", PAGE_MAX);
    }
    return OK;
}

/* agentId names a user too; with userId both must be the same one. */
static err agent_filter(struct ctx *cx, const struct caller *c, struct query *q) {
    int64_t agent_id;
    if (!str_int(q->agent_id, &agent_id)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "agentId is a number.");
    }
    struct str employee_id;
    err e = agent_find(cx, c->tenant_id, agent_id, &employee_id);
    if (e == ERR_NOT_FOUND) {
        q->nobody = true;
        return OK;
    }
    TRY(e);
    q->nobody = q->nobody || (q->employee_id.p != NULL && !str_eq(q->employee_id, employee_id));
    q->employee_id = employee_id;
    return OK;
}

static err query_read(struct ctx *cx, const struct request *rq, struct query *q) {
    const struct caller *c = rq->caller;
    TRY(request_query(cx, rq, "userId", &q->user_id));
    TRY(request_query(cx, rq, "agentId", &q->agent_id));
    TRY(request_query(cx, rq, "cursor", &q->cursor));
    TRY(limit_read(cx, rq, &q->limit));
    if (!str_empty(q->user_id)) {
        q->nobody = !uuid_parse(cx->arena, q->user_id, &q->employee_id);
    }
    if (!str_empty(q->agent_id)) {
        TRY(agent_filter(cx, c, q));
    }
    if (access_key_may(c, ACCESS_KEY_VIEW, false)) {
        return OK;
    }
    /* My Access Key alone: one's own keys are the whole list. */
    if (!access_key_may(c, ACCESS_KEY_VIEW, true)) {
        return access_key_forbidden(cx, ACCESS_KEY_VIEW);
    }
    bool other = q->nobody || (q->employee_id.p != NULL && !str_eq(q->employee_id, c->employee_id));
    if (other) {
        return access_key_forbidden(cx, ACCESS_KEY_VIEW);
    }
    q->employee_id = c->employee_id;
    return OK;
}

static void link_put(struct ctx *cx, struct json_out *j, const char *member, const struct query *q,
                     struct str cursor) {
    struct buf b = buf_in(cx->arena, 256);
    buf_format(&b, PATH "?limit=%lld", (long long)q->limit);
    const struct param kept[] = {
        {STR("userId"), q->user_id}, {STR("agentId"), q->agent_id}, {STR("cursor"), cursor}};
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        if (!str_empty(kept[i].value)) {
            struct str value = percent_encode(cx->arena, kept[i].value);
            buf_format(&b, "&%.*s=%.*s", STR_ARG(kept[i].name), STR_ARG(value));
        }
    }
    json_put_str(j, member, buf_view(&b));
}

struct page_view {
    const struct access_key *first; /* in the order of the answer */
    size_t n;
    bool next, previous;
};

/* Rows came in the page's direction, one more than asked for if there are more. */
static struct page_view page_turn(struct rows *r, const struct access_key_page *page,
                                  int64_t limit) {
    bool more = r->n > (size_t)limit;
    size_t n = more ? (size_t)limit : r->n;
    if (!page->backwards) {
        return (struct page_view){r->v, n, more, page->after.p != NULL};
    }
    for (size_t i = 0; i < n / 2; i++) {
        struct access_key k = r->v[i];
        r->v[i] = r->v[n - 1 - i];
        r->v[n - 1 - i] = k;
    }
    return (struct page_view){r->v, n, true, more};
}

static void list_reply(struct ctx *cx, const struct query *q, int64_t total,
                       const struct page_view *page, struct reply *rp) {
    struct buf b = buf_in(cx->arena, 256 + page->n * 320);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_int(&j, "totalRecords", total);
    json_open_object(&j, "_links");
    link_put(cx, &j, "self", q, q->cursor);
    if (page->next && page->n > 0) {
        link_put(cx, &j, "next", q, cursor_write(cx, '>', page->first[page->n - 1].access_key_id));
    } else {
        json_put_null(&j, "next");
    }
    if (page->previous && page->n > 0) {
        link_put(cx, &j, "previous", q, cursor_write(cx, '<', page->first[0].access_key_id));
    } else {
        json_put_null(&j, "previous");
    }
    json_close_object(&j);
    json_open_array(&j, "accessKeys");
    for (size_t i = 0; i < page->n; i++) {
        access_key_json(&j, NULL, &page->first[i]);
    }
    json_close_array(&j);
    json_close_object(&j);
    reply_json(rp, 200, &b);
}

err access_keys_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct query q = {.limit = PAGE_DEFAULT};
    TRY(query_read(cx, rq, &q));
    struct access_key_page page = {
        .tenant_id = rq->caller->tenant_id, .employee_id = q.employee_id, .limit = q.limit + 1};
    if (!str_empty(q.cursor)) {
        TRY(cursor_read(cx, q.cursor, &page));
    }
    struct rows rows = {.max = (size_t)page.limit,
                        .v = NEW_ARRAY(cx->arena, (size_t)page.limit, struct access_key)};
    int64_t total = 0;
    if (!q.nobody) {
        TRY(access_keys_count(cx, page.tenant_id, page.employee_id, &total));
        TRY(access_keys_list(cx, &page, &rows.row, rows_add, &rows));
    }
    struct page_view view = page_turn(&rows, &page, q.limit);
    list_reply(cx, &q, total, &view, rp);
    return OK;
}
