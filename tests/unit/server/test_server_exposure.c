/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares that are not what they were, what is owed for them, what was exposed for nothing, and what the
 * copy sink remembers, for each destination of a ceremony.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hpke.h"
#include "base/text.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/server/batch_bench.h"
#include "vault/seal/envelope.h"

static const char open_debts[] = "SELECT count(*) FROM debts WHERE state <> 'retired'";
static const char opened[] = "SELECT count(*) FROM opened";

/* Two secrets that ciso and secops have given their shares of; nobody has asked to go on. */
static struct bench *
with_shares(enum mode mode, struct id *ret_id)
{
	struct bench *bench = batch_bench(true, 2);

	*ret_id = batch_ask(bench, mode);
	batch_approve(bench, &bench->people[CISO], ret_id);
	batch_give_all(bench, &bench->people[SECOPS], ret_id);
	return bench;
}

/* Any command; another session. */
static enum err_code
call(struct bench *bench, struct err *err)
{
	JSON *reply = NULL;
	struct json *request = op_new("hello");

	bench_end(bench);
	json_put_int(request, "protocol", WIRE_PROTOCOL);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
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
a_damaged_share_is_met_before_any_debt_and_its_seat_approves_again(enum mode mode)
{
	struct id id;
	struct bench *bench = with_shares(mode, &id);
	struct err err;
	SEEN seen = {0};
	GIVING giving = {0};

	bench_tamper(bench,
	    "UPDATE shares SET ciphertext = zeroblob(length(ciphertext))"
	    " WHERE seat = 'secops' AND position = 1");
	batch_expect(call(bench, &err), ERR_INTEGRITY, &err,
	    "the stored shares of seat \"secops\" for prod/s1 are damaged");
	assert_non_null(strstr(err.text, "the seat may approve again"));
	assert_int_equal(bench_count(bench, open_debts), 0);
	assert_int_equal(bench_count(bench, opened), 0);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	assert_states(bench, &id, "collecting", "waiting\nwaiting\n");
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

/* One version as the database has it, and as it becomes. */
struct spoilt {
	struct bench *bench;
	sqlite3 *database;
	struct header *header;
	struct digest before, after; /* hashes of the header */
};

static sqlite3_stmt *
prepare(const struct spoilt *spoilt, const char *text)
{
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_prepare_v2(spoilt->database, text, -1, &statement, NULL),
	    SQLITE_OK);
	return statement;
}

static void
bind(sqlite3_stmt *statement, int place, struct view bytes)
{
	assert_int_equal(sqlite3_bind_blob(statement, place, bytes.data, (int)bytes.size,
	                     SQLITE_STATIC),
	    SQLITE_OK);
}

static struct view
column(sqlite3_stmt *statement, int index)
{
	return view_of(sqlite3_column_blob(statement, index),
	    (size_t)sqlite3_column_bytes(statement, index));
}

static void
spoil_header(struct spoilt *spoilt)
{
	struct err err;
	BUF bytes = {0};
	sqlite3_stmt *get = prepare(spoilt,
	    "SELECT header FROM versions WHERE secret = (SELECT id FROM secrets WHERE name = "
	    "'prod/s0')");
	sqlite3_stmt *set = prepare(spoilt,
	    "UPDATE versions SET header = ?, header_hash = ? WHERE secret = (SELECT id FROM secrets"
	    " WHERE name = 'prod/s0')");

	assert_int_equal(sqlite3_step(get), SQLITE_ROW);
	buf_bytes(&bytes, column(get, 0));
	sqlite3_finalize(get);
	assert_ok(header_hash(buf_view(&bytes), &spoilt->before, &err));
	memset(bytes.data + bytes.size - DIGEST_SIZE, 0x77, DIGEST_SIZE);
	assert_ok(header_hash(buf_view(&bytes), &spoilt->after, &err));
	assert_ok(header_decode(buf_view(&bytes), spoilt->header, &err));
	bind(set, 1, buf_view(&bytes));
	bind(set, 2, VIEW_OF(spoilt->after.bytes));
	assert_int_equal(sqlite3_step(set), SQLITE_DONE);
	sqlite3_finalize(set);
}

static struct p256_key *
share_key(struct bench *bench, const char *seat)
{
	for (int i = CISO; i <= CAROL; i++)
		if (strcmp(bench->people[i].name, seat) == 0)
			return bench->people[i].keys[KEY_SHARE];
	fail_msg("no person %s", seat);
	return NULL;
}

/* The same shares, in an envelope of the header as it is now. */
static void
spoil_envelope(struct spoilt *spoilt, size_t index, struct view enc, struct view ciphertext)
{
	struct err err;
	const struct header_envelope *envelope = &spoilt->header->envelopes[index];
	SECRET *shares = NULL;
	HPKE *hpke = NULL;
	BUF box = {0};
	struct digest info;
	struct point made;
	sqlite3_stmt *set = prepare(spoilt,
	    "UPDATE envelopes SET enc = ?, ciphertext = ? WHERE position = ? AND secret = (SELECT id"
	    " FROM secrets WHERE name = 'prod/s0')");

	assert_ok(seal_open_envelope(spoilt->header, &spoilt->before, index, enc, ciphertext,
	    hpke_agree_local, share_key(spoilt->bench, envelope->seat), &shares, &err));
	assert_ok(envelope_info(spoilt->header, index, &info, &err));
	assert_ok(hpke_sender(envelope->suite, &envelope->recipient, VIEW_OF(info.bytes), &hpke,
	    &made, &err));
	assert_ok(hpke_seal(hpke, VIEW_OF(spoilt->after.bytes), secret_view(shares), &box, &err));
	bind(set, 1, VIEW_OF(made.bytes));
	bind(set, 2, buf_view(&box));
	assert_int_equal(sqlite3_bind_int(set, 3, (int)index), SQLITE_OK);
	assert_int_equal(sqlite3_step(set), SQLITE_DONE);
	sqlite3_finalize(set);
}

/* prod/s0 as if it had been sealed with another com_dek: every share fits, and their sum opens nothing. */
static void
spoil_com_dek(struct bench *bench)
{
	struct err err;
	struct spoilt spoilt = {.bench = bench};
	char path[300];

	bench_end(bench);
	snprintf(path, sizeof(path), "%s/vault.db", bench->vault);
	assert_int_equal(sqlite3_open(path, &spoilt.database), SQLITE_OK);
	assert_int_equal(sqlite3_db_config(spoilt.database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0,
	                     NULL),
	    SQLITE_OK);
	assert_ok(header_new(&spoilt.header, &err));
	spoil_header(&spoilt);
	for (size_t i = 0; i < spoilt.header->envelope_count; i++) {
		sqlite3_stmt *get = prepare(&spoilt,
		    "SELECT enc, ciphertext FROM envelopes WHERE position = ? AND secret = (SELECT id"
		    " FROM secrets WHERE name = 'prod/s0')");

		assert_int_equal(sqlite3_bind_int(get, 1, (int)i), SQLITE_OK);
		assert_int_equal(sqlite3_step(get), SQLITE_ROW);
		BUF enc = {0}, ciphertext = {0};
		buf_bytes(&enc, column(get, 0));
		buf_bytes(&ciphertext, column(get, 1));
		sqlite3_finalize(get);
		spoil_envelope(&spoilt, i, buf_view(&enc), buf_view(&ciphertext));
	}
	header_freep(&spoilt.header);
	assert_int_equal(sqlite3_close(spoilt.database), SQLITE_OK);
}

static void
shares_that_do_not_give_the_key_of_the_version_owe_nothing(enum mode mode)
{
	struct bench *bench = batch_bench(false, 2);
	static const char exposed[] = "SELECT part_exposed FROM versions, secrets WHERE secret = id"
	                              " AND number = 1 AND name = 'prod/s0'";
	char text[20], notes[NOTES_MAX], debt[20];

	spoil_com_dek(bench);
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
	assert_ok(call(bench, &err));
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
