/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ceremony over many versions.  Invariant 18: a resealed version is opened by exactly one batch
 * ceremony.  The client side is spoken by hand.
 */
#include <stdio.h>

#include "base/hpke.h"
#include "base/text.h"
#include "ceremony/record_batch.h"
#include "tests/unit/server_bench.h"

enum { SECRETS = 4, ATTEMPTS = 8 };

static void
expect(enum err_code got, enum err_code code, const struct err *err, const char *part)
{
	if (got != code || strstr(err->text, part) == NULL)
		fail_msg("%s instead of %s (%s): %s", err_name(got), err_name(code), part,
		    got != ERR_OK ? err->text : "");
}

static void
name_of(size_t index, char ret_name[32])
{
	snprintf(ret_name, 32, "prod/s%zu", index);
}

/* COUNT values, as they were handed in: "password-N". */
static struct bench *
with_some(bool copy, size_t count)
{
	struct bench *bench = bench_new(copy);
	struct err err;

	for (size_t i = 0; i < count; i++) {
		CLEANUP(credential_box_done) struct credential_box box = {0};
		JSON *reply = NULL;
		char name[32], password[32], list[64];

		name_of(i, name);
		snprintf(password, sizeof(password), "password-%zu", i);
		snprintf(list, sizeof(list), "%s\n", password);
		target_accept(bench, list);
		bench_box(bench, name, password, &box);
		assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	}
	return bench;
}

static struct bench *
with_secrets(bool copy)
{
	return with_some(copy, SECRETS);
}

/* secops leaves and the spare takes the seat. */
static void
replace_token(struct bench *bench)
{
	struct seat *seat;

	bench_spare(bench);
	seat = &bench->charter->seats[SECOPS];
	seat->tokens[0] = seat->tokens[1];
	seat->token_count = 1;
	bench_change(bench);
}

/* --- Speaking to the server --------------------------------------------------------------- */

static size_t
fetch_list(struct bench *bench, bool all, struct batch_open *opens, char ret_why[600])
{
	struct err err;
	JSON *reply = NULL;
	struct json *request = op_new("reseal-list");

	json_put_text(request, "after", "");
	json_put_bool(request, "all", all);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *array = json_in_array(&in, "secrets", 0, 300);
	for (size_t i = 0; i < json_array_count(array); i++) {
		struct json_in row = json_in(json_array_object(array, i), "row", &err);

		json_in_hex(&row, "secret", opens[i].secret.bytes, SECRET_ID_SIZE);
		snprintf(opens[i].name, sizeof(opens[i].name), "%s",
		    json_in_text(&row, "name", 1, SEAT_NAME_MAX));
		opens[i].version = (uint32_t)json_in_int(&row, "version", 1, UINT32_MAX);
		json_in_hex(&row, "definition", opens[i].definition.bytes, DIGEST_SIZE);
		json_in_hex(&row, "header", opens[i].header.bytes, DIGEST_SIZE);
		snprintf(ret_why, 600, "%s", json_in_text(&row, "why", 0, 500));
		assert_int_equal(row.code, ERR_OK);
	}
	return json_array_count(array);
}

static enum err_code
send_request(struct bench *bench, const struct person *person, const struct batch_request *request,
    struct id *ret_id, struct err *err)
{
	struct err inner;
	JSON *payload = NULL, *reply = NULL;
	DSSE statement = {0};
	struct json *message = op_new("batch-request");

	assert_int_equal(batch_request_payload(request, &payload, &inner), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_REQUEST, false, payload, &statement, &inner), ERR_OK);
	person_sign(person, &statement);
	assert_int_equal(put_statement(message, "request", &statement, &inner), ERR_OK);
	TRY(bench_call(bench, message, (struct view){0}, &reply, NULL, err));
	assert_true(text_from_hex(json_object_text(reply, "id"), ret_id->bytes, ID_SIZE));
	return ERR_OK;
}

static void
draw_request(struct bench *bench, const struct person *person, enum batch_mode mode, bool all,
    struct batch_open *opens, struct batch_request *request)
{
	char why[600];

	*request = (struct batch_request){.vault = bench->vault_id, .mode = mode,
		.token = person->seat.tokens[0].id, .opens = opens, .created = bench->shared->now,
		.expires = bench->shared->now + 900};
	request->count = fetch_list(bench, all, opens, why);
	snprintf(request->seat, sizeof(request->seat), "%s", person->name);
	snprintf(request->reason, sizeof(request->reason), "secops has a new token");
	snprintf(request->host, sizeof(request->host), "desk");
	snprintf(request->user, sizeof(request->user), "%s", person->name);
}

static struct id
ask(struct bench *bench, enum batch_mode mode)
{
	struct err err;
	struct batch_open opens[SECRETS + 1];
	struct batch_request request;
	struct id id;

	draw_request(bench, &bench->people[INFRA], mode, true, opens, &request);
	assert_ok(send_request(bench, &bench->people[INFRA], &request, &id, &err));
	return id;
}

/* What an officer sees. */
struct seen {
	struct batch_ceremony ceremony;
	char state[20], missing[300], notes[1200];
};

static void
look(struct bench *bench, const struct id *id, struct seen *seen)
{
	struct err err;
	JSON *reply = NULL;
	DSSE statement = {0};
	struct json *request = op_new("batch-get");
	size_t used = 0;

	batch_ceremony_done(&seen->ceremony);
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	in_statement(&in, "ceremony", &statement);
	const struct json *items = json_in_array(&in, "items", 1, BATCH_ITEMS);
	assert_int_equal(in.code, ERR_OK);
	assert_ok(batch_ceremony_parse(&statement, false, &seen->ceremony, &err));
	assert_ok(statement_verify_host(&statement, &bench->charter->host_statement, &err));
	snprintf(seen->state, sizeof(seen->state), "%s", json_object_text(reply, "state"));
	snprintf(seen->missing, sizeof(seen->missing), "%s", json_object_text(reply, "missing"));
	seen->notes[0] = '\0';
	for (size_t i = 0; i < json_array_count(items); i++)
		used += (size_t)snprintf(seen->notes + used, sizeof(seen->notes) - used, "%s%s%s\n",
		    json_object_text(json_array_object(items, i), "state"),
		    json_object_text(json_array_object(items, i), "note")[0] != '\0' ? " " : "",
		    json_object_text(json_array_object(items, i), "note"));
}
static void
seen_done(struct seen *seen)
{
	batch_ceremony_done(&seen->ceremony);
}
#define SEEN CLEANUP(seen_done) struct seen

struct giving {
	const struct person *person;
	struct p256_key *ephemeral;
	struct digest statement;
};
static void
giving_done(struct giving *giving)
{
	p256_key_free(giving->ephemeral);
}
#define GIVING CLEANUP(giving_done) struct giving

static enum err_code
sign(struct bench *bench, const struct person *person, const struct id *id,
    const struct seen *seen, struct giving *giving, struct err *err)
{
	struct err inner;
	JSON *payload = NULL, *reply = NULL;
	DSSE statement = {0};
	struct approval approval = {.vault = bench->vault_id, .ceremony = seen->ceremony.digest,
		.token = person->seat.tokens[0].id, .time = bench->shared->now};
	struct json *request = op_new("batch-approve");

	giving->person = person;
	snprintf(approval.seat, sizeof(approval.seat), "%s", person->name);
	assert_int_equal(sha256(NULL, 0, &approval.root, &inner), ERR_OK);
	assert_int_equal(p256_key_new(&giving->ephemeral, &inner), ERR_OK);
	p256_key_public(giving->ephemeral, &approval.enc);
	assert_int_equal(approval_payload(&approval, &payload, &inner), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_APPROVAL, false, payload, &statement, &inner), ERR_OK);
	person_sign(person, &statement);
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	assert_int_equal(put_statement(request, "approval", &statement, &inner), ERR_OK);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static struct json *
about(const char *op, const struct id *id, size_t position, const char *seat)
{
	struct json *request = op_new(op);

	json_put_hex(request, "id", VIEW_OF(id->bytes));
	json_put_int(request, "position", (int64_t)position);
	if (seat != NULL)
		json_put_text(request, "seat", seat);
	return request;
}

static void
fetch_header(struct bench *bench, const struct id *id, size_t position, struct header **ret_header)
{
	struct err err;
	JSON *reply = NULL;
	BUF out = {0};

	assert_ok(bench_call(bench, about("batch-item", id, position, NULL), (struct view){0}, &reply,
	    &out, &err));
	assert_ok(header_new(ret_header, &err));
	assert_ok(header_decode(buf_view(&out), *ret_header, &err));
}

/* One version's shares, as an honest client re-seals them; SPOIL changes one byte before. */
static enum err_code
give(struct bench *bench, const struct giving *giving, const struct id *id,
    const struct seen *seen, size_t position, bool spoil, struct err *err)
{
	struct err inner;
	const struct person *person = giving->person;
	const struct batch_open *open = &seen->ceremony.opens[position];
	const struct box_ids ids = {.label = seal_label_approval, .vault = bench->vault_id,
		.secret = open->secret, .version = open->version, .header_hash = open->header,
		.ceremony = seen->ceremony.digest, .seat = person->name,
		.token = person->seat.tokens[0].id};
	JSON *reply = NULL, *thanks = NULL;
	BUF box = {0}, ciphertext = {0};
	HEADER *header = NULL;
	SECRET *shares = NULL;
	HPKE *hpke = NULL;
	struct digest info;
	struct point made;

	TRY(bench_call(bench, about("batch-envelope", id, position, person->name), (struct view){0},
	    &reply, &box, err));
	struct json_in in = json_in(reply, "reply", &inner);
	size_t index = (size_t)json_in_int(&in, "envelope", 0, 127);
	fetch_header(bench, id, position, &header);
	assert_int_equal(seal_open_envelope(header, &open->header, index, view_of(box.data, POINT_SIZE),
	    view_of(box.data + POINT_SIZE, box.size - POINT_SIZE), hpke_agree_local,
	    person->keys[KEY_SHARE], &shares, &inner), ERR_OK);
	if (spoil)
		secret_data(shares)[40] ^= 1;
	assert_int_equal(seal_box_info(&ids, &info, &inner), ERR_OK);
	assert_int_equal(hpke_sender_with(hpke_suite_default, &seen->ceremony.key,
	    VIEW_OF(info.bytes), giving->ephemeral, &hpke, &made, &inner), ERR_OK);
	assert_int_equal(hpke_seal(hpke, VIEW_OF(seen->ceremony.digest.bytes), secret_view(shares),
	    &ciphertext, &inner), ERR_OK);
	return bench_call(bench, about("batch-shares", id, position, person->name),
	    buf_view(&ciphertext), &thanks, NULL, err);
}

static enum err_code
advance(struct bench *bench, const struct id *id, struct err *err)
{
	JSON *reply = NULL;
	struct json *request = op_new("batch-advance");

	json_put_hex(request, "id", VIEW_OF(id->bytes));
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

/* All of an officer's part but the last step. */
static void
give_all(struct bench *bench, const struct person *person, const struct id *id)
{
	struct err err;
	SEEN seen = {0};
	GIVING giving = {0};

	look(bench, id, &seen);
	assert_ok(sign(bench, person, id, &seen, &giving, &err));
	for (size_t i = 0; i < seen.ceremony.count; i++)
		assert_ok(give(bench, &giving, id, &seen, i, false, &err));
}

static void
approve(struct bench *bench, const struct person *person, const struct id *id)
{
	struct err err;

	give_all(bench, person, id);
	assert_ok(advance(bench, id, &err));
}

/* --- Looking ------------------------------------------------------------------------------ */

/* NAME opens, by people A and B, to PASSWORD. */
static void
assert_opens(struct bench *bench, const char *name, const char *password, int a, int b)
{
	struct err err;
	SECRET *credential = NULL;
	struct id id = bench_request(bench, &bench->people[ALICE], name);

	assert_ok(bench_approve(bench, &bench->people[a], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[b], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	assert_non_null(memmem(secret_view(credential).data, secret_view(credential).size, password,
	    strlen(password)));
}

static void
batch_states(struct bench *bench, const struct id *id, char ret_state[20], char ret_notes[1200])
{
	SEEN seen = {0};

	look(bench, id, &seen);
	snprintf(ret_state, 20, "%s", seen.state);
	snprintf(ret_notes, 1200, "%s", seen.notes);
}

/* --- The tests ---------------------------------------------------------------------------- */

static void
one_ceremony_seals_everything_again_to_the_officers_of_today(void **state)
{
	struct bench *bench = with_secrets(true);
	struct batch_open opens[SECRETS];
	char why[600], text[20], notes[1200];
	struct id id;

	(void)state;
	assert_int_equal(fetch_list(bench, false, opens, why), 0);
	replace_token(bench);
	assert_int_equal(fetch_list(bench, false, opens, why), SECRETS);
	assert_non_null(strstr(why, "secops's token \"secops-1\" left"));
	assert_non_null(strstr(why, "secops's token \"secops-2\" has no envelope"));
	id = ask(bench, BATCH_RESEAL);
	approve(bench, &bench->people[CISO], &id);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "collecting");
	assert_int_equal(bench_current(bench, "prod/s0"), 1);
	approve(bench, &bench->people[CAROL], &id);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "closed");
	assert_string_equal(notes, "done\ndone\ndone\ndone\n");
	assert_int_equal(fetch_list(bench, false, opens, why), 0);
	assert_int_equal(bench_current(bench, "prod/s0"), 2);
	assert_int_equal(bench_files(bench, "ceremony"), 0);
	/* The same values, and the spare has a say in them now. */
	assert_opens(bench, "prod/s0", "password-0", CISO, SECOND);
	assert_opens(bench, "prod/s3", "password-3", SECOND, INFRA);
	bench_verify(bench);
	bench_free(bench);
}

static void
what_is_sealed_again_is_opened_once_and_its_old_envelopes_are_gone(void **state)
{
	struct bench *bench = with_secrets(false);
	struct err err;
	struct batch_open opens[SECRETS + 1];
	struct batch_request request;
	struct id first, second, third;
	char text[20], notes[1200];

	(void)state;
	first = ask(bench, BATCH_RESEAL);
	second = ask(bench, BATCH_RESEAL);
	draw_request(bench, &bench->people[INFRA], BATCH_RESEAL, true, opens, &request);
	approve(bench, &bench->people[CISO], &first);
	give_all(bench, &bench->people[CISO], &second);
	give_all(bench, &bench->people[CAROL], &second);
	approve(bench, &bench->people[CAROL], &first);
	assert_ok(advance(bench, &second, &err));
	batch_states(bench, &second, text, notes);
	assert_string_equal(text, "refused");
	/* A request that names the old versions comes too late. */
	expect(send_request(bench, &bench->people[INFRA], &request, &third, &err), ERR_REFUSED, &err,
	    "no longer the current one");
	for (size_t i = 0; i < SECRETS; i++) {
		char name[32];

		name_of(i, name);
		assert_int_equal(bench_current(bench, name), 2);
	}
	bench_verify(bench);
	bench_free(bench);
}

/* The debt is owed before anything is combined, and paid as any other. */
static void
rotating_replaces_the_value_on_its_target(void **state)
{
	struct bench *bench = with_some(false, 1);
	struct id id = ask(bench, BATCH_ROTATE);
	char text[20], notes[1200], debt[20];
	BUF calls = {0};

	(void)state;
	(void)target_calls(bench, &calls);
	approve(bench, &bench->people[CISO], &id);
	assert_string_equal(target_calls(bench, &calls), "");
	approve(bench, &bench->people[SECOPS], &id);
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
a_rotating_batch_survives_a_kill_at_every_durable_step(void **state)
{
	struct bench *bench = with_some(true, 1);
	struct err err;
	uint32_t version = 1;
	int64_t at = 1;

	(void)state;
	for (bool killed = true; killed; at += 2) {
		struct id id = ask(bench, BATCH_ROTATE);
		char text[20] = "", notes[1200], debt[20] = "?";

		approve(bench, &bench->people[CISO], &id);
		give_all(bench, &bench->people[CAROL], &id);
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		(void)!advance(bench, &id, &err);
		killed = bench->shared->points >= at;
		bench->shared->kill_at = 0;
		for (int i = 0; i < ATTEMPTS && (strcmp(text, "closed") != 0 || debt[0] != '\0'); i++) {
			bench->shared->now += 301; /* a stopped rotation is tried again */
			bench_end(bench);
			batch_states(bench, &id, text, notes);
			bench_debt(bench, "prod/s0", debt);
		}
		assert_string_equal(text, "closed");
		assert_string_equal(notes, "done\n");
		assert_string_equal(debt, "");
		assert_true(bench_current(bench, "prod/s0") > version);
		version = bench_current(bench, "prod/s0");
		assert_int_equal(bench_files(bench, "escrow"), 0);
	}
	assert_true(at > 30);
	bench_verify(bench);
	bench_free(bench);
}

static void
who_may_ask_and_who_counts(void **state)
{
	struct bench *bench = with_secrets(false);
	struct err err;
	struct batch_open opens[SECRETS + 1];
	struct batch_request request;
	struct id id;
	SEEN seen = {0};
	GIVING giving = {0}, late = {0};

	(void)state;
	draw_request(bench, &bench->people[ALICE], BATCH_RESEAL, true, opens, &request);
	expect(send_request(bench, &bench->people[ALICE], &request, &id, &err), ERR_REFUSED, &err,
	    "no operator");
	draw_request(bench, &bench->people[INFRA], BATCH_RESEAL, true, opens, &request);
	expect(send_request(bench, &bench->people[CISO], &request, &id, &err), ERR_REFUSED, &err, "");
	request.opens[1].header.bytes[0] ^= 1;
	expect(send_request(bench, &bench->people[INFRA], &request, &id, &err), ERR_INTEGRITY, &err,
	    "header");
	request.opens[1].header.bytes[0] ^= 1;
	assert_ok(send_request(bench, &bench->people[INFRA], &request, &id, &err));
	expect(send_request(bench, &bench->people[INFRA], &(struct batch_request){.vault = request.vault,
	    .seat = "infra", .reason = "x", .host = "h", .user = "u", .token = request.token,
	    .opens = opens, .count = 1, .created = request.created, .expires = request.created + 99999},
	    &id, &err), ERR_REFUSED, &err, "expires");
	look(bench, &id, &seen);
	expect(sign(bench, &bench->people[INFRA], &id, &seen, &giving, &err), ERR_REFUSED, &err,
	    "own request");
	p256_key_freep(&giving.ephemeral);
	/* No envelope without a signature. */
	giving.person = &bench->people[CISO];
	expect(give(bench, &giving, &id, &seen, 0, false, &err), ERR_REFUSED, &err, "signed no approval");
	assert_ok(sign(bench, &bench->people[CISO], &id, &seen, &giving, &err));
	expect(give(bench, &giving, &id, &seen, 0, true, &err), ERR_INTEGRITY, &err, "seat \"ciso\"");
	assert_ok(give(bench, &giving, &id, &seen, 0, false, &err));
	expect(give(bench, &giving, &id, &seen, 0, false, &err), ERR_EXISTS, &err, "already");
	bench->shared->now += 1000;
	expect(sign(bench, &bench->people[CAROL], &id, &seen, &late, &err), ERR_EXPIRED, &err, "too late");
	bench_free(bench);
}

/* An officer who was interrupted approves again and gives the rest. */
static void
an_interrupted_officer_goes_on_where_they_stopped(void **state)
{
	struct bench *bench = with_secrets(false);
	struct err err;
	struct id id = ask(bench, BATCH_RESEAL);
	SEEN seen = {0};
	GIVING first = {0}, again = {0};
	char text[20], notes[1200];

	(void)state;
	look(bench, &id, &seen);
	assert_ok(sign(bench, &bench->people[CISO], &id, &seen, &first, &err));
	for (size_t i = 0; i < 2; i++)
		assert_ok(give(bench, &first, &id, &seen, i, false, &err));
	approve(bench, &bench->people[CAROL], &id);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "collecting");
	bench_end(bench);
	assert_ok(sign(bench, &bench->people[CISO], &id, &seen, &again, &err));
	for (size_t i = 2; i < SECRETS; i++)
		assert_ok(give(bench, &again, &id, &seen, i, false, &err));
	/* The server ends before it is asked to go on: the next session does. */
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
		struct id id = ask(bench, BATCH_RESEAL);
		SEEN seen = {0};
		GIVING giving = {0};

		look(bench, &id, &seen);
		give_all(bench, &bench->people[CISO], &id);
		if (kinds[k] == STATEMENT_CHARTER) {
			bench_charter(bench, 1800);
			expect(sign(bench, &bench->people[CAROL], &id, &seen, &giving, &err), ERR_REFUSED, &err,
			    "charter changed");
			bench_end(bench);
		}
		for (int officer = CISO; kinds[k] != STATEMENT_CHARTER && officer <= CAROL; officer++) {
			JSON *payload = NULL, *reply = NULL;
			DSSE statement = {0};
			bool cancels = kinds[k] == STATEMENT_CANCEL;
			const struct person *person = &bench->people[cancels ? INFRA : officer];
			struct objection objection = {.vault = bench->vault_id,
				.ceremony = seen.ceremony.digest, .token = person->seat.tokens[0].id,
				.time = bench->shared->now, .reason = "not now"};
			struct json *request = op_new("batch-object");

			if (officer == INFRA || officer == AUDIT)
				continue;
			snprintf(objection.seat, sizeof(objection.seat), "%s", person->name);
			assert_ok(objection_payload(&objection, &payload, &err));
			assert_ok(statement_new((enum statement_type)kinds[k], false, payload, &statement, &err));
			person_sign(person, &statement);
			json_put_hex(request, "id", VIEW_OF(id.bytes));
			json_put_text(request, "kind", cancels ? "cancel" : "denial");
			assert_ok(put_statement(request, "statement", &statement, &err));
			if (bench_call(bench, request, (struct view){0}, &reply, NULL, &err) != ERR_OK)
				fail_msg("%s: %s", person->name, err.text);
			look(bench, &id, &seen);
			if (strcmp(seen.state, "refused") == 0)
				break;
		}
		look(bench, &id, &seen);
		assert_string_equal(seen.state, "refused");
		assert_int_equal(bench_files(bench, "ceremony"), 0);
		assert_int_equal(bench_current(bench, "prod/s0"), 1);
	}
	bench_free(bench);
}

static void
a_damaged_version_is_named_and_the_others_go_on(void **state)
{
	struct bench *bench = with_secrets(false);
	struct id id = ask(bench, BATCH_RESEAL);
	char command[400], text[20], notes[1200];

	(void)state;
	approve(bench, &bench->people[CISO], &id);
	give_all(bench, &bench->people[CAROL], &id);
	bench_end(bench);
	snprintf(command, sizeof(command), "python3 -c \"import sqlite3; d = sqlite3.connect('%s/vault.db');"
	    "d.execute('DROP TRIGGER versions_unchanged');"
	    "d.execute('UPDATE versions SET ciphertext = zeroblob(length(ciphertext)) WHERE rowid = 2');"
	    "d.commit()\"", bench->vault);
	assert_int_equal(system(command), 0);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "closed");
	assert_int_equal(strncmp(notes, "done\ndamaged ", 13), 0);
	assert_int_equal(bench_current(bench, "prod/s0"), 2);
	assert_int_equal(bench_current(bench, "prod/s1"), 1);
	assert_int_equal(bench_current(bench, "prod/s3"), 2);
	bench_free(bench);
}

/* The copy sink must have a version before it is current. */
static void
without_the_copy_nothing_is_sealed_again(void **state)
{
	struct bench *bench = with_secrets(true);
	struct err err;
	struct id id = ask(bench, BATCH_RESEAL);
	char command[300], text[20], notes[1200];

	(void)state;
	approve(bench, &bench->people[CISO], &id);
	give_all(bench, &bench->people[CAROL], &id);
	snprintf(command, sizeof(command), "mv '%s' '%s.away'", bench->copy, bench->copy);
	assert_int_equal(system(command), 0);
	expect(advance(bench, &id, &err), ERR_NOT_FOUND, &err, "0 of 4 are done");
	assert_int_equal(bench_current(bench, "prod/s0"), 1);
	snprintf(command, sizeof(command), "mv '%s.away' '%s'", bench->copy, bench->copy);
	assert_int_equal(system(command), 0);
	bench_end(bench);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "closed");
	assert_int_equal(bench_current(bench, "prod/s0"), 2);
	bench_free(bench);
}

/* Killed at every durable step in turn: each version is sealed again exactly once. */
static void
a_batch_survives_a_kill_at_every_durable_step(void **state)
{
	struct bench *bench = with_secrets(true);
	struct err err;
	uint32_t version = 1;
	int64_t at = 1;

	(void)state;
	for (bool killed = true; killed; at += 3) {
		struct id id = ask(bench, BATCH_RESEAL);
		char text[20] = "", notes[1200];

		approve(bench, &bench->people[CISO], &id);
		give_all(bench, &bench->people[CAROL], &id);
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		(void)!advance(bench, &id, &err);
		killed = bench->shared->points >= at;
		bench->shared->kill_at = 0;
		for (int i = 0; i < ATTEMPTS && strcmp(text, "closed") != 0; i++)
			batch_states(bench, &id, text, notes);
		assert_string_equal(text, "closed");
		assert_string_equal(notes, "done\ndone\ndone\ndone\n");
		version++;
		for (size_t i = 0; i < SECRETS; i++) {
			char name[32];

			name_of(i, name);
			assert_int_equal(bench_current(bench, name), version);
		}
		bench_end(bench);
		batch_states(bench, &id, text, notes);
		assert_int_equal(bench_files(bench, "ceremony"), 0);
	}
	assert_true(at > 30);
	assert_opens(bench, "prod/s1", "password-1", CISO, SECOPS);
	bench_verify(bench);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_ceremony_seals_everything_again_to_the_officers_of_today),
		cmocka_unit_test(what_is_sealed_again_is_opened_once_and_its_old_envelopes_are_gone),
		cmocka_unit_test(rotating_replaces_the_value_on_its_target),
		cmocka_unit_test(a_rotating_batch_survives_a_kill_at_every_durable_step),
		cmocka_unit_test(who_may_ask_and_who_counts),
		cmocka_unit_test(an_interrupted_officer_goes_on_where_they_stopped),
		cmocka_unit_test(a_denial_a_withdrawal_and_a_new_charter_end_it),
		cmocka_unit_test(a_damaged_version_is_named_and_the_others_go_on),
		cmocka_unit_test(without_the_copy_nothing_is_sealed_again),
		cmocka_unit_test(a_batch_survives_a_kill_at_every_durable_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
