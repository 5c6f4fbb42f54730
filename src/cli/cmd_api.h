/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the command api share: the request's body and the answer's way out. */
#ifndef POSTERN_CMD_API_H
#define POSTERN_CMD_API_H

#include "cli.h"

/* ---- api_body.c: --input, streamed ---- */

#define BODY_HELD                                                                                  \
    ((size_t)1 << 20) /* of a pipe: what fits here has a length and can be repeated                \
                       */

struct api_body {
    struct cli *c;
    int fd;
    int64_t start; /* of a regular file: where it was; -1: a pipe */
    struct str held;
    size_t at;  /* in held */
    bool ended; /* the pipe ended within held */
    int error;  /* errno of a read that failed */
};
/* Opens FILE and sets body_n, read and rewind of the request; EXIT_OK or a status after saying why.
 * `b` lives as long as the request. */
int api_body_open(struct cli *c, const char *file, struct api_body *b, struct postern_request *rq);

/* ---- api_answer.c ---- */

struct api_answer {
    struct cli *c;
    FILE *file; /* --output, emptied when a good answer begins; NULL: standard output */
    bool headed, wrote, failed;
    enum { BODY_AS_IS, BODY_JSON, BODY_TEXT } form;
    struct json_printer json;
    char line[8192]; /* of text on a terminal: up to its end */
    size_t line_n;
};
/* Sets write and on_headers of the request. */
void api_answer_begin(struct api_answer *w, struct cli *c, struct postern_request *rq);
/* What is kept of the answer (not streamed), then the end; the exit status of writing it. */
int api_answer_end(struct api_answer *w, const struct postern_response *answer);
/* One page, or the only answer, whole. */
int api_answer_put(struct api_answer *w, const struct postern_response *answer);
/* {"status","headers","body"}. */
void api_answer_json(struct cli *c, const struct postern_response *answer, struct json_out *j);

#endif
