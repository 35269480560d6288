/* SPDX-License-Identifier: Apache-2.0 */
/* vault/seal/reply.c: an envelope on its way out opens for whoever asked, and for nobody else. */
#include "vault/seal/reply.h"

#include "tests/unit/check.h"

static const uint8_t envelope[POINT_SIZE + ENVELOPE_SHARE_SIZE + AEAD_TAG_SIZE] = {4, 1, 2, 3};

static struct reply_ids
sample_ids(void)
{
	return (struct reply_ids){.vault = {{1}},
	    .statement = {{2}},
	    .header = {{3}},
	    .seat = "ciso",
	    .token = {{4}}};
}

static struct p256_key *
reply_key(struct point *ret_public)
{
	struct p256_key *key = NULL;
	struct err err;

	assert_ok(crypto_start(&err));
	assert_ok(p256_key_new(&key, &err));
	p256_key_public(key, ret_public);
	return key;
}

static void
the_asker_gets_the_envelope_and_the_host_seals_it_anew_each_time(void **state)
{
	const struct reply_ids ids = sample_ids();
	struct point public_key;
	P256_KEY *key = reply_key(&public_key);
	BUF first = {0}, second = {0}, opened = {0};
	struct err err;

	(void)state;
	assert_ok(reply_seal(&ids, &public_key, VIEW_OF(envelope), &first, &err));
	assert_ok(reply_seal(&ids, &public_key, VIEW_OF(envelope), &second, &err));
	assert_int_equal(first.size, sizeof(envelope) + POINT_SIZE + AEAD_TAG_SIZE);
	assert_false(view_equal(buf_view(&first), buf_view(&second)));
	assert_ok(reply_open(&ids, key, buf_view(&first), &opened, &err));
	assert_true(view_equal(buf_view(&opened), VIEW_OF(envelope)));
}

static void
whoever_repeats_the_statement_has_no_key_that_opens(void **state)
{
	const struct reply_ids ids = sample_ids();
	struct point asker, stranger;
	P256_KEY *key = reply_key(&asker), *other = reply_key(&stranger);
	BUF box = {0}, opened = {0};
	struct err err;

	(void)state;
	assert_ok(reply_seal(&ids, &asker, VIEW_OF(envelope), &box, &err));
	assert_error(ERR_INTEGRITY, reply_open(&ids, other, buf_view(&box), &opened, &err));
	assert_int_equal(opened.size, 0);
	assert_ok(reply_open(&ids, key, buf_view(&box), &opened, &err));
}

static void
a_box_opens_only_under_the_ids_that_it_was_sealed_under(void **state)
{
	struct reply_ids wrong[5];
	struct point public_key;
	P256_KEY *key = reply_key(&public_key);
	BUF box = {0}, opened = {0};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		wrong[i] = sample_ids();
	wrong[0].vault.bytes[31] ^= 1;
	wrong[1].statement.bytes[31] ^= 1;
	wrong[2].header.bytes[31] ^= 1;
	wrong[3].seat = "cis";
	wrong[4].token.bytes[31] ^= 1;
	const struct reply_ids ids = sample_ids();
	assert_ok(reply_seal(&ids, &public_key, VIEW_OF(envelope), &box, &err));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_error(ERR_INTEGRITY,
		    reply_open(&wrong[i], key, buf_view(&box), &opened, &err));
	assert_int_equal(opened.size, 0);
}

static void
every_changed_byte_and_every_cut_is_refused(void **state)
{
	const struct reply_ids ids = sample_ids();
	struct point public_key;
	P256_KEY *key = reply_key(&public_key);
	BUF box = {0}, opened = {0};
	struct err err;

	(void)state;
	assert_ok(reply_seal(&ids, &public_key, VIEW_OF(envelope), &box, &err));
	for (size_t i = 0; i < box.size; i++) {
		box.data[i] ^= 1;
		assert_int_not_equal(reply_open(&ids, key, buf_view(&box), &opened, &err), ERR_OK);
		box.data[i] ^= 1;
	}
	for (size_t size = 0; size < box.size; size++)
		assert_int_not_equal(reply_open(&ids, key, view_of(box.data, size), &opened, &err),
		    ERR_OK);
	assert_int_equal(opened.size, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_asker_gets_the_envelope_and_the_host_seals_it_anew_each_time),
	    cmocka_unit_test(whoever_repeats_the_statement_has_no_key_that_opens),
	    cmocka_unit_test(a_box_opens_only_under_the_ids_that_it_was_sealed_under),
	    cmocka_unit_test(every_changed_byte_and_every_cut_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
