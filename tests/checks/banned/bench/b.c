/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>
long b(void)
{
    return time(NULL);
}
