/* SPDX-License-Identifier: Apache-2.0 */
struct pair {
    int a, b;
};
int seven(int a, int b, int c, int d, int e, int f, int (*g)(int, int)) {
    return a + b + c + d + e + f + g(1, 2);
}

int deep(int n) {
    for (int i = 0; i < n; i++) {
        if (i) {
            while (n) {
                do {
                    if (n) {
                        return 1;
                    }
                } while (0);
            }
        }
    }
    return 0;
}

int fine(int a, int b, int c, int d, int e) {
    for (int i = 0; i < a; i++) {
        switch (b) {
        case 1:
            if (c) {
                return ((struct pair){d, e}).a;
            }
        }
    }
    return 0;
}
