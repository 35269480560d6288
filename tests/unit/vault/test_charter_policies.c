/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault/documents/charter_verify.c: a charter that changes or ends a policy needs that policy's present quorum too.
 * Officers ciso, infra and audit; ciso and infra may change the charter; the policies are "both" (any two of the
 * three), "near" (infra and audit) and "far" (ciso and audit).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/lib/founded.h"
#include "vault/documents/charter_verify.h"

/* Who signs, as bits; and sets of such sets, as bits again. */
enum { BY_CISO = 1, BY_INFRA = 2, BY_AUDIT = 4, EVERYBODY = 7, SETS = 8, BY_OPS = 8 };
#define SET(who) (1u << (who))
enum { BOTH = 0, NEAR = 1, FAR = 2 };

static void
put_policy(struct charter *charter, size_t index, const char *name, const char *quorum)
{
	struct policy *policy = &charter->policies[index];

	*policy = charter->policies[0];
	snprintf(policy->name, sizeof(policy->name), "%s", name);
	snprintf(policy->quorum_text, sizeof(policy->quorum_text), "%s", quorum);
	if (charter->policy_count <= index)
		charter->policy_count = index + 1;
}

static void
parse(const struct dsse *statement, struct charter **ret_charter)
{
	struct err err;

	fine(charter_parse(statement, ret_charter, &err), &err);
}

/* Charter 1, parsed; and in FOUNDED what charter 2 is to be: the same so far. */
static void
prepare(struct founded *founded, struct charter **ret_first)
{
	struct charter *charter;
	DSSE statement = {0};

	found(founded);
	charter = founded->charter;
	snprintf(charter->change_text, QUORUM_TEXT_MAX, "2 of (ciso, infra)");
	put_policy(charter, BOTH, "both", "2 of (ciso, infra, audit)");
	put_policy(charter, NEAR, "near", "2 of (infra, audit)");
	put_policy(charter, FAR, "far", "2 of (ciso, audit)");
	founded_state(founded, &statement);
	parse(&statement, ret_first);
	charter->version = 2;
	charter->previous = (*ret_first)->digest;
}

/* Charter 2 as it is edited, signed by WHO with the keys of charter 1, while the tokens of the seats OUT are suspended. */
static enum err_code
verify_while(const struct founded *founded, const struct charter *first, unsigned out, unsigned who,
    struct err *err)
{
	struct suspension rows[AUDIT + 1] = {0};
	struct suspensions suspended = {.rows = rows};
	DSSE statement = {0};
	CHARTER *second = NULL;

	founded_state(founded, &statement);
	parse(&statement, &second);
	for (size_t seat = CISO; seat <= OPS; seat++)
		if ((who & 1u << seat) != 0)
			sign_with(&statement, founded->keys[seat][KEY_SIGN]);
	for (size_t seat = CISO; seat <= AUDIT; seat++)
		if ((out & 1u << seat) != 0)
			rows[suspended.count++].suspended = first->seats[seat].tokens[0].id;
	return charter_verify(&statement, second, first, &suspended, err);
}

static enum err_code
verify_signed(const struct founded *founded, const struct charter *first, unsigned who,
    struct err *err)
{
	return verify_while(founded, first, 0, who, err);
}

/* ---- edits ---- */

static void
change_nothing(struct charter *charter)
{
	(void)charter;
}

static void
change_quorum(struct charter *charter)
{
	snprintf(charter->policies[NEAR].quorum_text, QUORUM_TEXT_MAX, "2 of (ciso, infra)");
}

static void
lower_quorum(struct charter *charter)
{
	snprintf(charter->policies[NEAR].quorum_text, QUORUM_TEXT_MAX, "2 of (ciso, infra, audit)");
}

static void
lengthen_leases(struct charter *charter)
{
	charter->policies[NEAR].max_duration++;
}

static void
shorten_leases(struct charter *charter)
{
	charter->policies[NEAR].max_duration--;
}

static void
lengthen_requests(struct charter *charter)
{
	charter->policies[NEAR].request_ttl++;
}

static void
raise_age(struct charter *charter)
{
	charter->policies[NEAR].max_age++;
}

static void
end_near(struct charter *charter)
{
	charter->policies[NEAR] = charter->policies[FAR];
	charter->policy_count--;
}

static void
rename_near(struct charter *charter)
{
	snprintf(charter->policies[NEAR].name, SEAT_NAME_MAX, "nearer");
}

static void
change_two(struct charter *charter)
{
	charter->policies[NEAR].max_age++;
	charter->policies[FAR].max_age++;
}

static void
change_one_and_end_one(struct charter *charter)
{
	charter->policies[BOTH].max_age++;
	end_near(charter);
}

static void
add_one(struct charter *charter)
{
	put_policy(charter, 3, "new", "2 of (ciso, audit)");
}

static void
reorder(struct charter *charter)
{
	struct policy policy = charter->policies[NEAR];

	charter->policies[NEAR] = charter->policies[FAR];
	charter->policies[FAR] = policy;
}

static void
swap_names(struct charter *charter)
{
	snprintf(charter->policies[NEAR].name, SEAT_NAME_MAX, "far");
	snprintf(charter->policies[FAR].name, SEAT_NAME_MAX, "near");
}

static void
reorder_seats(struct charter *charter)
{
	snprintf(charter->policies[NEAR].quorum_text, QUORUM_TEXT_MAX, "2 of (audit, infra)");
}

static void
change_both(struct charter *charter)
{
	charter->policies[BOTH].max_duration++;
}

static void
change_all(struct charter *charter)
{
	change_both(charter);
	change_two(charter);
}

static void
pass_the_charter_on(struct charter *charter)
{
	snprintf(charter->change_text, QUORUM_TEXT_MAX, "2 of (ciso, audit)");
}

/* By everybody, or by the two who may change the charter. */
enum { ALL = SET(EVERYBODY), TWO = SET(EVERYBODY) | SET(BY_CISO | BY_INFRA) };

static const struct row {
	const char *what;
	void (*edit)(struct charter *charter);
	unsigned enough; /* sets of signers under which it is in force */
} rows[] = {
    {"nothing", change_nothing, TWO},
    {"another quorum", change_quorum, ALL},
    {"a lower quorum", lower_quorum, ALL},
    {"longer leases", lengthen_leases, ALL},
    {"shorter leases", shorten_leases, ALL},
    {"longer requests", lengthen_requests, ALL},
    {"older versions", raise_age, ALL},
    {"its end", end_near, ALL},
    {"another name", rename_near, ALL},
    {"two at once", change_two, ALL},
    {"one changes, one ends", change_one_and_end_one, ALL},
    {"all three", change_all, ALL},
    {"one more", add_one, TWO},
    {"another order", reorder, TWO},
    {"names swapped", swap_names, ALL},
    {"seats in another order", reorder_seats, ALL},
    {"its quorum is within the change quorum", change_both, TWO},
    {"the change quorum only", pass_the_charter_on, ALL},
};

static void
a_changed_policy_needs_its_present_quorum_and_an_unchanged_one_does_not(void **state)
{
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	struct charter same;

	(void)state;
	prepare(&founded, &first);
	same = *founded.charter;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned who = 0; who < SETS; who++) {
			struct err err = {0};
			enum err_code code;

			*founded.charter = same;
			rows[i].edit(founded.charter);
			code = verify_signed(&founded, first, who, &err);
			if (code != ((rows[i].enough & SET(who)) != 0 ? ERR_OK : ERR_WAITING))
				fail_msg("%s, signed by %u: %s", rows[i].what, who,
				    code == ERR_OK ? "in force" : err.text);
		}
}

static void
what_is_missing_names_each_policy_its_quorum_and_who_has_not_signed(void **state)
{
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	struct err err;

	(void)state;
	prepare(&founded, &first);
	change_two(founded.charter);
	expect_error(verify_signed(&founded, first, BY_CISO | BY_INFRA, &err), ERR_WAITING, &err,
	    "it changes the policy near, whose present quorum (2 of (infra, audit)) needs 1 more "
	    "signature; not signed yet by audit. charter: it changes the policy far, whose present "
	    "quorum (2 of (ciso, audit)) needs 1 more signature; not signed yet by audit");
	assert_null(strstr(err.text, "the quorum of charter"));
	/* What the charter itself lacks is told with it. */
	expect_error(verify_signed(&founded, first, BY_AUDIT, &err), ERR_WAITING, &err,
	    "the quorum of charter 1 (2 of (ciso, infra)) needs 2 more signatures");
	assert_non_null(strstr(err.text, "policy near"));
	assert_non_null(strstr(err.text, "policy far"));
	end_near(founded.charter);
	expect_error(verify_signed(&founded, first, BY_CISO | BY_INFRA, &err), ERR_WAITING, &err,
	    "policy near, whose");
}

/* The seat that n + 1 leaves out still stands in n. */
static void
a_seat_that_leaves_with_the_change_signs_it(void **state)
{
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	struct charter *second;
	struct err err;

	(void)state;
	prepare(&founded, &first);
	second = founded.charter;
	second->seats[AUDIT] = second->seats[OPS];
	second->seat_count--;
	for (size_t i = 0; i < second->policy_count; i++)
		snprintf(second->policies[i].quorum_text, QUORUM_TEXT_MAX, "2 of (ciso, infra)");
	expect_error(verify_signed(&founded, first, BY_CISO | BY_INFRA, &err), ERR_WAITING, &err,
	    "policy near, whose present quorum (2 of (infra, audit)) needs 1 more");
	fine(verify_signed(&founded, first, EVERYBODY, &err), &err);
}

/* Who may change the charter cannot give a seat another key and sign for it in one step. */
static void
a_key_that_the_charter_itself_brings_does_not_sign_for_the_policy(void **state)
{
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	CHARTER *second = NULL;
	DSSE statement = {0};
	struct err err;

	(void)state;
	prepare(&founded, &first);
	lengthen_leases(founded.charter);
	founded.charter->seats[AUDIT].tokens[0].serial = 4000;
	put_key(&founded.charter->seats[AUDIT].tokens[0], KEY_SIGN, founded.spares[3]);
	founded_state(&founded, &statement);
	parse(&statement, &second);
	sign_with(&statement, founded.keys[CISO][KEY_SIGN]);
	sign_with(&statement, founded.keys[INFRA][KEY_SIGN]);
	sign_with(&statement, founded.spares[3]);
	expect_error(charter_verify(&statement, second, first, NULL, &err), ERR_WAITING, &err,
	    "not signed yet by audit");
	sign_with(&statement, founded.keys[AUDIT][KEY_SIGN]);
	fine(charter_verify(&statement, second, first, NULL, &err), &err);
}

/* Charter 1 in which ops is an officer too: ciso and ops change the charter, infra and audit answer for "apart". */
static void
prepare_apart(struct founded *founded, struct charter **ret_first)
{
	struct charter *charter;
	DSSE statement = {0};

	found(founded);
	charter = founded->charter;
	charter->seats[OPS].roles |= ROLE_OFFICER;
	put_key(&charter->seats[OPS].tokens[0], KEY_SHARE, founded->keys[OPS][KEY_SHARE]);
	snprintf(charter->change_text, QUORUM_TEXT_MAX, "2 of (ciso, ops)");
	put_policy(charter, 0, "apart", "2 of (infra, audit)");
	founded_state(founded, &statement);
	parse(&statement, ret_first);
	charter->version = 2;
	charter->previous = (*ret_first)->digest;
	charter->policies[0].max_duration++;
}

static void
where_suspensions_leave_no_quorum_all_of_it_sign_who_can_and_otherwise_nobody(void **state)
{
	static const struct {
		unsigned out, who; /* beside ciso and ops, who always sign */
		const char *missing;
	} cases[] = {
	    {0, 0, "(2 of (infra, audit)) needs 2 more signatures; not signed yet by infra, audit"},
	    {0, BY_INFRA, "needs 1 more signature; not signed yet by audit"},
	    {0, BY_INFRA | BY_AUDIT, NULL},
	    {BY_AUDIT, 0,
	        "policy apart, whose present quorum (2 of (infra, audit)) cannot be met: too few of its "
	        "seats are left with a token that may sign, so everybody of it must sign who can; not signed yet by infra"},
	    {BY_AUDIT, BY_INFRA, NULL},
	    {BY_INFRA, 0, "everybody of it must sign who can; not signed yet by audit"},
	    {BY_INFRA, BY_AUDIT, NULL},
	    {BY_INFRA | BY_AUDIT, 0, NULL},
	};
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	struct err err;

	(void)state;
	prepare_apart(&founded, &first);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum err_code code = verify_while(&founded, first, cases[i].out,
		    BY_CISO | BY_OPS | cases[i].who, &err);

		if (cases[i].missing != NULL)
			expect_error(code, ERR_WAITING, &err, cases[i].missing);
		else
			fine(code, &err);
	}
}

/* Of three one is suspended: two can still be asked, and the one who is left does not stand for them. */
static void
a_quorum_that_can_still_be_met_is_not_excused(void **state)
{
	FOUNDED founded = {0};
	CHARTER *first = NULL;
	struct err err;

	(void)state;
	prepare_apart(&founded, &first);
	put_policy(first, 0, "apart", "2 of (ciso, infra, audit)");
	fine(quorum_parse(first->policies[0].quorum_text, &first->policies[0].quorum, &err), &err);
	expect_error(verify_while(&founded, first, BY_AUDIT, BY_CISO | BY_OPS, &err), ERR_WAITING,
	    &err, "needs 1 more signature; not signed yet by infra");
	fine(verify_while(&founded, first, BY_AUDIT, BY_CISO | BY_OPS | BY_INFRA, &err), &err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        a_changed_policy_needs_its_present_quorum_and_an_unchanged_one_does_not),
	    cmocka_unit_test(what_is_missing_names_each_policy_its_quorum_and_who_has_not_signed),
	    cmocka_unit_test(a_seat_that_leaves_with_the_change_signs_it),
	    cmocka_unit_test(
	        where_suspensions_leave_no_quorum_all_of_it_sign_who_can_and_otherwise_nobody),
	    cmocka_unit_test(a_quorum_that_can_still_be_met_is_not_excused),
	    cmocka_unit_test(a_key_that_the_charter_itself_brings_does_not_sign_for_the_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
