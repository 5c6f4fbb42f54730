/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once for each seed of a directory: the part of fuzzing that every test run does. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SEED_MAX (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int seed_replay(const char *directory, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *from = fopen(path, "rb");
    uint8_t *data = malloc(SEED_MAX);
    if (from == NULL || data == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    size_t n = fread(data, 1, SEED_MAX, from);
    (void)fclose(from);
    /* Exactly as long as the input, so that reading past it is seen. */
    uint8_t *exact = realloc(data, n > 0 ? n : 1);
    if (exact == NULL) {
        return EXIT_FAILURE;
    }
    int status = LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return status;
}

int main(int argc, char **argv)
{
    DIR *seeds = argc == 2 ? opendir(argv[1]) : NULL;
    if (seeds == NULL) {
        (void)fprintf(stderr, "usage: replay_NAME DIRECTORY\n");
        return 2;
    }
    int n = 0, status = EXIT_SUCCESS;
    for (const struct dirent *e = readdir(seeds); e != NULL; e = readdir(seeds)) {
        if (e->d_name[0] != '.') {
            status |= seed_replay(argv[1], e->d_name);
            n++;
        }
    }
    (void)closedir(seeds);
    (void)printf("%d seeds\n", n);
    return n > 0 ? status : EXIT_FAILURE; /* a target without seeds tests nothing */
}
