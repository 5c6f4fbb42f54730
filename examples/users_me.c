/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the name of the user whose access key the profile or the environment names.
 *     cc users_me.c $(pkg-config --cflags --libs postern) -o users_me && ./users_me */
#include <postern.h>

#include <stdio.h>
#include <string.h>

/* The first member `name` of a JSON object, as it is written there. A larger program takes a JSON
 * library. */
static int name_print(const char *json) {
    const char *name = strstr(json, "\"name\":\"");
    if (name == NULL) {
        fprintf(stderr, "The answer has no name: %s\n", json);
        return 1;
    }
    name += strlen("\"name\":\"");
    printf("%.*s\n", (int)strcspn(name, "\""), name);
    return 0;
}

int main(void) {
    struct postern *client = NULL;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    struct postern_request me = POSTERN_REQUEST_INIT;
    me.path = "/api/v2/users/me";
    int status = 1;
    if (postern_open(NULL, &client) != POSTERN_OK ||
        postern_call(client, &me, &answer) != POSTERN_OK) {
        fprintf(stderr, "%s\n", postern_error_message());
    } else {
        status = name_print(answer.body);
    }
    postern_response_done(&answer);
    postern_close(client);
    return status;
}
