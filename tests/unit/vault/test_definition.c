/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/definition.c: what a definition says, and who may say it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/lib/founded.h"
#include "vault/documents/definition.h"

struct defined {
	struct founded founded;
	struct charter *charter;
	struct definition definition; /* to edit, then defined_state */
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
	definition->vault = defined->charter->digest;
	memset(definition->secret.bytes, 3, SECRET_ID_SIZE);
	snprintf(definition->name, sizeof(definition->name), "prod/db");
	definition->revision = 1;
	snprintf(definition->policy, sizeof(definition->policy), "default");
	snprintf(definition->rotator, sizeof(definition->rotator), "ssh-key");
	memset(definition->rotator_hash.bytes, 4, DIGEST_SIZE);
	fine(json_parse(view_of_text("{\"host\":\"db1\",\"deep\":{\"list\":[1,true,\"x\"]}}"),
	         &definition->target, &err),
	    &err);
	snprintf(definition->effect, sizeof(definition->effect), "root on the database host");
	definition->created = 1767225600;
}

static void
defined_state(const struct defined *defined, struct dsse *ret_statement)
{
	struct err err;
	JSON *payload = NULL;
	fine(definition_payload(&defined->definition, &payload, &err), &err);
	fine(statement_new(STATEMENT_SECRET, false, payload, ret_statement, &err), &err);
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
	DEFINITION definition = {0};
	struct digest digest;
	define(&defined);
	for (int self = 0; self < 2; self++) {
		DSSE statement = {0};
		defined.definition.self = self == 1;
		defined_state(&defined, &statement);
		definition_done(&definition);
		fine(definition_parse(&statement, false, &definition, &err), &err);
		fine(dsse_digest(&statement, &digest, &err), &err);
		assert_true(digest_equal(&definition.digest, &digest));
		assert_int_equal(definition.self, self == 1);
	}
	/* The document is gone; the target stays. */
	expect_target(definition.target, "{\"host\":\"db1\",\"deep\":{\"list\":[1,true,\"x\"]}}");
	assert_true(digest_equal(&definition.vault, &defined.definition.vault));
	assert_memory_equal(definition.secret.bytes, defined.definition.secret.bytes,
	    SECRET_ID_SIZE);
	assert_string_equal(definition.name, "prod/db");
	assert_int_equal(definition.revision, 1);
	assert_string_equal(definition.policy, "default");
	assert_string_equal(definition.rotator, "ssh-key");
	assert_true(digest_equal(&definition.rotator_hash, &defined.definition.rotator_hash));
	assert_string_equal(definition.effect, "root on the database host");
	assert_int_equal(definition.created, 1767225600);
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
	    {"\"hash\":\"04", "\"hash\":\"4", "secret: rotator: hash"},
	    {"\"hash\":", "\"path\":\"/bin/sh\",\"hash\":", "\"path\""},
	    {"\"target\":{", "\"target\":[{", "secret"},
	    {"\"target\":{\"host\":\"db1\"", "\"target\":{\"host\":\"db1\",\"host\":\"db2\"",
	        "secret"},
	    {"\"effect\":\"root", "\"effect\":\"\\u202eroot", "secret"},
	    {"\"effect\":\"root on the database host\"", "\"effect\":\"\"", "secret: effect"},
	    {"\"identity\":\"ambient\"", "\"identity\":\"via\"", "secret: identity"},
	    {"\"created\":\"2026", "\"created\":\"", "secret: created"},
	    {"\"nonce\":\"", "\"nonce\":\"0", "secret: nonce"},
	    {"\"identity\":", "\"more\":1,\"identity\":", "\"more\""},
	};
	struct err err;
	DEFINED defined = {0};
	DSSE statement = {0};
	define(&defined);
	defined_state(&defined, &statement);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE edited = {0};
		struct definition definition = {0};
		edit_payload(&statement, rows[i].from, rows[i].to, &edited);
		expect_error(definition_parse(&edited, false, &definition, &err), ERR_INVALID, &err,
		    rows[i].cause);
		assert_null(definition.target);
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
		DEFINITION definition = {0};
		buf_done(&text);
		buf_text(&text, "{\"a\":\"");
		memset(buf_space(&text, size), 'x', size);
		buf_text(&text, "\"}");
		definition_done(&defined.definition);
		fine(json_parse(buf_view(&text), &defined.definition.target, &err), &err);
		defined_state(&defined, &statement);
		enum err_code code = definition_parse(&statement, false, &definition, &err);
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
	DEFINITION definition = {0};
	define(&defined);
	defined_state(&defined, &statement);
	expect_error(definition_parse(&statement, true, &definition, &err), ERR_REFUSED, &err,
	    "secret: a production statement");
}

static enum err_code
verify(const struct defined *defined, const struct dsse *statement, struct err *err)
{
	DEFINITION definition = {0};
	fine(definition_parse(statement, false, &definition, err), err);
	return definition_verify(statement, &definition, defined->charter,
	    &defined->charter->digest, err);
}

static void
an_operator_must_sign_it(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DSSE statement = {0};
	define(&defined);
	defined_state(&defined, &statement);
	expect_error(verify(&defined, &statement, &err), ERR_REFUSED, &err,
	    "secret: \"prod/db\" is not signed by an operator");
	sign_with(&statement, defined.founded.keys[CISO][KEY_SIGN]);
	expect_error(verify(&defined, &statement, &err), ERR_REFUSED, &err,
	    "secret: \"prod/db\" is not signed by an operator");
	sign_with(&statement, defined.founded.keys[OPS][KEY_SIGN]);
	fine(verify(&defined, &statement, &err), &err);
	statement.signatures[0].sig[8] ^= 1;
	expect_error(verify(&defined, &statement, &err), ERR_INTEGRITY, &err,
	    "secret: ciso, token serial 1000");
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
	sign_with(&statement, defined.founded.keys[OPS][KEY_SIGN]);
	fine(verify(&defined, &statement, &err), &err);
	sign_with(&statement, defined.founded.spares[1]);
	expect_error(verify(&defined, &statement, &err), ERR_REFUSED, &err,
	    "secret: signed with an unknown key");
}

/* DEFINED as it was edited, signed by an operator, must be refused. */
static void
refuse(const struct defined *defined, enum err_code code, const char *cause)
{
	struct err err;
	DSSE statement = {0};
	defined_state(defined, &statement);
	sign_with(&statement, defined->founded.keys[OPS][KEY_SIGN]);
	expect_error(verify(defined, &statement, &err), code, &err, cause);
}

static void
it_must_fit_vault_charter_and_revision(void **state)
{
	(void)state;
	DEFINED defined = {0};
	define(&defined);
	struct definition *definition = &defined.definition;
	definition->vault.bytes[0] ^= 1;
	refuse(&defined, ERR_INTEGRITY, "secret: vault: belongs to another vault");
	definition->vault.bytes[0] ^= 1;
	snprintf(definition->policy, sizeof(definition->policy), "defautl");
	refuse(&defined, ERR_INVALID,
	    "secret: policy: the charter has no \"defautl\"; did you mean \"default\"?");
	snprintf(definition->policy, sizeof(definition->policy), "zzzzzzzzzz");
	refuse(&defined, ERR_INVALID, "secret: policy: the charter has no \"zzzzzzzzzz\"");
	snprintf(definition->policy, sizeof(definition->policy), "default");
	definition->revision = 2;
	refuse(&defined, ERR_VERSION, "secret: revision 2");
}

static void
a_definition_changed_after_parsing_is_refused(void **state)
{
	(void)state;
	struct err err;
	DEFINED defined = {0};
	DSSE statement = {0};
	DSSE other = {0};
	DEFINITION definition = {0};
	define(&defined);
	defined_state(&defined, &statement);
	sign_with(&statement, defined.founded.keys[OPS][KEY_SIGN]);
	fine(definition_parse(&statement, false, &definition, &err), &err);
	snprintf(defined.definition.effect, EFFECT_MAX, "nothing at all");
	defined_state(&defined, &other);
	sign_with(&other, defined.founded.keys[OPS][KEY_SIGN]);
	expect_error(definition_verify(&other, &definition, defined.charter,
	                 &defined.charter->digest, &err),
	    ERR_INTEGRITY, &err, "secret: the statement has another");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_definition_reads_back_as_it_was_written),
	    cmocka_unit_test(every_broken_member_is_refused_with_its_name),
	    cmocka_unit_test(a_target_over_its_limit_is_refused),
	    cmocka_unit_test(a_training_definition_is_refused_in_production),
	    cmocka_unit_test(an_operator_must_sign_it),
	    cmocka_unit_test(unknown_signers_are_refused),
	    cmocka_unit_test(it_must_fit_vault_charter_and_revision),
	    cmocka_unit_test(a_definition_changed_after_parsing_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
