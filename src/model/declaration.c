/* SPDX-License-Identifier: Apache-2.0 */
/* plan and apply: read the file, make the slow things, then compare and write in one transaction.
 */
#include "declare.h"

/* A mistake's place comes from the parser: "line L, column C". */
static err text_parse(struct ctx *cx, const struct declaration_options *options,
                      json_t **ret_root) {
    if (json_parse(cx, options->text, ret_root) == OK) {
        return OK;
    }
    struct str why = str_copy(cx->arena, str_from(cx->failure.detail));
    const char prefix[] = "JSON, ";
    if (str_starts(why, prefix)) {
        why = str_sub(why, sizeof prefix - 1, why.n);
    }
    return fail_say(cx, ERR_BAD_CONFIG, "%s: it is not JSON: %.*s", options->file, STR_ARG(why));
}

/* The first mistake is what is said; the others are in the list. */
static err mistakes_fail(struct declare *d, struct declaration_result *ret_result) {
    if (d->mistakes_n == 0) {
        return OK;
    }
    ret_result->mistakes = d->mistakes;
    ret_result->mistakes_n = d->mistakes_n;
    ret_result->mistakes_seen = d->mistakes_seen;
    return fail_say(d->cx, ERR_BAD_CONFIG, "%.*s", STR_ARG(d->mistakes[0]));
}

struct writing {
    struct declare *d;
    bool planned; /* all went well, and the transaction is given up on purpose */
};

static err declaration_write(struct ctx *cx, void *state) {
    struct writing *w = state;
    struct declare *d = w->d;
    w->planned = false;
    d->changes_n = d->secrets_n = d->mistakes_n = d->mistakes_seen = 0;
    d->snapshot_changed = false;
    TRY(declare_environments(d));
    if (d->mistakes_seen > 0) {
        return fail(cx, ERR_BAD_CONFIG, "%zu mistakes", d->mistakes_seen);
    }
    if (d->snapshot_changed) {
        TRY(generation_raise(cx));
    }
    if (!d->options->apply) {
        w->planned = true;
        return fail(cx, ERR_CONFLICT, "only planned");
    }
    return OK;
}

/* Two applies at once, or an API call that took a name meanwhile. */
static err write_failed(struct declare *d, err e) {
    if (e != ERR_DUPLICATE && e != ERR_NOT_FOUND && e != ERR_INVALID_REQUEST) {
        return e;
    }
    struct str why = str_copy(d->cx->arena, str_from(d->cx->failure.detail));
    return fail_say(d->cx, ERR_BAD_CONFIG, "%s: %.*s; nothing was changed", d->options->file,
                    STR_ARG(why));
}

err declaration_run(struct ctx *cx, const struct declaration_options *options,
                    struct declaration_result *ret_result) {
    json_t *root;
    TRY(text_parse(cx, options, &root));
    struct declare *d = NEW(cx->arena, struct declare);
    d->cx = cx;
    d->options = options;
    declare_read(d, root);
    TRY(mistakes_fail(d, ret_result));
    declare_check(d);
    TRY(mistakes_fail(d, ret_result));
    TRY(declare_keys_prepare(d));
    TRY(declare_passwords_prepare(d));
    struct writing w = {.d = d};
    err e = db_transaction(cx, declaration_write, &w);
    if (e == ERR_BAD_CONFIG) {
        TRY(mistakes_fail(d, ret_result));
    }
    if (e != OK && !w.planned) {
        return write_failed(d, e);
    }
    *ret_result = (struct declaration_result){.changes = d->changes,
                                              .changes_n = d->changes_n,
                                              .secrets = d->secrets,
                                              .secrets_n = options->apply ? d->secrets_n : 0};
    return OK;
}
