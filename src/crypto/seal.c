/* SPDX-License-Identifier: Apache-2.0 */
/* AES-256-GCM for what the server must be able to read again. The text is base64url of
 * version (1 byte), nonce (12), ciphertext, tag (16); version and context are authenticated. */
#include "evp.h"

#include <limits.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION    1
#define NONCE_SIZE 12
#define TAG_SIZE   16
#define HEAD_SIZE  (1 + NONCE_SIZE)

/* `in` to `out` in one direction; the tag is written (encrypt) or checked. */
struct gcm {
    const struct seal_key *key;
    struct str context;
    const unsigned char *head; /* version and nonce */
    bool encrypt;
};

static bool gcm_run(const struct gcm *g, const unsigned char *in, size_t n, unsigned char *out,
                    unsigned char *tag) {
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    const unsigned char *context = (const unsigned char *)g->context.p;
    int done = 0;
    bool ok =
        c != NULL && n <= INT_MAX && g->context.n <= INT_MAX &&
        EVP_CipherInit_ex2(c, evp_aes_256_gcm(), g->key->bytes, g->head + 1, g->encrypt, NULL) ==
            1 &&
        EVP_CipherUpdate(c, NULL, &done, g->head, 1) == 1 &&
        (g->context.n == 0 || EVP_CipherUpdate(c, NULL, &done, context, (int)g->context.n) == 1) &&
        (n == 0 || EVP_CipherUpdate(c, out, &done, in, (int)n) == 1) &&
        (g->encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1) &&
        EVP_CipherFinal_ex(c, out + n, &done) == 1 &&
        (!g->encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag) == 1);
    EVP_CIPHER_CTX_free(c);
    return ok;
}

struct str seal(struct ctx *cx, const struct seal_key *key, struct str context, struct str plain) {
    size_t size = HEAD_SIZE + plain.n + TAG_SIZE;
    unsigned char *bytes = arena_alloc(cx->arena, size);
    bytes[0] = VERSION;
    cx->random->fill(cx->random, bytes + 1, NONCE_SIZE);
    struct gcm g = {.key = key, .context = context, .head = bytes, .encrypt = true};
    if (!gcm_run(&g, (const unsigned char *)plain.p, plain.n, bytes + HEAD_SIZE,
                 bytes + HEAD_SIZE + plain.n)) {
        fputs("postern: OpenSSL cannot encrypt\n", stderr);
        abort();
    }
    return base64url(cx->arena, bytes, size);
}

err unseal(struct ctx *cx, const struct seal_key *key, struct str context, struct str sealed,
           struct secret *ret_plain) {
    struct str text;
    if (!base64url_parse(cx->arena, sealed, &text) || text.n < HEAD_SIZE + TAG_SIZE ||
        text.p[0] != VERSION) {
        return fail(cx, ERR_INTERNAL, "sealed value of %.*s is malformed", STR_ARG(context));
    }
    size_t n = text.n - HEAD_SIZE - TAG_SIZE;
    unsigned char tag[TAG_SIZE];
    memcpy(tag, text.p + HEAD_SIZE + n, sizeof tag);
    const unsigned char *head = (const unsigned char *)text.p;
    struct gcm g = {.key = key, .context = context, .head = head};
    /* Room that is wiped with the arena, whether or not the tag turns out right. */
    struct secret plain = secret_in(cx->arena, head + HEAD_SIZE, n);
    if (!gcm_run(&g, head + HEAD_SIZE, n, plain.p, tag)) {
        ERR_clear_error();
        secret_wipe(plain.p, plain.n);
        return fail(cx, ERR_INTERNAL, "sealed value of %.*s does not open with this key",
                    STR_ARG(context));
    }
    *ret_plain = plain;
    return OK;
}

/* RFC 5869 with an empty salt; 32 bytes are one round of the expansion. */
struct seal_key seal_key_derive(const struct seal_key *master, const char *purpose) {
    static const unsigned char salt[SHA256_SIZE];
    unsigned char extracted[HMAC_MAX], info[256], mac[HMAC_MAX];
    size_t n = strlen(purpose);
    if (n >= sizeof info) {
        fputs("postern: the purpose of a key is too long\n", stderr);
        abort();
    }
    hmac(HASH_SHA256, salt, sizeof salt, master->bytes, sizeof master->bytes, extracted);
    memcpy(info, purpose, n);
    info[n] = 1;
    hmac(HASH_SHA256, extracted, SHA256_SIZE, info, n + 1, mac);
    struct seal_key key;
    memcpy(key.bytes, mac, sizeof key.bytes);
    secret_wipe(extracted, sizeof extracted);
    secret_wipe(mac, sizeof mac);
    return key;
}
