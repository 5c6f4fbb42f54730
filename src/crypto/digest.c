/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, SHA-512 and HMAC on hashes that were fetched once. */
#include "evp.h"

#include <string.h>

#define BLOCK_MAX 128 /* of SHA-384 and SHA-512 */

/* A hash over memory fails only when memory is exhausted. */
static void must(int ok) {
    if (ok != 1) {
        memory_exhausted(0);
    }
}

void sha256(const void *p, size_t n, unsigned char ret_digest[SHA256_SIZE]) {
    must(EVP_Digest(p, n, ret_digest, NULL, evp_hash(HASH_SHA256), NULL));
}

void sha512(const void *p, size_t n, unsigned char ret_digest[SHA512_SIZE]) {
    must(EVP_Digest(p, n, ret_digest, NULL, evp_hash(HASH_SHA512), NULL));
}

struct str sha256_text(struct arena *a, struct str s) {
    unsigned char digest[SHA256_SIZE];
    sha256(s.p, s.n, digest);
    return base64url(a, digest, sizeof digest);
}

bool sha256_matches(struct str candidate, struct str stored) {
    unsigned char digest[SHA256_SIZE];
    char text[SHA256_TEXT];
    sha256(candidate.p, candidate.n, digest);
    base64url_write(text, digest, sizeof digest);
    return stored.n == sizeof text && secret_equal_bytes(text, stored.p, sizeof text);
}

/* One of HMAC's two passes: hash(pad || p). */
static void pass(EVP_MD_CTX *md, const EVP_MD *hash, const unsigned char *pad, const void *p,
                 size_t n, unsigned char *ret_digest) {
    must(EVP_DigestInit_ex2(md, hash, NULL));
    must(EVP_DigestUpdate(md, pad, (size_t)EVP_MD_get_block_size(hash)));
    must(EVP_DigestUpdate(md, p, n));
    must(EVP_DigestFinal_ex(md, ret_digest, NULL));
}

/* RFC 2104 on a plain digest; EVP_MAC would be looked up and set up for each message. */
size_t hmac(enum hash h, const void *key, size_t key_n, const void *p, size_t n,
            unsigned char ret_mac[HMAC_MAX]) {
    const EVP_MD *hash = evp_hash(h);
    size_t block = (size_t)EVP_MD_get_block_size(hash), size = (size_t)EVP_MD_get_size(hash);
    unsigned char inner[BLOCK_MAX] = {0}, outer[BLOCK_MAX], digest[HMAC_MAX];
    if (key_n > block) {
        must(EVP_Digest(key, key_n, inner, NULL, hash, NULL));
    } else if (key_n > 0) {
        memcpy(inner, key, key_n);
    }
    for (size_t i = 0; i < block; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    must(md != NULL);
    pass(md, hash, inner, p, n, digest);
    pass(md, hash, outer, digest, size, ret_mac);
    EVP_MD_CTX_free(md);
    secret_wipe(inner, sizeof inner);
    secret_wipe(outer, sizeof outer);
    secret_wipe(digest, sizeof digest);
    return size;
}
