/* SPDX-License-Identifier: Apache-2.0 */
/* A request to `postern proxy`: whatever its head, one that passes names this proxy, has one
 * framing and no foreign origin, and no header that goes on speaks for the caller. */
#include "proxy.h"
#include "target.h"

#include <string.h>

#define FIELDS_MAX 64

static bool head_read(struct str text, struct field *fields, struct head *ret) {
    struct str line, name;
    struct head h = {.fields = fields};
    if (!str_next(&text, '\n', &line) || !str_next(&line, ' ', &h.method) ||
        !str_next(&line, ' ', &h.target)) {
        return false;
    }
    h.version = line;
    while (h.fields_n < FIELDS_MAX && str_next(&text, '\n', &line)) {
        (void)str_next(&line, ':', &name);
        fields[h.fields_n++] = (struct field){name, line.p != NULL ? str_trim(line) : STR("")};
    }
    *ret = h;
    return true;
}

static size_t count(const struct head *h, const char *name) {
    size_t n = 0;
    for (size_t i = 0; i < h->fields_n; i++) {
        n += str_eq_nocase(h->fields[i].name, str_from(name)) ? 1 : 0;
    }
    return n;
}

static bool is_sound(const struct head *h, const struct verdict *v) {
    struct str origin = proxy_field(h, "origin");
    bool framed = count(h, "content-length") + count(h, "transfer-encoding") <= 1;
    bool ours = count(h, "host") == 1 && str_ends(proxy_field(h, "host"), ":4100");
    bool allowed = origin.p == NULL || str_is(origin, "https://app.example");
    return framed && ours && allowed && h->target.n > 0 && h->target.p[0] == '/' &&
           str_eq(v->origin, origin) && !str_eq_nocase(h->method, STR("TRACE"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct str origins[] = {{"https://app.example", 19}};
    static const struct proxy_rules rules = {.authority = {"127.0.0.1:4100", 14},
                                             .port = {"4100", 4},
                                             .origins = origins,
                                             .origins_n = 1};
    struct target t;
    struct field fields[FIELDS_MAX];
    struct head head;
    target_init(&t, data, size);
    if (head_read(t.input, fields, &head)) {
        struct verdict v = proxy_check(&rules, &head);
        if (v.status < 400 && !is_sound(&head, &v)) {
            abort();
        }
        for (size_t i = 0; i < head.fields_n; i++) {
            struct str name = head.fields[i].name;
            if (proxy_sends(fields, head.fields_n, name) &&
                (str_eq_nocase(name, STR("authorization")) || str_eq_nocase(name, STR("cookie")))) {
                abort();
            }
            (void)proxy_location(t.arena, head.fields[i].value, STR("https://api.example"),
                                 rules.authority);
            (void)proxy_is_origin(head.fields[i].value);
        }
    }
    target_done(&t);
    return 0;
}
