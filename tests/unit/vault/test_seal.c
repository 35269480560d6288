/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing and opening with a quorum: vault/seal/seal.c, envelope.c, opener.c. */
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/sealed.h"
#include "vault/seal/envelope.h"
#include "vault/seal/opener.h"
#include "vault/seal/share.h"

static const char three_of_five[] = "3 of (ciso, secops, infra, audit, legal)";
static const char *const officers[] = {"ciso", "secops", "infra", "audit", "legal", NULL};
static const char composed[] = "2 of (ciso, infra) or (1 of (ceo) and 1 of (infra, ciso))";
static const char *const composed_seats[] = {"infra", "ciso", "ceo", "ciso", NULL};

/* Add the shares of envelope INDEX to OPENER as they come from its token. */
static void
add(struct opener *opener, const struct sealed *sealed, size_t index)
{
	struct err err;
	SECRET *shares = sealed_shares(sealed, index);
	fine(opener_add(opener, index, shares, &err), &err);
}

static enum err_code
open_with(const struct opener *opener, const struct sealed *sealed, struct secret **ret_credential,
    struct err *err)
{
	return opener_open(opener, buf_view(&sealed->version.header),
	    buf_view(&sealed->version.ciphertext), ret_credential, err);
}

static void
a_version_opens_with_every_quorum_and_nothing_less(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	struct secret *shares[5];
	sealed_make(&sealed, three_of_five, officers);
	for (size_t i = 0; i < 5; i++)
		shares[i] = sealed_shares(&sealed, i);
	for (unsigned set = 0; set < 32; set++) {
		OPENER *opener = NULL;
		SECRET *opened = NULL;
		fine(opener_new(sealed.header, &opener, &err), &err);
		for (size_t i = 0; i < 5; i++)
			if ((set >> i & 1) != 0)
				fine(opener_add(opener, i, shares[i], &err), &err);
		bool enough = __builtin_popcount(set) >= 3;
		assert_int_equal(opener_ready(opener), enough);
		enum err_code code = open_with(opener, &sealed, &opened, &err);
		if (!enough) {
			expect_error(code, ERR_WAITING, &err, three_of_five);
			continue;
		}
		fine(code, &err);
		assert_true(secret_equal(opened, sealed.credential));
	}
	for (size_t i = 0; i < 5; i++)
		secret_free(shares[i]);
}

static void
either_clause_of_a_composed_quorum_opens(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	/* Envelopes: 0 and 1 ciso, 2 infra, 3 ceo. */
	static const struct {
		size_t first, second;
		bool opens;
	} rows[] = {{0, 2, true}, {1, 2, true}, {3, 2, true}, {3, 1, true}};
	sealed_make(&sealed, composed, composed_seats);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		OPENER *opener = NULL;
		SECRET *opened = NULL;
		fine(opener_new(sealed.header, &opener, &err), &err);
		add(opener, &sealed, rows[i].first);
		assert_false(opener_ready(opener));
		add(opener, &sealed, rows[i].second);
		fine(open_with(opener, &sealed, &opened, &err), &err);
		assert_true(secret_equal(opened, sealed.credential));
	}
}

static void
two_tokens_of_one_seat_count_once(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	OPENER *opener = NULL;
	sealed_make(&sealed, composed, composed_seats);
	fine(opener_new(sealed.header, &opener, &err), &err);
	add(opener, &sealed, 0);
	SECRET *spare = sealed_shares(&sealed, 1);
	expect_error(opener_add(opener, 1, spare, &err), ERR_EXISTS, &err, "\"ciso\"");
	assert_false(opener_ready(opener));
}

static void
two_tokens_of_one_seat_have_salts_of_their_own(void **state)
{
	(void)state;
	SEALED sealed = {0};
	sealed_make(&sealed, composed, composed_seats);
	SECRET *first = sealed_shares(&sealed, 0);
	SECRET *second = sealed_shares(&sealed, 1);
	assert_memory_not_equal(secret_data(first), secret_data(second), 32);
	assert_memory_equal(secret_data(first) + 32, secret_data(second) + 32, 32);
	assert_false(digest_equal(&sealed.header->envelopes[0].shares[0].commitment,
	    &sealed.header->envelopes[1].shares[0].commitment));
}

static void
every_byte_of_a_bad_share_is_refused_with_its_seat(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	OPENER *opener = NULL;
	sealed_make(&sealed, composed, composed_seats);
	fine(opener_new(sealed.header, &opener, &err), &err);
	SECRET *shares = sealed_shares(&sealed, 2);
	for (size_t i = 0; i < secret_size(shares); i++) {
		secret_data(shares)[i] ^= 1;
		expect_error(seal_check_shares(sealed.header, 2, shares, &err), ERR_INTEGRITY, &err,
		    i < 64 ? "share 1 of seat \"infra\"" : "share 2 of seat \"infra\"");
		expect_error(opener_add(opener, 2, shares, &err), ERR_INTEGRITY, &err, "\"infra\"");
		secret_data(shares)[i] ^= 1;
	}
	fine(secret_resize(shares, 64, &err), &err);
	expect_error(opener_add(opener, 2, shares, &err), ERR_INTEGRITY, &err, "64 bytes");
	expect_error(opener_add(opener, 4, shares, &err), ERR_INVALID, &err, "envelope 4");
	/* The ceremony goes on with a good one. */
	add(opener, &sealed, 2);
	add(opener, &sealed, 0);
	assert_true(opener_ready(opener));
}

static void
shares_of_another_version_or_seat_are_refused(void **state)
{
	(void)state;
	struct err err;
	SEALED first = {0};
	SEALED second = {0};
	OPENER *opener = NULL;
	sealed_make(&first, three_of_five, officers);
	sealed_make(&second, three_of_five, officers);
	fine(opener_new(second.header, &opener, &err), &err);
	SECRET *old = sealed_shares(&first, 0);
	expect_error(opener_add(opener, 0, old, &err), ERR_INTEGRITY, &err, "\"ciso\"");
	SECRET *own = sealed_shares(&second, 1);
	expect_error(opener_add(opener, 0, own, &err), ERR_INTEGRITY, &err, "\"ciso\"");
}

/* The last of three chooses y so that the naive sum becomes what they want. */
static void
a_forged_last_share_is_refused_by_its_commitment(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	OPENER *opener = NULL;
	SECRET *values = NULL;
	SECRET *forged = NULL;
	SECRET *naive = NULL;
	const uint8_t xs[] = {1, 2, 3};
	sealed_make(&sealed, three_of_five, officers);
	fine(opener_new(sealed.header, &opener, &err), &err);
	fine(secret_new(96, &values, &err), &err);
	for (size_t i = 0; i < 3; i++) {
		SECRET *shares = sealed_shares(&sealed, i);
		fine(secret_append(values, view_of(secret_data(shares) + 32, 32), &err), &err);
		if (i < 2)
			fine(opener_add(opener, i, shares, &err), &err);
		else
			fine(secret_from(secret_view(shares), &forged, &err), &err);
	}
	/* At x = 1, 2, 3 the third factor is 1*2 / ((1^3)(2^3)) = 2 / 2 = 1. */
	for (size_t i = 0; i < 32; i++) {
		uint8_t change = (uint8_t)(secret_data(sealed.dek)[i] ^ 0xab);
		secret_data(values)[64 + i] ^= change;
		secret_data(forged)[32 + i] ^= change;
	}
	fine(share_combine(3, 5, xs, 3, values, 32, &naive, &err), &err);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(secret_data(naive)[i], 0xab);
	expect_error(opener_add(opener, 2, forged, &err), ERR_INTEGRITY, &err,
	    "share 1 of seat \"infra\" is not the one that was sealed");
	assert_false(opener_ready(opener));
}

static enum err_code
open_envelope(const struct sealed *sealed, size_t index, const struct sealed_box *box,
    struct err *err)
{
	SECRET *shares = NULL;
	return seal_open_envelope(sealed->header, &sealed->hash, index, VIEW_OF(box->enc),
	    buf_view(&box->ciphertext), hpke_agree_local, sealed_key(sealed, index), &shares, err);
}

static void
every_byte_of_an_envelope_flipped_is_refused_with_its_seat(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	sealed_make(&sealed, composed, composed_seats);
	struct sealed_box *box = &sealed.version.envelopes[2];
	fine(open_envelope(&sealed, 2, box, &err), &err);
	for (size_t i = 0; i < POINT_SIZE + box->ciphertext.size; i++) {
		uint8_t *byte =
		    i < POINT_SIZE ? &box->enc[i] : &box->ciphertext.data[i - POINT_SIZE];
		*byte ^= 0x10;
		expect_error(open_envelope(&sealed, 2, box, &err), ERR_INTEGRITY, &err,
		    "\"infra\"");
		*byte ^= 0x10;
	}
	box->ciphertext.size--;
	expect_error(open_envelope(&sealed, 2, box, &err), ERR_INTEGRITY, &err, "\"infra\"");
	box->ciphertext.size++;
	buf_u8(&box->ciphertext, 0);
	expect_error(open_envelope(&sealed, 2, box, &err), ERR_INTEGRITY, &err, "\"infra\"");
}

static void
swapped_and_replayed_envelopes_are_refused(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	SEALED other = {0};
	sealed_make(&sealed, three_of_five, officers);
	expect_error(open_envelope(&sealed, 0, &sealed.version.envelopes[1], &err), ERR_INTEGRITY,
	    &err, "\"ciso\" was changed, or belongs to another token or version");
	/* Sealed to the same token, but of another version of the same secret. */
	sealed_prepare(&other, three_of_five, officers);
	for (size_t i = 0; i < 5; i++) {
		other.recipients[i] = sealed.recipients[i];
		struct p256_key *key = other.keys[i];
		other.keys[i] = sealed.keys[i];
		sealed.keys[i] = key;
	}
	sealed_seal(&other);
	fine(open_envelope(&other, 0, &other.version.envelopes[0], &err), &err);
	expect_error(open_envelope(&other, 0, &sealed.version.envelopes[0], &err), ERR_INTEGRITY,
	    &err, "\"ciso\"");
}

static void
an_envelope_is_bound_to_every_id(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	sealed_make(&sealed, three_of_five, officers);
	struct header *header = sealed.header;
	uint8_t *const bytes[] = {header->vault.bytes, header->secret.bytes, header->charter.bytes,
	    header->definition.bytes, (uint8_t *)header->envelopes[0].seat,
	    header->envelopes[0].recipient.bytes, sealed.hash.bytes};
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
		bytes[i][2] ^= 1;
		expect_error(open_envelope(&sealed, 0, &sealed.version.envelopes[0], &err),
		    ERR_INTEGRITY, &err, "seat \"ci");
		bytes[i][2] ^= 1;
	}
	header->version++;
	expect_error(open_envelope(&sealed, 0, &sealed.version.envelopes[0], &err), ERR_INTEGRITY,
	    &err, "\"ciso\"");
	header->version--;
	/* The token id decides which key sealed_key finds: give the right one by hand. */
	struct p256_key *key = sealed_key(&sealed, 0);
	SECRET *shares = NULL;
	header->envelopes[0].token.bytes[0] ^= 1;
	expect_error(seal_open_envelope(header, &sealed.hash, 0,
	                 VIEW_OF(sealed.version.envelopes[0].enc),
	                 buf_view(&sealed.version.envelopes[0].ciphertext), hpke_agree_local, key,
	                 &shares, &err),
	    ERR_INTEGRITY, &err, "\"ciso\"");
}

static enum err_code
broken_token(void *context, const struct point *peer, struct secret **ret_shared, struct err *err)
{
	(void)peer;
	(void)ret_shared;
	return err_set(err, *(enum err_code *)context, "touch not in time");
}

static void
an_error_of_the_token_keeps_its_code(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	SECRET *shares = NULL;
	static const enum err_code codes[] = {ERR_TOUCH, ERR_PIN, ERR_TOKEN_GONE};
	sealed_make(&sealed, three_of_five, officers);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		enum err_code code = codes[i];
		expect_error(seal_open_envelope(sealed.header, &sealed.hash, 0,
		                 VIEW_OF(sealed.version.envelopes[0].enc),
		                 buf_view(&sealed.version.envelopes[0].ciphertext), broken_token,
		                 &code, &shares, &err),
		    code, &err, "opening the envelope of seat \"ciso\"");
	}
}

static void
an_opener_takes_only_the_bytes_of_its_own_header(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	SEALED other = {0};
	OPENER *opener = NULL;
	SECRET *opened = NULL;
	sealed_make(&sealed, three_of_five, officers);
	sealed_make(&other, three_of_five, officers);
	fine(opener_new(sealed.header, &opener, &err), &err);
	for (size_t i = 0; i < 3; i++)
		add(opener, &sealed, i);
	expect_error(open_with(opener, &other, &opened, &err), ERR_INTEGRITY, &err,
	    "header: not the one that was decoded");
	fine(open_with(opener, &sealed, &opened, &err), &err);
}

static void
sealing_twice_shares_nothing(void **state)
{
	(void)state;
	SEALED sealed = {0};
	struct err err;
	struct secret *dek = NULL;
	SEALED_VERSION again = {0};
	sealed_make(&sealed, three_of_five, officers);
	fine(seal_version(sealed.ids, &sealed.quorum, sealed.recipients, sealed.count,
	         secret_view(sealed.credential), &again, &dek, &err),
	    &err);
	assert_false(secret_equal(dek, sealed.dek));
	assert_memory_not_equal(again.ciphertext.data, sealed.version.ciphertext.data, 64);
	assert_memory_not_equal(again.envelopes[0].enc, sealed.version.envelopes[0].enc,
	    POINT_SIZE);
	secret_free(dek);
}

static void
expect_unsealed(const struct sealed *sealed, const char *text)
{
	struct err err;
	SEALED_VERSION version = {0};
	expect_error(seal_version(sealed->ids, &sealed->quorum, sealed->recipients, sealed->count,
	                 secret_view(sealed->credential), &version, NULL, &err),
	    ERR_INVALID, &err, text);
	assert_null(version.envelopes);
}

static void
recipients_must_be_those_of_the_quorum(void **state)
{
	(void)state;
	SEALED sealed = {0};
	sealed_prepare(&sealed, three_of_five, officers);
	sealed.count = 4;
	expect_unsealed(&sealed, "seat \"legal\" has no token to seal to");
	sealed.count = 5;
	sealed.recipients[4].seat = "mallory";
	expect_unsealed(&sealed, "seat \"mallory\" is not in the quorum");
	sealed.recipients[4].seat = "legal";
	struct seal_recipient good = sealed.recipients[4];
	sealed.recipients[4].token = sealed.recipients[0].token;
	expect_unsealed(&sealed, "token: that of");
	sealed.recipients[4] = good;
	sealed.recipients[4].share_key = sealed.recipients[0].share_key;
	expect_unsealed(&sealed, "public key: that of");
	sealed.recipients[4] = good;
	sealed.recipients[4].share_key.bytes[0] = 2;
	expect_unsealed(&sealed, "public key");
	sealed.recipients[4] = good;
	sealed.ids->version = 0;
	expect_unsealed(&sealed, "version");
	sealed.ids->version = 1;
	sealed_seal(&sealed);
}

static void
box_infos_differ_in_every_member(void **state)
{
	(void)state;
	struct err err;
	struct box_ids ids = {.label = seal_label_approval, .version = 1, .seat = "ciso"};
	struct box_ids rows[9];
	struct digest infos[9];
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i] = ids;
	rows[1].label = seal_label_answer;
	rows[2].vault.bytes[0] = 1;
	rows[3].secret.bytes[0] = 1;
	rows[4].version = 2;
	rows[5].header_hash.bytes[0] = 1;
	rows[6].ceremony.bytes[0] = 1;
	rows[7].seat = "infra";
	rows[8].token.bytes[0] = 1;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fine(seal_box_info(&rows[i], &infos[i], &err), &err);
		for (size_t j = 0; j < i; j++)
			assert_false(digest_equal(&infos[i], &infos[j]));
	}
}

static int
start(void **state)
{
	(void)state;
	struct err err;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_version_opens_with_every_quorum_and_nothing_less),
	    cmocka_unit_test(either_clause_of_a_composed_quorum_opens),
	    cmocka_unit_test(two_tokens_of_one_seat_count_once),
	    cmocka_unit_test(two_tokens_of_one_seat_have_salts_of_their_own),
	    cmocka_unit_test(every_byte_of_a_bad_share_is_refused_with_its_seat),
	    cmocka_unit_test(shares_of_another_version_or_seat_are_refused),
	    cmocka_unit_test(a_forged_last_share_is_refused_by_its_commitment),
	    cmocka_unit_test(every_byte_of_an_envelope_flipped_is_refused_with_its_seat),
	    cmocka_unit_test(swapped_and_replayed_envelopes_are_refused),
	    cmocka_unit_test(an_envelope_is_bound_to_every_id),
	    cmocka_unit_test(an_error_of_the_token_keeps_its_code),
	    cmocka_unit_test(an_opener_takes_only_the_bytes_of_its_own_header),
	    cmocka_unit_test(sealing_twice_shares_nothing),
	    cmocka_unit_test(recipients_must_be_those_of_the_quorum),
	    cmocka_unit_test(box_infos_differ_in_every_member),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
