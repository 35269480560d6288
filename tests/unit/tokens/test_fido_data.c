/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/formats/cbor.c and tokens/formats/fido_data.c: what a FIDO2 token answers, read to the last byte. */
#include "base/crypto_key.h"
#include "tests/unit/registration.h"
#include "tokens/fido/result.h"
#include "tokens/formats/cbor.h"

static struct point key; /* what the credential has */

static enum err_code
read_made(const struct registration_recipe *recipe, struct fido_registration *ret, struct err *err)
{
	BUF authdata = {0};

	registration_make(recipe, &key, &authdata);
	return fido_registration_read(buf_view(&authdata), ret, err);
}

/* ---- CBOR ---- */

static bool
skips(struct view bytes)
{
	uint8_t *exact = exact_copy(bytes);
	struct reader reader = reader_of(view_of(exact, bytes.size));

	cbor_skip(&reader);
	bool good = reader_end(&reader);

	free(exact);
	return good;
}
#define SKIPS(text) skips(view_of(text, sizeof(text) - 1))

static void
numbers_have_their_shortest_form(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int64_t value;
	} good[] = {
	    {"\x00", 1, 0},
	    {"\x17", 1, 23},
	    {"\x18\x18", 2, 24},
	    {"\x19\x01\x00", 3, 256},
	    {"\x1a\x00\x01\x00\x00", 5, 65536},
	    {"\x1b\0\0\0\1\0\0\0\0", 9, 4294967296},
	    {"\x26", 1, -7},
	    {"\x39\x01\x00", 3, -257},
	    {"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", 9, INT64_MAX},
	    {"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", 9, INT64_MIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct reader reader = reader_of(view_of(good[i].bytes, good[i].size));

		assert_true(cbor_int(&reader) == good[i].value && reader_end(&reader));
		for (size_t size = 0; size < good[i].size; size++)
			assert_false(skips(view_of(good[i].bytes, size)));
	}
	assert_false(SKIPS("\x18\x17"));
	assert_false(SKIPS("\x19\x00\xff"));
	assert_false(SKIPS("\x1a\x00\x00\xff\xff"));
	assert_false(SKIPS("\x1b\0\0\0\0\xff\xff\xff\xff"));
	assert_false(SKIPS("\x1c"));
	struct reader reader = reader_of(view_of("\x1b\x80\0\0\0\0\0\0\0", 9));

	cbor_int(&reader);
	assert_true(reader.failed);
}

static void
a_value_of_another_kind_or_size_fails_for_good(void **state)
{
	(void)state;
	struct reader reader = reader_of(view_of("\x43"
	                                         "abc\x01",
	    5));

	assert_int_equal(cbor_text(&reader, 8).size, 0);
	assert_true(reader.failed);
	assert_int_equal(cbor_bytes(&reader, 8).size, 0);
	reader = reader_of(view_of("\x43"
	                           "abc",
	    4));
	assert_int_equal(cbor_bytes(&reader, 2).size, 0);
	assert_true(reader.failed);
	reader = reader_of(view_of("\x43"
	                           "abc",
	    4));
	assert_int_equal(cbor_bytes(&reader, 3).size, 3);
	assert_true(reader_end(&reader));
	reader = reader_of(view_of("\x82\x01\x02", 3));
	assert_int_equal(cbor_array(&reader, 1), 0);
	assert_true(reader.failed);
	reader = reader_of(view_of("\xf6", 1));
	assert_false(cbor_bool(&reader));
	assert_true(reader.failed);
	reader = reader_of(view_of("\xf5\xf4", 2));
	assert_true(cbor_bool(&reader) && !cbor_bool(&reader) && reader_end(&reader));
}

static void
what_is_skipped_is_well_formed_and_not_deep(void **state)
{
	(void)state;
	assert_true(SKIPS("\xa2\x01\x82\x43"
	                  "abc\x62"
	                  "de\x02\xf6"));
	assert_true(SKIPS("\x81\x81\x81\x81\x01"));
	assert_false(SKIPS("\x81\x81\x81\x81\x81\x01"));
	assert_false(SKIPS("\x9f\x01\xff"));
	assert_false(SKIPS("\xc0\x01"));
	assert_false(SKIPS("\xfb\0\0\0\0\0\0\0\0"));
	assert_false(SKIPS("\x82\x01"));
	assert_false(SKIPS("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"));
	assert_false(SKIPS("\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

/* ---- registrations ---- */

static void
a_registration_is_read(void **state)
{
	static const uint8_t aaguid[TOKEN_AAGUID_SIZE] = {1, 2, 3};
	struct fido_registration registration;
	struct err err;
	BUF authdata = {0};

	(void)state;
	registration_make(&(struct registration_recipe){.aaguid = aaguid}, &key, &authdata);
	assert_ok(fido_registration_read(buf_view(&authdata), &registration, &err));
	assert_true(point_equal(&registration.key, &key));
	assert_view(registration.credential, view_of_text("credential"));
	assert_memory_equal(registration.aaguid, aaguid, sizeof(aaguid));
}

static void
a_registration_cut_anywhere_or_longer_is_refused(void **state)
{
	struct fido_registration registration;
	struct err err;
	BUF authdata = {0};

	(void)state;
	registration_make(&(struct registration_recipe){0}, &key, &authdata);
	for (size_t size = 0; size < authdata.size; size++) {
		uint8_t *copy = exact_copy(view_of(authdata.data, size));

		assert_true(
		    fido_registration_read(view_of(copy, size), &registration, &err) != ERR_OK);
		free(copy);
	}
	buf_u8(&authdata, 0);
	assert_error(ERR_INTEGRITY,
	    fido_registration_read(buf_view(&authdata), &registration, &err));
}

static void
what_was_not_granted_is_refused_by_name(void **state)
{
	static const uint8_t large[TOKEN_CREDENTIAL_MAX + 1] = {1};
	static const struct {
		struct registration_recipe recipe;
		enum err_code code;
		const char *says;
	} rows[] = {{{.rp = "example.org"}, ERR_INTEGRITY, "another relying party"},
	    {{.flags = 0xc4}, ERR_INTEGRITY, "nobody touched"},
	    {{.flags = 0xc1}, ERR_INTEGRITY, "no PIN or fingerprint"},
	    {{.flags = 0x85}, ERR_INTEGRITY, "no registration"},
	    {{.flags = 0x45}, ERR_REFUSED, "ignores credProtect and hmac-secret"},
	    {{.flags = 0xc7}, ERR_INTEGRITY, "malformed"},
	    {{.algorithm = 0x38}, ERR_INTEGRITY, "malformed"},
	    {{.algorithm = 0x27}, ERR_REFUSED, "of another kind"},
	    {{.credential = {large, sizeof(large)}}, ERR_INTEGRITY, "malformed"},
	    {{.extensions = "\xa1\x6b"
	                    "hmac-secret\xf5",
	         .extensions_size = 14},
	        ERR_REFUSED, "credProtect 0 instead of 3"},
	    {{.extensions = "\xa2\x6b"
	                    "credProtect\x02\x6b"
	                    "hmac-secret\xf5",
	         .extensions_size = 27},
	        ERR_REFUSED, "credProtect 2 instead of 3"},
	    {{.extensions = "\xa2\x6b"
	                    "credProtect\x03\x6b"
	                    "hmac-secret\xf4",
	         .extensions_size = 27},
	        ERR_REFUSED, "hmac-secret"},
	    {{.extensions = "\xa1\x6b"
	                    "credProtect\x03",
	         .extensions_size = 14},
	        ERR_REFUSED, "hmac-secret"},
	    {{.extensions = "\xa2\x6b"
	                    "credProtect\x03\x6b"
	                    "credProtect\x03",
	         .extensions_size = 27},
	        ERR_INTEGRITY, "extensions"},
	    {{.extensions = "\xa1\x61x\x01", .extensions_size = 4}, ERR_INTEGRITY, "extensions"}};
	struct fido_registration registration;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_error(rows[i].code, read_made(&rows[i].recipe, &registration, &err));
		assert_says(rows[i].says);
	}
	struct point good = key;

	key.bytes[64] ^= 1;
	assert_error(ERR_INTEGRITY,
	    read_made(&(struct registration_recipe){0}, &registration, &err));
	assert_says("not a point on P-256");
	key = good;
	assert_ok(read_made(&(struct registration_recipe){.flags = 0xdd}, &registration, &err));
}

/* ---- statements, tries ---- */

static void
a_packed_statement_is_read(void **state)
{
	static const char text[] = "\xa3\x63"
	                           "alg\x26\x63sig\x42\x01\x02\x63x5c\x82\x41\x0a\x42\x0b\x0c";
	struct fido_statement statement;
	struct err err;

	(void)state;
	assert_ok(fido_statement_read(view_of(text, sizeof(text) - 1), &statement, &err));
	assert_view(statement.signature, view_of("\1\2", 2));
	assert_int_equal(statement.count, 2);
	assert_view(statement.certificates[0], view_of("\x0a", 1));
	assert_view(statement.certificates[1], view_of("\x0b\x0c", 2));
	for (size_t size = 0; size < sizeof(text) - 1; size++)
		assert_error(ERR_INTEGRITY,
		    fido_statement_read(view_of(text, size), &statement, &err));
	/* By the credential itself: no certificate. */
	assert_ok(fido_statement_read(view_of("\xa2\x63"
	                                      "alg\x26\x63sig\x41\x01",
	                                  12),
	    &statement, &err));
	assert_int_equal(statement.count, 0);
	assert_error(ERR_INTEGRITY,
	    fido_statement_read(view_of("\xa2\x63"
	                                "alg\x27\x63sig\x41\x01",
	                            12),
	        &statement, &err));
	assert_error(ERR_INTEGRITY,
	    fido_statement_read(view_of("\xa1\x63sig\x41\x01", 7), &statement, &err));
	assert_error(ERR_INTEGRITY, fido_statement_read(view_of("\xa0", 1), &statement, &err));
}

static void
tries_are_read_with_the_need_to_plug_in_again(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int tries; /* -1: refused */
		bool replug;
	} rows[] = {
	    {"\0\xa1\3\x08", 4, 8, false},
	    {"\0\xa2\3\5\4\xf5", 6, 5, true},
	    {"\0\xa2\3\0\4\xf4", 6, 0, false},
	    {"\0\xa1\3\x09", 4, -1, false},
	    {"\0\xa1\3\x20", 4, -1, false},
	    {"\x31\xa1\3\x08", 4, -1, false},
	    {"\0\xa1\4\xf5", 4, -1, false},
	    {"\0", 1, -1, false},
	    {"", 0, -1, false},
	    {"\0\xa1\3\x08\0", 5, -1, false},
	    {"\0\xa2\3\5\3\5", 6, 5, false},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct view answer = view_of(rows[i].bytes, rows[i].size);
		bool replug = true;
		int tries = -2;

		if (rows[i].tries < 0) {
			assert_error(ERR_TOKEN, fido_tries_read(answer, &tries, &replug, &err));
			assert_int_equal(tries, -2);
			continue;
		}
		assert_ok(fido_tries_read(answer, &tries, &replug, &err));
		assert_int_equal(tries, rows[i].tries);
		assert_int_equal(replug, rows[i].replug);
	}
}

/* ---- what libfido2 hands back ---- */

static void
facts_are_taken_from_getinfo(void **state)
{
	char *extensions[] = {(char[]){"credProtect"}, (char[]){"hmac-secret"}};
	char *options[] = {(char[]){"rk"}, (char[]){"clientPin"}, (char[]){"uv"}};
	const bool values[] = {true, false, true};
	struct fido_lists lists = {extensions, 2, options, values, 3, 6, 0x050704, true};
	struct fido_facts facts = {0};

	(void)state;
	fido_facts_from(&lists, &facts);
	assert_true(facts.hmac_secret && facts.cred_protect && facts.es256 && facts.uv);
	assert_true(facts.pin_possible && !facts.pin_set && !facts.always_uv);
	assert_int_equal(facts.min_pin, 6);
	assert_memory_equal(facts.firmware, ((uint8_t[]){5, 7, 4}), 3);
	lists = (struct fido_lists){.min_pin = 64, .firmware = 0x1050704};
	fido_facts_from(&lists, &facts);
	assert_false(facts.hmac_secret || facts.cred_protect || facts.pin_possible || facts.uv);
	assert_int_equal(facts.min_pin, 4);
	assert_memory_equal(facts.firmware, ((uint8_t[]){0, 0, 0}), 3);
}

static void
answers_have_all_their_parts_or_are_refused(void **state)
{
	static const uint8_t large[ASSERTION_DATA_MAX + 4] = {0x59, 0x01, 0x01};
	static const uint8_t prf[FIDO_SALTS_SIZE + 1] = {1};
	struct view authdata = view_of("\x43"
	                               "abc",
	                4),
	            signature = view_of("\1\2", 2);
	ANSWER answer = {0};
	struct err err;

	(void)state;
	assert_ok(fido_answer_from(authdata, signature, view_of(prf, 64), &answer, &err));
	assert_int_equal(secret_size(answer.prf), 64);
	assert_int_equal(answer.signature.authdata_size, 3);
	assert_int_equal(answer.signature.size, 2);
	fido_answer_done(&answer);
	assert_ok(fido_answer_from(authdata, signature, (struct view){0}, &answer, &err));
	assert_null(answer.prf);
	assert_error(ERR_TOKEN, fido_answer_from(authdata, signature, VIEW_OF(prf), &answer, &err));
	assert_error(ERR_TOKEN,
	    fido_answer_from(authdata, VIEW_OF(large), (struct view){0}, &answer, &err));
	assert_error(ERR_TOKEN,
	    fido_answer_from(authdata, (struct view){0}, (struct view){0}, &answer, &err));
	assert_error(ERR_TOKEN,
	    fido_answer_from(VIEW_OF(large), signature, (struct view){0}, &answer, &err));
	assert_error(ERR_TOKEN,
	    fido_answer_from(view_of("\x43"
	                             "ab",
	                         3),
	        signature, (struct view){0}, &answer, &err));
}

static void
attestations_that_cannot_be_read_are_left_out(void **state)
{
	static const char text[] = "\xa3\x63"
	                           "alg\x26\x63sig\x42\x01\x02\x63x5c\x82\x41\x0a\x42\x0b\x0c";
	struct view statement = view_of(text, sizeof(text) - 1);
	struct err err;

	(void)state;
	for (int i = 0; i < 3; i++) {
		CLEANUP(token_made_done) struct token_made made = {0};

		assert_ok(fido_made_from(i == 1 ? "none" : "packed", view_of("data", 4),
		    i == 2 ? view_of("\xa0", 1) : statement, &made, &err));
		assert_view(buf_view(&made.authdata), view_of("data", 4));
		assert_int_equal(made.signature.size, i == 0 ? 2 : 0);
		assert_int_equal(made.certificate.size, i == 0 ? 1 : 0);
		assert_int_equal(made.others.size, i == 0 ? 2 : 0);
	}
}

static int
start(void **state)
{
	P256_KEY *made = NULL;
	struct err err;

	(void)state;
	assert_ok(crypto_start(&err));
	assert_ok(p256_key_new(&made, &err));
	p256_key_public(made, &key);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_have_their_shortest_form),
	    cmocka_unit_test(a_value_of_another_kind_or_size_fails_for_good),
	    cmocka_unit_test(what_is_skipped_is_well_formed_and_not_deep),
	    cmocka_unit_test(a_registration_is_read),
	    cmocka_unit_test(a_registration_cut_anywhere_or_longer_is_refused),
	    cmocka_unit_test(what_was_not_granted_is_refused_by_name),
	    cmocka_unit_test(a_packed_statement_is_read),
	    cmocka_unit_test(tries_are_read_with_the_need_to_plug_in_again),
	    cmocka_unit_test(facts_are_taken_from_getinfo),
	    cmocka_unit_test(answers_have_all_their_parts_or_are_refused),
	    cmocka_unit_test(attestations_that_cannot_be_read_are_left_out),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
