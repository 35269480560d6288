/* SPDX-License-Identifier: Apache-2.0 */
/* vault/seal/header.c: one encoding for each header, and a name for every way to be wrong. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/lib/files.h"
#include "tests/lib/sealed.h"
#include "vault/seal/opener.h"

static const char quorum_text[] = "2 of (ciso, infra) or (1 of (ceo) and 1 of (infra, ciso))";
static const char *const seats[] = {"infra", "ciso", "ceo", "ciso", NULL};

/* Decoding from a heap block of exactly SIZE bytes, so that a read behind it is caught. */
static enum err_code
decode(const uint8_t *bytes, size_t size, struct header *ret_header, struct err *err)
{
	uint8_t *block = malloc(size > 0 ? size : 1);
	assert_non_null(block);
	memcpy(block, bytes, size);
	enum err_code code = header_decode(view_of(block, size), ret_header, err);
	free(block);
	return code;
}

static void
decoding_and_encoding_are_inverse(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	BUF again = {0};
	sealed_make(&sealed, quorum_text, seats);
	fine(header_encode(sealed.header, &again, &err), &err);
	assert_true(view_equal(buf_view(&again), buf_view(&sealed.version.header)));
	assert_int_equal(sealed.header->version, 5);
	assert_int_equal(sealed.header->envelope_count, 4);
	assert_string_equal(sealed.header->quorum, quorum_text);
	assert_string_equal(sealed.header->envelopes[0].seat, "ciso");
	assert_string_equal(sealed.header->envelopes[1].seat, "ciso");
	assert_string_equal(sealed.header->envelopes[2].seat, "infra");
	assert_string_equal(sealed.header->envelopes[3].seat, "ceo");
	assert_int_equal(sealed.header->envelopes[3].share_count, 1);
	assert_int_equal(sealed.header->envelopes[3].shares[0].clause, 1);
	assert_int_equal(sealed.header->envelopes[0].shares[1].group, 1);
	assert_int_equal(sealed.header->envelopes[0].shares[1].x, 2);
	assert_false(sealed.header->training);
}

static void
training_is_a_flag(void **state)
{
	(void)state;
	SEALED sealed = {0};
	sealed_prepare(&sealed, quorum_text, seats);
	sealed.ids->training = true;
	sealed_seal(&sealed);
	assert_true(sealed.header->training);
	assert_int_equal(sealed.version.header.data[6], 1);
}

static void
every_length_but_the_right_one_is_refused(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	HEADER *header = NULL;
	sealed_make(&sealed, quorum_text, seats);
	fine(header_new(&header, &err), &err);
	for (size_t size = 0; size < sealed.version.header.size; size++)
		expect_error(decode(sealed.version.header.data, size, header, &err), ERR_INTEGRITY,
		    &err, "header: ");
	buf_u8(&sealed.version.header, 0);
	expect_error(decode(sealed.version.header.data, sealed.version.header.size, header, &err),
	    ERR_INTEGRITY, &err, "header: 1 bytes after com_dek");
	assert_int_equal(header->version, 0); /* untouched by all of them */
}

/* Some flips break a rule of the format; the others are caught by com_dek, with the right DEK. */
static void
every_byte_flipped_is_refused_with_a_name(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	sealed_make(&sealed, quorum_text, seats);
	struct buf *bytes = &sealed.version.header;
	size_t by_format = 0, by_commitment = 0;
	for (size_t i = 0; i < bytes->size; i++)
		for (unsigned flip = 1; flip < 256; flip = flip == 1 ? 0x80 : 0x100) {
			SECRET *opened = NULL;
			bytes->data[i] ^= (uint8_t)flip;
			enum err_code code = sealed_open(buf_view(bytes),
			    buf_view(&sealed.version.ciphertext), sealed.dek, &opened, &err);
			bytes->data[i] ^= (uint8_t)flip;
			if ((code != ERR_INTEGRITY && code != ERR_VERSION) ||
			    strncmp(err.text, "header: ", 8) != 0)
				fail_msg("byte %zu ^ %02x: %s: %s", i, flip, err_name(code),
				    err.text);
			if (strncmp(err.text, "header: com_dek", 15) == 0)
				by_commitment++;
			else
				by_format++;
		}
	assert_true(by_format > 100 && by_commitment > 100);
}

/* What EDIT does to a good header must be refused with a text that holds FIELD. */
struct fault {
	void (*edit)(struct header *header);
	const char *field;
};

static void
swap_envelopes(struct header *header, unsigned a, unsigned b)
{
	struct header_envelope envelope = header->envelopes[a];
	header->envelopes[a] = header->envelopes[b];
	header->envelopes[b] = envelope;
}

static void
version_zero(struct header *header)
{
	header->version = 0;
}

static void
quorum_with_two_spaces(struct header *header)
{
	memmove(header->quorum + 2, header->quorum + 1, strlen(header->quorum));
}

static void
quorum_in_needless_parentheses(struct header *header)
{
	snprintf(header->quorum, sizeof(header->quorum), "(2 of (ciso, infra))");
}

static void
quorum_without_sense(struct header *header)
{
	header->quorum[0] = '3';
}

static void
quorum_empty(struct header *header)
{
	header->quorum[0] = '\0';
}

static void
seat_unknown(struct header *header)
{
	snprintf(header->envelopes[0].seat, sizeof(header->envelopes[0].seat), "cisx");
}

static void
seat_with_control(struct header *header)
{
	header->envelopes[0].seat[1] = '\n';
}

static void
kem_other(struct header *header)
{
	header->envelopes[0].suite.kem = 0x0011;
}

static void
kdf_other(struct header *header)
{
	header->envelopes[1].suite.kdf = 2;
}

static void
aead_other(struct header *header)
{
	header->envelopes[1].suite.aead = AEAD_CHACHA20_POLY1305;
}

static void
key_hybrid(struct header *header)
{
	header->envelopes[0].recipient.bytes[0] = 6;
}

static void
key_off_curve(struct header *header)
{
	header->envelopes[0].recipient.bytes[64] ^= 1;
}

static void
key_twice(struct header *header)
{
	header->envelopes[2].recipient = header->envelopes[0].recipient;
}

static void
token_twice(struct header *header)
{
	header->envelopes[2].token = header->envelopes[0].token;
}

static void
token_order(struct header *header)
{
	swap_envelopes(header, 0, 1);
}

static void
seat_order(struct header *header)
{
	swap_envelopes(header, 2, 3);
}

static void
seat_missing(struct header *header)
{
	header->envelopes[2] = header->envelopes[3];
	header->envelope_count = 3;
}

static void
last_seat_missing(struct header *header)
{
	header->envelope_count = 3;
}

static void
share_missing(struct header *header)
{
	header->envelopes[2].share_count = 1;
}

static void
share_extra(struct header *header)
{
	header->envelopes[3].shares[1] = header->envelopes[3].shares[0];
	header->envelopes[3].share_count = 2;
}

static void
share_order(struct header *header)
{
	struct header_share share = header->envelopes[0].shares[0];
	header->envelopes[0].shares[0] = header->envelopes[0].shares[1];
	header->envelopes[0].shares[1] = share;
}

static void
share_group(struct header *header)
{
	header->envelopes[0].shares[1].group = 0;
}

static void
share_m(struct header *header)
{
	header->envelopes[0].shares[0].m = 1;
}

static void
share_n(struct header *header)
{
	header->envelopes[0].shares[0].n = 3;
}

static void
share_x(struct header *header)
{
	header->envelopes[0].shares[0].x = 2;
}

static void
no_envelopes(struct header *header)
{
	header->envelope_count = 0;
}

static void
every_broken_rule_is_refused_with_its_field(void **state)
{
	(void)state;
	static const struct fault faults[] = {
	    {version_zero, "header: version: 0"},
	    {quorum_with_two_spaces, "header: quorum: not in its canonical form"},
	    {quorum_in_needless_parentheses, "header: quorum: not in its canonical form"},
	    {quorum_without_sense, "header: quorum: column 1: m is 3"},
	    {quorum_empty, "header: quorum"},
	    {seat_unknown, "header: envelopes[0]: seat: \"cisx\" is not in the quorum"},
	    {seat_with_control, "header: envelopes[0]: seat"},
	    {kem_other, "header: envelopes[0]: kem"},
	    {kdf_other, "header: envelopes[1]: kdf"},
	    {aead_other, "header: envelopes[1]: aead"},
	    {key_hybrid, "header: envelopes[0]: public key"},
	    {key_off_curve, "header: envelopes[0]: public key"},
	    {key_twice, "header: envelopes[2]: public key: that of envelopes[0]"},
	    {token_twice, "header: envelopes[2]: token: that of envelopes[0]"},
	    {token_order, "header: envelopes[1]: token: not in ascending order"},
	    {seat_order, "header: envelopes[2]: seat: \"ceo\" stands where \"infra\" should"},
	    {seat_missing, "header: envelopes[2]: seat: \"ceo\" stands where \"infra\" should"},
	    {last_seat_missing, "header: envelopes: none for seat \"ceo\""},
	    {share_missing, "header: envelopes[2]: shares: 1, but the quorum has 2"},
	    {share_extra, "header: envelopes[3]: shares: 2, but the quorum has 1"},
	    {share_order, "header: envelopes[0]: shares[0]: clause"},
	    {share_group, "header: envelopes[0]: shares[1]: group"},
	    {share_m, "header: envelopes[0]: shares[0]: m"},
	    {share_n, "header: envelopes[0]: shares[0]: n"},
	    {share_x, "header: envelopes[0]: shares[0]: x"},
	    {no_envelopes, "header: envelopes: 0"},
	};
	SEALED sealed = {0};
	struct err err;
	sealed_make(&sealed, quorum_text, seats);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		BUF bytes = {0};
		HEADER *header = NULL;
		HEADER *decoded = NULL;
		fine(header_new(&header, &err), &err);
		fine(header_new(&decoded, &err), &err);
		*header = *sealed.header;
		faults[i].edit(header);
		fine(header_encode(header, &bytes, &err), &err);
		expect_error(decode(bytes.data, bytes.size, decoded, &err), ERR_INTEGRITY, &err,
		    faults[i].field);
	}
}

static void
newer_formats_and_unknown_flags_are_refused(void **state)
{
	(void)state;
	SEALED sealed = {0};
	struct err err;
	HEADER *header = NULL;
	sealed_make(&sealed, quorum_text, seats);
	fine(header_new(&header, &err), &err);
	uint8_t *bytes = sealed.version.header.data;
	size_t size = sealed.version.header.size;
	bytes[5] = 2;
	expect_error(decode(bytes, size, header, &err), ERR_VERSION, &err, "format 2");
	bytes[5] = 0;
	expect_error(decode(bytes, size, header, &err), ERR_INTEGRITY, &err, "header: format");
	bytes[5] = 1;
	bytes[6] = 2;
	expect_error(decode(bytes, size, header, &err), ERR_INTEGRITY, &err, "header: flags");
	bytes[6] = 0;
	bytes[3] = 'w';
	expect_error(decode(bytes, size, header, &err), ERR_INTEGRITY, &err, "header: magic");
	bytes[3] = 'v';
	fine(decode(bytes, size, header, &err), &err);
}

static void
the_largest_header_fits_its_limit(void **state)
{
	(void)state;
	struct err err;
	HEADER *header = NULL;
	BUF bytes = {0};
	fine(header_new(&header, &err), &err);
	memset(header->quorum, 'a', QUORUM_TEXT_MAX);
	header->envelope_count = HEADER_ENVELOPES;
	for (unsigned i = 0; i < HEADER_ENVELOPES; i++) {
		memset(header->envelopes[i].seat, 'a', SEAT_NAME_MAX);
		header->envelopes[i].share_count = HEADER_SHARES;
	}
	fine(header_encode(header, &bytes, &err), &err);
	assert_in_range(bytes.size, 60000, HEADER_MAX);
}

static void
golden_header_decodes_for_ever(void **state)
{
	(void)state;
	struct err err;
	BUF bytes = {0};
	HEADER *header = NULL;
	struct digest digest;
	fine(read_repository_file("tests/golden/version-1.header", &bytes, &err), &err);
	fine(header_new(&header, &err), &err);
	fine(header_decode(buf_view(&bytes), header, &err), &err);
	assert_false(header->training);
	assert_int_equal(header->version, 7);
	fine(sha256_one(view_of_text("vault"), &digest, &err), &err);
	assert_true(digest_equal(&header->vault, &digest));
	fine(sha256_one(view_of_text("secret"), &digest, &err), &err);
	assert_memory_equal(header->secret.bytes, digest.bytes, SECRET_ID_SIZE);
	fine(sha256_one(view_of_text("definition"), &digest, &err), &err);
	assert_true(digest_equal(&header->definition, &digest));
	fine(sha256_one(view_of_text("charter"), &digest, &err), &err);
	assert_true(digest_equal(&header->charter, &digest));
	assert_string_equal(header->quorum,
	    "2 of (ciso, infra, audit) or (1 of (ceo, cto) and 1 of (infra, secops))");
	assert_int_equal(header->envelope_count, 7);
	assert_string_equal(header->envelopes[2].seat, "infra");
	assert_int_equal(header->envelopes[2].share_count, 2);
	assert_int_equal(header->envelopes[2].shares[1].clause, 1);
	assert_int_equal(header->envelopes[2].shares[1].group, 1);
	assert_int_equal(header->envelopes[2].shares[1].x, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(decoding_and_encoding_are_inverse),
	    cmocka_unit_test(training_is_a_flag),
	    cmocka_unit_test(every_length_but_the_right_one_is_refused),
	    cmocka_unit_test(every_byte_flipped_is_refused_with_a_name),
	    cmocka_unit_test(every_broken_rule_is_refused_with_its_field),
	    cmocka_unit_test(newer_formats_and_unknown_flags_are_refused),
	    cmocka_unit_test(the_largest_header_fits_its_limit),
	    cmocka_unit_test(golden_header_decodes_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
