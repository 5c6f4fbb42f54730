/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share of OpenSSL; no other folder includes it. */
#ifndef POSTERN_CRYPTO_EVP_H
#define POSTERN_CRYPTO_EVP_H

#include "crypto.h"

#include <openssl/evp.h>

/* Algorithms looked up once: a look-up by name costs more than a SHA-256. Written once, before the
 * first use, and read-only from then on. */
struct algorithms {
    EVP_MD *hash[3]; /* by enum hash */
    EVP_CIPHER *aes_256_gcm;
};
const struct algorithms *algorithms(void);

struct pkey {
    EVP_PKEY *evp;
    enum pkey_kind kind;
};

/* ERR_INTERNAL: what was tried and OpenSSL's reason; empties its queue of errors. */
err evp_failed(struct ctx *cx, const char *what);

void evp_pkey_cleanup(EVP_PKEY **key);

#endif
