/* SPDX-License-Identifier: Apache-2.0 */
/* What a tenant's pages look like: members that the file does not name stay, "" takes one away. */
#include "declare.h"

#define NAME_MAX_CHARACTERS 60
#define TEXT_MAX_CHARACTERS 200
#define LINK_MAX            500

/* ---- what a value must look like ---- */

static const char *text_check(struct ctx *cx, struct str text, size_t max) {
    size_t n = 0;
    bool plain = str_trim(text).n == text.n;
    for (struct str rest = text; rest.n > 0; n++) {
        uint32_t c = 0;
        size_t size = str_code_point(rest, &c);
        /* Line separators and what turns the direction of the text around it. */
        plain = plain && size > 0 && (c < 0x80 || c > 0x9f) && (c < 0x2028 || c > 0x202e) &&
                (c < 0x2066 || c > 0x2069);
        rest = str_sub(rest, size > 0 ? size : 1, rest.n);
    }
    if (n <= max && plain) {
        return NULL;
    }
    return str_z(cx->arena, str_format(cx->arena,
                                       "it must be plain text in one line, at most %zu characters, "
                                       "without spaces at its ends",
                                       max));
}

const char *declare_brand_name_check(struct ctx *cx, struct str text) {
    return text_check(cx, text, NAME_MAX_CHARACTERS);
}

const char *declare_brand_text_check(struct ctx *cx, struct str text) {
    return text_check(cx, text, TEXT_MAX_CHARACTERS);
}

const char *declare_brand_link_check(struct ctx *cx, struct str text) {
    struct str rest = str_sub(text, STR("https://").n, text.n);
    size_t host = str_find_char(rest, '/');
    bool ok = str_starts(text, "https://") && text.n <= LINK_MAX && host > 0 && rest.n > 0;
    for (size_t i = 0; ok && i < text.n; i++) {
        ok = text.p[i] > ' ' && text.p[i] <= '~' && text.p[i] != '\\' && text.p[i] != '"' &&
             (text.p[i] != '@' || i > STR("https://").n + host);
    }
    (void)cx;
    return ok || text.n == 0 ? NULL : "it must be an address that begins with https://";
}

static const char *accent_check(struct ctx *cx, struct str text, const char *against_text,
                                const char *advice) {
    struct colour accent, against = {{0, 0, 0}};
    if (text.n == 0) {
        return NULL;
    }
    if (!colour_parse(text, &accent)) {
        return "it must be a colour like #1d5c63";
    }
    (void)colour_parse(str_from(against_text), &against);
    double ratio = colour_contrast(accent, against);
    if (ratio >= BRANDING_CONTRAST) {
        return NULL;
    }
    return str_z(cx->arena, str_format(cx->arena,
                                       "its contrast with %s is %.2f:1, and text is readable from "
                                       "4.5:1 on (WCAG 2.2, 1.4.3); take a %s colour",
                                       against_text, ratio, advice));
}

const char *declare_accent_check(struct ctx *cx, struct str text) {
    return accent_check(cx, text, BRANDING_AGAINST_LIGHT, "darker");
}

const char *declare_accent_dark_check(struct ctx *cx, struct str text) {
    return accent_check(cx, text, BRANDING_AGAINST_DARK, "lighter");
}

/* ---- the rows ---- */

static err images_write(struct declare *d, const struct declare_scope *scope,
                        const struct declare_object *o) {
    static const unsigned members[] = {BRANDING_LOGO, BRANDING_BANNER};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        struct branding_image b;
        struct str base64, text = o->v[members[i]].text;
        if (str_empty(text) || branding_image_parse(d->cx, text, &b, &base64) != NULL) {
            continue;
        }
        TRY(db_exec(d->cx,
                    "INSERT INTO branding_image_index (environment_id, digest, tenant_id, type, "
                    "content) VALUES ($1, $2, $3, $4, $5) "
                    "ON CONFLICT (environment_id, digest, tenant_id) DO NOTHING",
                    DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(b.digest),
                            DB_TEXT(scope->tenant_id), DB_TEXT(b.image.type), DB_TEXT(base64)),
                    NULL));
    }
    return OK;
}

/* What the branding does not name any more; of a disabled tenant, too, which gets its images back
 * when it is enabled. */
static err images_clear(struct declare *d, const struct declare_scope *scope, struct str json) {
    struct branding b;
    TRY(branding_parse(d->cx, json, &b));
    struct str logo = b.logo.digest.p != NULL ? b.logo.digest : STR("");
    struct str banner = b.banner.digest.p != NULL ? b.banner.digest : STR("");
    return db_exec(d->cx,
                   "DELETE FROM branding_image_index WHERE environment_id = $1 AND tenant_id = $2 "
                   "AND digest <> $3 AND digest <> $4",
                   DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(scope->tenant_id), DB_TEXT(logo),
                           DB_TEXT(banner)),
                   NULL);
}

/* Which members of the file differ from what is stored: "logo, accent". */
static struct str members_changed(struct declare *d, struct str before, struct str after) {
    json_t *old, *new;
    struct str list = STR("");
    if (json_parse(d->cx, before, &old) != OK || json_parse(d->cx, after, &new) != OK) {
        return list;
    }
    for (size_t i = 0; i < declare_branding_kind.n; i++) {
        const char *name = declare_branding_kind.members[i].name;
        const json_t *was = json_object_get(old, name), *is = json_object_get(new, name);
        if (was != is && (was == NULL || is == NULL || !json_equal(was, is))) {
            list = declare_list_add(d->cx->arena, list, name);
        }
    }
    return list;
}

err declare_branding(struct declare *d, const struct declare_scope *scope) {
    const struct declare_value *given = declare_given(scope->object, TENANT_BRANDING);
    struct ctx *cx = d->cx;
    struct str stored = STR("{}"), json;
    if (given == NULL) {
        return OK;
    }
    err e = db_one(cx, "SELECT branding FROM branding WHERE tenant_id = $1",
                   DB_ARGS(DB_TEXT(scope->tenant_id)), DB_COLUMNS(COLUMN_STR(&stored)));
    bool is_new = e == ERR_NOT_FOUND;
    if (e != OK && !is_new) {
        return e;
    }
    if (branding_normal(cx, declare_overlay(cx, stored, given->json), &json) != OK) {
        declare_mistake(d, scope->object, "branding", "%s", failure_text(cx));
        return OK;
    }
    if (str_eq(json, stored)) {
        return OK;
    }
    TRY(db_exec(cx,
                "INSERT INTO branding (tenant_id, branding, updated_at) VALUES ($1, $2, $3) "
                "ON CONFLICT (tenant_id) DO UPDATE SET branding = excluded.branding, "
                "updated_at = excluded.updated_at",
                DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(json), DB_INT(cx->now)), NULL));
    TRY(images_write(d, scope, given->objects));
    TRY(images_clear(d, scope, json));
    return declare_note(d, &(struct declare_note){.kind = &declare_branding_kind,
                                                  .is_new = is_new,
                                                  .name = scope->tenant,
                                                  .detail = members_changed(d, stored, json),
                                                  .tenant_id = scope->tenant_id,
                                                  .object = scope->tenant_id});
}
