/* SPDX-License-Identifier: Apache-2.0 */
/* Forms and queries: strict and tolerant, with and without '+'. What strict takes, tolerant takes
 * alike. */
#include "http.h"
#include "target.h"

static err parse(struct ctx *cx, struct str text, bool tolerant, bool plus, struct params *ret) {
    const struct form_rules rules = {.max = HTTP_FORM_MAX, .plus = plus, .tolerant = tolerant};
    return form_parse(cx, text, &rules, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    for (int plus = 0; plus < 2; plus++) {
        struct params strict, tolerant;
        struct str value;
        if (parse(&t.cx, t.input, false, plus != 0, &strict) == OK) {
            HOLDS(parse(&t.cx, t.input, true, plus != 0, &tolerant) == OK);
            HOLDS(strict.n == tolerant.n);
            for (size_t i = 0; i < strict.n; i++) {
                HOLDS(str_is_text(strict.v[i].name) && str_is_text(strict.v[i].value));
                HOLDS(str_eq(strict.v[i].value, tolerant.v[i].value));
            }
            (void)!params_one(&t.cx, &strict, "a", &value);
        }
    }
    target_done(&t);
    return 0;
}
