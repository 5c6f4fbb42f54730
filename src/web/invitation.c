/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations, for the programs of an operator: link and mail in the transaction at hand. */
#include "web_internal.h"

static err unknown_language(struct ctx *cx, struct str tag) {
    struct buf known = buf_in(cx->arena, 64);
    for (const struct language *l = languages; l->tag != NULL; l++) {
        buf_format(&known, "%s%s", l == languages ? "" : ", ", l->tag);
    }
    struct str list = buf_view(&known);
    return fail_say(cx, ERR_INVALID_REQUEST,
                    "no mail is written in the language '%.*s'; there are: %.*s", STR_ARG(tag),
                    STR_ARG(list));
}

err invitation_write(struct ctx *cx, struct invitation *i) {
    const struct language *language = language_find(i->language);
    struct seal_key key = seal_key_derive(i->master, SEAL_MAIL);
    struct password_link link = {.tenant_id = i->who->tenant_id,
                                 .employee_id = i->who->employee_id,
                                 .kind = STR(LINK_INVITATION)};
    struct mail mail;
    if (language == NULL) {
        return unknown_language(cx, i->language);
    }
    password_link_prepare(cx, &link);
    const struct mail_facts facts = {.kind = link.kind,
                                     .language = language,
                                     .who = i->who,
                                     .issuer = i->issuer,
                                     .link = &link,
                                     .key = &key};
    mail_write(cx, &facts, &mail);
    TRY(password_link_create(cx, &link));
    TRY(mail_create(cx, &mail));
    i->url = password_link_url(cx->arena, i->issuer, link.link);
    return OK;
}
