/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of commands and options. --help and completion are made from them; the manual page
 * is compared with them by a test. */
#include "cli.h"

#include <string.h>

/* clang-format off */
static const char *const prompt_values[] = {"login", "select_account", "consent", NULL};
static const char *const base_values[] = {"api", "auth", "acd", "issuer", NULL};
static const struct option common_options[] = {
    {"--profile", 'p', "NAME", "the profile to use (POSTERN_PROFILE); else \"default\", if it exists", NULL, NULL},
    {"--json", 0, NULL, "print one JSON value; errors too, on standard error", NULL, NULL},
    {"--no-color", 0, NULL, "no colours, as with NO_COLOR", NULL, NULL},
    {"--verbose", 'v', NULL, "tell of requests, waits and renewals on standard error; no secrets", NULL, NULL},
    {"--no-cache", 0, NULL, "neither read nor write tokens on disk", NULL, NULL},
    {"--help", 'h', NULL, "how the command is used", NULL, NULL},
    {"--version", 'V', NULL, "print the version", NULL, NULL},
};
static const struct option api_options[] = {
    {"--input", 0, "FILE", "the body: this file, or - for standard input", NULL, NULL},
    {"--raw-field", 'f', "KEY=TEXT", "a member of a JSON body, as text (of the query for GET and HEAD)", NULL, NULL},
    {"--field", 'F', "KEY=VALUE", "the same, typed: null, true, false, numbers, {...}, [...], @FILE for its text", NULL, NULL},
    {"--header", 'H', "NAME: VALUE", "a header of the request", NULL, NULL},
    {"--include", 'i', NULL, "print status and headers of the answer before its body", NULL, NULL},
    {"--paginate", 0, NULL, "follow the links to further pages and print each page", NULL, NULL},
    {"--retry", 0, "N", "further attempts after 429, 5xx and broken connections", NULL, NULL},
    {"--repeatable", 0, NULL, "this POST or PATCH may be sent twice", NULL, NULL},
    {"--poll", 0, NULL, "after 202 ask at Location until the work is done", NULL, NULL},
    {"--output", 'o', "FILE", "write the body to this file", NULL, NULL},
    {"--base", 0, "NAME", "whose address PATH is added to: api (the tenant's, default), auth, acd or issuer", base_values, NULL},
};
static const struct option token_options[] = {
    {"--header", 0, NULL, "print Authorization: Bearer TOKEN", NULL, NULL},
    {"--fresh", 0, NULL, "get a new token, whatever is cached", NULL, NULL},
};
static const struct option discover_options[] = {
    {"--fresh", 0, NULL, "ask the server, whatever is cached", NULL, NULL},
};
static const struct option configure_options[] = {
    {"--from-environment", 0, NULL, "take the settings that are set as variables, secrets included", NULL, NULL},
    {"--no-prompt", 0, NULL, "ask nothing, even on a terminal", NULL, NULL},
};
static const struct option keys_options[] = {
    {"--all", 0, NULL, "list: the keys of every user of the tenant", NULL, NULL},
};

static const struct option login_options[] = {
    {"--device", 0, NULL, "sign in with a browser on another machine: print an address and a code, on standard error and as text with --json too", NULL, NULL},
    {"--no-browser", 0, NULL, "open no browser, only print the address", NULL, NULL},
    {"--login-hint", 0, "USER", "who is to sign in: the page has the user name filled in", NULL, NULL},
    {"--prompt", 0, "WHAT", "ask for: login (the password again), select_account or consent", prompt_values, NULL},
};
static const struct option logout_options[] = {
    {"--force", 0, NULL, "forget the tokens even if the server cannot be told", NULL, NULL},
};
static const struct option proxy_options[] = {
    {"--listen", 0, "ADDRESS", "127.0.0.1:PORT or [::1]:PORT; port 0, the default, takes a free one", NULL, NULL},
    {"--base", 0, "NAME", "whose address is behind it: api (the tenant's, default), auth, acd or issuer", base_values, NULL},
    {"--allow-origin", 0, "ORIGIN", "let web pages of this origin use it; may be repeated", NULL, NULL},
};

static const char *const completion_words[] = {"bash", "zsh", "fish", NULL};
static const char *const configure_words[] = {"list", "show", "delete", NULL};
static const char *const credential_words[] = {"curl", "git", NULL};
static const char *const jwt_words[] = {"decode", "verify", NULL};
static const char *const keys_words[] = {"list", "create", "disable", "enable", "delete", NULL};

#define OPTIONS(table) table, COUNT_OF(table)
#define NO_OPTIONS     NULL, 0
static const struct command commands[] = {
    {"configure", "[list|show|delete NAME]", "write a profile, asking for what it needs; list, show or delete profiles", OPTIONS(configure_options), 0, 2, configure_words, true, cmd_configure, "postern configure --profile cxone\npostern configure --profile ci --from-environment --no-prompt\npostern configure show --profile cxone"},
    {"discover", "", "the addresses of the environment and of the tenant", OPTIONS(discover_options), 0, 0, NULL, true, cmd_discover, "postern discover --json"},
    {"login", "", "sign in with a browser, on this machine or on another", OPTIONS(login_options), 0, 0, NULL, true, cmd_login, "postern login --profile me\npostern login --device"},
    {"logout", "", "revoke the tokens of the profile, and forget them", OPTIONS(logout_options), 0, 0, NULL, true, cmd_logout, "postern logout --profile me"},
    {"token", "", "print a valid access token and nothing else", OPTIONS(token_options), 0, 0, NULL, true, cmd_token, "TOKEN=$(postern token)\ncurl -H \"$(postern token --header)\" https://api-na1.niceincontact.com/..."},
    {"whoami", "", "who the platform says I am", NO_OPTIONS, 0, 0, NULL, true, cmd_whoami, "postern whoami --profile cxone"},
    {"status", "", "what is cached for each profile, and until when", NO_OPTIONS, 0, 0, NULL, true, cmd_status, "postern status"},
    {"api", "[METHOD] PATH", "call an API with a valid token", OPTIONS(api_options), 1, 2, NULL, true, cmd_api, "postern api /api/v2/users/me\npostern api GET /user-management/v1/users -f limit=10 --paginate\npostern api POST /some/report -f name=Daily -F days=7"},
    {"keys", "list|create|disable|enable|delete [ID]", "access keys of a user (--user-id; default: the token's)", OPTIONS(keys_options), 1, 2, keys_words, true, cmd_keys, "postern keys list\npostern keys create --user-id ID"},
    {"jwt", "decode|verify [TOKEN|-]", "show a JWT from standard input, or verify it", NO_OPTIONS, 1, 2, jwt_words, true, cmd_jwt, "postern token | postern jwt verify"},
    {"credential", "curl|git [get|store|erase]", "the token for curl -K -, or as git's credential helper", NO_OPTIONS, 1, 2, credential_words, true, cmd_credential, "postern credential curl | curl -K - https://api-na1.niceincontact.com/...\ngit config credential.https://HOST.helper '!postern credential git'"},
    {"doctor", "", "every step from names and clocks to a call: what is wrong, and how to mend it", NO_OPTIONS, 0, 0, NULL, true, cmd_doctor, "postern doctor --profile cxone"},
    {"proxy", "", "a loopback address that adds a valid token to whatever is sent there", OPTIONS(proxy_options), 0, 0, NULL, true, cmd_proxy, "postern proxy --listen 127.0.0.1:8421"},
    {"forget", "", "delete what is cached for the profile; nothing is revoked", NO_OPTIONS, 0, 0, NULL, true, cmd_forget, "postern forget --profile cxone"},
    {"completion", "bash|zsh|fish", "print a script that completes commands and flags", NO_OPTIONS, 1, 1, completion_words, false, cmd_completion, "postern completion bash > ~/.local/share/bash-completion/completions/postern"},
    {"help", "[COMMAND|settings]", "this text, how a command is used, or all settings", NO_OPTIONS, 0, 1, NULL, false, cmd_help, "postern help api\npostern help settings"},
};
/* clang-format on */

const struct command *command_at(size_t i) {
    return i < COUNT_OF(commands) ? &commands[i] : NULL;
}

const struct command *command_find(struct str name) {
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (str_is(name, commands[i].name)) {
            return &commands[i];
        }
    }
    return NULL;
}

const struct option *option_at(const struct cli *c, const struct command *command, size_t i) {
    size_t own = command != NULL ? command->options_n : 0;
    if (i < own) {
        return &command->options[i];
    }
    i -= own;
    if (i < COUNT_OF(common_options)) {
        return &common_options[i];
    }
    i -= COUNT_OF(common_options);
    return i < c->settings_n ? &c->settings[i] : NULL;
}
