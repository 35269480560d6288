/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/definition.c: what a definition says, and who may say it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "tests/lib/files.h"
#include "tests/lib/founded.h"
#include "vault/documents/definition_verify.h"

struct defined {
	struct founded founded;
	struct charter *charter;
	struct definition definition; /* to edit, then defined_state */
	struct digest vault;
	size_t count; /* of entries; what differs from the first is their name and secret */
};

static void
defined_done(struct defined *defined)
{
	founded_done(&defined->founded);
	charter_freep(&defined->charter);
	definition_done(&defined->definition);
}
#define DEFINED CLEANUP(defined_done) struct defined

static void
define(struct defined *defined)
{
	struct err err;
	DSSE statement = {0};
	struct definition *definition = &defined->definition;
	found(&defined->founded);
	founded_state(&defined->founded, &statement);
	fine(charter_parse(&statement, &defined->charter, &err), &err);
	defined->vault = defined->charter->digest;
	defined->count = 1;
	memset(definition->secret.bytes, 3, SECRET_ID_SIZE);
	snprintf(definition->name, sizeof(definition->name), "prod/db");
	definition->revision = 1;
	snprintf(definition->policy, sizeof(definition->policy), "default");
	snprintf(definition->rotator, sizeof(definition->rotator), "ssh-key");
	definition->contract = 2;
	definition->own = true;
	memset(definition->rotator_hash.bytes, 4, DIGEST_SIZE);
	fine(json_parse(view_of_text("{\"host\":\"db1\",\"deep\":{\"list\":[1,true,\"x\"]}}"),
	         &definition->target, &err),
	    &err);
	snprintf(definition->effect, sizeof(definition->effect), "root on the database host");
	definition->announced = (struct announcement){.holds = 1, .can = CAN_EXPEL};
}

/* Entry INDEX of the statement; the target is lent. */
static void
number(struct definition *row, size_t index)
{
	snprintf(row->name, sizeof(row->name), "prod/db-%zu", index);
	row->secret.bytes[0] = (uint8_t)(index >> 8);
	row->secret.bytes[1] = (uint8_t)index;
}

static void
rows_state(const struct defined *defined, struct definition *rows, size_t count,
    struct dsse *ret_statement)
{
	struct err err;
	JSON *payload = NULL;
	const struct definitions definitions = {.vault = defined->vault,
	    .created = 1767225600,
	    .rows = rows,
	    .count = count};

	fine(definitions_payload(&definitions, &payload, &err), &err);
	fine(statement_new(STATEMENT_SECRET, false, payload, ret_statement, &err), &err);
}

static void
defined_state(const struct defined *defined, struct dsse *ret_statement)
{
	struct definition *rows = calloc(defined->count + 1, sizeof(*rows));

	assert_non_null(rows);
	for (size_t i = 0; i < defined->count; i++) {
		rows[i] = defined->definition;
		if (i > 0)
			number(&rows[i], i);
	}
	rows_state(defined, rows, defined->count, ret_statement);
	free(rows);
}

static void
expect_target(const struct json *target, const char *expected)
{
	struct err err;
	BUF text = {0};
	fine(json_encode(target, &text, &err), &err);
	assert_string_equal(buf_string(&text), expected);
}

static void
a_definition_reads_back_as_it_was_written(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DEFINITIONS_OF definitions = {0};
	struct digest digest;
	define(&defined);
	static const struct announcement announced[] = {
	    {.holds = 1},
	    {STYLE_OVERLAP, IDENTITY_SELF, DEATH_COPIES, 2, 900, CAN_EXPEL | CAN_WARN},
	    {STYLE_ISSUE, IDENTITY_VIA, DEATH_NONE, ANNOUNCED_HOLDS_MAX, 0, CAN_MINT},
	};
	for (size_t i = 0; i < ARRAY_SIZE(announced); i++) {
		DSSE statement = {0};
		defined.definition.announced = announced[i];
		defined_state(&defined, &statement);
		definitions_done(&definitions);
		fine(definitions_parse(&statement, false, &definitions, &err), &err);
		fine(dsse_digest(&statement, &digest, &err), &err);
		assert_true(digest_equal(&definitions.digest, &digest));
		assert_int_equal(definitions.count, 1);
		assert_null(announcement_differs(&definitions.rows[0].announced, &announced[i]));
	}
	const struct definition *definition = &definitions.rows[0];
	/* The document is gone; the target stays. */
	expect_target(definition->target, "{\"host\":\"db1\",\"deep\":{\"list\":[1,true,\"x\"]}}");
	assert_true(digest_equal(&definitions.vault, &defined.vault));
	assert_memory_equal(definition->secret.bytes, defined.definition.secret.bytes,
	    SECRET_ID_SIZE);
	assert_string_equal(definition->name, "prod/db");
	assert_int_equal(definition->revision, 1);
	assert_string_equal(definition->policy, "default");
	assert_string_equal(definition->rotator, "ssh-key");
	assert_int_equal(definition->contract, 2);
	assert_true(definition->own);
	assert_true(digest_equal(&definition->rotator_hash, &defined.definition.rotator_hash));
	assert_string_equal(definition->effect, "root on the database host");
	assert_int_equal(definitions.created, 1767225600);
}

static void
every_broken_member_is_refused_with_its_name(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *cause;
	} rows[] = {
	    {"\"format\":1", "\"format\":2", "secret: format"},
	    {"\"vault\":\"", "\"vault\":\"0", "secret: vault"},
	    {"\"secret\":\"03", "\"secret\":\"", "secret: secret"},
	    {"\"name\":\"prod/db\"", "\"name\":\"prod//db\"", "secret: name"},
	    {"\"name\":\"prod/db\"", "\"name\":\"../db\"", "secret: name"},
	    {"\"revision\":1", "\"revision\":0", "secret: revision"},
	    {"\"policy\":\"default\"", "\"policy\":\"\"", "secret: policy"},
	    {"\"policy\":\"default\"", "\"policy\":\"a b\"", "secret: policy"},
	    {"\"name\":\"ssh-key\"", "\"name\":\"ssh/key\"", "secret: rotator: name"},
	    {"\"name\":\"ssh-key\"", "\"name\":\"..\"", "secret: rotator: name"},
	    {"\"contract\":2", "\"contract\":0", "secret: rotator: contract"},
	    {"\"contract\":2,", "", "contract"},
	    {"\"hash\":\"04", "\"hash\":\"4", "secret: rotator: hash"},
	    {"\"hash\":", "\"path\":\"/bin/sh\",\"hash\":", "\"path\""},
	    {"\"target\":{", "\"target\":[{", "secret"},
	    {"\"target\":{\"host\":\"db1\"", "\"target\":{\"host\":\"db1\",\"host\":\"db2\"",
	        "secret"},
	    {"\"effect\":\"root", "\"effect\":\"\\u202eroot", "secret"},
	    {"\"effect\":\"root on the database host\"", "\"effect\":\"\"", "secret: effect"},
	    {"\"announced\":{", "\"identity\":\"ambient\",\"announced\":{", "identity"},
	    {"\"announced\":{", "\"announced\":[{", "secret"},
	    {"\"announced\":{", "\"announces\":{", "announced"},
	    {"\"identity\":\"ambient\"", "\"identity\":\"root\"", "secret: announced: identity"},
	    {"\"holds\":1", "\"holds\":2", "secret: announced: holds"},
	    {"\"created\":\"2026", "\"created\":\"", "secret: created"},
	    {"\"nonce\":\"", "\"nonce\":\"0", "secret: nonce"},
	    {"\"announced\":", "\"more\":1,\"announced\":", "\"more\""},
	    {"\"identity\":", "\"more\":1,\"identity\":", "\"more\""},
	    {"\"nonce\":", "\"more\":1,\"nonce\":", "\"more\""},
	    {"\"definitions\":[", "\"definitions\":[1,", "definitions[0]"},
	};
	struct err err;
	DEFINED defined = {0};
	DSSE statement = {0};
	define(&defined);
	defined_state(&defined, &statement);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE edited = {0};
		struct definitions definitions = {0};
		edit_payload(&statement, rows[i].from, rows[i].to, &edited);
		expect_error(definitions_parse(&edited, false, &definitions, &err), ERR_INVALID,
		    &err, rows[i].cause);
		assert_null(definitions.rows);
	}
}

static void
a_target_over_its_limit_is_refused(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	BUF text = {0};
	define(&defined);
	/* {"a":"..."} is 8 bytes around the value. */
	for (size_t size = TARGET_TEXT_MAX - 8; size <= TARGET_TEXT_MAX - 7; size++) {
		DSSE statement = {0};
		DEFINITIONS_OF definitions = {0};
		buf_done(&text);
		buf_text(&text, "{\"a\":\"");
		memset(buf_space(&text, size), 'x', size);
		buf_text(&text, "\"}");
		definition_done(&defined.definition);
		fine(json_parse(buf_view(&text), &defined.definition.target, &err), &err);
		defined_state(&defined, &statement);
		enum err_code code = definitions_parse(&statement, false, &definitions, &err);
		if (size == TARGET_TEXT_MAX - 8)
			fine(code, &err);
		else
			expect_error(code, ERR_INVALID, &err,
			    "secret: target: 16385 bytes, at most 16384");
	}
}

static void
a_training_definition_is_refused_in_production(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DSSE statement = {0};
	DEFINITIONS_OF definitions = {0};
	define(&defined);
	defined_state(&defined, &statement);
	expect_error(definitions_parse(&statement, true, &definitions, &err), ERR_REFUSED, &err,
	    "secret: a production statement");
}

static enum err_code
verify(const struct defined *defined, const struct dsse *statement, struct err *err)
{
	DEFINITIONS_OF definitions = {0};
	fine(definitions_parse(statement, false, &definitions, err), err);
	return definitions_verify(statement, &definitions, defined->charter,
	    &defined->charter->digest, err);
}

/* An operator and another officer. */
static void
sign_as_two(const struct defined *defined, struct dsse *statement)
{
	sign_with(statement, defined->founded.keys[OPS][KEY_SIGN]);
	sign_with(statement, defined->founded.keys[CISO][KEY_SIGN]);
}

static void
two_people_must_sign_it(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DSSE statement = {0}, other = {0};
	define(&defined);
	defined_state(&defined, &statement);
	expect_error(verify(&defined, &statement, &err), ERR_WAITING, &err,
	    "secret: not signed yet by an operator and an officer");
	sign_with(&statement, defined.founded.keys[CISO][KEY_SIGN]);
	expect_error(verify(&defined, &statement, &err), ERR_WAITING, &err,
	    "secret: not signed yet by an operator");
	sign_with(&statement, defined.founded.keys[OPS][KEY_SIGN]);
	fine(verify(&defined, &statement, &err), &err);
	statement.signatures[0].sig[8] ^= 1;
	expect_error(verify(&defined, &statement, &err), ERR_INTEGRITY, &err,
	    "secret: ciso, token serial 1000");
	defined_state(&defined, &other);
	sign_with(&other, defined.founded.keys[INFRA][KEY_SIGN]);
	expect_error(verify(&defined, &other, &err), ERR_WAITING, &err,
	    "secret: one person signed as operator and officer; a second must sign");
	sign_with(&other, defined.founded.keys[OPS][KEY_SIGN]);
	fine(verify(&defined, &other, &err), &err);
}

static void
unknown_signers_are_refused(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DSSE statement = {0};
	define(&defined);
	defined_state(&defined, &statement);
	sign_as_two(&defined, &statement);
	fine(verify(&defined, &statement, &err), &err);
	sign_with(&statement, defined.founded.spares[1]);
	expect_error(verify(&defined, &statement, &err), ERR_REFUSED, &err,
	    "secret: signed with an unknown key");
}

/* DEFINED as it was edited, signed by two, must be refused. */
static void
refuse(const struct defined *defined, enum err_code code, const char *cause)
{
	struct err err;
	DSSE statement = {0};
	defined_state(defined, &statement);
	sign_as_two(defined, &statement);
	expect_error(verify(defined, &statement, &err), code, &err, cause);
}

static void
it_must_fit_vault_and_charter(void **state)
{
	(void)state;
	DEFINED defined = {0};
	define(&defined);
	struct definition *definition = &defined.definition;
	defined.vault.bytes[0] ^= 1;
	refuse(&defined, ERR_INTEGRITY, "secret: vault: belongs to another vault");
	defined.vault.bytes[0] ^= 1;
	snprintf(definition->policy, sizeof(definition->policy), "defautl");
	refuse(&defined, ERR_INVALID,
	    "secret: policy: the charter has no \"defautl\"; did you mean \"default\"?");
	snprintf(definition->policy, sizeof(definition->policy), "zzzzzzzzzz");
	refuse(&defined, ERR_INVALID, "secret: policy: the charter has no \"zzzzzzzzzz\"");
}

static void
a_definition_changed_after_parsing_is_refused(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DSSE statement = {0};
	DSSE other = {0};
	DEFINITIONS_OF definitions = {0};
	define(&defined);
	defined_state(&defined, &statement);
	sign_as_two(&defined, &statement);
	fine(definitions_parse(&statement, false, &definitions, &err), &err);
	snprintf(defined.definition.effect, EFFECT_MAX, "nothing at all");
	defined_state(&defined, &other);
	sign_as_two(&defined, &other);
	expect_error(definitions_verify(&other, &definitions, defined.charter,
	                 &defined.charter->digest, &err),
	    ERR_INTEGRITY, &err, "secret: the statement has another");
}

static enum err_code
parse(const struct defined *defined, struct definitions *definitions, struct err *err)
{
	DSSE statement = {0};

	defined_state(defined, &statement);
	return definitions_parse(&statement, false, definitions, err);
}

static void
a_statement_holds_one_to_five_hundred(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DEFINITIONS_OF definitions = {0};

	define(&defined);
	defined.count = 0;
	expect_error(parse(&defined, &definitions, &err), ERR_INVALID, &err, "secret: definitions");
	defined.count = DEFINITIONS + 1;
	expect_error(parse(&defined, &definitions, &err), ERR_INVALID, &err, "secret: definitions");
	defined.count = DEFINITIONS;
	fine(parse(&defined, &definitions, &err), &err);
	assert_int_equal(definitions.count, 500);
	assert_string_equal(definitions.rows[499].name, "prod/db-499");
	for (size_t i = 0; i < definitions.count; i++)
		assert_ptr_equal(definitions_find(&definitions, &definitions.rows[i].digest),
		    &definitions.rows[i]);
}

/* Whatever stands beside it, in whatever statement; SHA-256 by hand. */
static void
the_hash_of_a_definition_is_that_of_its_own_entry(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DEFINITIONS_OF one = {0}, three = {0};
	BUF bytes = {0};
	struct digest digest;

	define(&defined);
	fine(parse(&defined, &one, &err), &err);
	defined.count = 3;
	fine(parse(&defined, &three, &err), &err);
	assert_true(digest_equal(&one.rows[0].digest, &three.rows[0].digest));
	assert_false(digest_equal(&one.digest, &three.digest));
	assert_false(digest_equal(&three.rows[1].digest, &three.rows[2].digest));
	buf_u8(&bytes, 22);
	buf_text(&bytes, "halligan/v1 definition");
	buf_bytes(&bytes, VIEW_OF(defined.vault.bytes));
	buf_text(&bytes,
	    "{\"secret\":\"03030303030303030303030303030303\",\"name\":\"prod/db\",\"revision\":1,"
	    "\"policy\":\"default\",\"rotator\":{\"name\":\"ssh-key\",\"contract\":2,\"hash\":"
	    "\"0404040404040404040404040404040404040404040404040404040404040404\"},"
	    "\"target\":{\"host\":\"db1\",\"deep\":{\"list\":[1,true,\"x\"]}},"
	    "\"effect\":\"root on the database host\","
	    "\"announced\":{\"style\":\"replace\",\"holds\":1,\"identity\":\"ambient\","
	    "\"grace\":0,\"death\":\"refused\",\"can\":[\"expel\"]}}");
	fine(sha256_one(buf_view(&bytes), &digest, &err), &err);
	assert_true(digest_equal(&digest, &one.rows[0].digest));
}

static void
no_name_and_no_secret_stands_twice(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	struct definition rows[3];

	define(&defined);
	for (int same = 0; same < 2; same++) {
		DSSE statement = {0};
		DEFINITIONS_OF definitions = {0};

		for (size_t i = 0; i < 3; i++) {
			rows[i] = defined.definition;
			number(&rows[i], i);
		}
		if (same == 0)
			memcpy(rows[2].name, rows[0].name, sizeof(rows[2].name));
		else
			rows[2].secret = rows[1].secret;
		rows_state(&defined, rows, 3, &statement);
		expect_error(definitions_parse(&statement, false, &definitions, &err), ERR_INVALID,
		    &err,
		    same == 0 ?
		        "definitions[2]: secret: name: that of \"prod/db-0\" stands twice" :
		        "definitions[2]: secret: secret: that of \"prod/db-2\" stands twice");
	}
}

static void
one_that_does_not_fit_the_charter_refuses_them_all(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DSSE statement = {0};
	struct definition rows[2];

	define(&defined);
	for (size_t i = 0; i < 2; i++) {
		rows[i] = defined.definition;
		number(&rows[i], i);
	}
	snprintf(rows[1].policy, sizeof(rows[1].policy), "defautl");
	rows_state(&defined, rows, 2, &statement);
	sign_with(&statement, defined.founded.keys[OPS][KEY_SIGN]);
	expect_error(verify(&defined, &statement, &err), ERR_INVALID, &err,
	    "definitions[1]: secret: policy: the charter has no \"defautl\"");
}

/* tests/golden/dump.py computes the same hashes from docs/FORMAT.md. */
static void
golden_definitions_keep_their_hashes(void **state)
{
	(void)state;
	struct err err;
	BUF payload = {0}, hashes = {0};
	DSSE statement = {0};
	DEFINITIONS_OF definitions = {0};
	char hex[2 * DIGEST_SIZE + 1];

	fine(read_repository_file("tests/golden/secret-1.payload", &payload, &err), &err);
	fine(read_repository_file("tests/golden/secret-1.hashes", &hashes, &err), &err);
	fine(dsse_set(&statement, "application/vnd.halligan.secret+json", buf_view(&payload), &err),
	    &err);
	fine(definitions_parse(&statement, false, &definitions, &err), &err);
	assert_int_equal(definitions.count, 2);
	assert_int_equal(hashes.size, 2 * sizeof(hex));
	for (size_t i = 0; i < definitions.count; i++) {
		text_hex(VIEW_OF(definitions.rows[i].digest.bytes), hex);
		assert_memory_equal(hashes.data + i * sizeof(hex), hex, sizeof(hex) - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_definition_reads_back_as_it_was_written),
	    cmocka_unit_test(every_broken_member_is_refused_with_its_name),
	    cmocka_unit_test(a_target_over_its_limit_is_refused),
	    cmocka_unit_test(a_training_definition_is_refused_in_production),
	    cmocka_unit_test(two_people_must_sign_it),
	    cmocka_unit_test(unknown_signers_are_refused),
	    cmocka_unit_test(it_must_fit_vault_and_charter),
	    cmocka_unit_test(a_definition_changed_after_parsing_is_refused),
	    cmocka_unit_test(a_statement_holds_one_to_five_hundred),
	    cmocka_unit_test(the_hash_of_a_definition_is_that_of_its_own_entry),
	    cmocka_unit_test(no_name_and_no_secret_stands_twice),
	    cmocka_unit_test(one_that_does_not_fit_the_charter_refuses_them_all),
	    cmocka_unit_test(golden_definitions_keep_their_hashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
