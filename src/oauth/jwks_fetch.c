/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches an application's key set, one fetch of an address at a time. */
#include "net.h"
#include "oauth_internal.h"

static void fetch_now(struct ctx *cx, struct jwks_fetch *keys) {
    struct fetch fetch = {.url = keys->url,
                          .allow_private = keys->allow_private,
                          .max = JWKS_TEXT_MAX,
                          .ms = JWKS_FETCH_MS};
    fetch_run(cx, &fetch);
    keys->text = fetch.text;
    keys->reason = fetch.reason;
}

err jwks_fetch_run(struct ctx *cx, void *state) {
    struct jwks_fetch *fetch = state;
    struct fetched outcome;
    if (fetch->once == NULL) {
        fetch_now(cx, fetch);
    } else if (fetch_once_begin(cx, fetch->once, fetch->url, JWKS_FETCH_PAUSE_SECONDS, &outcome)) {
        fetch_now(cx, fetch);
        outcome = (struct fetched){.text = fetch->text, .reason = fetch->reason};
        fetch_once_end(cx, fetch->once, fetch->url, &outcome);
    } else {
        fetch->text = outcome.text;
        fetch->reason = outcome.reason;
    }
    return OK;
}
