/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and HMAC. Algorithms are fetched once for the process: a fetch a call would cost more
 * than the digest of a token. */
#include "crypto.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#define BLOCK_MAX 128

struct hash_info {
    const char *name;
    size_t size, block;
    EVP_MD *md; /* fetched once */
};

static struct hash_info hashes[] = {
    [HASH_SHA256] = {"SHA256", 32, 64, NULL},
    [HASH_SHA384] = {"SHA384", 48, 128, NULL},
    [HASH_SHA512] = {"SHA512", 64, 128, NULL},
};
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;

static void context_free(void *context) {
    EVP_MD_CTX_free(context);
}

static void fetch(void) {
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        hashes[i].md = EVP_MD_fetch(NULL, hashes[i].name, NULL);
        assert(hashes[i].md != NULL);
    }
    int made = pthread_key_create(&context_key, context_free);
    assert(made == 0);
    (void)made;
}

/* This thread's context, made at its first digest. */
static EVP_MD_CTX *context(void) {
    pthread_once(&fetched, fetch);
    EVP_MD_CTX *c = pthread_getspecific(context_key);
    if (c == NULL) {
        c = EVP_MD_CTX_new();
        assert(c != NULL);
        pthread_setspecific(context_key, c);
    }
    return c;
}

/* The digest of two pieces. */
static void digest_pieces(enum hash h, const void *a, size_t a_n, const void *b, size_t b_n,
                          unsigned char *ret) {
    EVP_MD_CTX *c = context();
    int done = EVP_DigestInit_ex2(c, hashes[h].md, NULL) && EVP_DigestUpdate(c, a, a_n) &&
               EVP_DigestUpdate(c, b, b_n) && EVP_DigestFinal_ex(c, ret, NULL);
    assert(done);
    (void)done;
}

void sha256(const void *p, size_t n, unsigned char ret_digest[SHA256_SIZE]) {
    digest_pieces(HASH_SHA256, p, n, "", 0, ret_digest);
}

struct str sha256_text(struct arena *a, struct str s) {
    unsigned char digest[SHA256_SIZE];
    sha256(s.p, s.n, digest);
    return base64url(a, digest, sizeof(digest));
}

bool sha256_matches(struct str candidate, struct str stored) {
    unsigned char digest[SHA256_SIZE];
    char text[SHA256_TEXT + 1];
    sha256(candidate.p, candidate.n, digest);
    size_t n = base64url_write(text, digest, sizeof(digest));
    return stored.n == n && secret_equal_bytes(text, stored.p, n);
}

/* RFC 2104. */
size_t hmac(enum hash h, const void *key, size_t key_n, const void *p, size_t n,
            unsigned char ret_mac[HMAC_MAX]) {
    unsigned char block[BLOCK_MAX] = {0}, inner[HMAC_MAX];
    pthread_once(&fetched, fetch);
    if (key_n > hashes[h].block) {
        digest_pieces(h, key, key_n, "", 0, block);
    } else if (key_n > 0) {
        memcpy(block, key, key_n);
    }
    for (size_t i = 0; i < hashes[h].block; i++) {
        block[i] ^= 0x36;
    }
    digest_pieces(h, block, hashes[h].block, p, n, inner);
    for (size_t i = 0; i < hashes[h].block; i++) {
        block[i] ^= 0x36 ^ 0x5c;
    }
    digest_pieces(h, block, hashes[h].block, inner, hashes[h].size, ret_mac);
    secret_wipe(block, sizeof(block));
    return hashes[h].size;
}
