/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's start (without its configuration file: no engines, no surprises, less memory) and its
 * errors. */
#include "evp.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>

static pthread_once_t start_once = PTHREAD_ONCE_INIT;

static bool started;

static void start(void) {
    started = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
}

void openssl_start(void) {
    pthread_once(&start_once, start);
    if (!started) {
        memory_exhausted(0); /* it does not start twice, and is not safe to ask further */
    }
}

static EVP_MD *hashes[4];
static EVP_CIPHER *aes;
static pthread_once_t hash_once[4] = {PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT,
                                      PTHREAD_ONCE_INIT};
static pthread_once_t aes_once = PTHREAD_ONCE_INIT;

static void fetch_sha256(void) {
    hashes[HASH_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static void fetch_sha384(void) {
    hashes[HASH_SHA384] = EVP_MD_fetch(NULL, "SHA384", NULL);
}

static void fetch_sha512(void) {
    hashes[HASH_SHA512] = EVP_MD_fetch(NULL, "SHA512", NULL);
}

static void fetch_sha1(void) {
    hashes[HASH_SHA1] = EVP_MD_fetch(NULL, "SHA1", NULL);
}

static void fetch_aes(void) {
    aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

/* OpenSSL lacks SHA and AES-GCM only when it has no memory to look for them. */
const EVP_MD *evp_hash(enum hash h) {
    static void (*const fetch[])(void) = {fetch_sha256, fetch_sha384, fetch_sha512, fetch_sha1};
    openssl_start();
    pthread_once(&hash_once[h], fetch[h]);
    if (hashes[h] == NULL) {
        memory_exhausted(0);
    }
    return hashes[h];
}

const EVP_CIPHER *evp_aes_256_gcm(void) {
    openssl_start();
    pthread_once(&aes_once, fetch_aes);
    if (aes == NULL) {
        memory_exhausted(0);
    }
    return aes;
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
