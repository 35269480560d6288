/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ceremony over many versions.  DESIGN.md, invariant 18: a resealed version is opened by exactly one
 * batch ceremony.
 */
#include <stdio.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/hand_bench.h"

static struct bench *
with_secrets(bool copy)
{
	return batch_bench(copy, SECRETS);
}

static void
one_ceremony_seals_everything_again_to_the_officers_of_today(void **state)
{
	struct bench *bench = with_secrets(true);
	struct item opens[SECRETS];
	char why[600], text[20], notes[NOTES_MAX];
	struct id id;

	(void)state;
	assert_int_equal(batch_list(bench, false, opens, why), 0);
	batch_replace_token(bench);
	assert_int_equal(batch_list(bench, false, opens, why), SECRETS);
	assert_non_null(strstr(why, "secops's token \"secops-1\" left"));
	assert_non_null(strstr(why, "secops's token \"secops-2\" has no envelope"));
	id = batch_ask(bench, MODE_RESEAL);
	batch_approve(bench, &bench->people[CISO], &id);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "collecting");
	assert_int_equal(bench_current(bench, "prod/s0"), 1);
	batch_approve(bench, &bench->people[CAROL], &id);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "closed");
	assert_string_equal(notes, "done\ndone\ndone\ndone\n");
	assert_int_equal(batch_list(bench, false, opens, why), 0);
	assert_int_equal(bench_current(bench, "prod/s0"), 2);
	assert_int_equal(bench_files(bench, "ceremony"), 0);
	/* The same values, and the spare has a say in them now. */
	batch_opens_to(bench, "prod/s0", "password-0", CISO, SECOND);
	batch_opens_to(bench, "prod/s3", "password-3", SECOND, INFRA);
	bench_verify(bench);
	bench_free(bench);
}

static void
what_is_sealed_again_is_opened_once_and_its_old_envelopes_are_gone(void **state)
{
	struct bench *bench = with_secrets(false);
	struct err err;
	struct item opens[SECRETS + 1];
	struct request request;
	struct id first, second, third;
	char text[20], notes[NOTES_MAX];

	(void)state;
	first = batch_ask(bench, MODE_RESEAL);
	second = batch_ask(bench, MODE_RESEAL);
	batch_draw_request(bench, &bench->people[INFRA], MODE_RESEAL, true, opens, &request);
	batch_approve(bench, &bench->people[CISO], &first);
	batch_give_all(bench, &bench->people[CISO], &second);
	batch_give_all(bench, &bench->people[CAROL], &second);
	batch_approve(bench, &bench->people[CAROL], &first);
	assert_ok(batch_advance_op(bench, &second, &err));
	batch_states(bench, &second, text, notes);
	assert_string_equal(text, "refused");
	/* A request that names the old versions comes too late. */
	batch_expect(batch_send_request(bench, &bench->people[INFRA], &request, &third, &err),
	    ERR_REFUSED, &err, "no longer the current one");
	for (size_t i = 0; i < SECRETS; i++) {
		char name[32];

		batch_name(i, name);
		assert_int_equal(bench_current(bench, name), 2);
	}
	bench_verify(bench);
	bench_free(bench);
}

static void
a_token_that_left_starts_a_clock_and_after_a_week_an_alarm(void **state)
{
	struct bench *bench = batch_bench(false, 1);
	char kind[600];
	struct id id;

	(void)state;
	bench_status_of(bench, "leaver", "kind", kind);
	assert_string_equal(kind, "");
	bench_spare(bench);
	bench_status_of(bench, "leaver", "kind", kind);
	assert_string_equal(kind, "");
	bench_status_of(bench, "secrets", "kind", kind);
	assert_string_equal(kind, "reseal");
	batch_replace_token(bench);
	bench_status_of(bench, "leaver", "kind", kind);
	assert_string_equal(kind, "reseal");
	bench->shared->now += 8 * 86400;
	bench_end(bench);
	bench_status_of(bench, "leaver", "kind", kind);
	assert_string_equal(kind, "overdue");
	id = batch_ask(bench, MODE_RESEAL);
	batch_approve(bench, &bench->people[CISO], &id);
	batch_approve(bench, &bench->people[CAROL], &id);
	bench_status_of(bench, "leaver", "kind", kind);
	assert_string_equal(kind, "");
	bench_free(bench);
}

/* The debt is owed before anything is combined, and paid as any other. */
static void
rotating_replaces_the_value_on_its_target(void **state)
{
	struct bench *bench = batch_bench(false, 1);
	struct id id = batch_ask(bench, MODE_ROTATE);
	char text[20], notes[NOTES_MAX], debt[20];
	BUF calls = {0};

	(void)state;
	(void)target_calls(bench, &calls);
	batch_approve(bench, &bench->people[CISO], &id);
	assert_string_equal(target_calls(bench, &calls), "");
	batch_approve(bench, &bench->people[SECOPS], &id);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "closed");
	bench_debt(bench, "prod/s0", debt);
	assert_string_equal(debt, "");
	assert_int_equal(bench_current(bench, "prod/s0"), 2);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	assert_non_null(strstr(target_calls(bench, &calls), "apply"));
	bench_verify(bench);
	bench_free(bench);
}

static void
who_may_ask_and_who_counts(void **state)
{
	struct bench *bench = with_secrets(false);
	struct err err;
	struct item opens[SECRETS + 1];
	struct request request;
	struct id id;
	SEEN seen = {0};
	GIVING giving = {0}, late = {0};

	(void)state;
	batch_draw_request(bench, &bench->people[ALICE], MODE_RESEAL, true, opens, &request);
	batch_expect(batch_send_request(bench, &bench->people[ALICE], &request, &id, &err),
	    ERR_REFUSED, &err, "role operator");
	batch_draw_request(bench, &bench->people[INFRA], MODE_RESEAL, true, opens, &request);
	batch_expect(batch_send_request(bench, &bench->people[CISO], &request, &id, &err),
	    ERR_REFUSED, &err, "");
	request.items.rows[1].header.bytes[0] ^= 1;
	batch_expect(batch_send_request(bench, &bench->people[INFRA], &request, &id, &err),
	    ERR_REFUSED, &err, "items[1]: header");
	request.items.rows[1].header.bytes[0] ^= 1;
	assert_ok(batch_send_request(bench, &bench->people[INFRA], &request, &id, &err));
	batch_expect(batch_send_request(bench, &bench->people[INFRA],
	                 &(struct request){.vault = request.vault,
	                     .mode = MODE_RESEAL,
	                     .seat = "infra",
	                     .reason = "x",
	                     .host = "h",
	                     .user = "u",
	                     .token = request.token,
	                     .items = {opens, 1},
	                     .created = request.created,
	                     .expires = request.created + 99999},
	                 &id, &err),
	    ERR_REFUSED, &err, "expires");
	batch_look(bench, &id, &seen);
	batch_expect(batch_sign(bench, &bench->people[INFRA], &id, &seen, &giving, &err),
	    ERR_REFUSED, &err, "own request");
	giving_done(&giving);
	giving = (struct giving){0};
	/* No envelope without a signature. */
	giving.person = &bench->people[CISO];
	batch_expect(batch_give(bench, &giving, &id, &seen, 0, false, &err), ERR_REFUSED, &err,
	    "no such approval");
	assert_ok(batch_sign(bench, &bench->people[CISO], &id, &seen, &giving, &err));
	batch_expect(batch_give(bench, &giving, &id, &seen, 0, true, &err), ERR_INTEGRITY, &err,
	    "seat \"ciso\"");
	assert_ok(batch_give(bench, &giving, &id, &seen, 0, false, &err));
	batch_expect(batch_give(bench, &giving, &id, &seen, 0, false, &err), ERR_EXISTS, &err,
	    "already");
	bench->shared->now += 1000;
	batch_expect(batch_sign(bench, &bench->people[CAROL], &id, &seen, &late, &err), ERR_EXPIRED,
	    &err, "too late");
	bench_free(bench);
}

/* An officer who was interrupted approves again and gives the rest. */
static void
an_interrupted_officer_goes_on_where_they_stopped(void **state)
{
	struct bench *bench = with_secrets(false);
	struct err err;
	struct id id = batch_ask(bench, MODE_RESEAL);
	SEEN seen = {0};
	GIVING first = {0}, again = {0};
	char text[20], notes[NOTES_MAX];

	(void)state;
	batch_look(bench, &id, &seen);
	assert_ok(batch_sign(bench, &bench->people[CISO], &id, &seen, &first, &err));
	for (size_t i = 0; i < 2; i++)
		assert_ok(batch_give(bench, &first, &id, &seen, i, false, &err));
	batch_approve(bench, &bench->people[CAROL], &id);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "collecting");
	bench_end(bench);
	assert_ok(batch_sign(bench, &bench->people[CISO], &id, &seen, &again, &err));
	for (size_t i = 2; i < SECRETS; i++)
		assert_ok(batch_give(bench, &again, &id, &seen, i, false, &err));
	/* The server ends before it is asked to go on: then it goes on by itself. */
	bench_end(bench);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "closed");
	assert_int_equal(bench_current(bench, "prod/s3"), 2);
	bench_verify(bench);
	bench_free(bench);
}

static void
a_denial_a_withdrawal_and_a_new_charter_end_it(void **state)
{
	static const int kinds[] = {STATEMENT_DENIAL, STATEMENT_CANCEL, STATEMENT_CHARTER};
	struct bench *bench = with_secrets(false);
	struct err err;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct id id = batch_ask(bench, MODE_RESEAL);
		SEEN seen = {0};
		GIVING giving = {0};

		batch_look(bench, &id, &seen);
		batch_give_all(bench, &bench->people[CISO], &id);
		if (kinds[k] == STATEMENT_CHARTER) {
			bench_charter(bench, 1800);
			batch_expect(batch_sign(bench, &bench->people[CAROL], &id, &seen, &giving,
			                 &err),
			    ERR_REFUSED, &err, "was refused");
			bench_end(bench);
		}
		for (int officer = CISO; kinds[k] != STATEMENT_CHARTER && officer <= CAROL;
		     officer++) {
			JSON *payload = NULL, *reply = NULL;
			DSSE statement = {0};
			bool cancels = kinds[k] == STATEMENT_CANCEL;
			const struct person *person = &bench->people[cancels ? INFRA : officer];
			struct objection objection = {.vault = bench->vault_id,
			    .ceremony = seen.ceremony.digest,
			    .token = person->seat.tokens[0].id,
			    .time = bench->shared->now,
			    .reason = "not now"};
			struct json *request = op_new("object");

			if (officer == INFRA || officer == AUDIT)
				continue;
			snprintf(objection.seat, sizeof(objection.seat), "%s", person->name);
			assert_ok(objection_payload(&objection, &payload, &err));
			assert_ok(statement_new((enum statement_type)kinds[k], false, payload,
			    &statement, &err));
			person_sign(person, &statement);
			json_put_hex(request, "id", VIEW_OF(id.bytes));
			put_statement(request, "statement", &statement);
			if (bench_call(bench, request, (struct view){0}, &reply, NULL, &err) !=
			    ERR_OK)
				fail_msg("%s: %s", person->name, err.text);
			batch_look(bench, &id, &seen);
			if (strcmp(seen.state, "refused") == 0)
				break;
		}
		batch_look(bench, &id, &seen);
		assert_string_equal(seen.state, "refused");
		assert_int_equal(bench_files(bench, "ceremony"), 0);
		assert_int_equal(bench_current(bench, "prod/s0"), 1);
	}
	bench_free(bench);
}

static void
spoil_ciphertext(const struct bench *bench, struct hand_version *version)
{
	(void)bench;
	memset(version->row.ciphertext.data, 0, version->row.ciphertext.size);
}

static void
a_damaged_version_is_named_and_the_others_go_on(void **state)
{
	struct bench *bench = with_secrets(false);
	struct id id = batch_ask(bench, MODE_RESEAL);
	char text[20], notes[NOTES_MAX];

	(void)state;
	batch_approve(bench, &bench->people[CISO], &id);
	batch_give_last(bench, &bench->people[CAROL], &id);
	hand_exchange(bench, "prod/s1", spoil_ciphertext);
	bench_due(bench);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "closed");
	assert_int_equal(strncmp(notes, "done\ndamaged ", 13), 0);
	assert_int_equal(bench_current(bench, "prod/s0"), 2);
	assert_int_equal(bench_current(bench, "prod/s1"), 1);
	assert_int_equal(bench_current(bench, "prod/s3"), 2);
	bench_free(bench);
}

static void
spoil_header(const struct bench *bench, struct hand_version *version)
{
	(void)bench;
	buf_u8(&version->row.header, 0);
}

static void
a_header_that_cannot_be_read_is_listed_and_the_others_with_it(void **state)
{
	struct bench *bench = with_secrets(false);
	struct item opens[SECRETS];
	char why[600];

	(void)state;
	hand_exchange(bench, "prod/s1", spoil_header);
	assert_int_equal(batch_list(bench, false, opens, why), 1);
	assert_string_equal(opens[0].name, "prod/s1");
	assert_string_equal(why, "what is stored is damaged");
	assert_int_equal(batch_list(bench, true, opens, why), SECRETS);
	bench_free(bench);
}

/* The copy sink must have a version before it is current. */
static void
without_the_copy_nothing_is_sealed_again(void **state)
{
	struct bench *bench = with_secrets(true);
	struct err err;
	struct id id = batch_ask(bench, MODE_RESEAL);
	char command[300], text[20], notes[NOTES_MAX];

	(void)state;
	batch_approve(bench, &bench->people[CISO], &id);
	batch_give_all(bench, &bench->people[CAROL], &id);
	snprintf(command, sizeof(command), "mv '%s' '%s.away'", bench->copy, bench->copy);
	assert_int_equal(system(command), 0);
	batch_expect(batch_advance_op(bench, &id, &err), ERR_NOT_FOUND, &err, "0 of 4 are done");
	assert_int_equal(bench_current(bench, "prod/s0"), 1);
	snprintf(command, sizeof(command), "mv '%s.away' '%s'", bench->copy, bench->copy);
	assert_int_equal(system(command), 0);
	bench_end(bench);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "closed");
	assert_int_equal(bench_current(bench, "prod/s0"), 2);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_ceremony_seals_everything_again_to_the_officers_of_today),
	    cmocka_unit_test(what_is_sealed_again_is_opened_once_and_its_old_envelopes_are_gone),
	    cmocka_unit_test(a_token_that_left_starts_a_clock_and_after_a_week_an_alarm),
	    cmocka_unit_test(rotating_replaces_the_value_on_its_target),
	    cmocka_unit_test(who_may_ask_and_who_counts),
	    cmocka_unit_test(an_interrupted_officer_goes_on_where_they_stopped),
	    cmocka_unit_test(a_denial_a_withdrawal_and_a_new_charter_end_it),
	    cmocka_unit_test(a_damaged_version_is_named_and_the_others_go_on),
	    cmocka_unit_test(a_header_that_cannot_be_read_is_listed_and_the_others_with_it),
	    cmocka_unit_test(without_the_copy_nothing_is_sealed_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
