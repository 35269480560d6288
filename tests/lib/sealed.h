/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed version to take apart in tests.  Keys in this process stand in for tokens: token I is of
 * seat SEATS[I], its id is SHA-256("token I").
 */
#ifndef TESTS_LIB_SEALED_H
#define TESTS_LIB_SEALED_H

#include <stdio.h>

#include "base/credential.h"
#include "base/crypto_key.h"
#include "tests/lib/expect.h"
#include "vault/seal/envelope.h"
#include "vault/seal/payload.h"
#include "vault/seal/seal.h"

enum { SEALED_TOKENS = 8 };

struct sealed {
	struct quorum quorum;
	struct header *ids;
	size_t count;
	struct p256_key *keys[SEALED_TOKENS];
	struct seal_recipient recipients[SEALED_TOKENS];
	struct secret *credential, *dek;
	struct sealed_version version;
	struct header *header; /* of VERSION, decoded */
	struct digest hash;
};

__attribute__((unused)) static struct secret *
password_of(size_t size)
{
	struct err err;
	struct secret *credential = NULL;
	BUF password = {0};
	uint8_t *bytes = buf_space(&password, size);
	assert_non_null(bytes);
	memset(bytes, 'p', size);
	fine(credential_new(&credential, &err), &err);
	fine(credential_add(credential, FIELD_PASSWORD, buf_view(&password), &err), &err);
	return credential;
}

__attribute__((unused)) static void
sealed_done(struct sealed *sealed)
{
	header_freep(&sealed->ids);
	header_freep(&sealed->header);
	for (size_t i = 0; i < SEALED_TOKENS; i++)
		p256_key_freep(&sealed->keys[i]);
	secret_freep(&sealed->credential);
	secret_freep(&sealed->dek);
	sealed_version_done(&sealed->version);
}
#define SEALED CLEANUP(sealed_done) struct sealed

/* Everything up to sealing.  SEATS is NULL-terminated, one name for each token. */
__attribute__((unused)) static void
sealed_prepare(struct sealed *sealed, const char *quorum, const char *const *seats)
{
	struct err err;
	fine(crypto_start(&err), &err);
	fine(quorum_parse(quorum, &sealed->quorum, &err), &err);
	fine(header_new(&sealed->ids, &err), &err);
	memset(sealed->ids->vault.bytes, 1, DIGEST_SIZE);
	memset(sealed->ids->secret.bytes, 2, SECRET_ID_SIZE);
	memset(sealed->ids->definition.bytes, 3, DIGEST_SIZE);
	memset(sealed->ids->charter.bytes, 4, DIGEST_SIZE);
	sealed->ids->version = 5;
	for (size_t i = 0; seats[i] != NULL; i++, sealed->count++) {
		char token[16];
		snprintf(token, sizeof(token), "token %zu", i);
		sealed->recipients[i].seat = seats[i];
		fine(sha256_one(view_of_text(token), &sealed->recipients[i].token, &err), &err);
		fine(p256_key_new(&sealed->keys[i], &err), &err);
		p256_key_public(sealed->keys[i], &sealed->recipients[i].share_key);
	}
	sealed->credential = password_of(20);
}

/* Seal and decode. */
__attribute__((unused)) static void
sealed_seal(struct sealed *sealed)
{
	struct err err;
	sealed_version_done(&sealed->version);
	secret_freep(&sealed->dek);
	header_freep(&sealed->header);
	fine(seal_version(sealed->ids, &sealed->quorum, sealed->recipients, sealed->count,
	         secret_view(sealed->credential), &sealed->version, &sealed->dek, &err),
	    &err);
	fine(header_new(&sealed->header, &err), &err);
	fine(header_decode(buf_view(&sealed->version.header), sealed->header, &err), &err);
	fine(header_hash(buf_view(&sealed->version.header), &sealed->hash, &err), &err);
}

__attribute__((unused)) static void
sealed_make(struct sealed *sealed, const char *quorum, const char *const *seats)
{
	sealed_prepare(sealed, quorum, seats);
	sealed_seal(sealed);
}

/* The key of the token that envelope INDEX is sealed to. */
__attribute__((unused)) static struct p256_key *
sealed_key(const struct sealed *sealed, size_t index)
{
	for (size_t i = 0; i < sealed->count; i++)
		if (digest_equal(&sealed->recipients[i].token,
		        &sealed->header->envelopes[index].token))
			return sealed->keys[i];
	fail_msg("no key for envelope %zu", index);
	return NULL;
}

/* Open envelope INDEX as its token would. */
__attribute__((unused)) static struct secret *
sealed_shares(const struct sealed *sealed, size_t index)
{
	struct err err;
	struct secret *shares = NULL;
	const struct sealed_box *box = &sealed->version.envelopes[index];
	fine(seal_open_envelope(sealed->header, &sealed->hash, index, VIEW_OF(box->enc),
	         buf_view(&box->ciphertext), hpke_agree_local, sealed_key(sealed, index), &shares,
	         &err),
	    &err);
	return shares;
}

/* Open with the DEK itself. */
__attribute__((unused)) static enum err_code
sealed_open(struct view header_bytes, struct view ciphertext, const struct secret *dek,
    struct secret **ret_credential, struct err *err)
{
	HEADER *header = NULL;
	TRY(header_new(&header, err));
	TRY(header_decode(header_bytes, header, err));
	return payload_open(header, dek, header_bytes, ciphertext, ret_credential, err);
}

#endif
