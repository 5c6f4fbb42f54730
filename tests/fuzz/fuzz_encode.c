/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings: what a reader takes is what the writer makes of it, byte for byte; what the writer
 * makes is read back. */
#include "target.h"

static void readers(struct target *t) {
    struct str bytes;
    if (base64url_parse(t->arena, t->input, &bytes)) {
        HOLDS(str_eq(base64url(t->arena, bytes.p, bytes.n), t->input));
    }
    if (base64_parse(t->arena, t->input, &bytes)) {
        struct str text = base64(t->arena, bytes.p, bytes.n);
        HOLDS(text.n >= t->input.n && str_eq(str_sub(text, 0, t->input.n), t->input));
    }
    if (hex_parse(t->arena, t->input, &bytes)) {
        HOLDS(str_eq_nocase(hex(t->arena, bytes.p, bytes.n), t->input));
    }
    if (percent_decode(t->arena, t->input, true, &bytes)) {
        HOLDS(str_is_text(bytes) && bytes.n <= t->input.n);
    }
    if (uuid_parse(t->arena, t->input, &bytes)) {
        HOLDS(str_eq_nocase(bytes, t->input) && bytes.n == UUID_LENGTH);
    }
    int64_t number;
    if (str_int(t->input, &number)) {
        HOLDS(t->input.n > 0);
    }
}

static void round_trips(struct target *t) {
    struct str text = base64url(t->arena, t->input.p, t->input.n), bytes;
    HOLDS(text.n == BASE64URL_SIZE(t->input.n));
    HOLDS(base64url_parse(t->arena, text, &bytes) && str_eq(bytes, t->input));
    HOLDS(base64_parse(t->arena, base64(t->arena, t->input.p, t->input.n), &bytes));
    HOLDS(str_eq(bytes, t->input));
    HOLDS(hex_parse(t->arena, hex(t->arena, t->input.p, t->input.n), &bytes));
    HOLDS(str_eq(bytes, t->input));
    HOLDS(base32(t->arena, t->input.p, t->input.n).n == BASE32_SIZE(t->input.n));
    struct str encoded = percent_encode(t->arena, t->input);
    bool decoded = percent_decode(t->arena, encoded, false, &bytes);
    HOLDS(decoded == str_is_text(t->input));
    HOLDS(!decoded || str_eq(bytes, t->input));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    readers(&t);
    round_trips(&t);
    target_done(&t);
    return 0;
}
