/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Someone who can write the database: knows its format, puts any rows into it while nobody has it open, and reaches no other
 * file of the vault.  Then people go on with what they do, and nobody looks for what was written.
 */
#include <sqlite3.h>
#include <stdio.h>

#include "base/credential.h"
#include "base/hpke.h"
#include "tests/adversary/stage.h"
#include "tests/unit/writer/writer_bench.h"
#include "vault/seal/envelope.h"

#define BOX CLEANUP(credential_box_done) struct credential_box

/* A session, and what is due after it. */
static enum err_code
live_on(struct bench *bench, struct err *why)
{
	enum err_code code = bench_hello(bench, why);

	bench_end(bench);
	return code;
}

static enum err_code
ask(struct bench *bench, const char *op, struct buf *ret_text, struct err *why)
{
	JSON *reply = NULL;
	struct err err;
	struct json *request = op_new(op);

	if (strcmp(op, "secret-list") == 0) {
		json_put_text(request, "after", "");
		json_put_int(request, "max", 100);
	} else if (strcmp(op, "log-list") == 0) {
		json_put_int(request, "from", 0);
		json_put_int(request, "max", 1000);
	}
	TRY(bench_call(bench, request, (struct view){0}, &reply, NULL, why));
	assert_ok(json_encode(reply, ret_text, &err));
	return ERR_OK;
}

static bool
tells(struct bench *bench, const char *op, const char *what, struct err *why)
{
	BUF text = {0};

	return ask(bench, op, &text, why) == ERR_OK && strstr(buf_string(&text), what) != NULL;
}

static int64_t
current(struct bench *bench)
{
	return bench_count(bench, "SELECT current FROM secrets WHERE name = 'prod/db'");
}

/* Nobody has seen an alarm, and the value that was released is that of the target still. */
static bool
nothing_is_replaced(struct bench *bench, struct err *why)
{
	BUF text = {0};

	bench->shared->now += 7200;
	return live_on(bench, why) == ERR_OK && ask(bench, "status", &text, why) == ERR_OK &&
	    current(bench) == 2;
}

/* --- Leases and debts ------------------------------------------------------------------------- */

static bool
a_lease_goes_on_for_years(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_released(bench, ALICE);

	bench_tamper(bench, "UPDATE ceremonies SET expires = 4070908800");
	bench->shared->now += 7200;
	return stage_fetches(bench, &bench->people[ALICE], &id, why);
}

static bool
a_lease_is_over_at_once(void *stage, struct err *why)
{
	struct bench *bench = stage;

	(void)stage_released(bench, ALICE);
	bench_tamper(bench, "UPDATE ceremonies SET expires = 1; UPDATE debts SET due = 1");
	(void)!live_on(bench, why);
	(void)!live_on(bench, why);
	return current(bench) == 3;
}

static bool
a_debt_is_paid_with_a_pen(void *stage, struct err *why)
{
	struct bench *bench = stage;

	(void)stage_released(bench, ALICE);
	bench_tamper(bench,
	    "UPDATE debts SET state = 'retired'; UPDATE ceremonies SET state = 'closed'");
	return nothing_is_replaced(bench, why);
}

static bool
a_debt_is_due_when_nobody_lives_any_more(void *stage, struct err *why)
{
	struct bench *bench = stage;

	(void)stage_released(bench, ALICE);
	bench_tamper(bench,
	    "UPDATE debts SET due = 4070908800;"
	    "UPDATE ceremonies SET expires = 4070908800");
	return nothing_is_replaced(bench, why);
}

/* --- What is opened --------------------------------------------------------------------------- */

static bool
a_released_version_is_released_again(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *carol = &bench->people[CAROL];
	struct request request;
	struct id id;

	(void)stage_released(bench, ALICE);
	bench_request_make(bench, carol, "prod/db", &request);
	bench_tamper(bench,
	    "DELETE FROM opened; UPDATE debts SET state = 'retired';"
	    "UPDATE ceremonies SET state = 'closed'");
	if (bench_request_send(bench, carol, &request, &id, why) != ERR_OK)
		return false;
	(void)!bench_approve(bench, &bench->people[CISO], &id, why);
	(void)!bench_approve(bench, &bench->people[SECOPS], &id, why);
	return stage_opens(bench, carol, &id, why);
}

static bool
is_theirs(const struct secret *credential)
{
	struct view password;
	struct err err;

	return credential_get(secret_view(credential), FIELD_PASSWORD, &password, &err) == ERR_OK &&
	    view_equal(password, view_of_text("theirs"));
}

static bool
opens_to_theirs(struct bench *bench, const struct id *id, struct err *why)
{
	SECRET *credential = NULL;

	return bench_open(bench, &bench->people[ALICE], id, &credential, NULL, why) == ERR_OK &&
	    is_theirs(credential);
}

/* Sealed to the public keys of the same officers, which everybody knows. */
static bool
a_version_of_theirs_is_released(void *stage, struct err *why)
{
	static const char *const rows[] = {"versions", "envelopes", NULL};
	struct bench *bench = stage;
	struct request request;
	struct id id;

	bench_keep(bench, "kept");
	hand_exchange(bench, "prod/db", scene_forge);
	bench_request_make(bench, &bench->people[ALICE], "prod/db", &request);
	take_tables(bench, rows);
	if (bench_request_send(bench, &bench->people[ALICE], &request, &id, why) != ERR_OK)
		return false;
	(void)!bench_approve(bench, &bench->people[CISO], &id, why);
	(void)!bench_approve(bench, &bench->people[SECOPS], &id, why);
	return opens_to_theirs(bench, &id, why);
}

/* 32 bytes of a lease key, and a password, sealed to alice as the vault would. */
static void
seal_answer(struct bench *bench, const struct shown *shown, struct point *ret_enc,
    struct buf *ret_box)
{
	const struct item *item = &shown->ceremony.items.rows[0];
	const struct seat_token *token = &bench->people[ALICE].seat.tokens[0];
	const struct box_ids ids = {.label = seal_label_answer,
	    .vault = bench->vault_id,
	    .secret = item->secret,
	    .version = item->version,
	    .header_hash = item->header,
	    .ceremony = shown->ceremony.digest,
	    .seat = "alice",
	    .token = token->id};
	SECRET *credential = NULL, *answer = NULL;
	HPKE *hpke = NULL;
	struct digest info, seed = {{7}};
	struct err err;

	assert_ok(credential_new(&credential, &err));
	assert_ok(credential_add(credential, FIELD_PASSWORD, view_of_text("theirs"), &err));
	assert_ok(secret_new(sizeof(seed) + secret_size(credential), &answer, &err));
	assert_ok(secret_append(answer, VIEW_OF(seed.bytes), &err));
	assert_ok(secret_append(answer, secret_view(credential), &err));
	assert_ok(seal_box_info(&ids, &info, &err));
	assert_ok(hpke_sender(hpke_suite_default, &token->keys[KEY_RELEASE], VIEW_OF(info.bytes),
	    &hpke, ret_enc, &err));
	assert_ok(hpke_seal(hpke, VIEW_OF(shown->ceremony.digest.bytes), secret_view(answer),
	    ret_box, &err));
}

static void
put_hex(struct buf *text, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf_format(text, "%02x", bytes[i]);
}

static bool
an_answer_of_theirs_is_opened(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_released(bench, ALICE);
	SHOWN shown = {0};
	BUF box = {0}, change = {0};
	struct point enc;

	bench_show(bench, &id, &shown);
	seal_answer(bench, &shown, &enc, &box);
	buf_text(&change, "UPDATE answers SET enc = x'");
	put_hex(&change, enc.bytes, sizeof(enc.bytes));
	buf_text(&change, "', ciphertext = x'");
	put_hex(&change, box.data, box.size);
	buf_text(&change, "'");
	bench_tamper(bench, buf_string(&change));
	return opens_to_theirs(bench, &id, why);
}

/* --- Where it goes ---------------------------------------------------------------------------- */

/* prod/two, which they may have defined, has a target of its own. */
static bool
a_value_is_set_at_another_target(void *stage, struct err *why)
{
	struct bench *bench = stage;
	BOX box = {0};
	JSON *reply = NULL;
	BUF calls = {0};
	char target[sizeof(bench->target)];
	struct err err;

	memcpy(target, bench->target, sizeof(target));
	bench_shell(bench, "mkdir -m 700 target/other");
	strcat(bench->target, "/other");
	target_accept(bench, "other\n");
	bench_box(bench, "prod/two", "other", &box);
	assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	(void)target_calls(bench, &calls);
	(void)stage_released(bench, ALICE);
	bench_tamper(bench,
	    "UPDATE secrets SET definition = (SELECT definition FROM secrets"
	    " WHERE name = 'prod/two') WHERE name = 'prod/db'");
	bench->shared->now += 7200;
	(void)!live_on(bench, why);
	(void)!live_on(bench, why);
	bool asked = target_calls(bench, &calls)[0] != '\0';
	memcpy(bench->target, target, sizeof(target));
	return asked;
}

static bool
a_value_that_was_seen_counts_as_unseen(void *stage, struct err *why)
{
	struct bench *bench = stage;
	BOX box = {0};
	JSON *reply = NULL, *done = NULL;
	struct order_item item;
	DSSE statement = {0};
	struct err err;

	target_accept(bench, "a-password\n");
	bench_box(bench, "prod/two", "a-password", &box);
	assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	bench_order(bench, &bench->people[INFRA], "prod/two", &item, &statement);
	bench_tamper(bench, "UPDATE versions SET seen = 0");
	(void)!bench_send_order(bench, &statement, &item.secret, &done, why);
	return bench_count(bench, "SELECT current FROM secrets WHERE name = 'prod/two'") == 2;
}

static bool
a_secret_has_another_name_on_screens(void *stage, struct err *why)
{
	bench_tamper(stage, "UPDATE secrets SET name = 'test/toy'");
	return tells(stage, "secret-list", "test/toy", why);
}

/* --- People and what they said ---------------------------------------------------------------- */

static bool
a_suspension_is_lifted(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	struct err err;

	assert_ok(bench_suspend(bench, SECOPS, CISO, &err));
	bench_tamper(bench,
	    "DELETE FROM documents WHERE position = (SELECT max(position) FROM documents)");
	if (bench_hello(bench, why) != ERR_OK)
		return false;
	(void)!bench_approve(bench, &bench->people[CISO], &id, why);
	return stage_rows(bench, "voices") > 0;
}

static bool
who_left_the_roster_asks(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *const signers[] = {&bench->people[INFRA], &bench->people[CISO]};
	struct request request;
	struct id id;
	struct err err;

	assert_ok(stage_roster(bench, NULL, 0, signers, ARRAY_SIZE(signers), 0, -1, &err));
	bench_request_make(bench, &bench->people[ALICE], "prod/db", &request);
	bench_tamper(bench,
	    "DELETE FROM documents WHERE position = (SELECT max(position) FROM documents)");
	(void)!bench_request_send(bench, &bench->people[ALICE], &request, &id, why);
	return stage_rows(bench, "ceremonies") > 0;
}

static bool
a_denial_is_forgotten(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *ciso = &bench->people[CISO];
	struct id id = stage_asked(bench, ALICE);
	SHOWN shown = {0};
	APPROVING approving = {0};
	struct err err;

	bench_show(bench, &id, &shown);
	approving_draw(bench, ciso, &shown, &approving);
	approving_sign(&approving);
	assert_ok(bench_object(bench, ciso, &id, STATEMENT_DENIAL, &err));
	bench_tamper(bench, "DELETE FROM voices");
	(void)!stage_send(bench, "approve", &id, "approval", &approving.statement, why);
	return stage_rows(bench, "voices WHERE denies = 0") > 0;
}

static bool
a_deadline_is_moved(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	SHOWN shown = {0};
	APPROVING approving = {0};

	bench_show(bench, &id, &shown);
	approving_draw(bench, &bench->people[CISO], &shown, &approving);
	approving_sign(&approving);
	bench_tamper(bench, "UPDATE ceremonies SET deadline = deadline + 86400");
	bench->shared->now += 3600;
	bench->shared->no_due = 1;
	(void)!stage_send(bench, "approve", &id, "approval", &approving.statement, why);
	return stage_rows(bench, "voices") > 0;
}

/* --- The log and the form --------------------------------------------------------------------- */

static bool
a_leaf_of_the_log_says_something_else(void *stage, struct err *why)
{
	struct bench *bench = stage;
	BUF text = {0};

	(void)stage_asked(bench, ALICE);
	bench_tamper(bench,
	    "UPDATE log_leaf SET data = CAST(replace(CAST(data AS TEXT), '\"alice\"', '\"carol\"')"
	    " AS BLOB) WHERE instr(data, '\"alice\"') > 0");
	return ask(bench, "log-verify", &text, why) == ERR_OK;
}

static bool
a_leaf_stands_in_the_log_that_nobody_logged(void *stage, struct err *why)
{
	struct bench *bench = stage;

	bench_tamper(bench,
	    "INSERT INTO log_leaf SELECT position + 1, CAST(replace(CAST(data AS TEXT),"
	    " '\"event\":\"', '\"event\":\"mallory-') AS BLOB)"
	    " FROM log_leaf ORDER BY position DESC LIMIT 1");
	return tells(bench, "log-list", "mallory", why);
}

static bool
a_trigger_takes_away_what_officers_say(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	sqlite3 *database = NULL;
	char path[300];

	bench_end(bench);
	snprintf(path, sizeof(path), "%s/vault.db", bench->vault);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(database,
	        "DROP TRIGGER voices_kept; CREATE TRIGGER voices_kept AFTER INSERT ON voices"
	        " BEGIN DELETE FROM voices; END",
	        NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
	if (bench_hello(bench, why) != ERR_OK)
		return false;
	(void)!bench_approve(bench, &bench->people[CISO], &id, why);
	return stage_rows(bench, "voices") == 0 &&
	    stage_rows(bench, "statements WHERE type = 'approval'") > 0;
}

static const struct attempt attempts[] = {
    ATTEMPT(a_lease_goes_on_for_years, "rows_are_proven"),
    ATTEMPT(a_lease_is_over_at_once, "rows_are_proven"),
    ATTEMPT(a_debt_is_paid_with_a_pen, "rows_are_proven"),
    ATTEMPT(a_debt_is_due_when_nobody_lives_any_more, "rows_are_proven"),
    ATTEMPT(a_released_version_is_released_again, "openings_are_proven"),
    ATTEMPT(a_version_of_theirs_is_released, "rows_are_proven"),
    ATTEMPT(an_answer_of_theirs_is_opened, "rows_are_proven"),
    ATTEMPT(a_value_is_set_at_another_target, "rows_are_proven"),
    ATTEMPT(a_value_that_was_seen_counts_as_unseen, "rows_are_proven"),
    ATTEMPT(a_secret_has_another_name_on_screens, "rows_are_proven"),
    ATTEMPT(a_suspension_is_lifted, "documents_are_counted"),
    ATTEMPT(who_left_the_roster_asks, "documents_are_counted"),
    ATTEMPT(a_denial_is_forgotten, "voices_are_counted"),
    ATTEMPT(a_deadline_is_moved, "a_row_says_what_was_signed"),
    ATTEMPT(a_leaf_of_the_log_says_something_else, "leaves_are_hashed"),
    ATTEMPT(a_leaf_stands_in_the_log_that_nobody_logged, "the_anchor_counts_the_leaves"),
    ATTEMPT(a_trigger_takes_away_what_officers_say, "the_form_is_compared"),
};

int
main(int argc, char **argv)
{
	static const struct adversary writer = {.name = "writer",
	    .who = "someone who can write the database",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    STAGE};

	return adversary_main(&writer, argc, argv);
}
