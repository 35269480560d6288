/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/server/rotation/debt.c: the debt engine against a target that accepts, loses, rejects, hangs and lies.
 * What was asked of the target is compared word for word: each value is probed once between two
 * calls of `apply`.
 */
#include "tests/unit/server/night_bench.h"

#include <stdio.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/file.h"
#include "ceremony/protocol/wire.h"
#include "ceremony/server/rotation/wait.h"

static void
a_lost_answer_is_resolved_by_probing(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "apply=lost\n", &night);
	assert_string_equal(night.debt, "retired");
	night_calls(bench, "check\ngenerate\napply\nprobe next\nexpel\nprobe current\n");
	night_paid(bench, &night);
}

static void
a_target_that_hangs_is_unknown_and_probed_by_a_new_process(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "apply=hang\n", &night);
	assert_string_equal(night.debt, "retired");
	night_calls(bench, "check\ngenerate\napply\nprobe next\nexpel\nprobe current\n");
	night_paid(bench, &night);
}

static void
a_value_that_did_not_arrive_is_applied_again(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	uint32_t before = bench_current(bench, "prod/db");

	night_live_through(bench, "apply=drop\n", &night);
	assert_string_equal(night.debt, "retired");
	night_calls(bench,
	    "check\ngenerate\napply\nprobe next\nprobe current\napply\nexpel\n"
	    "probe next\nprobe current\n");
	assert_int_equal(bench_current(bench, "prod/db"), before + 1);
	night_paid(bench, &night);
}

static void
a_target_that_says_applied_and_does_nothing_is_not_believed(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "apply=nothing\napply=nothing\n", &night);
	assert_string_equal(night.debt, "applying");
	night_calls(bench,
	    "check\ngenerate\napply\nexpel\nprobe next\nprobe current\napply\nexpel\n"
	    "probe next\nprobe current\n");
	assert_true(target_accepts(bench, night.old));
	night_rotate(bench, "ok",
	    "probe next\nprobe current\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &night);
}

static void
an_unreachable_target_keeps_the_debt_and_no_other_value_is_made(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	char debt[20];
	uint32_t before = bench_current(bench, "prod/db");

	night_live_through(bench, "apply=lost\nprobe=unreachable\n", &night);
	assert_string_equal(night.debt, "applying");
	night_calls(bench, "check\ngenerate\napply\nprobe next\n");
	target_mode(bench, "probe=unreachable\n");
	night_rotate(bench, "target-unknown", "probe next\n");
	bench_debt(bench, "prod/db", debt);
	assert_string_equal(debt, "applying");
	/* The next one finds it applied. */
	night_rotate(bench, "ok", "probe next\nexpel\nprobe current\n");
	assert_int_equal(bench_current(bench, "prod/db"), before + 1);
	night_paid(bench, &night);
}

static void
a_debt_is_tried_again_by_itself_but_not_by_every_session(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "apply=lost\nprobe=unreachable\n", &night);
	night_calls(bench, "check\ngenerate\napply\nprobe next\n");
	bench_end(bench);
	(void)bench_current(bench, "prod/db");
	night_calls(bench, "");
	bench_end(bench);
	bench->shared->now += WAIT_FIRST;
	bench_due(bench);
	night_calls(bench, "probe next\nexpel\nprobe current\n");
	night_paid(bench, &night);
}

static void
a_rejected_value_is_replaced_by_another(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	uint32_t before = bench_current(bench, "prod/db");

	night_live_through(bench, "apply=reject\n", &night);
	assert_string_equal(night.debt, "retired");
	/* The rejected value is shown to be dead, too. */
	night_calls(bench,
	    "check\ngenerate\napply\ncheck\ngenerate\napply\nexpel\nprobe next\n"
	    "probe current\nprobe current\n");
	assert_int_equal(bench_current(bench, "prod/db"), before + 2);
	night_paid(bench, &night);
}

/* They are cut, also within a letter. */
static void
the_targets_words_however_long_stop_nothing(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "apply=wordy\napply=wordy\napply=wordy\n", &night);
	assert_string_equal(night.debt, "degraded");
	bench->shared->now += WAIT_FIRST - 1;
	char code[32], note[600];
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "waiting");
	bench->shared->now++;
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	night_paid(bench, &night);
	target_mode(bench, "");
}

static void
three_rejected_values_degrade_and_a_person_mends(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	SHOWN shown = {0};
	char code[32], note[600];

	night_live_through(bench, REJECT_THREE, &night);
	assert_string_equal(night.debt, "degraded");
	night_calls(bench, MAKE_THREE);
	assert_true(target_accepts(bench, night.old));
	assert_int_equal(bench_files(bench, "escrow") > 0, 1);
	bench_show(bench, &night.id, &shown);
	assert_string_equal(shown.state, "degraded");
	/* A degraded debt waits for a person, however late it is. */
	bench->shared->now += 3000;
	bench_end(bench);
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	bench_show(bench, &night.id, &shown);
	assert_string_equal(shown.state, "closed");
	night_paid(bench, &night);
}

static void
an_old_value_that_still_works_is_not_retired(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "apply=both!\n", &night);
	assert_string_equal(night.debt, "expelled");
	night_calls(bench,
	    "check\ngenerate\napply\nexpel\nprobe next\nprobe current\napply\nprobe next\n"
	    "expel\nprobe current\n");
	assert_true(target_accepts(bench, night.old));
	assert_int_equal(bench_files(bench, "escrow") > 0, 1);
	target_mode(bench, "");
	night_rotate(bench, "ok",
	    "probe next\nexpel\nprobe current\napply\nprobe next\nexpel\nprobe current\n");
	night_paid(bench, &night);
}

static void
a_target_that_accepts_nothing_degrades_and_keeps_every_value(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "apply=spoil\n", &night);
	assert_string_equal(night.debt, "degraded");
	night_calls(bench, "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	night_rotate(bench, "target", "probe next\nprobe current\n");
	night_repair(bench, &night);
	night_rotate(bench, "ok",
	    "probe next\nprobe current\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &night);
}

static void
a_denial_without_a_proof_pays_nothing(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "probe=denied!\n", &night);
	assert_string_equal(night.debt, "expelled");
	night_calls(bench, "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	target_mode(bench, "");
	night_rotate(bench, "ok", "probe next\nexpel\nprobe current\n");
	night_paid(bench, &night);
}

static void
a_rejected_value_that_is_only_denied_pays_nothing(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "apply=reject\nprobe=pass\nprobe=none\nprobe=denied\n", &night);
	assert_string_equal(night.debt, "watched");
	night_calls(bench,
	    "check\ngenerate\napply\ncheck\ngenerate\napply\nexpel\nprobe next\n"
	    "probe current\nprobe current\n");
	night_rotate(bench, "ok", "probe next\nexpel\nprobe current\nprobe current\n");
	night_paid(bench, &night);
}

/* A rotator that calls everything refused proves nothing by it. */
static void
a_target_that_refuses_everything_has_shown_no_death(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	BUF before = {0};

	night_live_through(bench, "apply=reject\nprobe=pass\nprobe=none\nprobe=denied\n", &night);
	assert_string_equal(night.debt, "watched");
	target_mode(bench, "probe=fail!\n");
	(void)target_calls(bench, &before);
	night_rotate(bench, "target", "probe next\nexpel\nprobe current\nprobe next\n");
	target_mode(bench, "");
	night_rotate(bench, "ok", "probe next\nexpel\nprobe current\nprobe current\n");
	night_paid(bench, &night);
}

static void
sessions_that_may_go_on_are_told_when_all_is_paid(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "expel=unclear\n", &night);
	assert_string_equal(night.debt, "retired");
	assert_int_equal(bench_count(bench,
	                     "SELECT count(*) FROM debts WHERE state = 'retired' AND"
	                     " note LIKE 'sessions that the old value opened may go on%'"),
	    1);
	night_paid(bench, &night);
}

static void
a_target_that_denies_everything_degrades_and_keeps_every_value(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "apply=spoil\nprobe=denied!\n", &night);
	assert_string_equal(night.debt, "degraded");
	night_calls(bench, "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	night_repair(bench, &night);
	target_mode(bench, "");
	night_rotate(bench, "ok",
	    "probe next\nprobe current\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &night);
}

static void
a_rotator_that_makes_no_value_leaves_the_target_alone(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	night_live_through(bench, "generate=refuse\n", &night);
	assert_string_equal(night.debt, "owed");
	night_calls(bench, "check\ngenerate\n");
	assert_true(target_accepts(bench, night.old));
	target_mode(bench, "check=refuse\n");
	night_rotate(bench, "target", "check\n");
	night_rotate(bench, "ok", "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &night);
}

static void
without_the_copy_nothing_is_applied(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	char away[300];
	struct err err;

	snprintf(away, sizeof(away), "%s.away", bench->copy);
	night_release(bench, &night);
	assert_int_equal(rename(bench->copy, away), 0);
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "owed");
	night_calls(bench, "");
	assert_true(target_accepts(bench, night.old));
	assert_int_equal(rename(away, bench->copy), 0);
	night_rotate(bench, "ok", "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &night);
}

static void
a_full_disk_before_the_new_value_is_kept_leaves_the_target_alone(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;

	for (int64_t at = 1; at < 40; at++) {
		night_release(bench, &night);
		night.debt[0] = '\0';
		bench->shared->fail_fsync = at;
		enum err_code code = bench_done(bench, &night.id, night.debt, &err);
		bool failed = bench->shared->fail_fsync == 0;
		bench->shared->fail_fsync = 0;
		if (code != ERR_OK)
			assert_error(ERR_NO_SPACE, code);
		if (failed)
			for (int i = 0; i < 3 && strcmp(night.debt, "retired") != 0; i++) {
				bench->shared->now += WAIT_LONGEST;
				assert_ok(bench_done(bench, &night.id, night.debt, &err));
			}
		assert_string_equal(night.debt, "retired");
		night_paid(bench, &night);
		secret_freep(&night.old);
		if (!failed)
			return;
	}
	fail_msg("it never came through");
}

static void
a_lost_escrow_changes_nothing_and_goes_on_when_it_is_back(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	char code[32], note[600], command[400];

	night_live_through(bench, "apply=lost\nprobe=unreachable\n", &night);
	night_calls(bench, "check\ngenerate\napply\nprobe next\n");
	snprintf(command, sizeof(command), "mv %s/escrow/???????????????????????????????? %s/kept",
	    bench->vault, bench->folder);
	assert_int_equal(system(command), 0);
	bench->shared->now += WAIT_LONGEST;
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "integrity");
	assert_non_null(strstr(note, "put the escrow file back"));
	struct night before = night;
	bench_debt(bench, "prod/db", before.debt);
	assert_string_equal(before.debt, "applying");
	before.old = NULL;
	/* Put back, it goes on at once. */
	snprintf(command, sizeof(command), "cd %s/escrow && mv %s/kept $(ls | sed 's/[.]lock//')",
	    bench->vault, bench->folder);
	assert_int_equal(system(command), 0);
	night_rotate(bench, "ok", "probe next\nexpel\nprobe current\n");
	night_paid(bench, &night);
}

static void
a_running_lease_is_not_cut_short_by_rotate(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	char code[32], note[600];
	struct err err;

	night_release(bench, &night);
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "waiting");
	night_calls(bench, "");
	assert_true(target_accepts(bench, night.old));
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	night_paid(bench, &night);
}

static void
a_client_that_goes_away_does_not_stop_a_rotation(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;

	night_release(bench, &night);
	JSON *request = bench_done_message(bench, &night.id);
	assert_ok(wire_send(bench->fd, request, (struct view){0}, -1, &err));
	bench_end(bench); /* closes, then waits for the server's end */
	night_calls(bench, "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &night);
}

/* --- Adoption ----------------------------------------------------------------------------- */

static void
assert_not_adopted(struct bench *bench, const char *name, const char *password, const char *modes,
    enum err_code code, const char *says)
{
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	struct err err;

	target_mode(bench, modes);
	bench_box(bench, name, password, &box);
	assert_error(code, bench_send_box(bench, &box, true, &reply, &err));
	assert_says(says);
	target_mode(bench, "");
}

static void
adoption_proves_the_value_before_it_keeps_anything(void **state)
{
	struct bench *bench = *state;
	BUF accepts = {0}, calls = {0};
	size_t escrow = bench_files(bench, "escrow");
	struct err err;
	char path[300];

	snprintf(path, sizeof(path), "%s/accepts", bench->target);
	assert_ok(file_read(path, 4096, &accepts, &err));
	const char *password = strtok((char *)accepts.data, "\n");
	assert_not_adopted(bench, "new/a", "wrong", "", ERR_TARGET,
	    "the target refuses the present value");
	assert_not_adopted(bench, "new/b", password, "probe=unreachable\n", ERR_TARGET_UNKNOWN,
	    "cannot be reached");
	assert_not_adopted(bench, "new/c", password, "probe=denied!\n", ERR_TARGET_UNKNOWN,
	    "could not be proven");
	assert_not_adopted(bench, "new/d", "wrong", "probe=pass!\n", ERR_TARGET,
	    "accepts a value that nobody gave it");
	assert_not_adopted(bench, "new/e", password, "check=refuse\n", ERR_TARGET,
	    "makes no sense");
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM secrets WHERE newest > 0"), 1);
	assert_int_equal(bench_files(bench, "escrow"), escrow);
	(void)target_calls(bench, &calls);
}

static void
adoption_wants_an_operators_signature_and_a_value_of_whoever_signed(void **state)
{
	struct bench *bench = *state;
	CLEANUP(credential_box_done) struct credential_box box = {0}, taken = {0};
	JSON *reply = NULL;
	struct err err;

	bench_box(bench, "prod/db", "whatever", &taken);
	assert_error(ERR_EXISTS, bench_send_box(bench, &taken, true, &reply, &err));
	bench_box(bench, "new/db", "whatever", &box);
	assert_error(ERR_NOT_FOUND, bench_send_value(bench, &box, true, &reply, &err));
	assert_ok(bench_propose(bench, &box.statement, 0, -1, &err));
	box.adopt.count = 0;
	person_sign(&bench->people[CISO], &box.adopt);
	assert_error(ERR_REFUSED, bench_send_value(bench, &box, true, &reply, &err));
	box.adopt.count = 0;
	person_sign(&bench->people[INFRA], &box.adopt);
	box.ciphertext.data[0] ^= 1;
	assert_error(ERR_REFUSED, bench_send_value(bench, &box, true, &reply, &err));
	assert_says("was not given by who signed the adoption");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lost_answer_is_resolved_by_probing),
	    cmocka_unit_test(a_target_that_hangs_is_unknown_and_probed_by_a_new_process),
	    cmocka_unit_test(a_value_that_did_not_arrive_is_applied_again),
	    cmocka_unit_test(a_target_that_says_applied_and_does_nothing_is_not_believed),
	    cmocka_unit_test(an_unreachable_target_keeps_the_debt_and_no_other_value_is_made),
	    cmocka_unit_test(a_debt_is_tried_again_by_itself_but_not_by_every_session),
	    cmocka_unit_test(a_rejected_value_is_replaced_by_another),
	    cmocka_unit_test(a_denial_without_a_proof_pays_nothing),
	    cmocka_unit_test(a_rejected_value_that_is_only_denied_pays_nothing),
	    cmocka_unit_test(a_target_that_denies_everything_degrades_and_keeps_every_value),
	    cmocka_unit_test(a_target_that_refuses_everything_has_shown_no_death),
	    cmocka_unit_test(sessions_that_may_go_on_are_told_when_all_is_paid),
	    cmocka_unit_test(the_targets_words_however_long_stop_nothing),
	    cmocka_unit_test(three_rejected_values_degrade_and_a_person_mends),
	    cmocka_unit_test(an_old_value_that_still_works_is_not_retired),
	    cmocka_unit_test(a_target_that_accepts_nothing_degrades_and_keeps_every_value),
	    cmocka_unit_test(a_rotator_that_makes_no_value_leaves_the_target_alone),
	    cmocka_unit_test(without_the_copy_nothing_is_applied),
	    cmocka_unit_test(a_full_disk_before_the_new_value_is_kept_leaves_the_target_alone),
	    cmocka_unit_test(a_lost_escrow_changes_nothing_and_goes_on_when_it_is_back),
	    cmocka_unit_test(a_running_lease_is_not_cut_short_by_rotate),
	    cmocka_unit_test(a_client_that_goes_away_does_not_stop_a_rotation),
	    cmocka_unit_test(adoption_proves_the_value_before_it_keeps_anything),
	    cmocka_unit_test(adoption_wants_an_operators_signature_and_a_value_of_whoever_signed),
	};
	return cmocka_run_group_tests(tests, bench_start_copied, bench_stop);
}
