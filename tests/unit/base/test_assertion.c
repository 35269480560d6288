/* SPDX-License-Identifier: Apache-2.0 */
/* base/assertion.c: what makes a FIDO2 assertion a signature. */
#include "base/assertion.h"
#include "base/crypto_key.h"
#include "tests/lib/p256_sign.h"
#include "tests/unit/check.h"

struct bench {
	struct p256_key *key;
	struct point public;
	struct digest hash;
};

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	assert_ok(p256_key_new(&bench->key, &err));
	p256_key_public(bench->key, &bench->public);
	memset(bench->hash.bytes, 3, DIGEST_SIZE);
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	p256_key_free(bench->key);
	free(bench);
	return 0;
}

/* authenticatorData for RP with FLAGS and EXTRA bytes behind them. */
static void
make(const char *rp, uint8_t flags, size_t extra, struct buf *ret_data)
{
	struct digest hash;
	struct err err;

	assert_ok(sha256_one(view_of_text(rp), &hash, &err));
	buf_bytes(ret_data, VIEW_OF(hash.bytes));
	buf_u8(ret_data, flags);
	buf_u32(ret_data, 9);
	if (extra > 0)
		memset(buf_space(ret_data, extra), 0xa0, extra);
}

static void
sign(const struct bench *bench, struct view data, struct buf *ret_signature)
{
	struct digest digest;
	struct err err;

	assert_ok(assertion_digest(data, &bench->hash, &digest, &err));
	assert_ok(p256_sign(bench->key, &digest, ret_signature, &err));
}

static void
an_assertion_verifies_under_its_key_and_hash_alone(void **state)
{
	const struct bench *bench = *state;
	P256_KEY *other = NULL;
	struct point stranger;
	struct digest hash = bench->hash;
	struct err err;
	BUF data = {0}, signature = {0};

	make(ASSERTION_RP_ID, ASSERTION_UP | ASSERTION_UV, 0, &data);
	sign(bench, buf_view(&data), &signature);
	assert_ok(assertion_verify(&bench->public, buf_view(&data), &bench->hash,
	    buf_view(&signature), &err));
	assert_ok(p256_key_new(&other, &err));
	p256_key_public(other, &stranger);
	assert_error(ERR_INTEGRITY,
	    assertion_verify(&stranger, buf_view(&data), &bench->hash, buf_view(&signature), &err));
	hash.bytes[31] ^= 1;
	assert_error(ERR_INTEGRITY,
	    assertion_verify(&bench->public, buf_view(&data), &hash, buf_view(&signature), &err));
	/* A plain signature over the hash is none. */
	buf_done(&signature);
	assert_ok(p256_sign(bench->key, &bench->hash, &signature, &err));
	assert_error(ERR_INTEGRITY,
	    assertion_verify(&bench->public, buf_view(&data), &bench->hash, buf_view(&signature),
	        &err));
	/* The counter is signed, too. */
	buf_done(&signature);
	sign(bench, buf_view(&data), &signature);
	data.data[36] ^= 1;
	assert_error(ERR_INTEGRITY,
	    assertion_verify(&bench->public, buf_view(&data), &bench->hash, buf_view(&signature),
	        &err));
}

static void
what_is_signed_is_the_data_and_then_the_hash(void **state)
{
	const struct bench *bench = *state;
	struct digest digest, expected;
	struct err err;
	BUF data = {0}, both = {0};

	make(ASSERTION_RP_ID, ASSERTION_UP | ASSERTION_UV, 0, &data);
	buf_bytes(&both, buf_view(&data));
	buf_bytes(&both, VIEW_OF(bench->hash.bytes));
	assert_ok(assertion_digest(buf_view(&data), &bench->hash, &digest, &err));
	assert_ok(sha256_one(buf_view(&both), &expected, &err));
	assert_true(digest_equal(&digest, &expected));
}

static void
anything_else_is_refused_even_when_it_is_signed(void **state)
{
	static const struct {
		const char *rp;
		uint8_t flags;
		size_t extra;
		const char *says; /* NULL: it is good */
	} rows[] = {
	    {ASSERTION_RP_ID, 0x05, 0, NULL},
	    {ASSERTION_RP_ID, 0x85, 95, NULL},
	    {ASSERTION_RP_ID, 0x1d, 0, NULL}, /* BE and BS say nothing to us */
	    {ASSERTION_RP_ID, 0x85, ASSERTION_DATA_MAX - ASSERTION_DATA_MIN, NULL},
	    {ASSERTION_RP_ID, 0x85, ASSERTION_DATA_MAX - ASSERTION_DATA_MIN + 1, "37 to 256 bytes"},
	    {"halligan.vault", 0x05, 0, "another relying party"},
	    {"", 0x05, 0, "another relying party"},
	    {ASSERTION_RP_ID, 0x04, 0, "nobody touched"},
	    {ASSERTION_RP_ID, 0x01, 0, "no PIN or fingerprint"},
	    {ASSERTION_RP_ID, 0x00, 0, "nobody touched"},
	    {ASSERTION_RP_ID, 0xc5, 10, "registration"},
	    {ASSERTION_RP_ID, 0x45, 0, "registration"},
	    {ASSERTION_RP_ID, 0x85, 0, "contradicts its flags"},
	    {ASSERTION_RP_ID, 0x05, 1, "contradicts its flags"},
	};
	const struct bench *bench = *state;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		BUF data = {0}, signature = {0};

		make(rows[i].rp, rows[i].flags, rows[i].extra, &data);
		sign(bench, buf_view(&data), &signature);
		enum err_code code = assertion_verify(&bench->public, buf_view(&data), &bench->hash,
		    buf_view(&signature), &err);

		assert_int_equal(code, rows[i].says == NULL ? ERR_OK : ERR_INTEGRITY);
		if (rows[i].says != NULL)
			assert_says(rows[i].says);
	}
}

static void
shorter_data_is_refused(void **state)
{
	struct err err;
	BUF data = {0};

	(void)state;
	make(ASSERTION_RP_ID, ASSERTION_UP | ASSERTION_UV, 0, &data);
	for (size_t size = 0; size < data.size; size++) {
		uint8_t *copy = exact_copy(view_of(data.data, size));

		assert_error(ERR_INTEGRITY, assertion_check(view_of(copy, size), &err));
		free(copy);
	}
	assert_ok(assertion_check(buf_view(&data), &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_assertion_verifies_under_its_key_and_hash_alone),
	    cmocka_unit_test(what_is_signed_is_the_data_and_then_the_hash),
	    cmocka_unit_test(anything_else_is_refused_even_when_it_is_signed),
	    cmocka_unit_test(shorter_data_is_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
