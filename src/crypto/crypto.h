/* SPDX-License-Identifier: Apache-2.0 */
/* crypto: the only folder that knows OpenSSL and libargon2.
 *
 * Random bytes, digests and MACs, authenticated encryption for what the server must be able to read
 * again (private keys, client secrets of client_secret_jwt), the master key behind that encryption,
 * and key pairs with their signers and verifiers. A `struct pkey` is immutable and may be shared by
 * threads; a `struct signer` or `struct verifier` belongs to one thread and is kept, because
 * setting one up costs more than it should on the token path (DESIGN 6).
 *
 * The types are opaque: no OpenSSL type leaves this folder (evp.h is shared by its files alone).
 * OpenSSL starts at the first use, without its configuration file; the algorithms looked up then
 * are the only state kept for the process, written once.
 */
#ifndef POSTERN_CRYPTO_H
#define POSTERN_CRYPTO_H

#include "base.h"

/* ---- random.c ---- */

extern const struct random random_system; /* getrandom(2); failure ends the process */
/* n random bytes as base64url, in the arena. */
struct str random_text(struct ctx *cx, size_t n);
/* `n` characters to read and type: of `letters`, each as likely as the others, with '-' after each
 * `group` of them. */
struct str random_letters(struct ctx *cx, const char *letters, size_t n, size_t group);

/* ---- digest.c ---- */

#define SHA256_SIZE 32
#define SHA256_TEXT 43 /* as base64url */
void sha256(const void *p, size_t n, unsigned char ret_digest[SHA256_SIZE]);
#define SHA512_SIZE 64
void sha512(const void *p, size_t n, unsigned char ret_digest[SHA512_SIZE]);
/* SHA-256 as base64url: the stored form of a secret or token. */
struct str sha256_text(struct arena *a, struct str s);
/* True if sha256_text(candidate) is `stored`; constant time. */
bool sha256_matches(struct str candidate, struct str stored);
/* SHA-1 is for one-time passwords alone, as their RFCs have it. */
enum hash { HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_SHA1 };
/* Returns the size of the MAC (32, 48, 64, 20). */
#define HMAC_MAX 64
size_t hmac(enum hash h, const void *key, size_t key_n, const void *p, size_t n,
            unsigned char ret_mac[HMAC_MAX]);

/* ---- otp.c: one-time passwords: HOTP (RFC 4226), TOTP (RFC 6238) with SHA-1, 6 digits ---- */

#define OTP_DIGITS        6
#define OTP_SECRET_SIZE   20 /* RFC 4226 4, R6: 160 bits */
#define TOTP_STEP_SECONDS 30
/* `code` gets OTP_DIGITS digits, not ended by a zero byte. */
void hotp(struct secret key, int64_t counter, char ret_code[OTP_DIGITS]);
/* Counters that are tried: both ends belong to it. */
struct otp_window {
    int64_t first, last;
};
/* RFC 6238 5.2: the time step of `now`, and one to either side. */
struct otp_window totp_window(int64_t now);
/* RFC 4226 7.4: from the counter after the last one that was used, a few ahead. */
#define HOTP_LOOK_AHEAD 10
struct otp_window hotp_window(int64_t used);
/* The highest counter of the window that has this code; false: none has. Takes the same time
 * whichever it is. */
bool otp_find(struct secret key, struct str code, struct otp_window w, int64_t *ret_counter);

/* ---- seal.c: AES-256-GCM under a 32-byte key, random nonce ---- */

#define SEAL_KEY_SIZE 32
struct seal_key {
    unsigned char bytes[SEAL_KEY_SIZE];
};
/* base64url text of version, nonce, ciphertext, tag. `context` is authenticated, not stored: it
 * binds the value to its row and column ("signing_key/<id>"). */
struct str seal(struct ctx *cx, const struct seal_key *key, struct str context, struct str plain);
/* ERR_INTERNAL when the text, the key or the context is not the one that sealed it. `ret_plain` is
 * wiped with the arena. */
err unseal(struct ctx *cx, const struct seal_key *key, struct str context, struct str sealed,
           struct secret *ret_plain);
/* A key for one purpose, derived (HKDF-SHA256) from the master key. */
struct seal_key seal_key_derive(const struct seal_key *master, const char *purpose);

/* ---- master_key.c ---- */

/* From POSTERN_MASTER_KEY's text (`env`, 43 characters of base64url; STR_NONE if unset), else from
 * the file, else, if `may_create`, a new one written to the file with mode 0600 (atomically:
 * temporary file, fsync, link). ERR_BAD_CONFIG: unreadable, readable by others, malformed, an
 * example key (all bytes equal or counting up), absent. */
err master_key_load(struct ctx *cx, struct str env, const char *file, bool may_create,
                    struct seal_key *ret_key);

/* ---- pkey.c: key pairs ---- */

enum pkey_kind { PKEY_RSA, PKEY_EC_P256, PKEY_ED25519 };

struct pkey;
/* RSA has 2048 bits unless `bits` says 3072 or 4096; ignored for the others. */
err pkey_generate(struct ctx *cx, enum pkey_kind kind, int bits, struct pkey **ret_key);
/* PKCS#8 DER of the private key; wiped with the arena. */
err pkey_write_private(struct ctx *cx, const struct pkey *key, struct secret *ret_der);
err pkey_parse_private(struct ctx *cx, struct secret der, struct pkey **ret_key);
/* The first private key of a PEM text (PKCS#8, PKCS#1 or SEC 1), not encrypted. */
err pkey_parse_pem(struct ctx *cx, struct str text, struct pkey **ret_key);
/* Public numbers: RSA n (256 to 512 bytes) and e; P-256 x and y (32 each); Ed25519 x (32), y
 * absent. Big-endian bytes. Rejects keys that are weak (RSA below 2048 or e even or below 3) or off
 * the curve. */
struct pkey_numbers {
    enum pkey_kind kind;
    struct str a; /* n or x */
    struct str b; /* e or y */
};
err pkey_from_numbers(struct ctx *cx, const struct pkey_numbers *numbers, struct pkey **ret_key);
err pkey_numbers(struct ctx *cx, const struct pkey *key, struct pkey_numbers *ret_numbers);
enum pkey_kind pkey_kind(const struct pkey *key);
void pkey_free(struct pkey *key); /* NULL is fine */

/* ---- sign.c: one thread, many signatures ---- */

#define SIGNATURE_MAX 512
struct signer;
/* Copies the key, so that threads do not meet on its lock. NULL if OpenSSL refuses the key. */
struct signer *signer_new(const struct pkey *key);
void signer_free(struct signer *s);
/* RSA: PKCS#1 1.5 with SHA-256. P-256: ECDSA with SHA-256, r||s (RFC 7518 3.4). Ed25519: RFC 8037.
 */
err signer_sign(struct ctx *cx, struct signer *s, struct str message,
                unsigned char ret_signature[SIGNATURE_MAX], size_t *ret_n);

struct verifier;
struct verifier *verifier_new(const struct pkey *key);
void verifier_free(struct verifier *v);
bool verifier_verify(struct verifier *v, struct str message, struct str signature);

/* ---- certificate.c: a local authority and the one server certificate it signs ---- */

#define CERTIFICATE_HOSTS_MAX 32
/* A DNS name ("localhost", "*.example.com") or an IPv4 or IPv6 address: nothing that could be read
 * as more than one host. */
bool certificate_host_is_valid(struct str host);
struct certificate_hosts {
    const struct str *v;
    size_t n;
};
struct certificate_set {
    struct str authority; /* PEM: the authority's certificate, to be trusted */
    struct str chain;     /* PEM: the server's certificate, then the authority's */
    struct secret key;    /* PEM: the server's private key; wiped with the arena */
};
/* P-256, good from cx->now for `days`. The authority can sign for `hosts` only (RFC 5280 4.2.1.10)
 * and for no further authority, and its private key is forgotten: what trusts it trusts this one
 * server. ERR_INVALID_REQUEST: a host that is none, none at all, or too many. */
err certificate_make(struct ctx *cx, const struct certificate_hosts *hosts, int days,
                     struct certificate_set *ret_set);
/* OK if key, certificate and authority fit, a client that trusts the authority takes the
 * certificate for every one of `hosts`, now and still at `until`. ERR_INVALID_REQUEST says what is
 * wrong. */
err certificate_check(struct ctx *cx, const struct certificate_set *set,
                      const struct certificate_hosts *hosts, int64_t until);
/* True if this PEM certificate was issued by an authority of certificate_make(). */
bool certificate_is_local(struct str pem);
/* When the first certificate of this PEM text ends. ERR_INVALID_REQUEST if there is none. */
err certificate_expiry(struct ctx *cx, struct str pem, int64_t *ret_expiry);

/* ---- password.c: argon2id (RFC 9106), slow on purpose: run it on the pool ---- */

#define PASSWORD_MIN 8
#define PASSWORD_MAX 128 /* characters; no truncation anywhere */
/* m = 19 MiB, t = 2, p = 1. The text form with parameters and salt. */
err password_hash(struct ctx *cx, struct str password, struct str *ret_hash);
/* Constant time in the hash. ret_stale (set when it matches): it was made with weaker parameters,
 * make it anew. */
bool password_matches(struct str password, struct str hash, bool *ret_stale);
/* A hash that nothing matches, for users who are not there: the same work is done for them. */
struct str password_dummy(void);

#endif
