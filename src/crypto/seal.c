/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticated encryption of what is stored but must be read again: AES-256-GCM, a random nonce
 * each time. Sealed form: version (1 byte), nonce (12), ciphertext, tag (16), as base64url. */
#include "crypto.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#define SEAL_VERSION 1
#define NONCE_SIZE   12
#define TAG_SIZE     16

static EVP_CIPHER *cipher; /* fetched once */
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void) {
    cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    assert(cipher != NULL);
}

static void context_free(EVP_CIPHER_CTX **c) {
    EVP_CIPHER_CTX_free(*c);
}

struct str seal(struct ctx *cx, const struct seal_key *key, struct str context, struct str plain) {
    pthread_once(&fetched, fetch);
    EVP_CIPHER_CTX *c CLEANUP(context_free) = EVP_CIPHER_CTX_new();
    size_t size = 1 + NONCE_SIZE + plain.n + TAG_SIZE;
    unsigned char *out = arena_alloc(cx->arena, size), *nonce = out + 1, *text = nonce + NONCE_SIZE;
    out[0] = SEAL_VERSION;
    cx->random->fill(cx->random, nonce, NONCE_SIZE);
    int n = 0;
    int done = c != NULL && EVP_EncryptInit_ex2(c, cipher, key->bytes, nonce, NULL) &&
               EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)context.p, (int)context.n) &&
               EVP_EncryptUpdate(c, text, &n, (const unsigned char *)plain.p, (int)plain.n) &&
               EVP_EncryptFinal_ex(c, text + plain.n, &n) &&
               EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, text + plain.n);
    assert(done);
    (void)done;
    return base64url(cx->arena, out, size);
}

static bool open_sealed(const struct seal_key *key, struct str context, struct str sealed,
                        unsigned char *ret_plain) {
    pthread_once(&fetched, fetch);
    EVP_CIPHER_CTX *c CLEANUP(context_free) = EVP_CIPHER_CTX_new();
    const unsigned char *nonce = (const unsigned char *)sealed.p + 1, *text = nonce + NONCE_SIZE;
    size_t n = sealed.n - 1 - NONCE_SIZE - TAG_SIZE;
    unsigned char tag[TAG_SIZE];
    memcpy(tag, text + n, TAG_SIZE);
    int got = 0;
    return c != NULL && EVP_DecryptInit_ex2(c, cipher, key->bytes, nonce, NULL) &&
           EVP_DecryptUpdate(c, NULL, &got, (const unsigned char *)context.p, (int)context.n) &&
           EVP_DecryptUpdate(c, ret_plain, &got, text, (int)n) &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) &&
           EVP_DecryptFinal_ex(c, ret_plain + n, &got) == 1;
}

err unseal(struct ctx *cx, const struct seal_key *key, struct str context, struct str sealed,
           struct secret *ret_plain) {
    struct str bytes;
    if (!base64url_parse(cx->arena, sealed, &bytes) || bytes.n < 1 + NONCE_SIZE + TAG_SIZE ||
        bytes.p[0] != SEAL_VERSION) {
        return fail(cx, ERR_INTERNAL, "a sealed value is malformed");
    }
    struct secret plain = secret_in(cx->arena, bytes.p, bytes.n); /* room for a block more */
    if (!open_sealed(key, context, bytes, plain.p)) {
        return fail(cx, ERR_INTERNAL, "a sealed value does not open with this master key");
    }
    plain.n = bytes.n - 1 - NONCE_SIZE - TAG_SIZE;
    *ret_plain = plain;
    return OK;
}

/* RFC 5869 with SHA-256, no salt, one block of output. */
struct seal_key seal_key_derive(const struct seal_key *master, const char *purpose) {
    unsigned char zero[SHA256_SIZE] = {0}, extracted[HMAC_MAX], expanded[HMAC_MAX], info[128];
    size_t n = strlen(purpose);
    assert(n < sizeof(info));
    memcpy(info, purpose, n);
    info[n] = 1;
    hmac(HASH_SHA256, zero, sizeof(zero), master->bytes, sizeof(master->bytes), extracted);
    hmac(HASH_SHA256, extracted, SHA256_SIZE, info, n + 1, expanded);
    struct seal_key key;
    memcpy(key.bytes, expanded, sizeof(key.bytes));
    secret_wipe(extracted, sizeof(extracted));
    secret_wipe(expanded, sizeof(expanded));
    return key;
}
