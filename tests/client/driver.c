/* SPDX-License-Identifier: Apache-2.0 */
/* driver: what the command cannot show of libpostern, done by a program that has only <postern.h>.
 * The integration tests run it: driver MODE ARGUMENT... Results are lines on standard output,
 * events are lines on standard error. */
#include <postern.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 256

static void on_event(void *user, const struct postern_event *event) {
    (void)user;
    fprintf(stderr, "event\t%d\t%s\t%s\t%d\t%d\t%lld\t%s\n", (int)event->kind,
            event->method ? event->method : "", event->url ? event->url : "", event->status,
            event->attempt, (long long)event->ms, event->text ? event->text : "");
}

static struct postern *open_client(void) {
    struct postern_options options = POSTERN_OPTIONS_INIT;
    struct postern *client;
    options.on_event = on_event;
    if (postern_open(&options, &client) != POSTERN_OK) {
        fprintf(stderr, "open: %s\n", postern_error_message());
        exit(2);
    }
    return client;
}

/* "result CODE STATUS ATTEMPTS BYTES MESSAGE", tab-separated. */
static void say_result(enum postern_code code, const struct postern_response *answer) {
    printf("result\t%s\t%d\t%d\t%zu\t%s\n", postern_code_name(code), answer->status,
           answer->attempts, answer->body_n, code == POSTERN_OK ? "" : postern_error_message());
}

/* ---- bodies ---- */

/* A body of n bytes, the same each time. */
struct source {
    size_t n, at, give_up_at;
    int rewinds;
};

static ptrdiff_t source_read(void *user, void *to, size_t n) {
    struct source *s = user;
    unsigned char *bytes = to;
    if (s->at >= s->give_up_at) {
        return -1;
    }
    if (n > s->n - s->at) {
        n = s->n - s->at;
    }
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (unsigned char)('a' + (s->at + i) % 23);
    }
    s->at += n;
    return (ptrdiff_t)n;
}

static int source_rewind(void *user) {
    struct source *s = user;
    s->at = 0;
    s->rewinds++;
    return 0;
}

struct sink {
    size_t n, give_up_at;
    int heads, status;
};

static int sink_write(void *user, const void *bytes, size_t n) {
    struct sink *s = user;
    s->n += n;
    if (s->n >= s->give_up_at) {
        return 1;
    }
    return fwrite(bytes, 1, n, stdout) == n ? 0 : 1;
}

static int sink_headers(void *user, const struct postern_response *head) {
    struct sink *s = user;
    s->heads++;
    s->status = head->status;
    return postern_response_header(head, "CONTENT-type") == NULL;
}

static size_t number(const char *text, size_t otherwise) {
    return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

/* up PATH BYTES known|chunked rewind|once [GIVE-UP-AT] [METHOD]: a streamed body; the answer's body
 * is shown. */
static int up(struct postern *client, char **args) {
    struct source source = {.n = number(args[1], 0), .give_up_at = SIZE_MAX};
    struct postern_request request = POSTERN_REQUEST_INIT;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    if (args[4]) {
        source.give_up_at = number(args[4], SIZE_MAX);
    }
    request.path = args[0];
    request.method = args[4] && args[5] ? args[5] : NULL;
    request.content_type = "application/octet-stream";
    request.read = source_read;
    request.read_user = &source;
    request.body_n = strcmp(args[2], "known") == 0 ? source.n : SIZE_MAX;
    request.rewind = strcmp(args[3], "rewind") == 0 ? source_rewind : NULL;
    enum postern_code code = postern_call(client, &request, &answer);
    say_result(code, &answer);
    printf("rewinds\t%d\nbody\t%s\n", source.rewinds, answer.body ? answer.body : "");
    postern_response_done(&answer);
    return 0;
}

/* down PATH [GIVE-UP-AT]: the answer's body on standard output as it comes; the result on standard
 * error. */
static int down(struct postern *client, char **args) {
    struct sink sink = {.give_up_at = args[1] ? number(args[1], SIZE_MAX) : SIZE_MAX};
    struct postern_request request = POSTERN_REQUEST_INIT;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    request.path = args[0];
    request.write = sink_write;
    request.write_user = &sink;
    request.on_headers = sink_headers;
    request.read_user = NULL;
    enum postern_code code = postern_call(client, &request, &answer);
    fflush(stdout);
    fprintf(stderr, "result\t%s\t%d\t%d\t%zu\t%d\t%d\t%s\n", postern_code_name(code), answer.status,
            answer.attempts, sink.n, sink.heads, sink.status,
            code == POSTERN_OK ? "" : postern_error_message());
    fprintf(stderr, "kept\t%s\n", answer.body ? answer.body : "");
    postern_response_done(&answer);
    return 0;
}

/* get PATH [BODY-MAX] [TIMEOUT-MS] [POLL]: an ordinary call. */
static int get(struct postern *client, char **args) {
    struct postern_request request = POSTERN_REQUEST_INIT;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    request.path = args[0];
    request.body_max = args[1] ? number(args[1], 0) : 0;
    request.timeout_ms = args[1] && args[2] ? (int64_t)number(args[2], 0) : 0;
    request.flags = args[1] && args[2] && args[3] ? POSTERN_POLL : 0;
    enum postern_code code = postern_call(client, &request, &answer);
    say_result(code, &answer);
    printf("error\t%s\t%d\t%s\t%s\n", postern_code_name(postern_error()->code),
           postern_error()->status, postern_error()->error, postern_error()->correlation_id);
    printf("body\t%s\n", answer.body ? answer.body : "");
    postern_response_done(&answer);
    return 0;
}

/* ---- cancelling ---- */

static void *cancel_on_input(void *user) {
    char byte;
    if (read(STDIN_FILENO, &byte, 1) >= 0) {
        postern_cancel(user);
    }
    return NULL;
}

/* cancel call PATH | cancel token: ended by the first byte on standard input; then once more, to
 * see that it stays so. */
static int cancel(struct postern *client, char **args) {
    struct postern_cancel *cancel = postern_cancel_new();
    pthread_t thread;
    if (!cancel || pthread_create(&thread, NULL, cancel_on_input, cancel) != 0) {
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        struct postern_request request = POSTERN_REQUEST_INIT;
        struct postern_response answer = POSTERN_RESPONSE_INIT;
        struct postern_token token = POSTERN_TOKEN_INIT;
        enum postern_code code;
        if (strcmp(args[0], "token") == 0) {
            code = postern_token_get(client, POSTERN_FRESH, cancel, &token);
        } else {
            request.path = args[1];
            request.cancel = cancel;
            code = postern_call(client, &request, &answer);
        }
        say_result(code, &answer);
        postern_token_done(&token);
        postern_response_done(&answer);
    }
    pthread_join(thread, NULL);
    postern_cancel_free(cancel);
    return 0;
}

/* ---- pages ---- */

struct pages {
    int n, stop_at;
};

static int each_page(void *user, const struct postern_response *page) {
    struct pages *pages = user;
    printf("page\t%d\t%s\n", page->status, page->body);
    return ++pages->n == pages->stop_at;
}

/* pages PATH [STOP-AT] */
static int pages(struct postern *client, char **args) {
    struct pages seen = {.stop_at = args[1] ? (int)number(args[1], 0) : 0};
    struct postern_request request = POSTERN_REQUEST_INIT;
    struct postern_response none = POSTERN_RESPONSE_INIT;
    request.path = args[0];
    say_result(postern_pages(client, &request, each_page, &seen), &none);
    return 0;
}

/* ---- many at once ---- */

struct crowd {
    pthread_barrier_t start;
    pthread_mutex_t print;
    struct postern *client; /* NULL: each has its own */
    unsigned flags;
};

static void *one_of_many(void *user) {
    struct crowd *crowd = user;
    struct postern *client = crowd->client ? crowd->client : open_client();
    struct postern_token token = POSTERN_TOKEN_INIT;
    pthread_barrier_wait(&crowd->start);
    enum postern_code code = postern_token_get(client, crowd->flags, NULL, &token);
    pthread_mutex_lock(&crowd->print);
    printf("token\t%s\t%s\n", postern_code_name(code),
           code == POSTERN_OK ? token.access_token : postern_error_message());
    pthread_mutex_unlock(&crowd->print);
    postern_token_done(&token);
    if (!crowd->client) {
        postern_close(client);
    }
    return NULL;
}

/* threads N: of this client. clients N: threads with a client each. */
static int many(struct postern *client, size_t n) {
    struct crowd crowd = {.client = client};
    pthread_t threads[THREADS_MAX];
    if (n < 1 || n > THREADS_MAX || pthread_barrier_init(&crowd.start, NULL, (unsigned)n) != 0) {
        return 2;
    }
    pthread_mutex_init(&crowd.print, NULL);
    for (size_t i = 0; i < n; i++) {
        if (pthread_create(&threads[i], NULL, one_of_many, &crowd) != 0) {
            return 1;
        }
    }
    for (size_t i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_mutex_destroy(&crowd.print);
    pthread_barrier_destroy(&crowd.start);
    return 0;
}

/* twice PATH: the same call again when a line comes; one client lives through both. */
static int twice(struct postern *client, char **args) {
    char line[8];
    for (int i = 0; i < 2; i++) {
        get(client, args);
        fflush(stdout);
        if (i == 0 && !fgets(line, sizeof line, stdin)) {
            return 1;
        }
    }
    return 0;
}

static const struct {
    const char *name;
    int words;
    int (*run)(struct postern *client, char **args);
} modes[] = {
    {"up", 4, up},         {"down", 1, down},   {"get", 1, get},
    {"cancel", 1, cancel}, {"pages", 1, pages}, {"twice", 1, twice},
};

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "clients") == 0) {
        return many(NULL, number(argv[2], 0));
    }
    struct postern *client = open_client();
    int status = 2;
    if (argc == 3 && strcmp(argv[1], "threads") == 0) {
        status = many(client, number(argv[2], 0));
    }
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (argc >= 2 + modes[i].words && strcmp(argv[1], modes[i].name) == 0) {
            status = modes[i].run(client, argv + 2);
        }
    }
    postern_close(client);
    return status;
}
