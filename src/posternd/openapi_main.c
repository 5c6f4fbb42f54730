/* SPDX-License-Identifier: Apache-2.0 */
/* Build tool: openapi_main SCHEMAS.json OUT.c OUT.json writes the OpenAPI document as C and as it
 * is. */
#include "posternd.h"

#include <stdlib.h>
#include <unistd.h>

#define SCHEMAS_MAX (1024 * 1024)
#define LINE        20

/* The table names it; this program only describes it. */
err openapi_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    (void)rq;
    (void)rp;
    return fail(cx, ERR_INTERNAL, "the document is being written");
}

static err written(struct ctx *cx, const char *file, FILE *to) {
    bool good = ferror(to) == 0;
    good = fclose(to) == 0 && good;
    return good ? OK : fail_say(cx, ERR_BAD_CONFIG, "%s cannot be written", file);
}

static err source_write(struct ctx *cx, struct str document, const char *file) {
    FILE *to = fopen(file, "w");
    if (to == NULL) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s cannot be opened", file);
    }
    (void)fprintf(to,
                  "#include <stddef.h>\nextern const char openapi_document[];\n"
                  "extern const size_t openapi_document_size;\nconst char openapi_document[] = {");
    for (size_t i = 0; i < document.n; i++) {
        (void)fprintf(to, "%s%d,", i % LINE == 0 ? "\n" : "", document.p[i]);
    }
    (void)fprintf(to, "\n0};\nconst size_t openapi_document_size = %zu;\n", document.n);
    return written(cx, file, to);
}

static err document_write(struct ctx *cx, struct str document, const char *file) {
    FILE *to = fopen(file, "w");
    if (to == NULL) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s cannot be opened", file);
    }
    (void)fprintf(to, "%.*s\n", STR_ARG(document));
    return written(cx, file, to);
}

static err build(struct ctx *cx, char **argv) {
    struct str text;
    TRY(file_read(cx, argv[1], SCHEMAS_MAX, &text));
    json_t *schemas;
    TRY(json_parse(cx, text, &schemas));
    size_t n;
    const struct route *rows = route_rows(&n);
    struct buf b = buf_in(cx->arena, 65536);
    TRY(openapi_write(cx, rows, n, schemas, &b));
    TRY(source_write(cx, buf_view(&b), argv[2]));
    return document_write(cx, buf_view(&b), argv[3]);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        return POSTERND_EXIT_USAGE;
    }
    struct log log = {.fd = STDERR_FILENO, .level = LOG_INFO, .clock = &clock_system};
    CLEANUP(arena_cleanup) struct arena *arena = arena_new();
    struct ctx cx;
    ctx_init(&cx, arena, &clock_system, &random_system, &log);
    if (build(&cx, argv) != OK) {
        (void)fprintf(stderr, "%s: %s\n", argv[1], cx.failure.detail);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
