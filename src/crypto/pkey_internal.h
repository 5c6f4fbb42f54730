/* SPDX-License-Identifier: Apache-2.0 */
/* What pkey.c and sign.c share. */
#ifndef POSTERN_PKEY_INTERNAL_H
#define POSTERN_PKEY_INTERNAL_H

#include "crypto.h"

#include <openssl/evp.h>

struct pkey {
    enum pkey_kind kind;
    EVP_PKEY *evp;
};

#endif
