/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: what a tenant's pages look like. */
#ifndef POSTERN_MODEL_BRANDING_H
#define POSTERN_MODEL_BRANDING_H

#include "http.h"

struct colour {
    unsigned char part[3]; /* red, green, blue */
};
bool colour_parse(struct str text, struct colour *ret_colour); /* "#rrggbb" */
struct str colour_text(struct arena *a, struct colour c);
struct colour colour_mix(struct colour c, struct colour with, unsigned percent);
double colour_contrast(struct colour a, struct colour b); /* 1 to 21 */

struct image {
    struct str type; /* "image/png" */
    int64_t width, height;
};
/* PNG, JPEG or WebP that does not move. */
bool image_read(struct str bytes, struct image *ret_image);

/* What an accent must stand out against by WCAG's 4.5, as style.css has it: the text on it, and the
 * card that links stand on. */
#define BRANDING_CONTRAST      4.5
#define BRANDING_AGAINST_LIGHT "#ffffff"
#define BRANDING_AGAINST_DARK  "#1a2229"
#define BRANDING_IMAGE_BYTES   65536
#define BRANDING_IMAGE_SIDE    2048 /* pixels */
struct branding_image {
    struct str digest; /* absent: none */
    struct image image;
};
struct branding_text {
    struct str language, welcome, support, help; /* absent: none */
};
struct branding {
    struct str name;
    struct branding_image logo, banner;
    bool has_accent;
    struct colour accent, accent_dark; /* the second is made of the first if it was not declared */
    const json_t *texts;
};
/* Of a tenant that is alive and has any. ERR_NOT_FOUND. */
err branding_find(struct ctx *cx, struct str environment_id, struct str tenant_id,
                  struct branding *ret_branding);
/* From the stored JSON; "{}" is a branding without anything. */
err branding_parse(struct ctx *cx, struct str json, struct branding *ret_branding);
/* In this language, else in English, else in one that there is; language absent: none at all. */
void branding_text(struct ctx *cx, const struct branding *b, struct str language,
                   struct branding_text *ret_text);
/* The content of an image; ERR_NOT_FOUND. */
err branding_image(struct ctx *cx, struct str environment_id, struct str digest,
                   struct str *ret_type, struct str *ret_bytes);
/* Of a declaration: base64, with or without "data:image/png;base64,". NULL, or what would be right.
 */
const char *branding_image_parse(struct ctx *cx, struct str text, struct branding_image *ret_image,
                                 struct str *ret_base64);
/* One spelling of the stored JSON; images that are given as base64 become their digests. */
err branding_normal(struct ctx *cx, struct str json, struct str *ret_json);

#endif
