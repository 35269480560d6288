/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Envelopes to a fixed recipient.  u8 flags and u8 index; with flag 1 the rest is sealed well and
 * then opened (a lying host that knows the public key), else it is lp8 enc and ciphertext.
 */
#include <string.h>

#include "base/crypto_key.h"
#include "tests/fuzz/target.h"
#include "vault/seal/envelope.h"

enum { SHARES = 2, SHARE_BYTE = 0x11 };

struct bench {
	struct header *header;
	struct digest hash;
	struct p256_key *key;
};

static const uint8_t *
right_shares(void)
{
	static uint8_t shares[SHARES * ENVELOPE_SHARE_SIZE];

	memset(shares, SHARE_BYTE, sizeof(shares));
	return shares;
}

static void
make_header(struct bench *bench)
{
	struct header *header = bench->header;
	struct header_envelope *envelope = &header->envelopes[0];
	struct err err;

	header->version = header->envelope_count = 1;
	memcpy(header->quorum, "1 of (ciso) or 1 of (ciso)", 27);
	memcpy(envelope->seat, "ciso", 5);
	envelope->suite = hpke_suite_default;
	p256_key_public(bench->key, &envelope->recipient);
	envelope->share_count = SHARES;
	for (uint8_t i = 0; i < SHARES; i++) {
		struct header_share *share = &envelope->shares[i];

		*share = (struct header_share){.clause = i, .m = 1, .n = 1, .x = 1};
		MUST(
		    envelope_commitment(header, share, view_of(right_shares(), ENVELOPE_SHARE_SIZE),
		        &share->commitment, &err) == ERR_OK);
	}
}

static const struct bench *
bench(void)
{
	static struct bench bench;
	uint8_t one[SCALAR_SIZE] = {[SCALAR_SIZE - 1] = 1};
	SECRET *scalar = NULL;
	struct err err;

	if (bench.key != NULL)
		return &bench;
	MUST(crypto_start(&err) == ERR_OK && header_new(&bench.header, &err) == ERR_OK);
	MUST(secret_from(VIEW_OF(one), &scalar, &err) == ERR_OK);
	MUST(p256_key_from(scalar, &bench.key, &err) == ERR_OK);
	make_header(&bench);
	return &bench;
}

static void
seal(const struct bench *at, struct view shares, struct point *ret_enc, struct buf *ret_ciphertext)
{
	HPKE *hpke = NULL;
	struct digest info;
	struct err err;

	MUST(envelope_info(at->header, 0, &info, &err) == ERR_OK);
	MUST(hpke_sender(hpke_suite_default, &at->header->envelopes[0].recipient,
	         VIEW_OF(info.bytes), &hpke, ret_enc, &err) == ERR_OK);
	MUST(hpke_seal(hpke, VIEW_OF(at->hash.bytes), shares, ret_ciphertext, &err) == ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bench *at = bench();
	struct reader reader = reader_of(view_of(data, size));
	uint8_t flags = reader_u8(&reader), index = reader_u8(&reader);
	struct view enc = {0}, ciphertext = {0};
	struct point point;
	SECRET *shares = NULL;
	struct err err;
	BUF sealed = {0};

	if ((flags & 1) != 0) {
		seal(at, reader.rest, &point, &sealed);
		enc = VIEW_OF(point.bytes);
		ciphertext = buf_view(&sealed);
	} else {
		enc = reader_lp8(&reader, 255);
		ciphertext = reader.rest;
	}
	if (seal_open_envelope(at->header, &at->hash, index, enc, ciphertext, hpke_agree_local,
	        at->key, &shares, &err) == ERR_OK)
		MUST(index == 0 &&
		    view_equal(secret_view(shares),
		        view_of(right_shares(), SHARES * ENVELOPE_SHARE_SIZE)));
	return 0;
}
