/* SPDX-License-Identifier: Apache-2.0 */
/* Response types (RFC 6749 3.1.1, OAuth 2.0 Multiple Response Type Encoding Practices): a set of
 * words, and which sets an application registered. */
#include "oauth.h"

static const struct {
    const char *word;
    unsigned bit;
} words[] = {
    {"code", RESPONSE_CODE},
    {"id_token", RESPONSE_ID_TOKEN},
    {"token", RESPONSE_TOKEN},
};

static unsigned word_bit(struct str word) {
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_is(word, words[i].word)) {
            return words[i].bit;
        }
    }
    return 0;
}

unsigned response_type_parse(struct str list) {
    unsigned bits = 0;
    struct str word;
    while (str_next(&list, ' ', &word)) {
        unsigned bit = word_bit(word);
        if (bit == 0 || (bits & bit) != 0) {
            return 0;
        }
        bits |= bit;
    }
    return bits;
}

bool response_type_registered(struct ctx *cx, const struct application *a, unsigned bits) {
    json_t *types;
    if (str_empty(a->response_types)) {
        return bits == RESPONSE_CODE;
    }
    if (bits == 0 || json_parse(cx, a->response_types, &types) != OK) {
        return false;
    }
    size_t i;
    const json_t *item;
    json_array_foreach(types, i, item) {
        struct str name = {json_string_value(item), json_string_length(item)};
        if (response_type_parse(name) == bits) {
            return true;
        }
    }
    return false;
}
