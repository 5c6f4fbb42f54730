/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a second factor: a code of the device, or a recovery code in its place. Whatever is
 * wrong counts together with wrong passwords (SECURITY `lockout`). */
#include "web_internal.h"

static bool is_elsewhere(const struct proof *p) {
    return str_has_word(p->amr, STR("fed"));
}

bool second_factor_wanted(const struct flow *f, const struct login *l, const struct proof *p) {
    if (l->factor == FACTOR_NONE || p->has_code) {
        return false;
    }
    /* Who signs in elsewhere has the factors of that provider; the one of here stands for a second
     * when two are asked for. Before it is touched itself no other will do (SECURITY `reset`). */
    bool enough = is_elsewhere(p) && (!f->request.two_factors || amr_has_two(p->amr));
    return f->errand.p != NULL || !enough;
}

void proof_add_code(struct arena *a, struct proof *p) {
    const char *otp = str_has_word(p->amr, STR("otp")) ? "" : " otp";
    p->has_code = true;
    if (!amr_has_two(p->amr)) {
        p->amr = str_format(a, "%.*s%s mfa", STR_ARG(p->amr), otp);
    }
}

err login_of_flow(struct ctx *cx, const struct flow *f, struct login *ret_login, bool *ret_found) {
    const struct proof *p = &f->data.proof;
    *ret_found = false;
    if (p->employee_id.p == NULL) {
        return OK;
    }
    err e = login_of(cx, p->tenant_id, p->employee_id, ret_login);
    if (e == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(e);
    *ret_found = proof_holds(ret_login, p);
    return OK;
}

int64_t login_minutes_left(const struct ctx *cx, const struct login *l) {
    /* Locked a moment ago, by others: the row that was read does not know. */
    int64_t seconds =
        l->locked_until > cx->now ? l->locked_until - cx->now : l->policy.lock_seconds;
    return (seconds + 59) / 60;
}

/* ---- pages ---- */

void second_factor_field(struct page *p, const struct flow *f, const struct field *field) {
    struct html *h = &p->h;
    struct arena *a = p->cx->arena;
    struct str name = str_from(field->name), hint = str_format(a, "%s-hint", field->name);
    HTML(h, "<div class=\"field\">\n<label");
    HTML_ATTR(h, "for", name);
    HTML(h, ">");
    page_say(p, field->label, NULL);
    HTML(h, "</label>\n<input type=\"text\"");
    HTML_ATTR(h, "id", name);
    HTML_ATTR(h, "name", name);
    HTML_ATTR(h, "inputmode", field->is_digits ? STR("numeric") : STR("text"));
    HTML_ATTR(h, "autocomplete", field->is_digits ? STR("one-time-code") : STR("off"));
    HTML_ATTR(h, "aria-describedby",
              f->data.problem.p != NULL ? str_format(a, "%.*s problem", STR_ARG(hint)) : hint);
    HTML(h, " autocapitalize=\"none\" spellcheck=\"false\" required");
    if (!field->is_later || f->data.problem.p != NULL) {
        HTML(h, " autofocus");
    }
    login_invalid(p, f, field->name);
    HTML(h, ">\n<p class=\"hint\"");
    HTML_ATTR(h, "id", hint);
    HTML(h, ">");
    page_say(p, field->hint, NULL);
    HTML(h, "</p>\n</div>\n");
}

static void verify_buttons(struct page *p, const char *other, enum text_key other_text) {
    login_button(p, &(struct login_button){.action = "verify", .text = TEXT_SECOND_VERIFY});
    login_button(p, &(struct login_button){.action = other, .text = other_text, .is_plain = true});
    login_button(p, &(struct login_button){
                        .action = "change", .text = TEXT_LOGIN_CHANGE_USER, .is_plain = true});
    HTML(&p->h, "</form>\n");
}

err second_factor_code_show(struct ctx *cx, const struct flow *f, struct page *p) {
    struct login l = {.factor = FACTOR_NONE};
    bool found;
    TRY(login_of_flow(cx, f, &l, &found));
    login_lead(p, f);
    login_form_begin(p, f);
    second_factor_field(p, f,
                        &(struct field){.name = "code",
                                        .label = l.factor == FACTOR_HOTP ? TEXT_SECOND_CODE_HOTP
                                                                         : TEXT_SECOND_CODE_TOTP,
                                        .hint = TEXT_SECOND_CODE_HINT,
                                        .is_digits = true});
    verify_buttons(p, "recovery", TEXT_SECOND_USE_RECOVERY);
    return OK;
}

err second_factor_recovery_show(struct ctx *cx, const struct flow *f, struct page *p) {
    (void)cx;
    login_lead(p, f);
    login_form_begin(p, f);
    second_factor_field(p, f,
                        &(struct field){.name = "recovery_code",
                                        .label = TEXT_SECOND_RECOVERY_CODE,
                                        .hint = TEXT_SECOND_RECOVERY_HINT});
    verify_buttons(p, "device", TEXT_SECOND_USE_DEVICE);
    return OK;
}

/* ---- what was typed ---- */

struct guess {
    const struct flow *flow;
    struct sign_in sign_in; /* its login is who it is about */
    struct str recovery;    /* absent: a code of the device */
    bool good;              /* that code is one, at this position */
    int64_t position;
    struct reply *rp;
    struct str remote;
};

/* Back to the page, which says why; the guess counts even if another step was faster. */
static err guess_problem(struct ctx *cx, const struct guess *g, const char *word) {
    const struct login *l = &g->sign_in.login;
    struct flow_data data = {.user_name = g->flow->data.user_name,
                             .problem = str_from(word),
                             .proof = g->flow->data.proof};
    const char *step = g->recovery.p != NULL ? STEP_RECOVERY : STEP_CODE;
    err e = login_not_locked(cx, l);
    if (e == ERR_FORBIDDEN) { /* the right code gets the same answer: no oracle */
        data.problem = STR("locked");
        data.minutes = login_minutes_left(cx, l);
        step = is_elsewhere(&data.proof) ? STEP_USER : STEP_PASSWORD;
        data.proof = (struct proof){.amr = STR_NONE};
    } else {
        TRY(e);
    }
    e = flow_back(cx, g->flow, step, &data, g->rp);
    g->rp->trial = str_is(data.problem, "locked") ? TRIAL_LOCKED : TRIAL_WRONG;
    return e == ERR_CONFLICT ? OK : e;
}

static err guess_use(struct ctx *cx, const struct guess *g) {
    const struct login *l = &g->sign_in.login;
    err e = login_epoch_hold(cx, l);
    if (e == ERR_CONFLICT) {
        return fail(cx, ERR_NOT_FOUND, "what was proven before the code holds no more");
    }
    TRY(e);
    if (g->recovery.p != NULL) {
        return recovery_code_use(cx, l, g->recovery);
    }
    return g->good ? second_factor_use(cx, l, g->position)
                   : fail(cx, ERR_INVALID_GRANT, "a wrong code of the second factor");
}

/* The next page says how many are left, and offers new ones and another device. */
static err recovered(struct ctx *cx, const struct guess *g) {
    const struct login *l = &g->sign_in.login;
    struct flow_data data = {.user_name = g->flow->data.user_name, .proof = g->sign_in.proof};
    struct audit record = {.tenant_id = l->tenant_id,
                           .actor = str_format(cx->arena, "user:%.*s", STR_ARG(l->employee_id)),
                           .action = STR("recovery_code.use"),
                           .object = l->employee_id,
                           .remote = g->remote};
    TRY(audit_write(cx, &record));
    return flow_move(cx, g->flow, STEP_FACTOR, flow_data_write(cx->arena, &data));
}

static err guess_run(struct ctx *cx, void *state) {
    const struct guess *g = state;
    err e = guess_use(cx, g);
    switch (e) {
    case OK:
        return g->recovery.p != NULL ? recovered(cx, g) : sign_in_commit(cx, &g->sign_in);
    case ERR_INVALID_GRANT:
    case ERR_CONFLICT:
        TRY(login_failed(cx, &g->sign_in.login, g->remote));
        return guess_problem(cx, g,
                             g->recovery.p != NULL ? "recovery_wrong"
                             : e == ERR_CONFLICT   ? "code_used"
                                                   : "code_wrong");
    case ERR_FORBIDDEN:
        return guess_problem(cx, g, "locked");
    case ERR_NOT_FOUND:
        return flow_restart_now(cx, g->flow, g->rp);
    default:
        return e;
    }
}

/* Who is meant is looked up again; *ret_guess NULL: the answer is written already. */
static err guess_begin(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp,
                       struct guess **ret_guess) {
    struct guess *g = NEW(cx->arena, struct guess);
    bool found;
    *ret_guess = NULL;
    TRY(login_of_flow(cx, f, &g->sign_in.login, &found));
    if (!found || g->sign_in.login.factor == FACTOR_NONE) {
        return flow_restart(cx, f, rp);
    }
    g->flow = f;
    g->rp = rp;
    g->remote = rq->remote;
    g->sign_in.flow = f;
    g->sign_in.proof = f->data.proof;
    proof_add_code(cx->arena, &g->sign_in.proof);
    rp->write.run = guess_run;
    rp->write.state = g;
    *ret_guess = g;
    return OK;
}

/* People type a blank in the middle, because apps show one. */
static struct str digits_of(struct arena *a, struct str typed) {
    struct buf b = buf_in(a, OTP_DIGITS);
    for (size_t i = 0; i < typed.n; i++) {
        if (typed.p[i] != ' ') {
            buf_char(&b, typed.p[i]);
        }
    }
    return buf_view(&b);
}

err second_factor_typed(struct ctx *cx, const struct request *rq, struct str *ret_code) {
    struct str typed;
    TRY(request_param(cx, rq, "code", &typed));
    *ret_code = digits_of(cx->arena, typed);
    return OK;
}

err second_factor_code_post(struct ctx *cx, const struct request *rq, struct flow *f,
                            struct reply *rp) {
    struct str action, code;
    struct guess *g;
    TRY(request_param(cx, rq, "action", &action));
    TRY(second_factor_typed(cx, rq, &code));
    struct flow_data data = {.user_name = f->data.user_name};
    if (str_is(action, "change")) {
        return flow_advance(cx, f, STEP_USER, &data, rp);
    }
    data.proof = f->data.proof;
    if (str_is(action, "recovery")) {
        return flow_advance(cx, f, STEP_RECOVERY, &data, rp);
    }
    if (str_empty(code)) {
        data.problem = STR("code_missing");
        return flow_advance(cx, f, STEP_CODE, &data, rp);
    }
    TRY(guess_begin(cx, rq, f, rp, &g));
    if (g == NULL) {
        return OK;
    }
    TRY(second_factor_check(cx, &g->sign_in.login, code, &g->position, &g->good));
    return g->good ? sign_in_prepare(cx, rq, &g->sign_in, rp) : OK;
}

err second_factor_recovery_post(struct ctx *cx, const struct request *rq, struct flow *f,
                                struct reply *rp) {
    struct str action, code;
    struct guess *g;
    TRY(request_param(cx, rq, "action", &action));
    TRY(request_param(cx, rq, "recovery_code", &code));
    struct flow_data data = {.user_name = f->data.user_name};
    if (str_is(action, "change")) {
        return flow_advance(cx, f, STEP_USER, &data, rp);
    }
    data.proof = f->data.proof;
    if (str_is(action, "device")) {
        return flow_advance(cx, f, STEP_CODE, &data, rp);
    }
    if (str_empty(str_trim(code))) {
        data.problem = STR("recovery_missing");
        return flow_advance(cx, f, STEP_RECOVERY, &data, rp);
    }
    TRY(guess_begin(cx, rq, f, rp, &g));
    if (g != NULL) {
        g->recovery = code;
        page_see_other(rp, flow_path(cx->arena, &f->row));
    }
    return OK;
}
