/* SPDX-License-Identifier: Apache-2.0 */
static void runs(void **state)
{
}

static void never_runs(void **state)
{
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
