/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of web/ share: how a page is written (page.h), a sign-in under way (flow.h), its
 * steps (step.h), and the rest. */
#ifndef POSTERN_WEB_INTERNAL_H
#define POSTERN_WEB_INTERNAL_H

#include "step.h"

/* ---- mail_text.c: what a mail says ---- */

struct mail_facts {
    struct str kind; /* of struct mail */
    const struct language *language;
    const struct employee *who;
    struct str issuer;                /* of the environment */
    const struct password_link *link; /* NULL: none in it */
    const struct seal_key *key;       /* SEAL_MAIL's */
};
void mail_write(struct ctx *cx, const struct mail_facts *f, struct mail *ret_mail);

/* ---- form_page.c: authorize.form ---- */

void form_page(struct ctx *cx, const struct request *rq, const struct authorize *r,
               const struct authorize_form *form, struct reply *rp);

#endif
