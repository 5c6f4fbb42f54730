/* SPDX-License-Identifier: Apache-2.0 */
/* Setting a second factor up: the secret as a QR code and to type, one code of it, then the
 * recovery codes, once; and what can be done with one that is there. Only in a sign-in under way,
 * after all that the account already has was proven in it (SECURITY `reset`). */
#include "web_internal.h"

bool enrolment_wanted(const struct flow *f, const struct login *l, const struct proof *p) {
    bool ours = l->policy.mfa != FACTOR_NONE && l->factor != l->policy.mfa &&
                !str_has_word(p->amr, STR("fed"));
    return ours || (f->request.two_factors && !amr_has_two(p->amr));
}

/* What the policy asks for; nothing: the one that every phone has an app for. */
static enum factor kind_of(const struct login *l) {
    return l->policy.mfa != FACTOR_NONE ? l->policy.mfa : FACTOR_TOTP;
}

void enrolment_begin(struct ctx *cx, const struct flow *f, const struct login *l,
                     struct flow_data *data) {
    data->factor = str_from(factor_word(kind_of(l)));
    data->sealed = second_factor_new(cx, l, f->row.flow);
}

/* Who it is, if all is proven; else *ret_found is false and the answer is written: the user name
 * again, or the second factor that was enrolled meanwhile. */
static err proven(struct ctx *cx, const struct flow *f, struct login *ret_login, bool *ret_found,
                  struct reply *rp) {
    TRY(login_of_flow(cx, f, ret_login, ret_found));
    if (*ret_found && !second_factor_wanted(f, ret_login, &f->data.proof)) {
        return OK;
    }
    *ret_found = false;
    return flow_restart(cx, f, rp);
}

static err go_on(struct ctx *cx, const struct request *rq, const struct flow *f,
                 const struct login *l, struct reply *rp);

/* ---- the secret ---- */

/* As the app will call it: the host that people know. */
static struct str issuer_name(const struct request *rq) {
    struct str issuer = rq->environment->issuer;
    struct str host = str_sub(issuer, str_find_char(issuer, ':') + STR("://").n, issuer.n);
    host = str_sub(host, 0, str_find_char(host, '/'));
    return str_sub(host, 0, str_find_char(host, ':'));
}

static void secret_write(struct page *p, struct str secret) {
    struct html *h = &p->h;
    HTML(h, "<code id=\"secret\" class=\"secret\">");
    for (size_t i = 0; i < secret.n; i += 4) {
        html_text(h, i > 0 ? STR(" ") : STR(""));
        html_text(h, str_sub(secret, i, 4));
    }
    HTML(h, "</code>");
}

static err ways_write(struct page *p, const struct login *l, enum factor kind, struct secret key) {
    struct html *h = &p->h;
    struct arena *a = p->cx->arena;
    struct str uri = second_factor_uri(a, l, kind, issuer_name(p->rq), key);
    page_paragraph(p, TEXT_SECOND_ENROL_WHY, TEXT_VALUES({"user", l->user_name}));
    page_paragraph(p, kind == FACTOR_HOTP ? TEXT_SECOND_ENROL_HOTP : TEXT_SECOND_ENROL_TOTP, NULL);
    TRY(qr_show(p, uri, TEXT_SECOND_ENROL_QR));
    HTML(h, "<p><a id=\"otpauth\"");
    HTML_ATTR(h, "href", uri); /* otpauth: of our own making, everything in it percent-encoded */
    HTML(h, ">");
    page_say(p, TEXT_SECOND_ENROL_LINK, NULL);
    HTML(h, "</a></p>\n<p>");
    page_say(p, kind == FACTOR_HOTP ? TEXT_SECOND_ENROL_TYPE_HOTP : TEXT_SECOND_ENROL_TYPE, NULL);
    secret_write(p, second_factor_text(a, key));
    HTML(h, "</p>\n");
    return OK;
}

err enrol_show(struct ctx *cx, const struct flow *f, struct page *p) {
    struct login l;
    struct secret key;
    enum factor kind;
    bool found;
    TRY(login_of_flow(cx, f, &l, &found));
    if (!found || !factor_parse(f->data.factor, &kind)) {
        page_paragraph(p, TEXT_SECOND_CHANGED, NULL);
        return OK;
    }
    TRY(second_factor_pending(cx, &l, f->row.flow, f->data.sealed, &key));
    TRY(ways_write(p, &l, kind, key));
    login_form_begin(p, f);
    second_factor_field(p, f,
                        &(struct field){.name = "code",
                                        .label = TEXT_SECOND_ENROL_CODE,
                                        .hint = TEXT_SECOND_CODE_HINT,
                                        .is_digits = true,
                                        .is_later = true});
    login_button(p, &(struct login_button){.action = "confirm", .text = TEXT_SECOND_CONFIRM});
    if (!enrolment_wanted(f, &l, &f->data.proof)) {
        login_button(p, &(struct login_button){
                            .action = "later", .text = TEXT_SECOND_ENROL_LATER, .is_plain = true});
    }
    login_button(p, &(struct login_button){
                        .action = "change", .text = TEXT_LOGIN_CHANGE_USER, .is_plain = true});
    HTML(&p->h, "</form>\n");
    return OK;
}

/* ---- confirmed by a code ---- */

struct made {
    const struct flow *flow;
    struct login login;
    struct enrolment enrolment; /* kind FACTOR_NONE: new recovery codes alone */
    struct flow_data data;
    struct str remote;
    struct reply *rp;
};

/* Ten codes, one a word, for the page that shows them. */
static void made_prepare(struct ctx *cx, const struct request *rq, struct made *m,
                         struct reply *rp) {
    struct buf b = buf_in(cx->arena, 256);
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        buf_str(&b, m->enrolment.codes[i]);
        buf_char(&b, ' ');
    }
    m->data.user_name = m->flow->data.user_name;
    m->data.proof.epoch = m->login.epoch + 1; /* which ends the other sign-ins */
    m->data.sealed = second_factor_note(cx, &m->login, m->flow->row.flow, buf_view(&b));
    m->remote = rq->remote;
    m->rp = rp;
    page_see_other(rp, flow_path(cx->arena, &m->flow->row));
}

static err made_audit(struct ctx *cx, const struct made *m) {
    const struct login *l = &m->login;
    struct audit record = {.tenant_id = l->tenant_id,
                           .actor = str_format(cx->arena, "user:%.*s", STR_ARG(l->employee_id)),
                           .action = m->enrolment.kind == FACTOR_NONE ? STR("recovery_code.create")
                                                                      : STR("second_factor.create"),
                           .object = l->employee_id,
                           .remote = m->remote};
    return audit_write(cx, &record);
}

static err made_run(struct ctx *cx, void *state) {
    const struct made *m = state;
    err e = m->enrolment.kind == FACTOR_NONE
                ? recovery_codes_replace(cx, &m->login, m->enrolment.codes)
                : second_factor_enrol(cx, &m->login, &m->enrolment);
    if (e == ERR_CONFLICT) {
        return flow_restart_now(cx, m->flow, m->rp);
    }
    TRY(e);
    TRY(made_audit(cx, m));
    return flow_move(cx, m->flow, STEP_CODES, flow_data_write(cx->arena, &m->data));
}

static err confirm(struct ctx *cx, const struct request *rq, const struct flow *f,
                   const struct login *l, struct reply *rp) {
    struct str code;
    struct secret key;
    struct flow_data data = f->data;
    struct made *m = NEW(cx->arena, struct made);
    m->flow = f;
    m->login = *l;
    TRY(second_factor_typed(cx, rq, &code));
    TRY(second_factor_pending(cx, l, f->row.flow, f->data.sealed, &key));
    data.problem = str_empty(code) ? STR("code_missing") : STR("code_wrong");
    if (!factor_parse(f->data.factor, &m->enrolment.kind) ||
        !second_factor_first(cx, m->enrolment.kind, key, code, &m->enrolment.position)) {
        /* No guess is counted: the secret stands on the page. */
        return flow_advance(cx, f, STEP_ENROL, &data, rp);
    }
    second_factor_prepare(cx, l, key, &m->enrolment);
    m->data.proof = f->data.proof;
    proof_add_code(cx->arena, &m->data.proof);
    made_prepare(cx, rq, m, rp);
    rp->write.run = made_run;
    rp->write.state = m;
    return OK;
}

err enrol_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp) {
    struct str action;
    struct login l;
    bool found;
    TRY(request_param(cx, rq, "action", &action));
    if (str_is(action, "change")) {
        struct flow_data data = {.user_name = f->data.user_name};
        return flow_advance(cx, f, STEP_USER, &data, rp);
    }
    TRY(proven(cx, f, &l, &found, rp));
    if (!found) {
        return OK;
    }
    return str_is(action, "later") ? go_on(cx, rq, f, &l, rp) : confirm(cx, rq, f, &l, rp);
}

/* ---- recovery codes ---- */

err enrol_codes_show(struct ctx *cx, const struct flow *f, struct page *p) {
    struct html *h = &p->h;
    struct login l;
    struct secret codes;
    bool found;
    TRY(login_of_flow(cx, f, &l, &found));
    if (found) {
        TRY(second_factor_pending(cx, &l, f->row.flow, f->data.sealed, &codes));
        struct str rest = {(const char *)codes.p, codes.n}, code;
        page_paragraph(p, TEXT_SECOND_CODES_WHY, NULL);
        HTML(h, "<ul id=\"recovery-codes\" class=\"codes\">\n");
        while (str_next(&rest, ' ', &code)) {
            if (code.n > 0) {
                HTML(h, "<li><code>");
                html_text(h, code);
                HTML(h, "</code></li>\n");
            }
        }
        HTML(h, "</ul>\n");
    }
    login_form_begin(p, f);
    login_button(p, &(struct login_button){.action = "kept", .text = TEXT_SECOND_CODES_KEPT});
    HTML(h, "</form>\n");
    return OK;
}

err enrol_codes_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp) {
    struct str action;
    struct login l;
    bool found;
    TRY(request_param(cx, rq, "action", &action));
    if (!str_is(action, "kept")) {
        return flow_advance(cx, f, STEP_CODES, &f->data, rp);
    }
    TRY(proven(cx, f, &l, &found, rp));
    return found ? go_on(cx, rq, f, &l, rp) : OK;
}

/* ---- what is there ---- */

err enrol_factor_show(struct ctx *cx, const struct flow *f, struct page *p) {
    struct login l = {.factor = FACTOR_NONE};
    int64_t left;
    bool found;
    TRY(login_of_flow(cx, f, &l, &found));
    TRY(recovery_codes_left(cx, &l, &left));
    if (l.factor != FACTOR_NONE) {
        struct str number = str_format(cx->arena, "%lld", (long long)left);
        page_paragraph(p, TEXT_SECOND_FACTOR_LEFT, TEXT_VALUES({"left", number}));
    } else {
        page_paragraph(p,
                       str_is(l.authenticator_kind, "system") ? TEXT_SECOND_FACTOR_NONE
                                                              : TEXT_SECOND_FACTOR_NONE_ELSEWHERE,
                       NULL);
    }
    login_form_begin(p, f);
    bool has = l.factor != FACTOR_NONE;
    if (!has) {
        login_button(p, &(struct login_button){.action = "enrol", .text = TEXT_SECOND_ENROL_TITLE});
    }
    login_button(p, &(struct login_button){.action = "continue",
                                           .text = TEXT_SECOND_FACTOR_CONTINUE,
                                           .is_plain = !has});
    if (has) {
        login_button(p, &(struct login_button){
                            .action = "codes", .text = TEXT_SECOND_FACTOR_CODES, .is_plain = true});
        login_button(p, &(struct login_button){
                            .action = "enrol", .text = TEXT_SECOND_FACTOR_ENROL, .is_plain = true});
    }
    HTML(&p->h, "</form>\n");
    return OK;
}

static err codes_make(struct ctx *cx, const struct request *rq, const struct flow *f,
                      const struct login *l, struct reply *rp) {
    struct made *m = NEW(cx->arena, struct made);
    m->flow = f;
    m->login = *l;
    m->enrolment.codes = recovery_codes_new(cx);
    m->data.proof = f->data.proof;
    made_prepare(cx, rq, m, rp);
    rp->write.run = made_run;
    rp->write.state = m;
    return OK;
}

err enrol_factor_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp) {
    struct str action;
    struct login l;
    bool found;
    TRY(request_param(cx, rq, "action", &action));
    TRY(proven(cx, f, &l, &found, rp));
    if (!found) {
        return OK;
    }
    if (str_is(action, "codes") && l.factor != FACTOR_NONE) {
        return codes_make(cx, rq, f, &l, rp);
    }
    if (str_is(action, "enrol")) {
        struct flow_data data = {.user_name = f->data.user_name, .proof = f->data.proof};
        enrolment_begin(cx, f, &l, &data);
        return flow_advance(cx, f, STEP_ENROL, &data, rp);
    }
    if (!str_is(action, "continue")) {
        return flow_advance(cx, f, STEP_FACTOR, &f->data, rp);
    }
    return go_on(cx, rq, f, &l, rp);
}

/* ---- and then ---- */

static err on_run(struct ctx *cx, void *state) {
    return sign_in_commit(cx, state);
}

static err go_on(struct ctx *cx, const struct request *rq, const struct flow *f,
                 const struct login *l, struct reply *rp) {
    struct sign_in *s = NEW(cx->arena, struct sign_in);
    s->flow = f;
    s->login = *l;
    s->proof = f->data.proof;
    s->errand_done = str_is(f->row.step, STEP_FACTOR);
    rp->write.run = on_run;
    rp->write.state = s;
    return sign_in_prepare(cx, rq, s, rp);
}
