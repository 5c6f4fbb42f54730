/* SPDX-License-Identifier: Apache-2.0 */
/* What access_keys.c and access_keys_list.c share. */
#ifndef POSTERN_ACCESS_KEYS_H
#define POSTERN_ACCESS_KEYS_H

#include "api.h"

enum access_key_verb { ACCESS_KEY_VIEW, ACCESS_KEY_CREATE, ACCESS_KEY_EDIT, ACCESS_KEY_DELETE };

/* May the caller do this to its own keys, or (own false) to anybody's of its tenant? */
bool access_key_may(const struct caller *c, enum access_key_verb verb, bool own);
/* ERR_FORBIDDEN that names the permission which is missing. */
err access_key_forbidden(struct ctx *cx, enum access_key_verb verb);
/* One key without its secret. */
void access_key_json(struct json_out *j, const char *member, const struct access_key *k);

#endif
