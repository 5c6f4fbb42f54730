/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

int a(int n);
int a(int n) {
    char *text = malloc(10);
    if (n > 3) return 1;
    free(text);
    return text[0];
}
