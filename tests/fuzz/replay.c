/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once for each seed of the directories given: the part of fuzzing that every
 * test run does. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SEED_MAX (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int seed_replay(const char *directory, const char *name) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *from = fopen(path, "rb");
    uint8_t *data = malloc(SEED_MAX);
    if (from == NULL || data == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t n = fread(data, 1, SEED_MAX, from);
    (void)fclose(from);
    /* Exactly as long as the input, so that reading past it is seen. */
    uint8_t *exact = realloc(data, n > 0 ? n : 1);
    if (exact == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    int status = LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return status;
}

/* How many seeds the directory has. */
static int directory_replay(const char *directory, int *status) {
    DIR *seeds = opendir(directory);
    int n = 0;
    if (seeds == NULL) {
        perror(directory);
        exit(EXIT_FAILURE);
    }
    for (const struct dirent *e = readdir(seeds); e != NULL; e = readdir(seeds)) {
        if (e->d_name[0] != '.') {
            *status |= seed_replay(directory, e->d_name);
            n++;
        }
    }
    (void)closedir(seeds);
    return n;
}

int main(int argc, char **argv) {
    int n = 0, status = EXIT_SUCCESS;
    for (int i = 1; i < argc; i++) {
        n += directory_replay(argv[i], &status);
    }
    (void)printf("%d seeds\n", n);
    return n > 0 ? status : EXIT_FAILURE; /* a target without seeds tests nothing */
}
