/* SPDX-License-Identifier: Apache-2.0 */
/* jwt decode|verify: what a token says. It comes from standard input; an argument is readable by
 * others. */
#include "cli.h"

#include <string.h>
#include <unistd.h>

#define TOKEN_MAX ((size_t)256 << 10)

/* With "Bearer " or "Authorization: Bearer " before it, as it was copied. */
static struct str bare(struct str text) {
    static const char *const before[] = {"Authorization:", "Bearer "};
    text = str_trim(text);
    for (size_t i = 0; i < COUNT_OF(before); i++) {
        if (str_starts_nocase(text, before[i])) {
            text = str_trim(str_sub(text, strlen(before[i]), text.n));
        }
    }
    return text;
}

static int token_read(struct cli *c, struct str *ret_token) {
    const char *word = c->words_n > 1 ? c->words[1] : "-";
    struct str text;
    if (strcmp(word, "-") != 0) {
        cli_note(c,
                 "warning: other users of this machine can read the token in the list of "
                 "processes; give it on standard input: postern jwt %s < FILE",
                 c->words[0]);
        text = str_from(word);
    } else if (isatty(STDIN_FILENO) != 0) {
        const char *typed = cli_prompt(c, "Token", NULL, true);
        if (typed == NULL) {
            return EXIT_CANCELLED;
        }
        text = str_from(typed);
    } else if (!cli_read(c, "-", TOKEN_MAX, &text)) {
        return EXIT_OTHER;
    }
    *ret_token = bare(text);
    if (ret_token->n == 0) {
        return cli_usage(c,
                         "There is no token on standard input. Write: postern token | postern "
                         "jwt %s",
                         c->words[0]);
    }
    return EXIT_OK;
}

/* For a person: the times in words. */
static void times_say(struct cli *c, struct str text) {
    static const struct {
        const char *claim, *words;
    } times[] = {{"iat", "issued"}, {"nbf", "good from"}, {"exp", "expires"}};
    json_t *value;
    if (!c->terminal || c->json || json_parse(c->cx, text, &value) != OK) {
        return;
    }
    const json_t *claims = json_object_get(value, "claims");
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        const json_t *time = json_object_get(claims, times[i].claim);
        if (json_is_integer(time)) {
            (void)fprintf(c->out, "%s %s\n", times[i].words, cli_when(c, json_integer_value(time)));
        }
    }
}

static enum postern_code verify(struct cli *c, const char *token, char **ret_json,
                                int *ret_status) {
    struct postern *client;
    *ret_status = cli_open(c, &client);
    if (*ret_status != EXIT_OK) {
        return POSTERN_USAGE;
    }
    enum postern_code code = postern_jwt_verify(client, token, c->cancel, ret_json);
    *ret_status = code == POSTERN_OK ? EXIT_OK : cli_failed(c, NULL);
    return code;
}

int cmd_jwt(struct cli *c) {
    struct str token;
    char *json = NULL;
    bool verifies = strcmp(c->words[0], "verify") == 0;
    int status = token_read(c, &token);
    if (status != EXIT_OK) {
        return status;
    }
    const char *z = str_z(c->cx->arena, token);
    if (verifies) {
        if (verify(c, z, &json, &status) != POSTERN_OK) {
            return status;
        }
    } else if (postern_jwt_decode(z, &json) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    struct str text = str_copy(c->cx->arena, str_from(json));
    postern_free(json);
    cli_progress(c, "%s", "");
    cli_json(c, text);
    times_say(c, text);
    if (c->terminal && !c->json) {
        (void)fprintf(c->out, "%s\n",
                      verifies
                          ? cli_styled(c, STYLE_GOOD, STR("signature, issuer and times are good"))
                          : cli_styled(c, STYLE_WARN, STR("not verified: postern jwt verify")));
    }
    return EXIT_OK;
}
