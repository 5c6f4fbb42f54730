/* SPDX-License-Identifier: Apache-2.0 */
/* api: the answer's way out. In a pipe or file its bytes as they come; on a terminal JSON indented,
 * other text with control characters visible. The callbacks allocate nothing. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd_api.h"

static void head_put(const struct cli *c, const struct postern_response *r) {
    char one[VISIBLE_MAX];
    size_t n;
    (void)fprintf(c->out, "HTTP %d\n", r->status);
    for (size_t i = 0; i < r->headers_n; i++) {
        struct str value = str_from(r->headers[i].value);
        (void)fprintf(c->out, "%s: ", r->headers[i].name);
        while (value.n > 0) {
            value = str_sub(value, visible_one(value, false, one, &n), value.n);
            (void)fwrite(one, 1, n, c->out);
        }
        (void)fputc('\n', c->out);
    }
    (void)fputc('\n', c->out);
}

static bool is_json(const struct postern_response *r) {
    struct str type = str_from(postern_response_header(r, "Content-Type"));
    type = str_trim(str_sub(type, 0, str_find_char(type, ';')));
    return str_eq_nocase(type, STR("application/json")) || str_ends(type, "+json");
}

static int on_headers(void *user, const struct postern_response *head) {
    struct api_answer *w = user;
    cli_progress(w->c, "%s", "");
    if (cli_has(w->c, "--include")) {
        head_put(w->c, head);
    }
    if (w->file != NULL && head->status < 400 && ftruncate(fileno(w->file), 0) != 0 &&
        errno != EINVAL) { /* EINVAL: a device, a pipe */
        w->failed = true;
    }
    bool person = w->c->terminal && w->file == NULL;
    w->form = !person ? BODY_AS_IS : is_json(head) ? BODY_JSON : BODY_TEXT;
    if (w->form == BODY_JSON) {
        json_print_begin(&w->json, w->c);
    }
    w->headed = true;
    return 0;
}

static void line_put(struct api_answer *w) {
    struct str line = {w->line, w->line_n};
    char one[VISIBLE_MAX];
    size_t n;
    while (line.n > 0) {
        bool as_is = *line.p == '\n' || *line.p == '\t';
        size_t taken = visible_one(line, false, one, &n);
        (void)fwrite(as_is ? line.p : one, 1, as_is ? 1 : n, w->c->out);
        line = str_sub(line, taken, line.n);
    }
    w->line_n = 0;
}

static void text_put(struct api_answer *w, struct str piece) {
    for (size_t i = 0; i < piece.n; i++) {
        w->line[w->line_n++] = piece.p[i];
        if (piece.p[i] == '\n' || w->line_n == sizeof w->line) {
            line_put(w);
        }
    }
}

static void put(struct api_answer *w, struct str piece) {
    w->wrote = w->wrote || piece.n > 0;
    if (w->form == BODY_JSON) {
        json_print(&w->json, piece);
    } else if (w->form == BODY_TEXT) {
        text_put(w, piece);
    } else if (piece.n > 0) {
        FILE *to = w->file != NULL ? w->file : w->c->out;
        w->failed = fwrite(piece.p, 1, piece.n, to) != piece.n || w->failed;
        if (w->file == NULL) {
            w->failed = fflush(to) != 0 || w->failed; /* as it comes: an event may be followed by
                                                         none for long */
        }
    }
    w->failed = w->failed || ferror(w->c->out) != 0;
}

static int on_piece(void *user, const void *bytes, size_t n) {
    struct api_answer *w = user;
    put(w, (struct str){bytes, n});
    return w->failed ? -1 : 0;
}

void api_answer_begin(struct api_answer *w, struct cli *c, struct postern_request *rq) {
    *w = (struct api_answer){.c = c};
    rq->write = on_piece;
    rq->on_headers = on_headers;
    rq->write_user = w;
}

int api_answer_put(struct api_answer *w, const struct postern_response *answer) {
    if (!w->headed) {
        (void)on_headers(w, answer);
    }
    put(w, (struct str){answer->body, answer->body_n});
    if (w->form == BODY_JSON) {
        json_print_end(&w->json);
    } else if (w->form == BODY_TEXT) {
        line_put(w);
    }
    w->headed = false;
    return w->failed ? -1 : 0;
}

static int written(struct api_answer *w) {
    if (w->file != NULL) {
        w->failed = fclose(w->file) != 0 || w->failed;
        w->file = NULL;
    }
    if (!w->failed) {
        return EXIT_OK;
    }
    const char *file = cli_value(w->c, "--output");
    return cli_error(w->c, EXIT_OTHER, "%s could not be written to its end: %s",
                     file != NULL ? file : "Standard output",
                     errno != 0 ? strerror(errno) : "it is closed");
}

int api_answer_end(struct api_answer *w, const struct postern_response *answer) {
    if (answer->status > 0 || w->headed) {
        (void)api_answer_put(w, answer);
    }
    if (!w->wrote && w->c->terminal && answer->status > 0 && !cli_has(w->c, "--include")) {
        cli_note(w->c, "%d, without a body", answer->status);
    }
    return written(w);
}

void api_answer_json(struct cli *c, const struct postern_response *answer, struct json_out *j) {
    struct str body = {answer->body, answer->body_n};
    json_t *value;
    json_open_object(j, NULL);
    json_put_int(j, "status", answer->status);
    json_open_array(j, "headers");
    for (size_t i = 0; i < answer->headers_n; i++) {
        json_open_object(j, NULL);
        json_put_z(j, "name", answer->headers[i].name);
        json_put_z(j, "value", answer->headers[i].value);
        json_close_object(j);
    }
    json_close_array(j);
    if (body.n == 0) {
        json_put_null(j, "body");
    } else if (is_json(answer) && json_parse(c->cx, body, &value) == OK) {
        json_put_raw(j, "body", body);
    } else if (str_is_text(body)) {
        json_put_str(j, "body", body);
    } else {
        json_put_str(j, "body_base64", base64(c->cx->arena, body.p, body.n));
    }
    json_put_int(j, "attempts", answer->attempts);
    json_put_int(j, "waited_ms", answer->waited_ms);
    json_close_object(j);
}
