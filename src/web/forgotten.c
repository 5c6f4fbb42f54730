/* SPDX-License-Identifier: Apache-2.0 */
/* Two steps of a sign-in: whose password is forgotten, and what was done about it. Whoever that is,
 * the same work, the same statements and the same answer (SECURITY `enumeration`). */
#include "web_internal.h"

err forgotten_show(struct ctx *cx, const struct flow *f, struct page *p) {
    (void)cx;
    page_paragraph(p, TEXT_FORGOTTEN_ASKS, NULL);
    login_form_begin(p, f);
    login_user_name_field(p, f);
    login_button(p, &(struct login_button){.action = "send", .text = TEXT_FORGOTTEN_SUBMIT});
    login_button(
        p, &(struct login_button){.action = "back", .text = TEXT_FORGOTTEN_BACK, .is_plain = true});
    HTML(&p->h, "</form>\n");
    return OK;
}

err forgotten_sent_show(struct ctx *cx, const struct flow *f, struct page *p) {
    struct str minutes = str_format(cx->arena, "%d", PASSWORD_RESET_SECONDS / 60);
    page_paragraph(p, TEXT_FORGOTTEN_SENT,
                   TEXT_VALUES({"user", f->data.user_name}, {"minutes", minutes}));
    page_paragraph(p, platform_mailbox(cx) ? TEXT_FORGOTTEN_SENT_HINT : TEXT_FORGOTTEN_UNSENT,
                   NULL);
    mailbox_link(p);
    login_form_begin(p, f);
    login_button(
        p, &(struct login_button){.action = "back", .text = TEXT_FORGOTTEN_BACK, .is_plain = true});
    HTML(&p->h, "</form>\n");
    return OK;
}

static err back(struct ctx *cx, const struct flow *f, struct reply *rp) {
    struct flow_data data = {.user_name = f->data.user_name};
    return flow_advance(cx, f, STEP_USER, &data, rp);
}

err forgotten_sent_post(struct ctx *cx, const struct request *rq, struct flow *f,
                        struct reply *rp) {
    (void)rq;
    return back(cx, f, rp);
}

/* Who that is; of nobody, or of somebody who has no password to forget: empty ids. */
static err owner_find(struct ctx *cx, const struct request *rq, struct str user_name,
                      struct password_owner *ret_owner) {
    struct login login = {.tenant_id = STR(""), .employee_id = STR("")};
    err e = login_find(cx, rq->environment->id, user_name, &login);
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    e = password_owner_find(cx, login.tenant_id, login.employee_id, ret_owner);
    if (e == ERR_NOT_FOUND) {
        *ret_owner = (struct password_owner){.who = {.user_name = user_name,
                                                     .email_address = user_name,
                                                     .tenant_id = STR(""),
                                                     .employee_id = STR("")}};
        return OK;
    }
    return e;
}

struct letter {
    const struct flow *flow;
    struct str data; /* of the flow's next step */
    struct password_link link;
    struct mail mail;
};

static err letter_run(struct ctx *cx, void *state) {
    const struct letter *l = state;
    struct password_link link = l->link;
    struct mail mail = l->mail;
    bool allowed;
    TRY(flow_move(cx, l->flow, STEP_FORGOTTEN_SENT, l->data));
    TRY(mail_ask(cx, link.tenant_id, link.employee_id, &allowed));
    if (!allowed) { /* as for nobody: the statements run, and nothing is stored */
        link.tenant_id = mail.tenant_id = STR("");
        link.employee_id = mail.employee_id = STR("");
    }
    TRY(password_link_create(cx, &link));
    return mail_create(cx, &mail);
}

static err letter_prepare(struct ctx *cx, const struct request *rq, const struct flow *f,
                          struct str user_name, struct reply *rp) {
    struct letter *l = NEW(cx->arena, struct letter);
    struct password_owner owner;
    struct flow_data data = {.user_name = user_name};
    TRY(owner_find(cx, rq, user_name, &owner));
    l->flow = f;
    l->data = flow_data_write(cx->arena, &data);
    l->link = (struct password_link){.tenant_id = owner.who.tenant_id,
                                     .employee_id = owner.who.employee_id,
                                     .kind = STR(LINK_RESET)};
    password_link_prepare(cx, &l->link);
    const struct mail_facts facts = {
        .kind = l->link.kind,
        .language = language_choose(f->request.ui_locales, request_header(rq, "accept-language")),
        .who = &owner.who,
        .issuer = rq->environment->issuer,
        .link = &l->link,
        .key = platform_seal_key(cx, SEAL_MAIL)};
    mail_write(cx, &facts, &l->mail);
    page_see_other(rp, flow_path(cx->arena, &f->row));
    rp->write.run = letter_run;
    rp->write.state = l;
    return OK;
}

err forgotten_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp) {
    struct str action, user_name;
    struct flow_data data = {.minutes = 0};
    TRY(request_param(cx, rq, "action", &action));
    if (str_is(action, "back")) {
        return back(cx, f, rp);
    }
    TRY(login_user_name_read(cx, rq, &user_name, &data));
    if (data.problem.p != NULL) {
        return flow_advance(cx, f, STEP_FORGOTTEN, &data, rp);
    }
    TRY(limit_take(cx, rq, RATE_MAIL, rp));
    return letter_prepare(cx, rq, f, user_name, rp);
}
