/* SPDX-License-Identifier: Apache-2.0 */
/* A new password, wherever one is asked for: its fields and rules on a page, what was posted, and
 * the work of the pool. The rules stand there without a script, and are checked here; password.js
 * marks those that are kept while one types. */
#include "web_internal.h"

/* What is wrong with what was posted: words in an address or a flow, one bit each. */
static const char *const words[PASSWORD_PROBLEMS] = {
    [PASSWORD_TEXT] = "text",       [PASSWORD_LENGTH] = "length", [PASSWORD_UPPER] = "upper",
    [PASSWORD_LOWER] = "lower",     [PASSWORD_DIGIT] = "digit",   [PASSWORD_SPECIAL] = "special",
    [PASSWORD_COMMON] = "common",   [PASSWORD_NAME] = "name",     [PASSWORD_USED] = "used",
    [PASSWORD_MISSING] = "missing", [PASSWORD_AGAIN] = "again",   [PASSWORD_NOW_WRONG] = "now",
    [PASSWORD_LOCKED] = "locked",
};

struct str password_problem_write(struct arena *a, unsigned problem) {
    struct buf b = buf_in(a, 64);
    for (unsigned i = 0; i < PASSWORD_PROBLEMS; i++) {
        if ((problem & 1U << i) != 0) {
            buf_z(&b, b.n > 0 ? "." : "");
            buf_z(&b, words[i]);
        }
    }
    return buf_view(&b);
}

unsigned password_problem_parse(struct str text) {
    unsigned problem = 0;
    struct str word;
    while (str_next(&text, '.', &word)) {
        for (unsigned i = 0; i < PASSWORD_PROBLEMS; i++) {
            problem |= str_is(word, words[i]) ? 1U << i : 0;
        }
    }
    return problem;
}

/* ---- on the page ---- */

void password_problem_show(struct page *p, unsigned problem) {
    static const struct {
        enum password_problem problem;
        enum text_key text;
        const char *field;
    } rows[] = {
        {PASSWORD_LOCKED, TEXT_PASSWORD_PROBLEM_LOCKED, NULL},
        {PASSWORD_NOW_WRONG, TEXT_PASSWORD_PROBLEM_NOW, "password"},
        {PASSWORD_MISSING, TEXT_PASSWORD_PROBLEM_MISSING, "new_password"},
        {PASSWORD_AGAIN, TEXT_PASSWORD_PROBLEM_AGAIN, "new_password_again"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if ((problem & 1U << rows[i].problem) != 0) {
            page_problem(p, rows[i].text, NULL, rows[i].field);
            return;
        }
    }
    if (problem != 0) {
        page_problem(p, TEXT_PASSWORD_PROBLEM_RULES, NULL, "new_password");
    }
}

static void rule_show(struct page *p, const struct password_owner *o, enum password_rule rule,
                      bool is_broken) {
    static const enum text_key texts[PASSWORD_RULES] = {
        [PASSWORD_TEXT] = TEXT_PASSWORD_RULE_TEXT,
        [PASSWORD_LENGTH] = TEXT_PASSWORD_RULE_LENGTH,
        [PASSWORD_UPPER] = TEXT_PASSWORD_RULE_UPPER,
        [PASSWORD_LOWER] = TEXT_PASSWORD_RULE_LOWER,
        [PASSWORD_DIGIT] = TEXT_PASSWORD_RULE_DIGIT,
        [PASSWORD_SPECIAL] = TEXT_PASSWORD_RULE_SPECIAL,
        [PASSWORD_COMMON] = TEXT_PASSWORD_RULE_COMMON,
        [PASSWORD_NAME] = TEXT_PASSWORD_RULE_NAME,
        [PASSWORD_USED] = TEXT_PASSWORD_RULE_USED,
    };
    struct arena *a = p->cx->arena;
    struct html *h = &p->h;
    struct str min = str_format(a, "%lld", (long long)password_length_min(&o->policy));
    struct str max = str_format(a, "%d", PASSWORD_MAX);
    struct str count = str_format(a, "%lld", (long long)o->policy.history + 1);
    bool many = rule == PASSWORD_USED && o->policy.history > 0;
    HTML(h, "<li");
    HTML_ATTR(h, "data-rule", str_from(words[rule]));
    if (rule == PASSWORD_LENGTH) {
        HTML_ATTR(h, "data-min", min);
        HTML_ATTR(h, "data-max", max);
    }
    if (is_broken) {
        HTML(h, " class=\"broken\"");
    }
    HTML(h, ">");
    page_say(p, many ? TEXT_PASSWORD_RULE_HISTORY : texts[rule],
             TEXT_VALUES({"min", min}, {"max", max}, {"count", count}));
    HTML(h, " <span class=\"state\">");
    if (is_broken) {
        page_say(p, TEXT_PASSWORD_RULE_BROKEN, NULL);
    }
    HTML(h, "</span></li>\n");
}

static void rules_show(struct page *p, const struct password_owner *o, unsigned problem) {
    HTML(&p->h, "<div class=\"rules\" id=\"rules\"><p>");
    page_say(p, TEXT_PASSWORD_RULES, NULL);
    HTML(&p->h, "</p>\n<ul");
    HTML_ATTR(&p->h, "data-met", str_from(p->language->texts[TEXT_PASSWORD_RULE_MET]));
    HTML(&p->h, ">\n");
    for (unsigned i = 0; i < PASSWORD_RULES; i++) {
        bool is_broken = (problem & 1U << i) != 0;
        bool applies = password_rule_applies(&o->policy, (enum password_rule)i);
        bool first = i == PASSWORD_USED && o->password_hash.p == NULL;
        if (applies && !first && (i != PASSWORD_TEXT || is_broken)) {
            rule_show(p, o, (enum password_rule)i, is_broken);
        }
    }
    HTML(&p->h, "</ul></div>\n");
}

static void field_show(struct page *p, const char *name, enum text_key label, bool is_wrong) {
    struct html *h = &p->h;
    HTML(h, "<div class=\"field\">\n<label");
    HTML_ATTR(h, "for", str_from(name));
    HTML(h, ">");
    page_say(p, label, NULL);
    HTML(h, "</label>\n<input type=\"password\" autocomplete=\"new-password\" required");
    HTML_ATTR(h, "id", str_from(name));
    HTML_ATTR(h, "name", str_from(name));
    HTML_ATTR(h, "aria-describedby", is_wrong ? STR("rules problem") : STR("rules"));
    if (is_wrong) {
        HTML(h, " aria-invalid=\"true\"");
    }
    HTML(h, ">\n</div>\n");
}

void password_user_show(struct page *p, struct str user_name) {
    HTML(&p->h, "<div class=\"field\">\n<label for=\"username\">");
    page_say(p, TEXT_LOGIN_USER_NAME, NULL);
    HTML(&p->h, "</label>\n<input type=\"text\" id=\"username\" name=\"username\" "
                "autocomplete=\"username\" readonly");
    HTML_ATTR(&p->h, "value", user_name);
    HTML(&p->h, ">\n</div>\n");
}

void password_fields_show(struct page *p, const struct password_owner *o, unsigned problem) {
    unsigned rules = (1U << PASSWORD_RULES) - 1;
    rules_show(p, o, problem);
    field_show(p, "new_password", TEXT_PASSWORD_NEW,
               (problem & (rules | 1U << PASSWORD_MISSING)) != 0);
    field_show(p, "new_password_again", TEXT_PASSWORD_AGAIN, (problem & 1U << PASSWORD_AGAIN) != 0);
    login_button(p, &(struct login_button){.action = "save", .text = TEXT_PASSWORD_SAVE});
}

/* ---- what was posted ---- */

err password_new_read(struct ctx *cx, const struct request *rq, const struct password_owner *o,
                      struct password_new *n) {
    struct str again;
    n->owner = o;
    n->problem = 0;
    TRY(request_param(cx, rq, "new_password", &n->text));
    TRY(request_param(cx, rq, "new_password_again", &again));
    if (str_empty(n->text)) {
        n->problem = 1U << PASSWORD_MISSING;
        return OK;
    }
    n->problem = password_broken(cx, &o->policy, &o->who, n->text);
    if (n->problem == 0 && !str_eq(n->text, again)) { /* both are of one sender */
        n->problem = 1U << PASSWORD_AGAIN;
    }
    return OK;
}

static err new_run(struct ctx *cx, void *state) {
    struct password_new *n = state;
    bool stale;
    if (n->now.p != NULL && (n->owner->password_hash.p == NULL ||
                             !password_matches(n->now, n->owner->password_hash, &stale))) {
        n->problem = 1U << PASSWORD_NOW_WRONG;
        return OK;
    }
    if (n->is_locked) { /* SECURITY `lockout`: a right guess takes no longer than a wrong one */
        n->problem = 1U << PASSWORD_LOCKED;
        return OK;
    }
    if (password_was_used(n->owner, n->text)) {
        n->problem = 1U << PASSWORD_USED;
        return OK;
    }
    return password_hash(cx, n->text, &n->hash);
}

void password_new_job(struct password_new *n, struct reply *rp) {
    rp->job.run = new_run;
    rp->job.state = n;
}

/* ---- what is stored ---- */

void password_change_prepare(struct ctx *cx, const struct request *rq, const struct password_new *n,
                             struct password_change *ret) {
    *ret = (struct password_change){.made = n, .remote = rq->remote};
    const struct mail_facts facts = {
        .kind = STR(MAIL_CHANGED),
        .language = language_choose(STR_NONE, request_header(rq, "accept-language")),
        .who = &n->owner->who,
        .issuer = rq->environment->issuer,
        .key = platform_seal_key(cx, SEAL_MAIL)};
    mail_write(cx, &facts, &ret->mail);
}

err password_change_commit(struct ctx *cx, const struct password_change *c) {
    const struct password_owner *o = c->made->owner;
    TRY(password_replace(cx, o, c->made->hash));
    if (o->password_hash.p != NULL) { /* the first one is no change */
        TRY(mail_create(cx, &c->mail));
    }
    struct audit record = {.tenant_id = o->who.tenant_id,
                           .actor = str_format(cx->arena, "user:%.*s", STR_ARG(o->who.employee_id)),
                           .action = STR("user.password"),
                           .object = o->who.employee_id,
                           .remote = c->remote};
    return audit_write(cx, &record);
}
