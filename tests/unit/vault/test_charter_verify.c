/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/charter_verify.c: every set of signatures, and what may follow what. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/lib/founded.h"
#include "vault/documents/charter.h"
#include "vault/documents/charter_verify.h"

static void
parse(const struct dsse *statement, struct charter **ret_charter)
{
	struct err err;
	fine(charter_parse(statement, ret_charter, &err), &err);
}

static void
charter_1_needs_every_officer_and_names_who_is_missing(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	found(&founded);
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	expect_error(charter_verify(&statement, charter, NULL, NULL, &err), ERR_WAITING, &err,
	    "not signed yet by ciso, infra, audit");
	sign_with(&statement, founded.keys[INFRA][KEY_SIGN]);
	sign_with(&statement, founded.keys[OPS][KEY_SIGN]); /* welcome, but no officer */
	expect_error(charter_verify(&statement, charter, NULL, NULL, &err), ERR_WAITING, &err,
	    "not signed yet by ciso, audit");
	sign_with(&statement, founded.keys[AUDIT][KEY_SIGN]);
	expect_error(charter_verify(&statement, charter, NULL, NULL, &err), ERR_WAITING, &err,
	    "not signed yet by ciso");
	sign_with(&statement, founded.keys[CISO][KEY_SIGN]);
	fine(charter_verify(&statement, charter, NULL, NULL, &err), &err);
}

static void
a_share_key_does_not_sign(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	found(&founded);
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	sign_with(&statement, founded.keys[CISO][KEY_SHARE]);
	expect_error(charter_verify(&statement, charter, NULL, NULL, &err), ERR_REFUSED, &err,
	    "unknown key");
}

/* Signed by every officer, with one more or one broken signature. */
static void
unknown_wrong_and_repeated_signatures_are_refused(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	found(&founded);
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	for (size_t i = 0; i < OPS; i++)
		sign_with(&statement, founded.keys[i][KEY_SIGN]);
	sign_with(&statement, founded.spares[3]);
	expect_error(charter_verify(&statement, charter, NULL, NULL, &err), ERR_REFUSED, &err,
	    "charter: signed with an unknown key");
	snprintf(statement.signatures[3].keyid, sizeof(statement.signatures[3].keyid), "host");
	expect_error(charter_verify(&statement, charter, NULL, NULL, &err), ERR_REFUSED, &err,
	    "charter: signed with an unknown key, host");
	statement.count = 3;
	statement.signatures[1].sig[20] ^= 1;
	expect_error(charter_verify(&statement, charter, NULL, NULL, &err), ERR_INTEGRITY, &err,
	    "charter: infra, token serial 1001");
	statement.signatures[1].sig[20] ^= 1;
	fine(charter_verify(&statement, charter, NULL, NULL, &err), &err);
	/* Past dsse_add, which would refuse it. */
	statement.signatures[3] = statement.signatures[0];
	statement.count = 4;
	expect_error(charter_verify(&statement, charter, NULL, NULL, &err), ERR_INVALID, &err,
	    "token serial 1000 of ciso signed twice");
}

static void
signatures_count_for_this_statement_only(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	DSSE other = {0};
	CHARTER *charter = NULL;
	CHARTER *other_charter = NULL;
	found(&founded);
	founded_state(&founded, &statement);
	founded_state(&founded, &other); /* the same text under another nonce */
	parse(&statement, &charter);
	parse(&other, &other_charter);
	for (size_t i = 0; i < OPS; i++)
		sign_with(&statement, founded.keys[i][KEY_SIGN]);
	expect_error(charter_verify(&statement, other_charter, NULL, NULL, &err), ERR_INTEGRITY,
	    &err, "charter: the statement has another digest");
	memcpy(other.signatures, statement.signatures, sizeof(other.signatures));
	other.count = statement.count;
	expect_error(charter_verify(&other, other_charter, NULL, NULL, &err), ERR_INTEGRITY, &err,
	    "charter: ciso, token serial 1000");
}

/* Charter 1, parsed; and in FOUNDED what charter 2 is to be: legal takes the place of audit. */
static void
prepare_second(struct founded *founded, struct charter **ret_first)
{
	DSSE statement = {0};
	found(founded);
	founded_state(founded, &statement);
	parse(&statement, ret_first);
	struct charter *second = founded->charter;
	second->version = 2;
	second->previous = (*ret_first)->digest;
	snprintf(second->seats[AUDIT].name, SEAT_NAME_MAX, "legal");
	snprintf(second->seats[AUDIT].tokens[0].label, LABEL_MAX, "legal key");
	second->seats[AUDIT].tokens[0].serial = 3000;
	put_key(&second->seats[AUDIT].tokens[0], KEY_SIGN, founded->spares[1]);
	put_key(&second->seats[AUDIT].tokens[0], KEY_SHARE, founded->spares[2]);
	snprintf(second->policies[0].quorum_text, QUORUM_TEXT_MAX, "2 of (ciso, infra, legal)");
	snprintf(second->change_text, QUORUM_TEXT_MAX, "2 of (infra, legal)");
}

static void
charter_2_needs_the_quorums_of_both(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	prepare_second(&founded, &first);
	const struct p256_key *ciso = founded.keys[CISO][KEY_SIGN];
	const struct p256_key *infra = founded.keys[INFRA][KEY_SIGN];
	const struct p256_key *audit = founded.keys[AUDIT][KEY_SIGN];
	const struct p256_key *legal = founded.spares[1];
	const struct {
		const struct p256_key *signers[4];
		enum err_code code;
		const char *text;
	} rows[] = {
	    {{NULL}, ERR_WAITING,
	        "the quorum of charter 1 (2 of (ciso, infra, audit)) needs 2 more "
	        "signatures; not signed yet by ciso, infra, audit"},
	    {{ciso, audit}, ERR_WAITING,
	        "the quorum of charter 2 (2 of (infra, legal)) needs 2 more "
	        "signatures; not signed yet by infra, legal"},
	    {{ciso, infra}, ERR_WAITING,
	        "the quorum of charter 2 (2 of (infra, legal)) needs 1 more "
	        "signature; not signed yet by legal"},
	    {{infra, legal}, ERR_WAITING, "the quorum of charter 1"},
	    {{ciso, infra, legal}, ERR_OK, ""},
	    {{ciso, audit, infra, legal}, ERR_OK, ""},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE statement = {0};
		CHARTER *second = NULL;
		founded_state(&founded, &statement);
		parse(&statement, &second);
		for (size_t j = 0; j < 4 && rows[i].signers[j] != NULL; j++)
			sign_with(&statement, rows[i].signers[j]);
		enum err_code code = charter_verify(&statement, second, first, NULL, &err);
		if (rows[i].code == ERR_OK)
			fine(code, &err);
		else
			expect_error(code, rows[i].code, &err, rows[i].text);
	}
}

static void
a_replaced_key_counts_for_its_own_charter_only(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	DSSE statement = {0};
	CHARTER *second = NULL;
	prepare_second(&founded, &first);
	/* ciso has a new token in charter 2; the change quorum there is of ciso and infra. */
	founded.charter->seats[CISO].tokens[0].serial = 4000;
	put_key(&founded.charter->seats[CISO].tokens[0], KEY_SIGN, founded.spares[3]);
	snprintf(founded.charter->change_text, QUORUM_TEXT_MAX, "2 of (ciso, infra)");
	founded_state(&founded, &statement);
	parse(&statement, &second);
	sign_with(&statement, founded.keys[INFRA][KEY_SIGN]);
	sign_with(&statement, founded.spares[3]);
	expect_error(charter_verify(&statement, second, first, NULL, &err), ERR_WAITING, &err,
	    "the quorum of charter 1");
	sign_with(&statement, founded.keys[CISO][KEY_SIGN]);
	fine(charter_verify(&statement, second, first, NULL, &err), &err);
}

static void
a_charter_that_does_not_follow_is_refused(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	prepare_second(&founded, &first);
	struct charter good = *founded.charter;
	static const char *const causes[] = {"charter: version: 3 does not follow 1",
	    "charter: previous: names another charter 1", "charter: name: may never change",
	    "charter: training: may never change", "charter: init: may never change"};
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		DSSE statement = {0};
		CHARTER *second = NULL;
		struct charter *edit = founded.charter;
		*edit = good;
		edit->version += i == 0 ? 1 : 0;
		edit->previous.bytes[0] ^= i == 1 ? 1 : 0;
		edit->name[0] = i == 2 ? 'x' : edit->name[0];
		edit->training = i == 3;
		edit->init.bytes[0] ^= i == 4 ? 1 : 0;
		founded_state(&founded, &statement);
		parse(&statement, &second);
		sign_with(&statement, founded.keys[CISO][KEY_SIGN]);
		sign_with(&statement, founded.keys[INFRA][KEY_SIGN]);
		sign_with(&statement, founded.spares[1]);
		expect_error(charter_verify(&statement, second, first, NULL, &err), ERR_INTEGRITY,
		    &err, causes[i]);
	}
}

static void
a_later_charter_alone_and_a_first_one_as_second_are_refused(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	CHARTER *second = NULL;
	DSSE statement = {0};
	DSSE again = {0};
	CHARTER *first_again = NULL;
	prepare_second(&founded, &first);
	founded_state(&founded, &statement);
	parse(&statement, &second);
	for (size_t i = 0; i < AUDIT; i++)
		sign_with(&statement, founded.keys[i][KEY_SIGN]);
	sign_with(&statement, founded.spares[1]);
	expect_error(charter_verify(&statement, second, NULL, NULL, &err), ERR_INVALID, &err,
	    "charter 2 cannot be verified without the one before it");
	founded.charter->version = 1;
	founded_state(&founded, &again);
	parse(&again, &first_again);
	expect_error(charter_verify(&again, first_again, first, NULL, &err), ERR_INTEGRITY, &err,
	    "charter: version: 1 does not follow 1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(charter_1_needs_every_officer_and_names_who_is_missing),
	    cmocka_unit_test(a_share_key_does_not_sign),
	    cmocka_unit_test(unknown_wrong_and_repeated_signatures_are_refused),
	    cmocka_unit_test(signatures_count_for_this_statement_only),
	    cmocka_unit_test(charter_2_needs_the_quorums_of_both),
	    cmocka_unit_test(a_replaced_key_counts_for_its_own_charter_only),
	    cmocka_unit_test(a_charter_that_does_not_follow_is_refused),
	    cmocka_unit_test(a_later_charter_alone_and_a_first_one_as_second_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
