/* SPDX-License-Identifier: Apache-2.0 */
/* The Link header (RFC 8288). */
#include "../fixture.h"
#include "client.h"

static void found(void **state) {
    (void)state;
    static const struct {
        const char *header, *target;
    } cases[] = {
        {"</a>; rel=next", "/a"},
        {"</a>; rel=\"next\"", "/a"},
        {"</a>;rel=\"NEXT\"", "/a"},
        {"</a>; REL=Next", "/a"},
        {"< /a >; rel=\"prev next\"", "/a"},
        {"</p>; rel=\"prev\", </n?a=1,2;3>; rel=\"next\"; title=\"x\"", "/n?a=1,2;3"},
        {"</p>; title=\"a \\\" , <b>; rel=next\"; rel=prev, </n>; rel=next", "/n"},
        {"</a>; title*=UTF-8''x; rel = next", "/a"},
        {" , , </a>; rel=next", "/a"},
        {"</a>; rel=next; rel=prev", "/a"},
        {"</a>; crossorigin; rel=next", "/a"},
        {"<>; rel=next, </b>; rel=next", "/b"},
        {"<https://h/a>; rel=next", "https://h/a"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str target;
        if (!link_next(str_from(cases[i].header), &target)) {
            fail_msg("nothing in '%s'", cases[i].header);
        }
        assert_str(target, cases[i].target);
    }
}

static void not_found(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "</a>",
        "/a; rel=next",
        "</a; rel=next",
        "</a>; rel=prev",
        "</a>; rel=nextish",
        "</a>; rel",
        "</a>; rel=\"next",
        "</a>; rel=prev; rel=next", /* RFC 8288 3.3: the first counts */
        "</a>; rel=next; anchor=\"/other\"",
        "</a>; title=\"x\\\"; rel=next",
        "</a> rel=next",
        "<>; rel=next",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str target;
        if (link_next(str_from(cases[i]), &target)) {
            fail_msg("'%.*s' in '%s'", STR_ARG(target), cases[i]);
        }
    }
    struct str target;
    assert_false(link_next(STR_NONE, &target));
}

static void length_is_bounded(void **state) {
    struct fixture *f = *state;
    struct str target;
    struct buf b = buf_in(f->arena, 9000);
    for (int i = 0; i < 8192 - 15; i++) {
        buf_char(&b, ',');
    }
    buf_z(&b, "</ab>; rel=next");
    assert_int_equal(b.n, 8192);
    assert_true(link_next(buf_view(&b), &target));
    buf_char(&b, ' ');
    assert_false(link_next(buf_view(&b), &target));
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(found), TEST(not_found), TEST(length_is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
