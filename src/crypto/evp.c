/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's start (without its configuration file: no engines, no surprises, less memory) and its
 * errors. */
#include "evp.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>

static struct algorithms fetched;
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

static void fetch(void) {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    fetched.hash[HASH_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
    fetched.hash[HASH_SHA384] = EVP_MD_fetch(NULL, "SHA384", NULL);
    fetched.hash[HASH_SHA512] = EVP_MD_fetch(NULL, "SHA512", NULL);
    fetched.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

const struct algorithms *algorithms(void) {
    pthread_once(&fetch_once, fetch);
    if (fetched.hash[HASH_SHA256] == NULL || fetched.hash[HASH_SHA384] == NULL ||
        fetched.hash[HASH_SHA512] == NULL || fetched.aes_256_gcm == NULL) {
        memory_exhausted(0); /* the only way in which OpenSSL lacks SHA-2 or AES-GCM */
    }
    return &fetched;
}

err evp_failed(struct ctx *cx, const char *what) {
    unsigned long code = ERR_get_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    return fail(cx, ERR_INTERNAL, "%s: %s", what, reason != NULL ? reason : "no reason given");
}

void evp_pkey_cleanup(EVP_PKEY **key) {
    EVP_PKEY_free(*key);
}
