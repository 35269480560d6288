/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes, MACs, key derivation and AEADs over OpenSSL's EVP interface; keys are in
 * base/crypto_key.c.  Results that are secret are computed in place in secret memory, so that no
 * copy stays on the stack; what OpenSSL keeps in its contexts it wipes when they are freed, and
 * MAC keys stand in its secure heap.
 *
 * OpenSSL reads no configuration file here: the formats fix every algorithm, and a configuration
 * could put other code in their place.
 *
 * Each algorithm is looked for once in a process: to look takes OpenSSL longer than to hash a leaf of the log.
 */
#include "base/crypto.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/locked.h"

enum { SECURE_HEAP = 256 * 1024, SECURE_LEAST = 32, EXPAND_MAX = 255 * DIGEST_SIZE, PARTS_MAX = 8 };

DESTRUCTOR(digest_done, EVP_MD_CTX, EVP_MD_CTX_free)
DESTRUCTOR(mac_context_done, EVP_MAC_CTX, EVP_MAC_CTX_free)
DESTRUCTOR(cipher_done, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

static enum err_code
fail(struct err *err, const char *what)
{
	ERR_clear_error();
	return err_set(err, ERR_CRYPTO, "the cryptographic library failed: %s", what);
}

/* What OpenSSL found, never freed and never changed any more; NULL what it did not find. */
struct found {
	pthread_once_t once;
	EVP_MD *sha256;
	EVP_MAC_CTX *hmac; /* with SHA-256 and without a key, to be copied */
	EVP_CIPHER *aes_128_gcm, *aes_256_gcm, *chacha20_poly1305;
};

static struct found found = {.once = PTHREAD_ONCE_INIT};

static void
find_hmac(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	CLEANUP(mac_context_done) EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	char name[] = "SHA256";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
	    OSSL_PARAM_construct_end(),
	};

	EVP_MAC_free(mac);
	if (context != NULL && EVP_MAC_CTX_set_params(context, params) == 1)
		found.hmac = TAKE(context);
}

static void
find_all(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return;
	found.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	find_hmac();
	found.aes_128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	found.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	found.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
}

static const struct found *
algorithms(void)
{
	pthread_once(&found.once, find_all);
	return &found;
}

enum err_code
crypto_start(struct err *err)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return fail(err, "it does not start");
	if (CRYPTO_secure_malloc_initialized())
		return ERR_OK;
	switch (CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_LEAST)) {
	case 1:
		return ERR_OK;
	case 2: /* made, but not locked: it would go on like that */
		CRYPTO_secure_malloc_done();
		break;
	default:
		break;
	}
	return locked_refused(SECURE_HEAP, ENOMEM, err);
}

bool
crypto_equal(const void *a, const void *b, size_t size)
{
	return CRYPTO_memcmp(a, b, size) == 0;
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
	return crypto_equal(a->bytes, b->bytes, sizeof(a->bytes));
}

bool
point_equal(const struct point *a, const struct point *b)
{
	return crypto_equal(a->bytes, b->bytes, sizeof(a->bytes));
}

/* One context for SHA-256 waits, begun, for whoever comes next: to make one takes as long as to hash a node of the log. */
static _Atomic(EVP_MD_CTX *) spare;

static EVP_MD_CTX *
take_context(void)
{
	CLEANUP(digest_done) EVP_MD_CTX *context = atomic_exchange(&spare, NULL);

	if (context != NULL)
		return TAKE(context);
	context = EVP_MD_CTX_new();
	if (context == NULL || algorithms()->sha256 == NULL ||
	    EVP_DigestInit_ex2(context, algorithms()->sha256, NULL) != 1)
		return NULL;
	return TAKE(context);
}

/* Begins CONTEXT again, so that nothing of what was hashed stays in it. */
static void
leave_context(EVP_MD_CTX *context)
{
	if (EVP_DigestInit_ex2(context, NULL, NULL) == 1)
		context = atomic_exchange(&spare, context);
	EVP_MD_CTX_free(context);
}

enum err_code
sha256(const struct view *parts, size_t count, struct digest *ret_digest, struct err *err)
{
	CLEANUP(digest_done) EVP_MD_CTX *context = take_context();
	struct digest digest;

	if (context == NULL)
		return fail(err, "SHA-256");
	for (size_t i = 0; i < count; i++) {
		if (EVP_DigestUpdate(context, parts[i].data, parts[i].size) != 1)
			return fail(err, "SHA-256");
	}
	if (EVP_DigestFinal_ex(context, digest.bytes, NULL) != 1)
		return fail(err, "SHA-256");
	leave_context(TAKE(context));
	*ret_digest = digest;
	return ERR_OK;
}

enum err_code
sha256_one(struct view bytes, struct digest *ret_digest, struct err *err)
{
	return sha256(&bytes, 1, ret_digest, err);
}

/* HMAC-SHA-256 into the 32 bytes at RET_MAC, which the caller placed where they belong. */
static enum err_code
hmac(struct view key, const struct view *parts, size_t count, uint8_t *ret_mac, struct err *err)
{
	static const uint8_t no_key[DIGEST_SIZE]; /* HMAC pads keys with zeros: the same MAC */
	const EVP_MAC_CTX *blank = algorithms()->hmac;
	CLEANUP(mac_context_done)
	EVP_MAC_CTX *context = blank != NULL ? EVP_MAC_CTX_dup(blank) : NULL;
	size_t size = 0;

	if (key.size == 0)
		key = view_of(no_key, sizeof(no_key));
	if (context == NULL || EVP_MAC_init(context, key.data, key.size, NULL) != 1)
		return fail(err, "HMAC");
	for (size_t i = 0; i < count; i++) {
		if (parts[i].size > 0 && EVP_MAC_update(context, parts[i].data, parts[i].size) != 1)
			return fail(err, "HMAC");
	}
	if (EVP_MAC_final(context, ret_mac, &size, DIGEST_SIZE) != 1 || size != DIGEST_SIZE)
		return fail(err, "HMAC");
	return ERR_OK;
}

enum err_code
hmac_sha256(struct view key, const struct view *parts, size_t count, struct digest *ret_mac,
    struct err *err)
{
	struct digest mac;

	TRY(hmac(key, parts, count, mac.bytes, err));
	*ret_mac = mac;
	return ERR_OK;
}

enum err_code
hmac_sha256_secret(struct view key, const struct view *parts, size_t count, struct secret **ret_mac,
    struct err *err)
{
	SECRET *mac = NULL;

	TRY(secret_new(DIGEST_SIZE, &mac, err));
	TRY(hmac(key, parts, count, secret_data(mac), err));
	TRY(secret_resize(mac, DIGEST_SIZE, err));
	*ret_mac = TAKE(mac);
	return ERR_OK;
}

enum err_code
hkdf_extract(struct view salt, const struct view *ikm_parts, size_t count, struct secret **ret_prk,
    struct err *err)
{
	return hmac_sha256_secret(salt, ikm_parts, count, ret_prk, err);
}

enum err_code
hkdf_extract_to(struct view salt, const struct view *ikm_parts, size_t count,
    uint8_t ret_prk[DIGEST_SIZE], struct err *err)
{
	return hmac(salt, ikm_parts, count, ret_prk, err);
}

/* Blocks of HKDF's output for SIZE bytes. */
static size_t
blocks_for(size_t size)
{
	return (size + DIGEST_SIZE - 1) / DIGEST_SIZE;
}

static enum err_code
check_expand(size_t size, size_t count, struct err *err)
{
	if (size < 1 || size > EXPAND_MAX || count > PARTS_MAX)
		return err_set(err, ERR_INTERNAL, "HKDF cannot give %zu bytes from %zu parts", size,
		    count);
	return ERR_OK;
}

enum err_code
hkdf_expand_to(struct view prk, const struct view *info_parts, size_t count, size_t size,
    uint8_t *ret_okm, struct err *err)
{
	struct view parts[PARTS_MAX + 2] = {{0}}; /* the block before, the info, the number */

	TRY(check_expand(size, count, err));
	for (size_t i = 0; i < count; i++)
		parts[i + 1] = info_parts[i];
	for (size_t i = 0; i < blocks_for(size); i++) {
		uint8_t *block = ret_okm + i * DIGEST_SIZE;
		uint8_t number = (uint8_t)(i + 1);

		if (i > 0)
			parts[0] = view_of(block - DIGEST_SIZE, DIGEST_SIZE);
		parts[count + 1] = view_of(&number, 1);
		TRY(hmac(prk, parts, count + 2, block, err));
	}
	return ERR_OK;
}

enum err_code
hkdf_expand(const struct secret *prk, const struct view *info_parts, size_t count, size_t size,
    struct secret **ret_okm, struct err *err)
{
	SECRET *okm = NULL;

	TRY(check_expand(size, count, err));
	TRY(secret_new(blocks_for(size) * DIGEST_SIZE, &okm, err));
	TRY(hkdf_expand_to(secret_view(prk), info_parts, count, size, secret_data(okm), err));
	TRY(secret_resize(okm, size, err)); /* wipes the tail of the last block */
	*ret_okm = TAKE(okm);
	return ERR_OK;
}

static const EVP_CIPHER *
cipher_of(enum aead aead)
{
	switch (aead) {
	case AEAD_AES_128_GCM:
		return algorithms()->aes_128_gcm;
	case AEAD_AES_256_GCM:
		return algorithms()->aes_256_gcm;
	case AEAD_CHACHA20_POLY1305:
		return algorithms()->chacha20_poly1305;
	}
	return NULL;
}

size_t
aead_key_size(enum aead aead)
{
	switch (aead) {
	case AEAD_AES_128_GCM:
		return 16;
	case AEAD_AES_256_GCM:
	case AEAD_CHACHA20_POLY1305:
		return 32;
	}
	return 0;
}

/* What sealing and opening check alike. */
static enum err_code
check_aead(enum aead aead, struct view key, struct view aad, struct view text, struct err *err)
{
	if (aead_key_size(aead) == 0)
		return err_set(err, ERR_INVALID, "AEAD 0x%04x is not known", (unsigned)aead);
	if (key.size != aead_key_size(aead))
		return err_set(err, ERR_INTERNAL, "a key of %zu bytes for AEAD 0x%04x", key.size,
		    (unsigned)aead);
	if (aad.size > INT_MAX || text.size > INT_MAX)
		return err_set(err, ERR_INVALID, "more than 2 GiB at once");
	return ERR_OK;
}

/* Feed AAD, then TEXT, of which the result goes to OUT. */
static bool
run_cipher(EVP_CIPHER_CTX *context, struct view aad, struct view text, uint8_t *out)
{
	int size;

	if (aad.size > 0 && EVP_CipherUpdate(context, NULL, &size, aad.data, (int)aad.size) != 1)
		return false;
	return text.size == 0 ||
	    (EVP_CipherUpdate(context, out, &size, text.data, (int)text.size) == 1 &&
	        (size_t)size == text.size);
}

enum err_code
aead_seal_with(enum aead aead, struct view key, const uint8_t nonce[AEAD_NONCE_SIZE],
    struct view aad, struct view plaintext, struct buf *ret_ciphertext, struct err *err)
{
	CLEANUP(cipher_done) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	size_t before = ret_ciphertext->size;
	uint8_t *out;
	int size;

	TRY(check_aead(aead, key, aad, plaintext, err));
	out = buf_space(ret_ciphertext, plaintext.size + AEAD_TAG_SIZE);
	TRY(buf_check(ret_ciphertext, err));
	if (context == NULL || cipher_of(aead) == NULL ||
	    EVP_EncryptInit_ex2(context, cipher_of(aead), key.data, nonce, NULL) != 1 ||
	    !run_cipher(context, aad, plaintext, out) ||
	    EVP_EncryptFinal_ex(context, out + plaintext.size, &size) != 1 || size != 0 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE,
	        out + plaintext.size) != 1) {
		ret_ciphertext->size = before;
		return fail(err, "encryption");
	}
	return ERR_OK;
}

enum err_code
aead_open_with(enum aead aead, struct view key, const uint8_t nonce[AEAD_NONCE_SIZE],
    struct view aad, struct view ciphertext, struct secret **ret_plaintext, struct err *err)
{
	CLEANUP(cipher_done) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	struct view text = ciphertext;
	uint8_t tag[AEAD_TAG_SIZE];
	SECRET *plaintext = NULL;
	int size;

	TRY(check_aead(aead, key, aad, ciphertext, err));
	if (ciphertext.size < AEAD_TAG_SIZE || ciphertext.size - AEAD_TAG_SIZE > SECRET_MAX)
		return err_set(err, ERR_CRYPTO, "a ciphertext of %zu bytes cannot be opened",
		    ciphertext.size);
	text.size -= AEAD_TAG_SIZE;
	memcpy(tag, text.data + text.size, sizeof(tag));
	TRY(secret_new(text.size > 0 ? text.size : 1, &plaintext, err));
	if (context == NULL || cipher_of(aead) == NULL ||
	    EVP_DecryptInit_ex2(context, cipher_of(aead), key.data, nonce, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1 ||
	    !run_cipher(context, aad, text, secret_data(plaintext)))
		return fail(err, "decryption");
	if (EVP_DecryptFinal_ex(context, secret_data(plaintext) + text.size, &size) != 1) {
		ERR_clear_error();
		return err_set(err, ERR_CRYPTO,
		    "decryption failed: the key or the data is not the right one");
	}
	TRY(secret_resize(plaintext, text.size, err));
	*ret_plaintext = TAKE(plaintext);
	return ERR_OK;
}

enum err_code
aead_seal(enum aead aead, const struct secret *key, const uint8_t nonce[AEAD_NONCE_SIZE],
    struct view aad, struct view plaintext, struct buf *ret_ciphertext, struct err *err)
{
	return aead_seal_with(aead, secret_view(key), nonce, aad, plaintext, ret_ciphertext, err);
}

enum err_code
aead_open(enum aead aead, const struct secret *key, const uint8_t nonce[AEAD_NONCE_SIZE],
    struct view aad, struct view ciphertext, struct secret **ret_plaintext, struct err *err)
{
	return aead_open_with(aead, secret_view(key), nonce, aad, ciphertext, ret_plaintext, err);
}
