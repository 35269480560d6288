/* SPDX-License-Identifier: Apache-2.0 */
/* Who receives: rosters and enrolments, as far as a credential (ceremony/server/documents/{roster,enrolments}.c). */
#include "tests/unit/server/server_bench.h"

#include "base/secret.h"

/* alice's vault, and the roster as it is edited. */
struct town {
	struct bench *bench;
	struct roster *roster;
	struct dsse statement; /* the last that was drawn up */
};

static struct seat *
alice(struct town *town)
{
	return &town->roster->seats[0];
}

/* The next roster as it is edited, signed by infra; the enrolments of people FIRST to LAST come with it. */
static enum err_code
propose(struct town *town, int first, int last, struct err *ret_err)
{
	struct bench *bench = town->bench;
	struct err err;
	JSON *payload = NULL;

	town->roster->created = bench->shared->now;
	assert_ok(roster_payload(town->roster, &payload, &err));
	dsse_done(&town->statement);
	town->statement = (struct dsse){0};
	assert_ok(statement_new(STATEMENT_ROSTER, false, payload, &town->statement, &err));
	person_sign(&bench->people[INFRA], &town->statement);
	return bench_propose(bench, &town->statement, first, last, ret_err);
}

/* Is it in force with PERSON's signature? */
static bool
signs(struct town *town, int person)
{
	struct err err;
	bool live;

	assert_ok(
	    bench_sign(town->bench, &town->bench->people[person], &town->statement, &live, &err));
	if (live) {
		assert_ok(dsse_digest(&town->statement, &town->roster->previous, &err));
		town->roster->version++;
	}
	return live;
}

static void
give(struct town *town, int person)
{
	alice(town)->tokens[alice(town)->token_count++] =
	    town->bench->people[person].seat.tokens[0];
}

static void
assert_opens(struct bench *bench, int person, const struct id *id, bool opens)
{
	struct err err;
	SECRET *credential = NULL;
	enum err_code code = bench_open(bench, &bench->people[person], id, &credential, NULL, &err);

	assert_int_equal(code, opens ? ERR_OK : ERR_REFUSED);
	if (!opens)
		assert_says("nothing was sealed to this token");
}

static void
approve_by(struct bench *bench, int person, const struct id *id)
{
	struct err err;

	assert_ok(bench_approve(bench, &bench->people[person], id, &err));
}

static void
nobody_adds_a_receiver_to_somebody_elses_seat(void **state)
{
	struct town *town = *state;
	struct bench *bench = town->bench;
	struct err err;
	bool live;

	give(town, OTHER);
	assert_ok(propose(town, OTHER, OTHER, &err));
	assert_false(signs(town, AUDIT));
	/* Its own token's word is none of the seat's. */
	assert_error(ERR_REFUSED,
	    bench_sign(bench, &bench->people[OTHER], &town->statement, &live, &err));
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	approve_by(bench, CISO, &id);
	approve_by(bench, SECOPS, &id);
	assert_opens(bench, OTHER, &id, false);
	assert_opens(bench, ALICE, &id, true);
}

static void
a_credential_is_sealed_to_the_named_recipients_only(void **state)
{
	struct town *town = *state;
	struct bench *bench = town->bench;
	struct err err;

	give(town, OTHER);
	assert_ok(propose(town, OTHER, OTHER, &err));
	assert_false(signs(town, AUDIT));
	assert_true(signs(town, ALICE)); /* her own spare */
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	approve_by(bench, CISO, &id);
	approve_by(bench, SECOPS, &id);
	assert_opens(bench, OTHER, &id, false);
	assert_opens(bench, ALICE, &id, true);
}

static void
a_token_that_comes_to_the_seat_while_officers_approve_voids_what_was_asked(void **state)
{
	struct town *town = *state;
	struct bench *bench = town->bench;
	struct err err;
	SHOWN shown = {0};
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");

	approve_by(bench, CISO, &id);
	give(town, OTHER);
	assert_ok(propose(town, OTHER, OTHER, &err));
	assert_true(signs(town, CISO)); /* with infra, the charter's change quorum */
	assert_error(ERR_REFUSED, bench_approve(bench, &bench->people[SECOPS], &id, &err));
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_string_equal(shown.reason, "a new roster changes the requester's seat");
}

static void
a_seat_that_was_removed_comes_back_by_its_own_word(void **state)
{
	struct town *town = *state;
	struct bench *bench = town->bench;
	struct err err;

	town->roster->seat_count = 0;
	assert_ok(propose(town, 0, -1, &err));
	assert_true(signs(town, AUDIT));
	/* With somebody else's token. */
	town->roster->seat_count = 1;
	alice(town)->tokens[0] = bench->people[OTHER].seat.tokens[0];
	assert_ok(propose(town, OTHER, OTHER, &err));
	assert_false(signs(town, AUDIT));
	/* By the file of old. */
	alice(town)->tokens[0] = bench->people[ALICE].seat.tokens[0];
	assert_error(ERR_REFUSED, propose(town, ALICE, ALICE, &err));
	assert_says("token \"alice-1\": its enrolment was accepted before, and is accepted once");
	bench_enroll_again(bench, &bench->people[ALICE]);
	alice(town)->tokens[0] = bench->people[ALICE].seat.tokens[0];
	assert_ok(propose(town, ALICE, ALICE, &err));
	assert_false(signs(town, AUDIT));
	assert_true(signs(town, ALICE));
	(void)bench_request(bench, &bench->people[ALICE], "prod/db");
	bench_verify(bench);
}

static void
an_enrolment_that_expired_admits_nobody(void **state)
{
	struct town *town = *state;
	struct bench *bench = town->bench;
	struct err err;
	bool live;

	give(town, OTHER);
	bench->shared->now = BENCH_START + ENROLMENT_LIFE - 1;
	assert_ok(propose(town, OTHER, OTHER, &err));
	assert_false(signs(town, AUDIT));
	bench->shared->now++;
	assert_error(ERR_EXPIRED,
	    bench_sign(bench, &bench->people[ALICE], &town->statement, &live, &err));
	assert_says("token 1000007: expires: it could be accepted until 2026-01-31T00:00:00Z");
	assert_error(ERR_EXPIRED, propose(town, OTHER, OTHER, &err));
	/* Those that were accepted in time stay. */
	alice(town)->token_count = 1;
	assert_ok(propose(town, 0, -1, &err));
	assert_true(signs(town, AUDIT));
	bench_charter(bench, 1800);
	bench_verify(bench);
}

static void
an_enrolment_that_does_not_fit_is_named_and_nothing_changes(void **state)
{
	struct town *town = *state;
	struct bench *bench = town->bench;
	struct err err;
	uint64_t before = bench_log_size(bench);
	struct seat fits;

	give(town, OTHER);
	fits = *alice(town);
	assert_error(ERR_INVALID, propose(town, 0, -1, &err));
	assert_says("seat \"alice\": hand in the enrolment file of token 1000007");
	assert_error(ERR_INVALID, propose(town, SECOND, OTHER, &err));
	assert_says("enrolments[0] is of a token that does not stand in the document");
#define DIFFERS(what, change)                                                                      \
	do {                                                                                       \
		*alice(town) = fits;                                                               \
		change;                                                                            \
		assert_error(ERR_INTEGRITY, propose(town, OTHER, OTHER, &err));                    \
		assert_says("token 1000007: its enrolment says otherwise about: " what);           \
	} while (0)
	DIFFERS("label", alice(town)->tokens[1].label[0] = 'b');
	DIFFERS("firmware", alice(town)->tokens[1].firmware[0] = 6);
	DIFFERS("release", alice(town)->tokens[1].keys[KEY_RELEASE] = bench->charter->host_escrow);
	DIFFERS("seat", snprintf(alice(town)->name, SEAT_NAME_MAX, "alicia");
	        alice(town)->tokens[0] = alice(town)->tokens[1]; alice(town)->token_count = 1);
	/* Nor of one that stands there already, which brings no file. */
	*alice(town) = bench->people[ALICE].seat;
	alice(town)->tokens[0].firmware[0]++;
	assert_error(ERR_INTEGRITY, propose(town, 0, -1, &err));
	assert_says("token 1000005: its enrolment says otherwise about: firmware");
#undef DIFFERS
	assert_true(bench_log_size(bench) == before);
	*alice(town) = fits;
	assert_ok(propose(town, OTHER, OTHER, &err));
}

static int
setup(void **state)
{
	struct town *town = calloc(1, sizeof(*town));
	struct err err;

	town->bench = bench_new(false);
	bench_add_secret(town->bench);
	assert_ok(roster_new(&town->roster, &err));
	town->roster->vault = town->bench->vault_id;
	town->roster->charter = town->bench->charter->digest;
	town->roster->version = 2;
	town->roster->previous = town->bench->roster;
	town->roster->seat_count = 1;
	town->roster->seats[0] = town->bench->people[ALICE].seat;
	*state = town;
	return 0;
}

static int
teardown(void **state)
{
	struct town *town = *state;

	dsse_done(&town->statement);
	roster_freep(&town->roster);
	bench_free(town->bench);
	free(town);
	return 0;
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(nobody_adds_a_receiver_to_somebody_elses_seat),
	    CASE(a_credential_is_sealed_to_the_named_recipients_only),
	    CASE(a_token_that_comes_to_the_seat_while_officers_approve_voids_what_was_asked),
	    CASE(a_seat_that_was_removed_comes_back_by_its_own_word),
	    CASE(an_enrolment_that_expired_admits_nobody),
	    CASE(an_enrolment_that_does_not_fit_is_named_and_nothing_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
