/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share of OpenSSL; no other folder includes it. */
#ifndef POSTERN_CRYPTO_EVP_H
#define POSTERN_CRYPTO_EVP_H

#include "crypto.h"

#include <openssl/evp.h>

/* Starts OpenSSL as this house wants it; every use begins with this or one of the next two. */
void openssl_start(void);
/* Algorithms are looked up once, each at its first use: a look-up by name costs more than a
 * SHA-256, and a program that needs one of them should not wait for all. Read-only from then on. */
const EVP_MD *evp_hash(enum hash h);
const EVP_CIPHER *evp_aes_256_gcm(void);

struct pkey {
    EVP_PKEY *evp;
    enum pkey_kind kind;
};

/* ERR_INTERNAL: what was tried and OpenSSL's reason; empties its queue of errors. */
err evp_failed(struct ctx *cx, const char *what);

void evp_pkey_cleanup(EVP_PKEY **key);

#endif
