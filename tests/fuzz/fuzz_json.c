/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what is read and written again is the same value, and any text survives the writer. */
#include "target.h"

static void text_survives(struct target *t) {
    struct buf b = buf_in(t->arena, 0);
    struct json_out j = json_to(&b);
    json_t *value;
    json_open_array(&j, NULL);
    json_put_str(&j, NULL, t->input);
    json_close_array(&j);
    for (size_t i = 0; i < b.n; i++) {
        HOLDS(b.p[i] >= 0x20 && (unsigned char)b.p[i] < 0x80); /* PROTOCOL 12.12 */
    }
    if (str_is_text(t->input)) {
        HOLDS(json_parse(&t->cx, buf_view(&b), &value) == OK);
        const json_t *text = json_array_get(value, 0);
        HOLDS(str_eq((struct str){json_string_value(text), json_string_length(text)}, t->input));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    json_t *value = NULL, *again;
    if (json_parse(&t.cx, t.input, &value) == OK) {
        struct str text = json_canonical(t.arena, value), words;
        int64_t number;
        bool flag;
        HOLDS(json_parse(&t.cx, text, &again) == OK);
        HOLDS(json_equal(value, again));
        (void)!json_get_words(&t.cx, value, "scope", &words);
        (void)!json_get_int(&t.cx, value, "exp", 0, &number);
        (void)!json_get_bool(&t.cx, value, "active", false, &flag);
    } else {
        HOLDS(value == NULL && t.cx.failure.detail[0] != '\0');
    }
    text_survives(&t);
    target_done(&t);
    return 0;
}
