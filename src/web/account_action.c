/* SPDX-License-Identifier: Apache-2.0 */
/* POST /auth/account: what a person ends of its own, each a row. */
#include "web_internal.h"

struct account_change {
    const struct account_action *action;
    struct sso_session here;
    struct str id, remote;
};
struct account_action {
    const char *name;
    const char *audit;
    const char *done; /* word of the page that follows */
    enum text_key says;
    err (*run)(struct ctx *cx, const struct account_change *c, bool *ret_changed);
};

static err browser_end(struct ctx *cx, const struct account_change *c, bool *ret_changed) {
    return account_end_browser(cx, c->here.tenant_id, c->here.employee_id, c->id, ret_changed);
}

static err application_end(struct ctx *cx, const struct account_change *c, bool *ret_changed) {
    return account_end_session(cx, c->here.tenant_id, c->here.employee_id, c->id, ret_changed);
}

static err others_end(struct ctx *cx, const struct account_change *c, bool *ret_changed) {
    *ret_changed = true;
    return account_end_others(cx, &c->here);
}

static err withdraw(struct ctx *cx, const struct account_change *c, bool *ret_changed) {
    struct consent consent = {.tenant_id = c->here.tenant_id,
                              .employee_id = c->here.employee_id,
                              .application_id = c->id};
    return consent_withdraw(cx, &consent, ret_changed);
}

static const struct account_action actions[] = {
    {"end_browser", "user.session_end", "browser", TEXT_HOME_DONE_BROWSER, browser_end},
    {"end_application", "user.session_end", "application", TEXT_HOME_DONE_APPLICATION,
     application_end},
    {"end_others", "user.sessions_end", "others", TEXT_HOME_DONE_OTHERS, others_end},
    {"withdraw", "consent.withdraw", "withdrawn", TEXT_HOME_DONE_WITHDRAWN, withdraw},
};

static err change_run(struct ctx *cx, void *state) {
    const struct account_change *c = state;
    bool changed = false;
    TRY(c->action->run(cx, c, &changed));
    if (!changed) {
        return OK; /* it is over, as was asked for; or it is not this person's */
    }
    struct audit record = {.tenant_id = c->here.tenant_id,
                           .actor =
                               str_format(cx->arena, "user:%.*s", STR_ARG(c->here.employee_id)),
                           .action = str_from(c->action->audit),
                           .object = c->id.p != NULL ? c->id : c->here.employee_id,
                           .remote = c->remote};
    return audit_write(cx, &record);
}

static const struct account_action *action_find(struct str name) {
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if (str_is(name, actions[i].name)) {
            return &actions[i];
        }
    }
    return NULL;
}

err account_page_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct account_change *c = NEW(cx->arena, struct account_change);
    struct str action;
    bool found;
    TRY(browser_require(cx, rq, STR(ACCOUNT_PATH), &c->here, &found, rp));
    if (!found) {
        return OK;
    }
    TRY(form_token_check(cx, rq));
    TRY(request_param(cx, rq, "action", &action));
    TRY(request_param(cx, rq, "id", &c->id));
    rp->tenant_id = c->here.tenant_id;
    c->remote = rq->remote;
    c->action = action_find(action);
    if (c->action == NULL) {
        page_see_other(rp, STR(ACCOUNT_PATH));
        return OK;
    }
    page_see_other(rp, str_format(cx->arena, ACCOUNT_PATH "?done=%s", c->action->done));
    rp->write.run = change_run;
    rp->write.state = c;
    return OK;
}

void account_done_show(struct page *p, struct str word) {
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if (str_is(word, actions[i].done)) {
            HTML(&p->h, "<div id=\"done\" class=\"notice\" role=\"status\">");
            page_paragraph(p, actions[i].says, NULL);
            HTML(&p->h, "</div>\n");
        }
    }
}
