/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares that are not what they were, what is owed for them, what was exposed for nothing, and what the
 * copy sink remembers, for each destination of a ceremony.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hpke.h"
#include "base/text.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/hand_bench.h"

static const char open_debts[] = "SELECT count(*) FROM debts WHERE state <> 'retired'";
static const char opened[] = "SELECT count(*) FROM opened";

/* Two secrets that ciso and secops have given their shares of; nobody has asked to go on. */
static struct bench *
with_shares(enum mode mode, struct id *ret_id)
{
	struct bench *bench = batch_bench(true, 2);

	*ret_id = batch_ask(bench, mode);
	batch_approve(bench, &bench->people[CISO], ret_id);
	batch_give_last(bench, &bench->people[SECOPS], ret_id);
	return bench;
}

static void
assert_states(struct bench *bench, const struct id *id, const char *state, const char *notes)
{
	char text[20], all[NOTES_MAX];

	batch_states(bench, id, text, all);
	assert_string_equal(text, state);
	assert_string_equal(all, notes);
}

/* --- Shares that were damaged since they arrived ------------------------------------------ */

static void
assert_met(struct bench *bench, const struct id *id)
{
	assert_int_equal(bench_count(bench, open_debts), 0);
	assert_int_equal(bench_count(bench, opened), 0);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	assert_states(bench, id, "collecting", "waiting\nwaiting\n");
}

static void
a_damaged_share_is_met_before_any_debt_and_its_seat_approves_again(enum mode mode)
{
	struct id id;
	struct bench *bench = with_shares(mode, &id);
	struct err err;
	SEEN seen = {0};
	GIVING giving = {0};

	hand_write(bench,
	    "UPDATE shares SET ciphertext = zeroblob(length(ciphertext))"
	    " WHERE seat = 'secops' AND position = 1");
	/* Found after a session, it is told by `status`; and to whoever asks to go on. */
	bench_keep(bench, "damaged");
	bench_due(bench);
	assert_true(bench_status(bench, "alarm", "what is due"));
	assert_met(bench, &id);
	bench_restore(bench, "damaged");
	batch_expect(batch_advance_op(bench, &id, &err), ERR_INTEGRITY, &err,
	    "the stored shares of seat \"secops\" for prod/s1 are damaged");
	assert_non_null(strstr(err.text, "the seat may approve again"));
	assert_met(bench, &id);
	batch_look(bench, &id, &seen);
	assert_ok(batch_sign(bench, &bench->people[SECOPS], &id, &seen, &giving, &err));
	assert_ok(batch_give(bench, &giving, &id, &seen, 1, false, &err));
	assert_ok(batch_advance_op(bench, &id, &err));
	assert_states(bench, &id, mode == MODE_RELEASE ? "released" : "closed", "done\ndone\n");
	bench_verify(bench);
	bench_free(bench);
}

static void
a_damaged_share_of_a_release_is_met_before_any_debt(void **state)
{
	(void)state;
	a_damaged_share_is_met_before_any_debt_and_its_seat_approves_again(MODE_RELEASE);
}

static void
a_damaged_share_of_a_resealing_is_met_before_anything_is_opened(void **state)
{
	(void)state;
	a_damaged_share_is_met_before_any_debt_and_its_seat_approves_again(MODE_RESEAL);
}

static void
a_damaged_share_of_a_rotation_is_met_before_any_debt(void **state)
{
	(void)state;
	a_damaged_share_is_met_before_any_debt_and_its_seat_approves_again(MODE_ROTATE);
}

/* --- Shares that are right, and open nothing ---------------------------------------------- */

static struct p256_key *
share_key(const struct bench *bench, const char *seat)
{
	for (int i = CISO; i <= CAROL; i++)
		if (strcmp(bench->people[i].name, seat) == 0)
			return bench->people[i].keys[KEY_SHARE];
	fail_msg("no person %s", seat);
	return NULL;
}

/* The same shares, in an envelope of the header AFTER. */
static void
seal_again(const struct bench *bench, const struct header *before, const struct digest *hash,
    size_t index, const struct header *after, const struct digest *after_hash,
    struct sealed_box *box)
{
	struct err err;
	const struct header_envelope *envelope = &before->envelopes[index];
	SECRET *shares = NULL;
	HPKE *hpke = NULL;
	struct digest info;
	struct point made;

	assert_ok(
	    seal_open_envelope(before, hash, index, VIEW_OF(box->enc), buf_view(&box->ciphertext),
	        hpke_agree_local, share_key(bench, envelope->seat), &shares, &err));
	assert_ok(envelope_info(after, index, &info, &err));
	assert_ok(hpke_sender(envelope->suite, &envelope->recipient, VIEW_OF(info.bytes), &hpke,
	    &made, &err));
	sealed_box_done(box);
	memcpy(box->enc, made.bytes, POINT_SIZE);
	assert_ok(hpke_seal(hpke, VIEW_OF(after_hash->bytes), secret_view(shares), &box->ciphertext,
	    &err));
}

/* As if it had been sealed with another com_dek: every share fits, and their sum opens nothing. */
static void
spoil_com_dek(const struct bench *bench, struct hand_version *version)
{
	struct err err;
	HEADER *before = version->header;
	struct buf *bytes = &version->row.header;
	struct digest hash;

	memset(bytes->data + bytes->size - DIGEST_SIZE, 0x77, DIGEST_SIZE);
	assert_ok(header_new(&version->header, &err));
	assert_ok(header_decode(buf_view(bytes), version->header, &err));
	assert_ok(header_hash(buf_view(bytes), &hash, &err));
	for (size_t i = 0; i < before->envelope_count; i++)
		seal_again(bench, before, &version->row.header_hash, i, version->header, &hash,
		    &version->envelopes[i]);
}

static void
shares_that_do_not_give_the_key_of_the_version_owe_nothing(enum mode mode)
{
	struct bench *bench = batch_bench(false, 2);
	static const char exposed[] = "SELECT part_exposed FROM versions, secrets WHERE secret = id"
	                              " AND number = 1 AND name = 'prod/s0'";
	char text[20], notes[NOTES_MAX], debt[20];

	hand_exchange(bench, "prod/s0", spoil_com_dek);
	struct id id = batch_ask(bench, mode);
	batch_approve(bench, &bench->people[CISO], &id);
	batch_approve(bench, &bench->people[SECOPS], &id);
	assert_true(bench_status(bench, "alarm", "prod/s0"));
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, mode == MODE_RELEASE ? "released" : "closed");
	assert_int_equal(strncmp(notes, "damaged header: com_dek: ", 25), 0);
	assert_non_null(strstr(notes, "\ndone\n"));
	bench_debt(bench, "prod/s0", debt);
	assert_string_equal(debt, "");
	bench_debt(bench, "prod/s1", debt);
	assert_string_equal(debt, mode == MODE_RELEASE ? "owed" : "");
	assert_int_equal(bench_count(bench, exposed), 1);
	assert_true(bench_status(bench, "exposed", "prod/s0"));
	assert_false(bench_status(bench, "exposed", "prod/s1"));
	bench_free(bench);
}

static void
a_release_of_what_does_not_open_is_an_alarm_and_owes_nothing(void **state)
{
	(void)state;
	shares_that_do_not_give_the_key_of_the_version_owe_nothing(MODE_RELEASE);
}

static void
a_resealing_of_what_does_not_open_is_an_alarm_and_leaves_it(void **state)
{
	(void)state;
	shares_that_do_not_give_the_key_of_the_version_owe_nothing(MODE_RESEAL);
}

static void
a_rotation_of_what_does_not_open_is_an_alarm_and_owes_nothing(void **state)
{
	(void)state;
	shares_that_do_not_give_the_key_of_the_version_owe_nothing(MODE_ROTATE);
}

/* --- Opened for nothing ------------------------------------------------------------------- */

static struct id
ask_for_one(struct bench *bench, enum mode mode, size_t index)
{
	struct err err;
	struct item items[SECRETS + 1];
	struct request request;
	struct id id;

	batch_draw_request(bench, &bench->people[INFRA], mode, true, items, &request);
	request.items = (struct items){items + index, 1};
	assert_ok(batch_send_request(bench, &bench->people[INFRA], &request, &id, &err));
	batch_approve(bench, &bench->people[CISO], &id);
	batch_approve(bench, &bench->people[SECOPS], &id);
	assert_states(bench, &id, "closed", "done\n");
	return id;
}

/* The ceremony ends in one of the ways that come to nothing. */
static void
end_for_nothing(struct bench *bench, const struct id *id, int way)
{
	struct err err;

	if (way == 0)
		assert_ok(bench_object(bench, &bench->people[INFRA], id, STATEMENT_CANCEL, &err));
	else if (way == 1)
		bench->shared->now += 1000;
	else
		bench_charter(bench, 1800);
	assert_ok(bench_hello(bench, &err));
	assert_states(bench, id, "refused", "waiting\nwaiting\n");
}

static void
what_a_refused_ceremony_exposed_is_in_status_until_it_is_rotated(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		struct bench *bench = batch_bench(false, 2);
		struct id id = batch_ask(bench, MODE_ROTATE);

		assert_false(bench_status(bench, "exposed", "prod/s0"));
		batch_approve(bench, &bench->people[CISO], &id);
		assert_false(bench_status(bench, "exposed", "prod/s0"));
		end_for_nothing(bench, &id, way);
		assert_true(bench_status(bench, "exposed", "prod/s0"));
		assert_true(bench_status(bench, "exposed", "prod/s1"));
		/* Sealed again it is the same value still. */
		(void)ask_for_one(bench, MODE_RESEAL, 0);
		assert_int_equal(bench_current(bench, "prod/s0"), 2);
		assert_true(bench_status(bench, "exposed", "prod/s0"));
		(void)ask_for_one(bench, MODE_ROTATE, 0);
		assert_int_equal(bench_current(bench, "prod/s0"), 3);
		assert_false(bench_status(bench, "exposed", "prod/s0"));
		assert_true(bench_status(bench, "exposed", "prod/s1"));
		bench_free(bench);
	}
}

/* --- The copy sink ------------------------------------------------------------------------ */

/* The value is the same under another number; whoever saw shares of it has seen shares of it. */
static void
what_was_exposed_stays_so_when_it_is_sealed_again(void **state)
{
	struct bench *bench = batch_bench(false, 2);
	struct item asked[SECRETS + 1], sealed[SECRETS + 1];
	struct request request, reseal;
	struct id id, other;
	struct err err;

	(void)state;
	/* prod/s0 alone, whose ceremony the resealing ends; and as one of two, which is cancelled later. */
	for (size_t count = 1; count <= 2; count++) {
		batch_draw_request(bench, &bench->people[ALICE], MODE_RELEASE, true, asked,
		    &request);
		request.items.count = count;
		assert_ok(batch_send_request(bench, &bench->people[ALICE], &request, &id, &err));
		batch_give_all(bench, &bench->people[CISO], &id);
		batch_draw_request(bench, &bench->people[INFRA], MODE_RESEAL, true, sealed,
		    &reseal);
		reseal.items.count = 1;
		assert_ok(batch_send_request(bench, &bench->people[INFRA], &reseal, &other, &err));
		batch_approve(bench, &bench->people[SECOPS], &other);
		batch_approve(bench, &bench->people[CAROL], &other);
		if (count == 2)
			assert_ok(bench_object(bench, &bench->people[ALICE], &id, STATEMENT_CANCEL,
			    &err));
		assert_true(bench_status(bench, "exposed", "prod/s0"));
		bench_free(bench);
		bench = batch_bench(false, 2);
	}
	bench_free(bench);
}

static void
the_copy_sink_remembers_a_release(void **state)
{
	struct id id;
	struct bench *bench = with_shares(MODE_RELEASE, &id);
	struct err err;
	SHOWN shown = {0};
	BUF text = {0};
	DSSE release = {0};
	struct digest digest;
	char hex[2 * ID_SIZE + 1], path[300];

	(void)state;
	text_hex(VIEW_OF(id.bytes), hex);
	snprintf(path, sizeof(path), "%s/%s.release", bench->copy, hex);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_ok(batch_advance_op(bench, &id, &err));
	assert_ok(file_read(path, 65536, &text, &err));
	assert_ok(dsse_parse(buf_view(&text), &release, &err));
	assert_ok(statement_verify_host(&release, &bench->charter->host_statement, &err));
	assert_ok(dsse_digest(&release, &digest, &err));
	bench_show(bench, &id, &shown);
	assert_true(digest_equal(&digest, &shown.release));
	bench_free(bench);
}

static void
a_copy_sink_that_fails_is_told_and_delays_no_release(void **state)
{
	struct id id;
	struct bench *bench = with_shares(MODE_RELEASE, &id);
	struct err err;
	char away[300];

	(void)state;
	snprintf(away, sizeof(away), "%s.away", bench->copy);
	assert_int_equal(rename(bench->copy, away), 0);
	assert_ok(batch_advance_op(bench, &id, &err));
	assert_non_null(strstr(buf_string(&bench->progress),
	    "the copy sink did not acknowledge the release statement"));
	assert_states(bench, &id, "released", "done\ndone\n");
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_damaged_share_of_a_release_is_met_before_any_debt),
	    cmocka_unit_test(a_damaged_share_of_a_resealing_is_met_before_anything_is_opened),
	    cmocka_unit_test(a_damaged_share_of_a_rotation_is_met_before_any_debt),
	    cmocka_unit_test(a_release_of_what_does_not_open_is_an_alarm_and_owes_nothing),
	    cmocka_unit_test(a_resealing_of_what_does_not_open_is_an_alarm_and_leaves_it),
	    cmocka_unit_test(a_rotation_of_what_does_not_open_is_an_alarm_and_owes_nothing),
	    cmocka_unit_test(what_a_refused_ceremony_exposed_is_in_status_until_it_is_rotated),
	    cmocka_unit_test(what_was_exposed_stays_so_when_it_is_sealed_again),
	    cmocka_unit_test(the_copy_sink_remembers_a_release),
	    cmocka_unit_test(a_copy_sink_that_fails_is_told_and_delays_no_release),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
