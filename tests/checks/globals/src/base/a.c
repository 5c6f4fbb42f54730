/* SPDX-License-Identifier: Apache-2.0 */
static int counter = 1;
static const int table[] = {1, 2};
static const char *const names[] = {"a"};
int next(void);
int next(void)
{
    return counter++ + table[counter & 1] + names[0][0];
}
