/* SPDX-License-Identifier: Apache-2.0 */
/* The settings file: any bytes give settings in range or a message, never both. */
#include "posternd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    struct log log = {.fd = -1};
    struct ctx cx;
    ctx_init(&cx, arena, &clock_system, NULL, &log);
    struct config config;
    config_defaults(&config);
    err e = config_parse(&cx, (struct str){(const char *)data, size}, "fuzz.conf", &config);
    bool in_range = config.workers >= 0 && config.workers <= 512 && config.log_level >= LOG_DEBUG &&
                    config.log_level <= LOG_ERROR && config.listen != NULL;
    if (!in_range || (e != OK && cx.failure.detail[0] == '\0')) {
        abort();
    }
    arena_free(arena);
    return 0;
}
