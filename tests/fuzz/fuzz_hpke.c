/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recipient's side of HPKE: u8 flags, u16 kem, kdf and aead, lp8 enc, ciphertext.  Flag 1: the
 * ciphertext is sealed well first and must open; flag 2: the card's ECDH result has the size of
 * the next byte instead of 32.
 */
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "tests/fuzz/target.h"

struct card {
	const struct p256_key *key;
	size_t size;
};

static enum err_code
agree(void *context, const struct point *peer, struct secret **ret_shared, struct err *err)
{
	static const uint8_t zeros[256];
	const struct card *card = context;

	if (card->size == SCALAR_SIZE)
		return p256_agree(card->key, peer, ret_shared, err);
	return secret_from(view_of(zeros, card->size), ret_shared, err);
}

static const struct p256_key *
fixed_key(void)
{
	static struct p256_key *key;
	uint8_t one[SCALAR_SIZE] = {[SCALAR_SIZE - 1] = 1};
	SECRET *scalar = NULL;
	struct err err;

	if (key == NULL)
		MUST(crypto_start(&err) == ERR_OK &&
		    secret_from(VIEW_OF(one), &scalar, &err) == ERR_OK &&
		    p256_key_from(scalar, &key, &err) == ERR_OK);
	return key;
}

static void
open_box(const struct card *card, struct hpke_suite suite, struct view enc, struct view ciphertext,
    struct secret **ret_plaintext)
{
	HPKE *hpke = NULL;
	struct point recipient;
	struct err err;

	p256_key_public(card->key, &recipient);
	if (hpke_recipient(suite, enc, &recipient, agree, (void *)(uintptr_t)card, (struct view){0},
	        &hpke, &err) != ERR_OK)
		return;
	MUST(enc.size == POINT_SIZE && card->size == SCALAR_SIZE);
	if (hpke_open(hpke, (struct view){0}, ciphertext, ret_plaintext, &err) == ERR_OK)
		MUST(secret_size(*ret_plaintext) + AEAD_TAG_SIZE == ciphertext.size);
}

/* What was sealed well opens, unless the card lies. */
static void
seal_and_open(const struct card *card, struct hpke_suite suite, struct view plaintext)
{
	HPKE *hpke = NULL;
	SECRET *opened = NULL;
	struct point recipient, enc;
	struct err err;
	BUF ciphertext = {0};

	p256_key_public(card->key, &recipient);
	if (hpke_sender(suite, &recipient, (struct view){0}, &hpke, &enc, &err) != ERR_OK ||
	    hpke_seal(hpke, (struct view){0}, plaintext, &ciphertext, &err) != ERR_OK)
		return;
	open_box(card, suite, VIEW_OF(enc.bytes), buf_view(&ciphertext), &opened);
	MUST((opened != NULL) == (card->size == SCALAR_SIZE));
	MUST(opened == NULL || view_equal(secret_view(opened), plaintext));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = reader_of(view_of(data, size));
	struct card card = {.key = fixed_key(), .size = SCALAR_SIZE};
	struct hpke_suite suite;
	SECRET *plaintext = NULL;
	struct point point;
	struct err err;

	uint8_t flags = reader_u8(&reader);
	suite.kem = reader_u16(&reader);
	suite.kdf = reader_u16(&reader);
	suite.aead = reader_u16(&reader);
	struct view enc = reader_lp8(&reader, 255);
	if ((flags & 2) != 0)
		card.size = reader_u8(&reader);
	if (reader.failed)
		return 0;
	if (point_from(enc, &point, &err) == ERR_OK)
		MUST(enc.size == POINT_SIZE && enc.data[0] == 4);
	if ((flags & 1) != 0)
		seal_and_open(&card, suite, reader.rest);
	else
		open_box(&card, suite, enc, reader.rest, &plaintext);
	return 0;
}
