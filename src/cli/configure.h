/* SPDX-License-Identifier: Apache-2.0 */
/* configure: what a profile is to have, as flags, variables and answers say it. */
#ifndef POSTERN_CLI_CONFIGURE_H
#define POSTERN_CLI_CONFIGURE_H

#include "cli.h"

#define DRAFT_MAX   64
#define MISSING_MAX 8

struct draft {
    struct cli *c;
    const char *name;
    struct postern *before; /* the profile as it was; NULL: there is none */
    struct postern_setting v[DRAFT_MAX];
    size_t n;
    const char *missing[MISSING_MAX + 1]; /* settings without which no token comes; NULL ends it */
    size_t missing_n;
};

/* Fills the draft from the line and the environment, and by questions if there is a terminal;
 * EXIT_OK, or a status after saying why nothing is to be written. */
int draft_fill(struct draft *d);
/* Whether neither an application nor an access key is in it. */
bool draft_is_without_credentials(const struct draft *d);
/* A person signs in with it: there is no secret to ask for. */
bool draft_signs_in(const struct draft *d);
/* "client_id, client_secret" */
struct str draft_missing_list(const struct draft *d);

#endif
