/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/stage.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/credential.h"
#include "base/crypto.h"
#include "base/crypto_key.h"
#include "base/file.h"
#include "ceremony/protocol/clock.h"
#include "ceremony/protocol/statements.h"
#include "vault/documents/suspension.h"

enum { TARGET_MAX = 1 << 20 };

void *
stage_arrive(void)
{
	void *bench = NULL;

	(void)bench_start(&bench);
	stage_keep(bench);
	return bench;
}

void
stage_pause(void *stage)
{
	bench_end(stage);
}

void
stage_keep(struct bench *bench)
{
	bench_keep(bench, "begun");
}

void
stage_again(void *stage)
{
	bench_restore(stage, "begun");
}

void
stage_leave(void *stage)
{
	bench_free(stage);
}

struct person
stage_mask(const struct bench *bench, int of, const struct person *with)
{
	struct person mask = bench->people[of];
	struct err err;

	for (int i = 0; i < KEY_COUNT; i++) {
		SECRET *scalar = NULL;

		mask.keys[i] = NULL;
		if (with == NULL || with->keys[i] == NULL) {
			assert_ok(p256_key_new(&mask.keys[i], &err));
			continue;
		}
		assert_ok(p256_key_scalar(with->keys[i], &scalar, &err));
		assert_ok(p256_key_from(scalar, &mask.keys[i], &err));
	}
	return mask;
}

void
stage_unmask(struct person *mask)
{
	for (int i = 0; i < KEY_COUNT; i++)
		p256_key_freep(&mask->keys[i]);
}

void
stage_enroll(struct bench *bench, int which, const char *name, unsigned roles, uint32_t serial)
{
	struct person *person = &bench->people[which];

	stage_unmask(person);
	memset(&person->seat, 0, sizeof(person->seat));
	person->name = name;
	person->roles = roles;
	bench_enroll(bench, person, serial);
	bench_enroll_again(bench, person);
}

const struct person *
stage_newcomer(struct bench *bench, unsigned roles)
{
	stage_enroll(bench, OTHER, "mallory", roles, 2000000);
	return &bench->people[OTHER];
}

void
stage_steal(struct bench *bench)
{
	struct person *thief = &bench->people[OTHER], *alice = &bench->people[ALICE];
	struct person mask = stage_mask(bench, ALICE, alice);
	ENROLMENT enrolment = {0};
	JSON *payload = NULL;
	struct err err;

	assert_ok(enrolment_parse(&alice->enrolment, false, &enrolment, &err));
	enrolment.created = bench->shared->now;
	enrolment.expires = enrolment.created + ENROLMENT_LIFE;
	snprintf(enrolment.seat.name, sizeof(enrolment.seat.name), "mallory");
	snprintf(enrolment.seat.person, sizeof(enrolment.seat.person), "Person mallory");
	assert_ok(enrolment_payload(&enrolment, &payload, &err));
	dsse_done(&thief->enrolment);
	thief->enrolment = (struct dsse){0};
	stage_unmask(thief);
	memcpy(thief->keys, mask.keys, sizeof(thief->keys));
	thief->name = "mallory";
	thief->seat = enrolment.seat;
	assert_ok(statement_new(STATEMENT_ENROLMENT, false, payload, &thief->enrolment, &err));
	person_sign(thief, &thief->enrolment);
	assert_ok(dsse_digest(&thief->enrolment, &thief->seat.tokens[0].enrolment, &err));
}

/* --- The scenes that others bring about ------------------------------------------------------ */

struct id
stage_asked(struct bench *bench, int by)
{
	return bench_request(bench, &bench->people[by], "prod/db");
}

struct id
stage_approved(struct bench *bench, int by)
{
	struct id id = stage_asked(bench, by);
	struct err err;

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	return id;
}

struct id
stage_released(struct bench *bench, int by)
{
	struct id id = stage_approved(bench, by);
	struct err err;

	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_true(stage_is(bench, &id, "released"));
	return id;
}

void
stage_spare(struct bench *bench)
{
	bench_spare(bench);
}

/* --- Saying something ------------------------------------------------------------------------ */

void
stage_state(enum statement_type type, struct json *payload, const struct person *signer,
    struct dsse *ret_statement)
{
	struct err err;

	assert_ok(statement_new(type, false, payload, ret_statement, &err));
	json_free(payload);
	if (signer != NULL)
		person_sign(signer, ret_statement);
}

enum err_code
stage_send(struct bench *bench, const char *op, const struct id *id, const char *name,
    const struct dsse *statement, struct err *err)
{
	JSON *reply = NULL;
	struct json *message = op_new(op);

	if (id != NULL)
		json_put_hex(message, "id", VIEW_OF(id->bytes));
	put_statement(message, name, statement);
	return bench_call(bench, message, (struct view){0}, &reply, NULL, err);
}

enum err_code
stage_done(struct bench *bench, const struct id *id, const struct person *named,
    const struct person *signer, struct err *err)
{
	struct json *payload = NULL;
	DSSE statement = {0};
	SHOWN shown = {0};
	struct err inner;

	bench_show(bench, id, &shown);
	struct done done = {.vault = bench->vault_id,
	    .release = shown.release,
	    .token = named->seat.tokens[0].id,
	    .time = bench->shared->now};
	snprintf(done.seat, sizeof(done.seat), "%s", named->name);
	assert_int_equal(done_payload(&done, &payload, &inner), ERR_OK);
	stage_state(STATEMENT_DONE, payload, signer, &statement);
	return stage_send(bench, "done", id, "done", &statement, err);
}

void
stage_objection(struct bench *bench, const struct id *id, const struct person *named,
    enum statement_type type, struct dsse *ret_statement)
{
	struct json *payload = NULL;
	struct err err;
	SHOWN shown = {0};
	struct objection objection = {.vault = bench->vault_id,
	    .token = named->seat.tokens[0].id,
	    .reason = "not like this",
	    .time = bench->shared->now};

	bench_show(bench, id, &shown);
	objection.ceremony = shown.ceremony.digest;
	snprintf(objection.seat, sizeof(objection.seat), "%s", named->name);
	assert_ok(objection_payload(&objection, &payload, &err));
	stage_state(type, payload, named, ret_statement);
}

static void
sign_all(struct dsse *statement, const struct person *const *signers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		person_sign(signers[i], statement);
}

enum err_code
stage_charter(struct bench *bench, const struct person *const *signers, size_t count, int first,
    int last, struct err *err)
{
	struct charter *next = bench->charter;
	struct json *payload = NULL;
	DSSE statement = {0};
	struct err inner;

	next->previous = next->digest;
	next->version++;
	next->created = bench->shared->now;
	assert_int_equal(charter_payload(next, &payload, &inner), ERR_OK);
	stage_state(STATEMENT_CHARTER, payload, NULL, &statement);
	sign_all(&statement, signers, count);
	TRY(bench_propose(bench, &statement, first, last, err));
	charter_freep(&bench->charter);
	return charter_parse(&statement, &bench->charter, err);
}

enum err_code
stage_roster(struct bench *bench, const struct seat *seats, size_t seat_count,
    const struct person *const *signers, size_t count, int first, int last, struct err *err)
{
	struct json *payload = NULL;
	DSSE statement = {0};
	ROSTER *roster = NULL;
	struct err inner;

	assert_int_equal(roster_new(&roster, &inner), ERR_OK);
	roster->vault = bench->vault_id;
	roster->charter = bench->charter->digest;
	roster->version = (uint32_t)bench_count(bench,
	    "SELECT count(*) + 1 FROM documents JOIN statements USING (digest) WHERE type = 'roster'");
	roster->previous = bench->roster;
	roster->created = bench->shared->now;
	roster->seat_count = seat_count;
	for (size_t i = 0; i < seat_count; i++)
		roster->seats[i] = seats[i];
	assert_int_equal(roster_payload(roster, &payload, &inner), ERR_OK);
	stage_state(STATEMENT_ROSTER, payload, NULL, &statement);
	sign_all(&statement, signers, count);
	TRY(bench_propose(bench, &statement, first, last, err));
	return dsse_digest(&statement, &bench->roster, err);
}

enum err_code
stage_suspend(struct bench *bench, const struct person *by, int of, struct err *err)
{
	struct json *payload = NULL;
	struct err inner;
	DSSE statement = {0};
	struct suspension suspension = {.vault = bench->vault_id,
	    .charter = bench->charter->digest,
	    .roster = bench->roster,
	    .token = by->seat.tokens[0].id,
	    .suspended = bench->people[of].seat.tokens[0].id,
	    .time = bench->shared->now,
	    .reason = "lost"};

	snprintf(suspension.seat, sizeof(suspension.seat), "%s", by->name);
	snprintf(suspension.holder, sizeof(suspension.holder), "%s", bench->people[of].name);
	assert_int_equal(suspension_payload(&suspension, &payload, &inner), ERR_OK);
	stage_state(STATEMENT_SUSPEND, payload, by, &statement);
	return bench_propose(bench, &statement, 0, -1, err);
}

enum err_code
stage_order(struct bench *bench, const struct person *by, struct err *err)
{
	struct order_item item;
	DSSE statement = {0};
	JSON *reply = NULL;

	bench_order(bench, by, "prod/db", &item, &statement);
	return bench_send_order(bench, &statement, &item.secret, &reply, err);
}

/* --- What has become of the vault ------------------------------------------------------------- */

int64_t
stage_rows(struct bench *bench, const char *table)
{
	char query[200];

	snprintf(query, sizeof(query), "SELECT count(*) FROM %s", table);
	return bench_count(bench, query);
}

void
stage_blob(struct bench *bench, const char *query, struct buf *ret_bytes)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	char path[300];

	bench_end(bench);
	snprintf(path, sizeof(path), "%s/vault.db", bench->vault);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	buf_bytes(ret_bytes,
	    view_of(sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0)));
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

bool
stage_is(struct bench *bench, const struct id *id, const char *state)
{
	SHOWN shown = {0};

	bench_show(bench, id, &shown);
	return strcmp(shown.state, state) == 0;
}

bool
stage_holds(struct bench *bench, struct view bytes)
{
	char path[300];
	struct err err;
	BUF accepts = {0};

	snprintf(path, sizeof(path), "%s/accepts", bench->target);
	assert_ok(file_read(path, TARGET_MAX, &accepts, &err));
	const uint8_t *end = memchr(accepts.data, '\n', accepts.size);
	assert_non_null(end);
	return bytes.size > 0 &&
	    memmem(bytes.data, bytes.size, accepts.data, (size_t)(end - accepts.data)) != NULL;
}

bool
stage_has_envelope(struct bench *bench, struct view bytes)
{
	BUF query = {0};

	if (bytes.size == 0)
		return false;
	buf_text(&query, "SELECT count(*) FROM envelopes WHERE instr(x'");
	for (size_t i = 0; i < bytes.size; i++)
		buf_format(&query, "%02x", bytes.data[i]);
	buf_text(&query, "', ciphertext) > 0");
	return bench_count(bench, buf_string(&query)) > 0;
}

bool
stage_fetches(struct bench *bench, const struct person *person, const struct id *id,
    struct err *err)
{
	struct json *message = op_new("open");
	JSON *reply = NULL;
	BUF box = {0};

	json_put_hex(message, "id", VIEW_OF(id->bytes));
	json_put_int(message, "position", 0);
	json_put_hex(message, "token", VIEW_OF(person->seat.tokens[0].id.bytes));
	return bench_call(bench, message, (struct view){0}, &reply, &box, err) == ERR_OK &&
	    box.size > 0;
}

bool
stage_opens(struct bench *bench, const struct person *person, const struct id *id, struct err *err)
{
	SECRET *credential = NULL;

	return bench_open(bench, person, id, &credential, NULL, err) == ERR_OK &&
	    target_accepts(bench, credential);
}

bool
stage_sets_clock(struct bench *bench, int by, int64_t off, struct err *why)
{
	struct clock_word word = {.vault = bench->vault_id,
	    .token = bench->people[by].seat.tokens[0].id,
	    .newest = bench->shared->now};
	JSON *payload = NULL;
	DSSE statement = {0};
	struct err err;

	bench->shared->now -= 3600;
	word.host = word.time = bench->shared->now + off;
	snprintf(word.seat, sizeof(word.seat), "%s", bench->people[by].name);
	assert_ok(sha256_one(view_of(NULL, 0), &word.root, &err)); /* of a log of 0 leaves */
	assert_ok(clock_payload(&word, &payload, &err));
	stage_state(STATEMENT_CLOCK, TAKE(payload), &bench->people[by], &statement);
	(void)!stage_send(bench, "clock", NULL, "clock", &statement, why);
	return stage_rows(bench, "statements WHERE type = 'clock'") > 0;
}
