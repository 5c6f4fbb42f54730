/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of errors as a table: err.def is its only source. */
#include "base.h"

#include <assert.h>

static const struct err_info infos[ERR_COUNT] = {
    [OK] = {"OK", 200, "ok", "", false},
#define ERR(name, status, code, text, hint) [ERR_##name] = {#name, status, code, text, hint},
#include "err.def"
#undef ERR
};

const struct err_info *err_info(err e) {
    assert((unsigned)e < ERR_COUNT);
    return &infos[e];
}
