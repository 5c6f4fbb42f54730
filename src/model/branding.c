/* SPDX-License-Identifier: Apache-2.0 */
/* What a tenant's pages look like, as it is stored: a JSON text, and images by their digest. */
#include "model.h"

#include <string.h>

/* ---- images of a declaration ---- */

#define DATA_PREFIX     "data:"
#define DATA_BASE64     ";base64,"
#define DATA_PREFIX_MAX 64

/* RFC 2397: what is before the comma is not believed, only left out. */
static bool base64_of(struct str text, struct str *ret_base64) {
    if (!str_starts(text, DATA_PREFIX)) {
        *ret_base64 = text;
        return true;
    }
    size_t comma = str_find_char(text, ',');
    if (comma == text.n || !str_ends(str_sub(text, 0, comma + 1), DATA_BASE64)) {
        return false;
    }
    *ret_base64 = str_sub(text, comma + 1, text.n);
    return true;
}

const char *branding_image_parse(struct ctx *cx, struct str text, struct branding_image *ret_image,
                                 struct str *ret_base64) {
    struct branding_image b = {.digest = STR_NONE};
    struct str content, bytes;
    if (text.n > (BRANDING_IMAGE_BYTES + 2) / 3 * 4 + DATA_PREFIX_MAX) {
        return "an image has at most 64 KiB";
    }
    if (!base64_of(text, &content) || !base64_parse(cx->arena, content, &bytes)) {
        return "it must be the image itself in base64, as base64 -w0 FILE prints it";
    }
    if (bytes.n > BRANDING_IMAGE_BYTES) {
        return "an image has at most 64 KiB";
    }
    if (!image_read(bytes, &b.image)) {
        return "it must be a PNG, JPEG or WebP that does not move";
    }
    if (b.image.width > BRANDING_IMAGE_SIDE || b.image.height > BRANDING_IMAGE_SIDE) {
        return "an image has at most 2048 by 2048 pixels";
    }
    b.digest = sha256_text(cx->arena, bytes);
    *ret_image = b;
    *ret_base64 = content;
    return NULL;
}

/* ---- the stored form ---- */

static const char *const image_members[] = {"logo", "banner"};

static json_t *json_of_str(struct str s) {
    return json_stringn(s.p, s.n);
}

static err image_normal(struct ctx *cx, json_t *branding, const char *member) {
    json_t *given = json_object_get(branding, member);
    struct branding_image b;
    struct str base64;
    if (!json_is_string(given)) {
        return OK;
    }
    struct str text = {json_string_value(given), json_string_length(given)};
    const char *why = branding_image_parse(cx, text, &b, &base64);
    if (why != NULL) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s: %s", member, why);
    }
    json_t *stored = json_object();
    (void)json_object_set_new(stored, "digest", json_of_str(b.digest));
    (void)json_object_set_new(stored, "type", json_of_str(b.image.type));
    (void)json_object_set_new(stored, "width", json_integer(b.image.width));
    (void)json_object_set_new(stored, "height", json_integer(b.image.height));
    (void)json_object_set_new(branding, member, stored);
    return OK;
}

/* "" takes a member away. */
static void empty_remove(json_t *object) {
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value) {
        if (json_is_object(value)) {
            empty_remove(value);
        }
        bool nothing = json_is_string(value)
                           ? json_string_length(value) == 0
                           : json_is_object(value) && json_object_size(value) == 0;
        if (nothing) {
            (void)json_object_del(object, key);
        }
    }
}

err branding_normal(struct ctx *cx, struct str json, struct str *ret_json) {
    json_t *value;
    TRY(json_parse(cx, json, &value));
    json_t *branding = json_deep_copy(value);
    empty_remove(branding);
    err e = OK;
    for (size_t i = 0; i < COUNT_OF(image_members) && e == OK; i++) {
        e = image_normal(cx, branding, image_members[i]);
    }
    if (e == OK && json_object_get(branding, "logo") != NULL &&
        json_object_get(branding, "name") == NULL) {
        e = fail_say(cx, ERR_INVALID_REQUEST,
                     "a logo needs a name: it is what those read who do not see the logo");
    }
    if (e == OK && json_object_get(branding, "accentDark") != NULL &&
        json_object_get(branding, "accent") == NULL) {
        e = fail_say(cx, ERR_INVALID_REQUEST, "accentDark goes with accent");
    }
    struct str text = json_canonical(cx->arena, branding);
    json_decref(branding);
    TRY(e);
    *ret_json = text;
    return OK;
}

/* ---- read ---- */

static err image_of(struct ctx *cx, const json_t *branding, const char *member,
                    struct branding_image *ret_image) {
    const json_t *v = json_object_get(branding, member);
    struct branding_image b = {.digest = STR_NONE};
    if (v != NULL) {
        TRY(json_get_str(cx, v, "digest", &b.digest));
        TRY(json_get_str(cx, v, "type", &b.image.type));
        TRY(json_get_int(cx, v, "width", 0, &b.image.width));
        TRY(json_get_int(cx, v, "height", 0, &b.image.height));
    }
    *ret_image = b;
    return OK;
}

/* The same colour, as much lighter as a dark page asks for. */
static struct colour accent_for_dark(struct colour accent) {
    static const struct colour white = {{255, 255, 255}};
    struct colour against = {{0, 0, 0}}, lighter = accent;
    (void)colour_parse(STR(BRANDING_AGAINST_DARK), &against);
    for (unsigned percent = 0; percent <= 100; percent += 5) {
        lighter = colour_mix(accent, white, percent);
        if (colour_contrast(lighter, against) >= BRANDING_CONTRAST) {
            break;
        }
    }
    return lighter;
}

err branding_parse(struct ctx *cx, struct str json, struct branding *ret_branding) {
    struct branding b = {.name = STR_NONE};
    struct str accent, accent_dark;
    json_t *value;
    TRY(json_parse(cx, json, &value));
    TRY(json_get_str(cx, value, "name", &b.name));
    TRY(json_get_str(cx, value, "accent", &accent));
    TRY(json_get_str(cx, value, "accentDark", &accent_dark));
    TRY(image_of(cx, value, "logo", &b.logo));
    TRY(image_of(cx, value, "banner", &b.banner));
    b.has_accent = colour_parse(accent, &b.accent);
    if (b.has_accent && !colour_parse(accent_dark, &b.accent_dark)) {
        b.accent_dark = accent_for_dark(b.accent);
    }
    b.texts = json_object_get(value, "texts");
    *ret_branding = b;
    return OK;
}

err branding_find(struct ctx *cx, struct str environment_id, struct str tenant_id,
                  struct branding *ret_branding) {
    struct str json;
    TRY(db_one(cx,
               "SELECT b.branding FROM branding b JOIN tenant t ON t.tenant_id = b.tenant_id "
               "WHERE b.tenant_id = $1 AND t.environment_id = $2 AND t.is_enabled = 1",
               DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(environment_id)),
               DB_COLUMNS(COLUMN_STR(&json))));
    if (str_is(json, "{}")) {
        return fail(cx, ERR_NOT_FOUND, "the tenant took its branding away");
    }
    return branding_parse(cx, json, ret_branding);
}

void branding_text(struct ctx *cx, const struct branding *b, struct str language,
                   struct branding_text *ret_text) {
    struct branding_text t = {.language = language};
    const char *tag = str_z(cx->arena, language);
    const json_t *texts = json_object_get(b->texts, tag);
    if (texts == NULL) {
        tag = "en";
        texts = json_object_get(b->texts, tag);
    }
    if (texts == NULL) { /* jansson's iteration does not change the object */
        json_t *all = (json_t *)(uintptr_t)b->texts;
        void *first = json_object_iter(all);
        tag = first != NULL ? json_object_iter_key(first) : NULL;
        texts = first != NULL ? json_object_iter_value(first) : NULL;
    }
    t.language = str_from(tag);
    if (texts == NULL || json_get_str(cx, texts, "welcome", &t.welcome) != OK ||
        json_get_str(cx, texts, "support", &t.support) != OK ||
        json_get_str(cx, texts, "help", &t.help) != OK) {
        t = (struct branding_text){.language = STR_NONE};
    }
    *ret_text = t;
}

err branding_image(struct ctx *cx, struct str environment_id, struct str digest,
                   struct str *ret_type, struct str *ret_bytes) {
    struct str type, content, bytes;
    TRY(db_one(cx,
               "SELECT type, content FROM branding_image_index "
               "WHERE environment_id = $1 AND digest = $2 ORDER BY tenant_id LIMIT 1",
               DB_ARGS(DB_TEXT(environment_id), DB_TEXT(digest)),
               DB_COLUMNS(COLUMN_STR(&type), COLUMN_STR(&content))));
    if (!base64_parse(cx->arena, content, &bytes)) {
        return fail(cx, ERR_INTERNAL, "an image is not stored as base64");
    }
    *ret_type = type;
    *ret_bytes = bytes;
    return OK;
}
