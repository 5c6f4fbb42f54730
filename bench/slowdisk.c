/* SPDX-License-Identifier: Apache-2.0 */
/* A slow disk: preloaded, it adds SLOWDISK_US microseconds (2000) to each fsync and fdatasync. */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static void wait_a_little(void) {
    const char *text = getenv("SLOWDISK_US");
    long us = text != NULL ? strtol(text, NULL, 10) : 2000;
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static int call_real(const char *name, int fd) {
    union {
        void *object;
        int (*function)(int);
    } real = {.object = dlsym(RTLD_NEXT, name)};
    return real.function(fd);
}

int fsync(int fd) {
    wait_a_little();
    return call_real("fsync", fd);
}

int fdatasync(int fd) {
    wait_a_little();
    return call_real("fdatasync", fd);
}
