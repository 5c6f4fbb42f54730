/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of errors, made from err.def. */
#include "base.h"

static const struct err_info infos[] = {
    {"OK", 200, "ok", "", false},
#define ERR(name, status, code, text, hint) {#name, status, code, text, hint},
#include "err.def"
#undef ERR
};

const struct err_info *err_info(err e) {
    size_t i = (size_t)e;
    return i < COUNT_OF(infos) ? &infos[i] : &infos[ERR_INTERNAL];
}
