/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and algorithms are fetched before the clock starts: a program that does this once has them. */
#include "tests/bench/bound.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"

DESTRUCTOR(key_freep, EVP_PKEY, EVP_PKEY_free)
DESTRUCTOR(context_freep, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DESTRUCTOR(md_context_freep, EVP_MD_CTX, EVP_MD_CTX_free)
DESTRUCTOR(md_freep, EVP_MD, EVP_MD_free)
#define KEY        CLEANUP(key_freep) EVP_PKEY
#define CONTEXT    CLEANUP(context_freep) EVP_PKEY_CTX
#define MD_CONTEXT CLEANUP(md_context_freep) EVP_MD_CTX
#define MD         CLEANUP(md_freep) EVP_MD

enum { MESSAGE = 300, PIECE = 4096 };

static bool
agree(uint64_t count, EVP_PKEY *peer)
{
	uint8_t secret[32];

	for (uint64_t i = 0; i < count; i++) {
		KEY *made = EVP_EC_gen("P-256");
		CONTEXT *context = made != NULL ? EVP_PKEY_CTX_new(made, NULL) : NULL;
		size_t size = sizeof(secret);

		if (context == NULL || EVP_PKEY_derive_init(context) != 1 ||
		    EVP_PKEY_derive_set_peer_ex(context, peer, 0) != 1 ||
		    EVP_PKEY_derive(context, secret, &size) != 1)
			return false;
	}
	return true;
}

static bool
verify(uint64_t count, EVP_PKEY *key)
{
	uint8_t digest[32] = {1}, signature[80];
	size_t size = sizeof(signature);
	CONTEXT *signs = EVP_PKEY_CTX_new(key, NULL);

	if (signs == NULL || EVP_PKEY_sign_init(signs) != 1 ||
	    EVP_PKEY_sign(signs, signature, &size, digest, sizeof(digest)) != 1)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		CONTEXT *context = EVP_PKEY_CTX_new(key, NULL);

		if (context == NULL || EVP_PKEY_verify_init(context) != 1 ||
		    EVP_PKEY_verify(context, signature, size, digest, sizeof(digest)) != 1)
			return false;
	}
	return true;
}

static bool
sign(uint64_t count, uint64_t checks, EVP_PKEY *key)
{
	uint8_t message[MESSAGE] = {1}, signature[64];

	for (uint64_t i = 0; i < count || i == 0; i++) {
		MD_CONTEXT *context = EVP_MD_CTX_new();
		size_t size = sizeof(signature);

		if (context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
		    EVP_DigestSign(context, signature, &size, message, sizeof(message)) != 1)
			return false;
	}
	for (uint64_t i = 0; i < checks; i++) {
		MD_CONTEXT *context = EVP_MD_CTX_new();

		if (context == NULL || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1 ||
		    EVP_DigestVerify(context, signature, sizeof(signature), message,
		        sizeof(message)) != 1)
			return false;
	}
	return true;
}

static bool
hash(uint64_t messages, uint64_t bytes)
{
	static const uint8_t text[PIECE];
	MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	MD_CONTEXT *context = EVP_MD_CTX_new();
	uint8_t digest[32];

	for (uint64_t i = 0; i < messages; i++) {
		uint64_t left = bytes / messages;

		if (EVP_DigestInit_ex2(context, sha256, NULL) != 1)
			return false;
		for (; left > PIECE; left -= PIECE)
			if (EVP_DigestUpdate(context, text, PIECE) != 1)
				return false;
		if (EVP_DigestUpdate(context, text, left) != 1 ||
		    EVP_DigestFinal_ex(context, digest, NULL) != 1)
			return false;
	}
	return true;
}

double
bound_measure(const struct bound *bound)
{
	struct timespec began, ended;
	KEY *p256 = EVP_EC_gen("P-256"), *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (p256 == NULL || ed25519 == NULL || !agree(1, p256) || !verify(1, p256) ||
	    !sign(1, 1, ed25519) || !hash(1, 1))
		return -1;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
	if (!agree(bound->agree, p256) || !verify(bound->verify, p256) ||
	    !sign(bound->sign, bound->check, ed25519) || !hash(bound->messages, bound->bytes))
		return -1;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	return (double)(ended.tv_sec - began.tv_sec) * 1e6 +
	    (double)(ended.tv_nsec - began.tv_nsec) / 1e3;
}
