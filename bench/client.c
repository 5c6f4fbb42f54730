/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU of one API call: through libpostern, and through libcurl alone with a kept handle and the
 * same token. Prints microseconds of this process per call (bench/run compares them in one run).
 *   client library CALLS          settings from the environment
 *   client plain   CALLS URL      POSTERN_BENCH_TOKEN is the token */
#include <curl/curl.h>
#include <postern.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PATH      "/api/v2/users/me"
#define WARM_UP   50
#define CALLS_MAX 1000000

static double cpu_us(void) {
    struct rusage r;
    if (getrusage(RUSAGE_SELF, &r) != 0) {
        return 0;
    }
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static int library_call(struct postern *client) {
    struct postern_request request = POSTERN_REQUEST_INIT;
    struct postern_response response = POSTERN_RESPONSE_INIT;
    request.path = PATH;
    enum postern_code code = postern_call(client, &request, &response);
    if (code != POSTERN_OK) {
        (void)fprintf(stderr, "client: %s\n", postern_error_message());
    }
    postern_response_done(&response);
    return code == POSTERN_OK ? 0 : 1;
}

static int library(long calls) {
    struct postern *client;
    if (postern_open(NULL, &client) != POSTERN_OK) {
        (void)fprintf(stderr, "client: %s\n", postern_error_message());
        return 1;
    }
    double before = 0;
    int failed = 0;
    for (long i = 0; i < calls + WARM_UP && failed == 0; i++) {
        if (i == WARM_UP) {
            before = cpu_us();
        }
        failed = library_call(client);
    }
    (void)printf("%.2f\n", (cpu_us() - before) / (double)calls);
    postern_close(client);
    return failed;
}

struct body {
    char bytes[65536];
    size_t n;
};

static size_t take(char *data, size_t size, size_t n, void *to) {
    struct body *body = to;
    size_t bytes = size * n;
    if (bytes > sizeof body->bytes - body->n) {
        return 0;
    }
    memcpy(body->bytes + body->n, data, bytes);
    body->n += bytes;
    return bytes;
}

static int plain_call(CURL *easy, struct body *body) {
    long status = 0;
    body->n = 0;
    if (curl_easy_perform(easy) != CURLE_OK ||
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200) {
        (void)fprintf(stderr, "client: plain libcurl: status %ld\n", status);
        return 1;
    }
    return 0;
}

static int plain(long calls, const char *url, const char *token) {
    static struct body body;
    char header[16384];
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, header);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    double before = 0;
    int failed = 0;
    for (long i = 0; i < calls + WARM_UP && failed == 0; i++) {
        if (i == WARM_UP) {
            before = cpu_us();
        }
        failed = plain_call(easy, &body);
    }
    (void)printf("%.2f\n", (cpu_us() - before) / (double)calls);
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return failed;
}

int main(int argc, char **argv) {
    char *end = NULL;
    long calls = argc > 2 ? strtol(argv[2], &end, 10) : 0;
    const char *token = getenv("POSTERN_BENCH_TOKEN");
    bool good = argc > 2 && *end == '\0' && calls > 0 && calls <= CALLS_MAX;
    if (good && argc == 3 && strcmp(argv[1], "library") == 0) {
        return library(calls);
    }
    if (good && argc == 4 && strcmp(argv[1], "plain") == 0 && token != NULL) {
        return plain(calls, argv[3], token);
    }
    (void)fprintf(stderr, "Usage: client library CALLS | client plain CALLS URL\n");
    return 2;
}
