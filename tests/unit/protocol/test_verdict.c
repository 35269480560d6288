/* SPDX-License-Identifier: Apache-2.0 */
/* ceremony/protocol/verdict.c: a truth table over five seats, and what keeps a seat from counting. */
#include "ceremony/protocol/verdict.h"

#include "tests/unit/check.h"

enum { SEATS = 5 };
static const char *const names[SEATS] = {"ciso", "secops", "infra", "audit", "legal"};

struct bench {
	struct quorum header, policy;
	struct seat seats[SEATS];
	const char *approved[SEATS], *denied[SEATS];
	struct verdict_facts facts;
};

static void
set(struct bench *bench, const char *header, const char *policy)
{
	struct err err;

	memset(bench, 0, sizeof(*bench));
	assert_ok(quorum_parse(header, &bench->header, &err));
	assert_ok(quorum_parse(policy, &bench->policy, &err));
	for (int i = 0; i < SEATS; i++) {
		memcpy(bench->seats[i].name, names[i], strlen(names[i]) + 1);
		bench->seats[i].roles = ROLE_OFFICER;
	}
	bench->facts = (struct verdict_facts){.header = &bench->header,
	    .policy = &bench->policy,
	    .seats = bench->seats,
	    .seat_count = SEATS,
	    .requester = "alice",
	    .approved = bench->approved,
	    .denied = bench->denied,
	    .now = 100,
	    .deadline = 200,
	    .charter_unchanged = true};
}

static void
approve(struct bench *bench, const char *name)
{
	bench->approved[bench->facts.approved_count++] = name;
}

static void
deny(struct bench *bench, const char *name)
{
	bench->denied[bench->facts.denied_count++] = name;
}

static void
assert_verdict(const struct bench *bench, enum verdict expected, int missing, const char *text)
{
	BUF said = {0};
	int got = -5;

	assert_int_equal(verdict_of(&bench->facts, &got, &said), expected);
	assert_int_equal(got, missing);
	assert_string_equal(said.size > 0 ? buf_string(&said) : "", text);
}

static unsigned
bits(unsigned set_of)
{
	return (unsigned)__builtin_popcount(set_of);
}

/* 3 of 5: each of the 3^5 ways to be silent, to approve and to deny. */
static void
the_truth_table_of_three_of_five_holds(void **state)
{
	(void)state;
	for (unsigned approved = 0; approved < 1u << SEATS; approved++)
		for (unsigned denied = 0; denied < 1u << SEATS; denied++) {
			struct bench bench;
			BUF text = {0};
			int missing;
			unsigned counting = bits(approved & ~denied), able = SEATS - bits(denied);

			set(&bench, "3 of (ciso, secops, infra, audit, legal)",
			    "3 of (ciso, secops, infra, audit, legal)");
			for (unsigned i = 0; i < SEATS; i++) {
				if ((approved & 1u << i) != 0)
					approve(&bench, names[i]);
				if ((denied & 1u << i) != 0)
					deny(&bench, names[i]);
			}
			enum verdict expected = able < 3 ? VERDICT_UNREACHABLE :
			    counting >= 3                ? VERDICT_MET :
			                                   VERDICT_OPEN;
			assert_int_equal(verdict_of(&bench.facts, &missing, &text), expected);
			assert_int_equal(missing, expected == VERDICT_OPEN ? 3 - (int)counting : 0);
		}
}

static void
the_requesters_seat_never_counts(void **state)
{
	struct bench bench;

	(void)state;
	set(&bench, "2 of (ciso, secops, infra)", "2 of (ciso, secops, infra)");
	bench.facts.requester = "ciso";
	approve(&bench, "ciso");
	approve(&bench, "secops");
	assert_verdict(&bench, VERDICT_OPEN, 1, "1 more of infra");
	approve(&bench, "infra");
	assert_verdict(&bench, VERDICT_MET, 0, "");
}

static void
a_quorum_that_needs_the_requester_is_unreachable(void **state)
{
	struct bench bench;

	(void)state;
	set(&bench, "2 of (ciso, secops)", "2 of (ciso, secops)");
	bench.facts.requester = "ciso";
	assert_verdict(&bench, VERDICT_UNREACHABLE, 0, "the quorum cannot be met any more");
}

static void
a_seat_that_is_gone_or_no_officer_does_not_count(void **state)
{
	struct bench bench;

	(void)state;
	set(&bench, "2 of (ciso, secops, infra)", "2 of (ciso, secops, infra)");
	approve(&bench, "ciso");
	approve(&bench, "secops");
	bench.seats[0].roles = ROLE_OPERATOR | ROLE_RESPONDER;
	assert_verdict(&bench, VERDICT_OPEN, 1, "1 more of infra");
	bench.seats[1].name[0] = 'x';
	assert_verdict(&bench, VERDICT_UNREACHABLE, 0, "the quorum cannot be met any more");
}

static void
the_same_seat_twice_counts_once(void **state)
{
	struct bench bench;

	(void)state;
	set(&bench, "2 of (ciso, secops, infra)", "2 of (ciso, secops, infra)");
	approve(&bench, "ciso");
	approve(&bench, "ciso");
	assert_verdict(&bench, VERDICT_OPEN, 1, "1 more of secops, infra");
}

static void
strangers_approvals_count_for_nothing(void **state)
{
	struct bench bench;

	(void)state;
	set(&bench, "1 of (ciso) and 1 of (secops)", "1 of (ciso) and 1 of (secops)");
	approve(&bench, "audit");
	approve(&bench, "legal");
	approve(&bench, "mallory");
	assert_verdict(&bench, VERDICT_OPEN, 2, "at least 2 more of ciso, secops");
}

static void
header_and_policy_must_both_be_met(void **state)
{
	struct bench bench;

	(void)state;
	set(&bench, "2 of (ciso, secops, infra)", "2 of (secops, infra, audit)");
	approve(&bench, "ciso");
	approve(&bench, "secops");
	assert_verdict(&bench, VERDICT_OPEN, 1, "at least 1 more of infra, audit");
	approve(&bench, "infra");
	assert_verdict(&bench, VERDICT_MET, 0, "");
	deny(&bench, "infra");
	deny(&bench, "audit");
	assert_verdict(&bench, VERDICT_UNREACHABLE, 0, "the quorum cannot be met any more");
}

static void
time_decides_at_the_very_second(void **state)
{
	struct bench bench;

	(void)state;
	set(&bench, "1 of (ciso, secops)", "1 of (ciso, secops)");
	approve(&bench, "ciso");
	bench.facts.now = bench.facts.deadline - 1;
	assert_verdict(&bench, VERDICT_MET, 0, "");
	bench.facts.now = bench.facts.deadline;
	assert_verdict(&bench, VERDICT_EXPIRED, 0, "the deadline has passed");
}

static void
a_changed_charter_voids_whatever_was_approved(void **state)
{
	struct bench bench;

	(void)state;
	set(&bench, "1 of (ciso, secops)", "1 of (ciso, secops)");
	approve(&bench, "ciso");
	bench.facts.charter_unchanged = false;
	assert_verdict(&bench, VERDICT_VOID, 0, "the charter changed since the request");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_truth_table_of_three_of_five_holds),
	    cmocka_unit_test(the_requesters_seat_never_counts),
	    cmocka_unit_test(a_quorum_that_needs_the_requester_is_unreachable),
	    cmocka_unit_test(a_seat_that_is_gone_or_no_officer_does_not_count),
	    cmocka_unit_test(the_same_seat_twice_counts_once),
	    cmocka_unit_test(strangers_approvals_count_for_nothing),
	    cmocka_unit_test(header_and_policy_must_both_be_met),
	    cmocka_unit_test(time_decides_at_the_very_second),
	    cmocka_unit_test(a_changed_charter_voids_whatever_was_approved),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
