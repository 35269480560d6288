/* SPDX-License-Identifier: Apache-2.0 */
/*
 * m-1 officers: ciso and secops, where three of (ciso, secops, infra, carol) open prod/db and three of (ciso, secops, infra)
 * change the charter.  They may have what else lies about: a backup of the database, and what the third said once.
 */
#include <stdio.h>

#include "tests/adversary/stage.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/server/spare_bench.h"
#include "vault/seal/deal.h"
#include "vault/seal/envelope.h"
#include "vault/seal/payload.h"

enum { THEY = 2 };

static void *
arrive(void)
{
	struct bench *bench = bench_new(false);
	const struct person *const all[] = {&bench->people[CISO], &bench->people[SECOPS],
	    &bench->people[INFRA], &bench->people[CAROL]};
	struct charter *charter = bench->charter;
	struct err err;

	snprintf(charter->policies[0].quorum_text, sizeof(charter->policies[0].quorum_text),
	    "3 of (ciso, secops, infra, carol)");
	snprintf(charter->change_text, sizeof(charter->change_text), "3 of (ciso, secops, infra)");
	assert_ok(stage_charter(bench, all, ARRAY_SIZE(all), 0, -1, &err));
	bench_add_secret(bench);
	stage_keep(bench);
	return bench;
}

/* Both approve ID, and give their shares. */
static void
vote(struct bench *bench, const struct id *id, struct err *why)
{
	(void)!bench_approve(bench, &bench->people[CISO], id, why);
	(void)!bench_approve(bench, &bench->people[SECOPS], id, why);
}

static bool
has_voice_of(struct bench *bench, const char *seat)
{
	char where[100];

	snprintf(where, sizeof(where), "voices WHERE seat = '%s'", seat);
	return stage_rows(bench, where) > 0;
}

/* --- Votes ------------------------------------------------------------------------------------ */

static bool
two_votes_open_what_takes_three(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);

	vote(bench, &id, why);
	return !stage_is(bench, &id, "collecting");
}

/* ciso asks, who does not count then. */
static bool
a_value_is_sealed_again_by_two(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *ciso = &bench->people[CISO];
	struct request request;
	struct id id;

	bench_request_make(bench, ciso, "prod/db", &request);
	request.mode = MODE_RESEAL;
	request.recipients.count = 0;
	request.duration = 0;
	request.incident[0] = '\0';
	if (bench_request_send(bench, ciso, &request, &id, why) != ERR_OK)
		return false;
	vote(bench, &id, why);
	return !stage_is(bench, &id, "collecting");
}

static bool
the_vote_of_a_third_is_forged(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK infra = stage_mask(bench, INFRA, &bench->people[SECOPS]);
	struct id id = stage_asked(bench, ALICE);

	vote(bench, &id, why);
	(void)!bench_approve(bench, &infra, &id, why);
	return has_voice_of(bench, "infra");
}

static bool
the_vote_of_a_third_for_another_night_counts(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id first = stage_asked(bench, ALICE);
	SHOWN shown = {0};
	APPROVING approving = {0};

	bench_show(bench, &first, &shown);
	approving_draw(bench, &bench->people[INFRA], &shown, &approving);
	approving_sign(&approving);
	struct id second = stage_asked(bench, ALICE);
	vote(bench, &second, why);
	(void)!stage_send(bench, "approve", &second, "approval", &approving.statement, why);
	return has_voice_of(bench, "infra");
}

/* infra has said yes, and gives no shares yet. */
static bool
the_shares_of_a_third_are_made_up(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	struct json *message = op_new("shares");
	SHOWN shown = {0};
	APPROVING approving = {0};
	JSON *reply = NULL;
	BUF sealed = {0};
	uint8_t made_up[ENVELOPE_SHARE_SIZE + AEAD_TAG_SIZE] = {1};
	struct err err;

	bench_show(bench, &id, &shown);
	approving_draw(bench, &bench->people[INFRA], &shown, &approving);
	approving_sign(&approving);
	assert_ok(stage_send(bench, "approve", &id, "approval", &approving.statement, &err));
	json_put_hex(message, "id", VIEW_OF(id.bytes));
	bench_put_position(message, 0);
	json_put_hex(message, "approval", VIEW_OF(approving.digest.bytes));
	bench_as_field(VIEW_OF(made_up), &sealed);
	(void)!bench_call(bench, message, buf_view(&sealed), &reply, NULL, why);
	return stage_rows(bench, "shares WHERE seat = 'infra'") > 0;
}

/* What comes out with the shares of honest ones would be a key of their choice. */
static bool
a_share_that_chooses_the_key_is_taken(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	SHOWN shown = {0};
	APPROVING approving = {.spoil = true};
	struct err err;

	bench_show(bench, &id, &shown);
	approving_draw(bench, &bench->people[SECOPS], &shown, &approving);
	approving_sign(&approving);
	assert_ok(approving_send(bench, &shown, &approving, &err));
	(void)!approving_finish(bench, &shown, &approving, why);
	return stage_rows(bench, "shares") > 0;
}

static bool
a_night_is_denied_by_two(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);

	(void)!bench_object(bench, &bench->people[CISO], &id, STATEMENT_DENIAL, why);
	(void)!bench_object(bench, &bench->people[SECOPS], &id, STATEMENT_DENIAL, why);
	return stage_is(bench, &id, "refused");
}

/* --- What they hold --------------------------------------------------------------------------- */

/* The shares of PERSON, by an approval of ID. */
static void
take_shares(struct bench *bench, int person, const struct id *id, struct shown *shown,
    struct approving *approving)
{
	struct err err;

	bench_show(bench, id, shown);
	approving_draw(bench, &bench->people[person], shown, approving);
	approving_sign(approving);
	assert_ok(approving_send(bench, shown, approving, &err));
}

/* PERSON's cell of what two would have dealt. */
static void
put_share(const struct quorum *quorum, struct secret *matrix, const struct approving *approving,
    bool *present)
{
	int seat = quorum_seat(quorum, approving->person->name);

	assert_true(seat >= 0);
	memcpy(deal_cell(quorum, matrix, 0, (unsigned)seat),
	    secret_data(approving->shares) + ENVELOPE_SHARE_SIZE - DEAL_SIZE, DEAL_SIZE);
	present[seat] = true;
}

/* Put together as if two were enough, over what a backup has. */
static bool
two_shares_give_the_value(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	SHOWN shown = {0}, again = {0};
	APPROVING ciso = {0}, secops = {0};
	BUF header = {0}, ciphertext = {0};
	SECRET *credential = NULL, *matrix = NULL, *key = NULL;
	bool present[QUORUM_SEATS] = {false};
	struct quorum quorum;
	struct err err;

	take_shares(bench, CISO, &id, &shown, &ciso);
	take_shares(bench, SECOPS, &id, &again, &secops);
	stage_blob(bench, "SELECT header FROM versions WHERE state = 'current'", &header);
	stage_blob(bench, "SELECT ciphertext FROM versions WHERE state = 'current'", &ciphertext);
	assert_ok(quorum_parse("2 of (ciso, secops, infra, carol)", &quorum, &err));
	assert_ok(deal_new(&quorum, &matrix, &err));
	put_share(&quorum, matrix, &ciso, present);
	put_share(&quorum, matrix, &secops, present);
	assert_ok(deal_combine(&quorum, 0, present, matrix, &key, &err));
	return payload_open(shown.header, key, buf_view(&header), buf_view(&ciphertext),
	           &credential, why) == ERR_OK &&
	    target_accepts(bench, credential);
}

/* secops hands on to a token of carol's, who would have two then. */
static bool
a_share_is_handed_on_into_another_seat(void *stage, struct err *why)
{
	struct bench *bench = stage;
	HANDING handing = {0};
	struct item item;

	bench_item(bench, "prod/db", &item);
	handing.open = (struct spare_open){.secret = item.secret,
	    .version = item.version,
	    .header = item.header,
	    .envelope = 1};
	handing_draw(bench, &handing);
	handing.spare.to = bench->people[CAROL].seat.tokens[0].id;
	(void)!handing_send(bench, &handing, &bench->people[SECOPS], why);
	return stage_rows(bench, "spares") > 0;
}

/* A charter with a second token in infra's seat, signed by SIGNERS. */
static enum err_code
give_second(struct bench *bench, const struct person *const *signers, size_t count, struct err *err)
{
	struct seat *seat = &bench->charter->seats[INFRA];

	stage_enroll(bench, SECOND, "infra", bench->people[INFRA].roles, 2000002);
	seat->tokens[seat->token_count++] = bench->people[SECOND].seat.tokens[0];
	return stage_charter(bench, signers, count, SECOND, SECOND, err);
}

/* Of infra, whose seat is to have a second token then. */
static bool
a_share_of_a_third_is_handed_on(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *const all[] = {&bench->people[CISO], &bench->people[SECOPS],
	    &bench->people[INFRA]};
	MASK infra = stage_mask(bench, INFRA, &bench->people[SECOPS]);
	HANDING handing = {0};
	struct item item;
	struct err err;

	assert_ok(give_second(bench, all, ARRAY_SIZE(all), &err));
	bench_item(bench, "prod/db", &item);
	handing.open = (struct spare_open){.secret = item.secret,
	    .version = item.version,
	    .header = item.header,
	    .envelope = 2};
	handing_draw(bench, &handing);
	handing.spare.from = infra.seat.tokens[0].id;
	snprintf(handing.spare.seat, sizeof(handing.spare.seat), "infra");
	(void)!handing_send(bench, &handing, &infra, why);
	return stage_rows(bench, "spares") > 0;
}

/* --- Rules ------------------------------------------------------------------------------------ */

static bool
a_policy_becomes_one_of_two(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *const they[THEY] = {&bench->people[CISO], &bench->people[SECOPS]};
	struct policy *policy = &bench->charter->policies[0];
	int64_t before = stage_rows(bench, "documents");

	snprintf(policy->quorum_text, sizeof(policy->quorum_text), "2 of (ciso, secops)");
	(void)!stage_charter(bench, they, THEY, 0, -1, why);
	return stage_rows(bench, "documents") > before;
}

/* Then they have three tokens, each of a seat of its own. */
static bool
the_seat_of_a_third_gets_a_token_of_theirs(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *const they[THEY] = {&bench->people[CISO], &bench->people[SECOPS]};
	int64_t before = stage_rows(bench, "documents");

	(void)give_second(bench, they, THEY, why);
	return stage_rows(bench, "documents") > before;
}

/* "narrow" is 2 of (ciso, carol). */
static bool
a_secret_gets_a_policy_of_two(void *stage, struct err *why)
{
	struct bench *bench = stage;
	DEFINITION next = {0};
	DSSE statement = {0};

	changes_draw(bench, "prod/db", &next);
	changes_edit(bench, POLICY, &next);
	changes_state(bench, &next, 1, &statement);
	person_sign(&bench->people[CISO], &statement);
	person_sign(&bench->people[SECOPS], &statement);
	(void)!bench_propose(bench, &statement, 0, -1, why);
	return changes_revision(bench, "prod/db") > 1;
}

/* Where few enough are left, those who are left are all. */
static bool
the_others_are_suspended_until_two_are_all(void *stage, struct err *why)
{
	struct bench *bench = stage;
	DSSE statement = {0};
	struct err err;

	assert_ok(bench_suspend(bench, CISO, CAROL, &err));
	int64_t before = stage_rows(bench, "documents");
	bench_draw_suspension(bench, CISO, INFRA, &statement);
	person_sign(&bench->people[SECOPS], &statement);
	(void)!bench_propose(bench, &statement, 0, -1, why);
	return stage_rows(bench, "documents") > before;
}

static const struct attempt attempts[] = {
    ATTEMPT(two_votes_open_what_takes_three, "a_quorum_is_met"),
    ATTEMPT(a_value_is_sealed_again_by_two, "a_quorum_is_met"),
    ATTEMPT(the_vote_of_a_third_is_forged, "a_token_s_signature"),
    ATTEMPT(the_vote_of_a_third_for_another_night_counts, "an_approval_names_its_ceremony"),
    ATTEMPT(the_shares_of_a_third_are_made_up, "shares_open"),
    ATTEMPT(a_share_that_chooses_the_key_is_taken, "shares_are_committed_to"),
    CONCEDED(a_night_is_denied_by_two),
    ATTEMPT(two_shares_give_the_value, "shares_are_of_a_threshold"),
    ATTEMPT(a_share_is_handed_on_into_another_seat, "a_spare_is_in_the_charter"),
    ATTEMPT(a_share_of_a_third_is_handed_on, "a_token_s_signature"),
    ATTEMPT(the_seat_of_a_third_gets_a_token_of_theirs, "a_charter_s_quorums"),
    ATTEMPT(a_policy_becomes_one_of_two, "a_charter_s_quorums"),
    ATTEMPT(a_secret_gets_a_policy_of_two, "a_change_s_quorums"),
    ATTEMPT(the_others_are_suspended_until_two_are_all, "a_suspension_leaves_a_quorum"),
};

int
main(int argc, char **argv)
{
	static const struct adversary minority = {.name = "minority",
	    .who = "m-1 officers",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    STAGE_FROM(arrive)};

	return adversary_main(&minority, argc, argv);
}
