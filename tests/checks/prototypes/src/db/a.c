/* SPDX-License-Identifier: Apache-2.0 */
static int fine(void);
struct thing *model_find(const char *name);
extern int counter;
extern const char document[];
int b(void)
{
    return fine();
}
