/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
/* strcpy() in a comment is fine, "sprintf(" in text too. */
int a(char *to, const char *from)
{
    strcpy(to, from);
    clock.time(to);
    const char *text = "strcat(x)";
    return atoi(from) + (int)text[0];
}
