/* SPDX-License-Identifier: Apache-2.0 */
/* vault/seal/envelope.c: shares that were handed on to a spare token, from the golden files. */
#include <stdio.h>

#include "base/crypto_key.h"
#include "base/file.h"
#include "tests/unit/check.h"
#include "vault/seal/envelope.h"

struct golden {
	struct buf header_bytes, box;
	struct header *header;
	struct digest hash, token;
	struct p256_key *key;
	struct point public;
};

static void
read_golden(const char *name, struct buf *ret_bytes)
{
	struct err err;
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/golden/%s", HALLIGAN_SOURCE, name);
	assert_ok(file_read(path, HEADER_MAX, ret_bytes, &err));
}

static int
start(void **state)
{
	struct err err;
	struct golden *golden = calloc(1, sizeof(*golden));
	BUF scalar = {0};
	SECRET *secret = NULL;

	assert_non_null(golden);
	assert_ok(crypto_start(&err));
	read_golden("version-1.header", &golden->header_bytes);
	read_golden("version-1.spare", &golden->box);
	read_golden("version-1.spare-key", &scalar);
	assert_ok(secret_from(buf_view(&scalar), &secret, &err));
	assert_ok(p256_key_from(secret, &golden->key, &err));
	p256_key_public(golden->key, &golden->public);
	assert_ok(header_new(&golden->header, &err));
	assert_ok(header_decode(buf_view(&golden->header_bytes), golden->header, &err));
	assert_ok(header_hash(buf_view(&golden->header_bytes), &golden->hash, &err));
	assert_ok(sha256_one(view_of_text("token spare"), &golden->token, &err));
	*state = golden;
	return 0;
}

static int
stop(void **state)
{
	struct golden *golden = *state;

	buf_done(&golden->header_bytes);
	buf_done(&golden->box);
	header_freep(&golden->header);
	p256_key_free(golden->key);
	free(golden);
	return 0;
}

static enum err_code
open_box(const struct golden *golden, size_t index, const struct digest *token,
    struct secret **ret_shares, struct err *err)
{
	struct view box = buf_view(&golden->box);

	return seal_open_spare(golden->header, &golden->hash, index, token, &golden->public,
	    view_of(box.data, POINT_SIZE), view_of(box.data + POINT_SIZE, box.size - POINT_SIZE),
	    hpke_agree_local, golden->key, ret_shares, err);
}

static void
the_golden_box_opens_to_the_shares_of_its_envelope(void **state)
{
	struct err err;
	SECRET *shares = NULL;
	const struct golden *golden = *state;

	assert_ok(open_box(golden, 0, &golden->token, &shares, &err));
	assert_ok(seal_check_shares(golden->header, 0, shares, &err));
}

static void
another_token_or_envelope_is_refused(void **state)
{
	struct err err;
	SECRET *shares = NULL;
	const struct golden *golden = *state;
	struct digest other = golden->token;

	other.bytes[31] ^= 1;
	assert_error(ERR_INTEGRITY, open_box(golden, 0, &other, &shares, &err));
	assert_error(ERR_INTEGRITY, open_box(golden, 1, &golden->token, &shares, &err));
	assert_error(ERR_INVALID,
	    open_box(golden, HEADER_ENVELOPES, &golden->token, &shares, &err));
}

static void
every_changed_byte_is_refused(void **state)
{
	struct err err;
	struct golden *golden = *state;

	for (size_t i = 0; i < golden->box.size; i++) {
		SECRET *shares = NULL;

		golden->box.data[i] ^= 1;
		assert_error(ERR_INTEGRITY, open_box(golden, 0, &golden->token, &shares, &err));
		golden->box.data[i] ^= 1;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_golden_box_opens_to_the_shares_of_its_envelope),
	    cmocka_unit_test(another_token_or_envelope_is_refused),
	    cmocka_unit_test(every_changed_byte_is_refused),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
