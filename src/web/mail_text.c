/* SPDX-License-Identifier: Apache-2.0 */
/* What a mail says, in the language of who gets it. Its link begins with the environment's issuer,
 * whatever a request says of hosts (SECURITY `reset`). */
#include "web_internal.h"

#include <assert.h>

#define MAIL_ROOM 1024

struct kind {
    const char *name;
    enum text_key subject, body, otherwise;
};
static const struct kind kinds[] = {
    {LINK_RESET, TEXT_MAIL_RESET_SUBJECT, TEXT_MAIL_RESET, TEXT_MAIL_RESET_OTHERWISE},
    {LINK_INVITATION, TEXT_MAIL_INVITATION_SUBJECT, TEXT_MAIL_INVITATION,
     TEXT_MAIL_INVITATION_OTHERWISE},
    {MAIL_CHANGED, TEXT_MAIL_CHANGED_SUBJECT, TEXT_MAIL_CHANGED, TEXT_MAIL_CHANGED_OTHERWISE},
};

static const struct kind *kind_of(struct str name) {
    const struct kind *k = kinds;
    while (!str_is(name, k->name)) {
        k++; /* names are constants of this program */
        assert(k < kinds + COUNT_OF(kinds));
    }
    return k;
}

static void say(struct buf *b, const struct language *l, enum text_key key,
                const struct text_value *values) {
    struct str rest = str_from(l->texts[key]), part;
    while (str_next(&rest, '{', &part)) {
        struct str name;
        buf_str(b, part);
        if (rest.p != NULL && str_next(&rest, '}', &name)) {
            buf_str(b, text_value_of(values, name));
        }
    }
}

/* "2026-11-21 06:30" */
static struct str moment(struct ctx *cx) {
    char text[TIME_ISO_SIZE];
    time_iso(cx->now_ms, text);
    text[10] = ' ';
    return str_copy(cx->arena, str_sub(str_from(text), 0, 16));
}

static struct str host_of(struct str issuer) {
    size_t at = str_find_char(issuer, ':') + STR("://").n;
    return str_sub(issuer, at, issuer.n);
}

struct str password_link_url(struct arena *a, struct str issuer, struct str link) {
    return str_format(a, "%.*s" PASSWORD_PATH "?link=%.*s", STR_ARG(issuer), STR_ARG(link));
}

static void paragraph(struct buf *b, const struct language *l, enum text_key key,
                      const struct text_value *values) {
    say(b, l, key, values);
    buf_z(b, "\n\n");
}

void mail_write(struct ctx *cx, const struct mail_facts *f, struct mail *ret_mail) {
    struct arena *a = cx->arena;
    const struct language *l = f->language;
    const struct employee *who = f->who;
    const struct kind *k = kind_of(f->kind);
    const struct text_value *values = TEXT_VALUES(
        {"user", who->user_name}, {"name", who->first_name}, {"host", host_of(f->issuer)},
        {"minutes", str_format(a, "%d", PASSWORD_RESET_SECONDS / 60)},
        {"days", str_format(a, "%d", INVITATION_SECONDS / 86400)}, {"time", moment(cx)});
    struct buf subject = buf_in(a, 128), body = buf_in(a, MAIL_ROOM);
    say(&subject, l, k->subject, values);
    paragraph(&body, l, TEXT_MAIL_GREETING, values);
    paragraph(&body, l, k->body, values);
    if (f->link != NULL) {
        buf_str(&body, password_link_url(a, f->issuer, f->link->link));
        buf_z(&body, "\n\n");
    }
    paragraph(&body, l, k->otherwise, values);
    say(&body, l, TEXT_MAIL_FOOTER, values);
    buf_char(&body, '\n');
    *ret_mail =
        (struct mail){.tenant_id = who->tenant_id,
                      .employee_id = who->employee_id,
                      .kind = str_from(k->name),
                      .language = str_from(l->tag),
                      .to_address = who->email_address,
                      .subject = buf_view(&subject),
                      .body = buf_view(&body),
                      .expires_at = f->link != NULL ? f->link->expires_at : cx->now + MAIL_KEPT};
    mail_prepare(cx, f->key, ret_mail);
}
