/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bcrypt needs Blowfish with a key schedule of its own.  OpenSSL's encrypts a block; the schedule works on its table, which is
 * public in its header (deprecated, and kept).  The table begins as the digits of pi, which are computed: they are 4 KiB.
 *
 * All that depends on the passphrase lies in one secret, but for words that go through registers and the stack.
 */
#include "base/crypto_locked.h"

#define OPENSSL_SUPPRESS_DEPRECATED /* Blowfish's table */
#include <openssl/blowfish.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

DESTRUCTOR(number_done, BIGNUM, BN_clear_free)
DESTRUCTOR(cipher_done, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

enum {
	HASH = 64, /* of SHA-512 */
	HASH_WORDS = HASH / 4,
	TABLE_WORDS = BF_ROUNDS + 2 + 4 * 256,
	GUARD_BITS = 64,
	PI_BITS = 32 * TABLE_WORDS + GUARD_BITS,
	BLOCK = 32, /* of bcrypt's output */
	BLOCK_WORDS = BLOCK / 4,
	TIMES = 64,
	KEY_MAX = 64,
	TAG = 16
};

struct table { /* BF_KEY's, in the order of pi */
	uint32_t words[TABLE_WORDS];
};
/* What must not be seen. */
struct work {
	BF_KEY blowfish;
	uint8_t passphrase[HASH], salt[HASH], block[BLOCK], sum[BLOCK];
	uint8_t key[KEY_MAX + BLOCK];
};

static enum err_code
fail(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_CRYPTO,
	    "the cryptographic library failed: opening a locked private key");
}

/* --- Pi ----------------------------------------------------------------------------------- */

/* SUM + FACTOR * arctan(1/X), in units of 2^-PI_BITS. */
static bool
add_arctan(BIGNUM *sum, BN_ULONG x, BN_ULONG factor, bool negative)
{
	CLEANUP(number_done) BIGNUM *power = BN_new();
	CLEANUP(number_done) BIGNUM *term = BN_new();

	if (power == NULL || term == NULL || BN_set_bit(power, PI_BITS) != 1 ||
	    BN_mul_word(power, factor) != 1)
		return false;
	(void)BN_div_word(power, x);
	for (BN_ULONG odd = 1; !BN_is_zero(power); odd += 2, negative = !negative) {
		if (BN_copy(term, power) == NULL)
			return false;
		(void)BN_div_word(term, odd);
		if ((negative ? BN_sub(sum, sum, term) : BN_add(sum, sum, term)) != 1)
			return false;
		(void)BN_div_word(power, x * x);
	}
	return true;
}

/* Machin: pi = 16 arctan(1/5) - 4 arctan(1/239). */
static bool
make_pi(struct table *ret_table)
{
	CLEANUP(number_done) BIGNUM *pi = BN_new();
	uint8_t bytes[4 * TABLE_WORDS];

	if (pi == NULL || !add_arctan(pi, 5, 16, false) || !add_arctan(pi, 239, 4, true) ||
	    BN_mask_bits(pi, PI_BITS) != 1 || BN_rshift(pi, pi, GUARD_BITS) != 1 ||
	    BN_bn2binpad(pi, bytes, sizeof(bytes)) != (int)sizeof(bytes))
		return false;
	struct reader reader = reader_of(VIEW_OF(bytes));

	for (size_t i = 0; i < TABLE_WORDS; i++)
		ret_table->words[i] = reader_u32(&reader);
	return true;
}

/* --- bcrypt_pbkdf ------------------------------------------------------------------------- */

static uint32_t
word_of(const uint8_t hash[HASH], size_t index)
{
	const uint8_t *at = hash + 4 * (index % HASH_WORDS);

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The schedule, with SALT between (NULL: without). */
static void
expand(BF_KEY *blowfish, const uint8_t *salt, const uint8_t *key)
{
	BF_LONG pair[2] = {0, 0};
	size_t taken = 0;

	for (size_t i = 0; i < BF_ROUNDS + 2; i++)
		blowfish->P[i] ^= word_of(key, i);
	for (size_t i = 0; i < TABLE_WORDS; i += 2) {
		BF_LONG *place =
		    i < BF_ROUNDS + 2 ? blowfish->P + i : blowfish->S + i - BF_ROUNDS - 2;

		if (salt != NULL) {
			pair[0] ^= word_of(salt, taken++);
			pair[1] ^= word_of(salt, taken++);
		}
		BF_encrypt(pair, blowfish);
		place[0] = pair[0];
		place[1] = pair[1];
	}
}

static void
hash_block(struct work *work, const struct table *pi)
{
	static const char text[HASH] = "OxychromaticBlowfishSwatDynamite";
	BF_LONG words[BLOCK_WORDS];

	memcpy(work->blowfish.P, pi->words, sizeof(work->blowfish.P));
	memcpy(work->blowfish.S, pi->words + BF_ROUNDS + 2, sizeof(work->blowfish.S));
	expand(&work->blowfish, work->salt, work->passphrase);
	for (size_t i = 0; i < TIMES; i++) {
		expand(&work->blowfish, NULL, work->salt);
		expand(&work->blowfish, NULL, work->passphrase);
	}
	for (size_t i = 0; i < BLOCK_WORDS; i++)
		words[i] = word_of((const uint8_t *)text, i);
	for (size_t i = 0; i < TIMES; i++)
		for (size_t pair = 0; pair < BLOCK_WORDS; pair += 2)
			BF_encrypt(words + pair, &work->blowfish);
	for (size_t i = 0; i < BLOCK; i++) /* its words come out with the low byte first */
		work->block[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
	explicit_bzero(words, sizeof(words));
}

static bool
sha512(struct view bytes, uint8_t ret_hash[HASH])
{
	return EVP_Digest(bytes.data, bytes.size, ret_hash, NULL, EVP_sha512(), NULL) == 1;
}

/* Block number COUNT, from 1: its bytes are spread over the key. */
static bool
derive_block(const struct crypto_lock *lock, struct work *work, const struct table *pi,
    uint8_t count)
{
	uint8_t salted[LOCKED_SALT_MAX + 4] = {0};

	memcpy(salted, lock->salt.data, lock->salt.size);
	salted[lock->salt.size + 3] = count;
	if (!sha512(view_of(salted, lock->salt.size + 4), work->salt))
		return false;
	hash_block(work, pi);
	memcpy(work->sum, work->block, BLOCK);
	for (uint32_t round = 1; round < lock->rounds; round++) {
		if (!sha512(VIEW_OF(work->block), work->salt))
			return false;
		hash_block(work, pi);
		for (size_t i = 0; i < BLOCK; i++)
			work->sum[i] ^= work->block[i];
	}
	return true;
}

/* SIZE bytes into WORK's key. */
static bool
derive(const struct crypto_lock *lock, const struct secret *passphrase, struct work *work,
    size_t size)
{
	struct table pi;
	size_t blocks = (size + BLOCK - 1) / BLOCK, share = (size + blocks - 1) / blocks;

	if (!make_pi(&pi) || !sha512(secret_view(passphrase), work->passphrase))
		return false;
	for (size_t block = 0; block < blocks; block++) {
		if (!derive_block(lock, work, &pi, (uint8_t)(block + 1)))
			return false;
		for (size_t i = 0; i < share && i * blocks + block < size; i++)
			work->key[i * blocks + block] = work->sum[i];
	}
	return true;
}

/* --- Ciphers ------------------------------------------------------------------------------ */

static const struct locked_cipher {
	const char *name, *openssl;
	size_t key, iv, tag;
} ciphers[] = {
    {"aes256-ctr", "AES-256-CTR", 32, 16, 0},
    {"aes192-ctr", "AES-192-CTR", 24, 16, 0},
    {"aes128-ctr", "AES-128-CTR", 16, 16, 0},
    {"aes256-cbc", "AES-256-CBC", 32, 16, 0},
    {"aes192-cbc", "AES-192-CBC", 24, 16, 0},
    {"aes128-cbc", "AES-128-CBC", 16, 16, 0},
    {"aes256-gcm@openssh.com", "AES-256-GCM", 32, 12, TAG},
    {"aes128-gcm@openssh.com", "AES-128-GCM", 16, 12, TAG},
};

static bool
decrypt(const struct locked_cipher *cipher, const struct crypto_lock *lock, const struct work *work,
    struct secret *plain, bool *ret_true)
{
	CLEANUP(cipher_done) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, cipher->openssl, NULL);
	uint8_t tag[TAG];
	int size = 0, rest = 0;
	bool begun = context != NULL && algorithm != NULL &&
	    EVP_DecryptInit_ex2(context, algorithm, work->key, work->key + cipher->key, NULL) ==
	        1 &&
	    EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
	    EVP_DecryptUpdate(context, secret_data(plain), &size, lock->sealed.data,
	        (int)lock->sealed.size) == 1;

	EVP_CIPHER_free(algorithm);
	if (begun && cipher->tag > 0) {
		memcpy(tag, lock->tag.data, sizeof(tag));
		begun = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1;
	}
	*ret_true = begun && EVP_DecryptFinal_ex(context, secret_data(plain) + size, &rest) == 1;
	return begun;
}

static const struct locked_cipher *
find_cipher(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (strcmp(ciphers[i].name, name) == 0)
			return &ciphers[i];
	return NULL;
}

static enum err_code
check_lock(const struct crypto_lock *lock, const struct locked_cipher *cipher, struct err *err)
{
	if (cipher == NULL)
		return err_set(err, ERR_REFUSED,
		    "the private key is locked by %.40s, which cannot be opened here: ssh-keygen -p -Z aes256-ctr "
		    "-f FILE rewrites it under the same passphrase",
		    lock->cipher);
	if (lock->rounds > LOCKED_ROUNDS_MAX)
		return err_set(err, ERR_REFUSED,
		    "the private key is locked by more than %d rounds of work: ssh-keygen -p -a 100 -f FILE "
		    "rewrites it",
		    LOCKED_ROUNDS_MAX);
	if (lock->rounds == 0 || lock->salt.size == 0 || lock->salt.size > LOCKED_SALT_MAX ||
	    lock->sealed.size == 0 || lock->sealed.size % 8 != 0 || lock->tag.size != cipher->tag)
		return err_set(err, ERR_INVALID, "the private key is malformed");
	return ERR_OK;
}

enum err_code
crypto_unlock(const struct crypto_lock *lock, const struct secret *passphrase,
    struct secret **ret_plain, struct err *err)
{
	const struct locked_cipher *cipher = find_cipher(lock->cipher);
	SECRET *memory = NULL, *plain = NULL;
	bool right;

	TRY(check_lock(lock, cipher, err));
	TRY(secret_new(sizeof(struct work), &memory, err));
	struct work *work = (struct work *)(void *)secret_data(memory);

	TRY(secret_new(lock->sealed.size + BLOCK, &plain, err));
	if (!derive(lock, passphrase, work, cipher->key + cipher->iv) ||
	    !decrypt(cipher, lock, work, plain, &right))
		return fail(err);
	if (!right) {
		ERR_clear_error();
		return err_set(err, ERR_INTEGRITY,
		    "the passphrase is wrong, or the file is damaged");
	}
	TRY(secret_resize(plain, lock->sealed.size, err));
	*ret_plain = TAKE(plain);
	return ERR_OK;
}
