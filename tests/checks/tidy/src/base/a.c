/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

int a(int n);
int a(int n)
{
    char *text = malloc(10);
    if (n > 3) return 1;
    text[0] = 'x';
    free(text);
    return sizeof(text) == 8;
}

int many(int a, int b, int c, int d, int e, int f, int g);
int many(int a, int b, int c, int d, int e, int f, int g)
{
    return a + b + c + d + e + f + g;
}
