/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of headers (RFC 9110 5.6.7) and Retry-After (10.2.3). */
#include "../fixture.h"
#include "client.h"

#define NOW     FIXTURE_NOW /* 2023-11-14T22:13:20Z */
#define EXAMPLE 784111777   /* of the RFC */
#define YEAR_MS (INT64_C(366) * 86400 * 1000)

static int64_t parsed(const char *text) {
    int64_t t;
    if (!http_date_parse(str_from(text), NOW, &t)) {
        fail_msg("'%s' is refused", text);
    }
    return t;
}

static void three_forms(void **state) {
    (void)state;
    assert_int_equal(parsed("Sun, 06 Nov 1994 08:49:37 GMT"), EXAMPLE);
    assert_int_equal(parsed("Sunday, 06-Nov-94 08:49:37 GMT"), EXAMPLE);
    assert_int_equal(parsed("Sun Nov  6 08:49:37 1994"), EXAMPLE);
    assert_int_equal(parsed(" Sun, 06 Nov 1994 08:49:37 GMT\t"), EXAMPLE);
}

static void edges_of_the_calendar(void **state) {
    (void)state;
    assert_int_equal(parsed("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    assert_int_equal(parsed("Wed, 31 Dec 1969 23:59:59 GMT"), -1);
    assert_int_equal(parsed("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400);
    assert_int_equal(parsed("Wed, 01 Mar 2000 00:00:00 GMT"), 951868800);
    assert_int_equal(parsed("Tue, 14 Nov 2023 22:13:20 GMT"), NOW);
    assert_int_equal(parsed("Tue, 19 Jan 2038 03:14:08 GMT"), INT64_C(2147483648));
    assert_int_equal(parsed("Fri, 31 Dec 9999 23:59:60 GMT"), INT64_C(253402300800));
}

/* RFC 9110 5.6.7: more than 50 years ahead is the past. */
static void centuries(void **state) {
    (void)state;
    assert_int_equal(parsed("Thursday, 01-Jan-70 00:00:00 GMT"), INT64_C(3155760000)); /* 2070 */
    assert_int_equal(parsed("Tuesday, 01-Jan-74 00:00:00 GMT"), 126230400);            /* 1974 */
}

static void refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "0",
        "yesterday",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT+1",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 Non 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 1900 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 19945 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t t;
        if (http_date_parse(str_from(bad[i]), NOW, &t)) {
            fail_msg("'%s' passes", bad[i]);
        }
    }
    int64_t t;
    assert_false(http_date_parse(STR_NONE, NOW, &t));
}

static void retry_after(void **state) {
    (void)state;
    assert_int_equal(retry_after_parse(STR("0"), NOW), 0);
    assert_int_equal(retry_after_parse(STR("120"), NOW), 120000);
    assert_int_equal(retry_after_parse(STR(" 7 "), NOW), 7000);
    assert_int_equal(retry_after_parse(STR("Tue, 14 Nov 2023 22:13:50 GMT"), NOW), 30000);
    assert_int_equal(retry_after_parse(STR("Tue, 14 Nov 2023 22:13:10 GMT"), NOW), 0);
}

static void retry_after_is_bounded(void **state) {
    (void)state;
    assert_int_equal(retry_after_parse(STR("999999999999"), NOW), YEAR_MS);
    assert_int_equal(retry_after_parse(STR("9223372036854775807"), NOW), YEAR_MS);
    assert_int_equal(retry_after_parse(STR("Fri, 31 Dec 9999 23:59:59 GMT"), NOW), YEAR_MS);
    assert_int_equal(retry_after_parse(STR("9223372036854775808"), NOW), -1);
    assert_int_equal(retry_after_parse(STR("-1"), NOW), -1);
    assert_int_equal(retry_after_parse(STR("1.5"), NOW), -1);
    assert_int_equal(retry_after_parse(STR("soon"), NOW), -1);
    assert_int_equal(retry_after_parse(STR(""), NOW), -1);
    assert_int_equal(retry_after_parse(STR_NONE, NOW), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_forms), cmocka_unit_test(edges_of_the_calendar),
        cmocka_unit_test(centuries),   cmocka_unit_test(refused),
        cmocka_unit_test(retry_after), cmocka_unit_test(retry_after_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
