/* SPDX-License-Identifier: Apache-2.0 */
/* Founding, charters, rosters, and what the server shows: ceremony/server/documents/{founding,charter,roster}.c ... */
#include "ceremony/server/rotation/wait.h"
#include "tests/unit/server/server_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "ceremony/protocol/wire.h"
#include "vault/documents/charter.h"

static void
charter_state(const struct charter *charter, struct dsse *ret_statement)
{
	struct err err;
	JSON *payload = NULL;

	assert_ok(charter_payload(charter, &payload, &err));
	assert_ok(statement_new(STATEMENT_CHARTER, false, payload, ret_statement, &err));
}

/* A further charter as it should be. */
static void
next_charter(const struct bench *bench, struct charter *ret_charter)
{
	*ret_charter = *bench->charter;
	ret_charter->previous = bench->charter->digest;
	ret_charter->version++;
	ret_charter->created = bench->shared->now;
}

DESTRUCTOR(free_charter, struct charter, free)

static void
roster_state(struct bench *bench, uint32_t version, const struct digest *previous,
    const struct person *responder, struct dsse *ret_statement)
{
	struct err err;
	ROSTER *roster = NULL;
	JSON *payload = NULL;

	assert_ok(roster_new(&roster, &err));
	roster->vault = bench->vault_id;
	roster->charter = bench->charter->digest;
	roster->version = version;
	if (previous != NULL)
		roster->previous = *previous;
	roster->created = bench->shared->now;
	roster->seat_count = 1;
	roster->seats[0] = responder->seat;
	assert_ok(roster_payload(roster, &payload, &err));
	assert_ok(statement_new(STATEMENT_ROSTER, false, payload, ret_statement, &err));
}

static void
ask_chain(struct bench *bench, int64_t size, struct json **ret_reply)
{
	struct err err;
	struct json *request = op_new("chain");

	json_put_int(request, "size", size);
	assert_ok(bench_call(bench, request, (struct view){0}, ret_reply, NULL, &err));
}

static void
newest_roster(struct bench *bench, uint32_t *ret_version, struct digest *ret_digest)
{
	struct err err;
	JSON *reply = NULL;

	ask_chain(bench, 0, &reply);
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *documents = json_in_array(&in, "documents", 1, 100);
	*ret_version = 0;
	for (size_t i = 0; i < json_array_count(documents); i++) {
		DSSE statement = {0};

		assert_ok(array_statement(documents, i, "document", &statement, &err));
		if (!statement_is(&statement, STATEMENT_ROSTER))
			continue;
		++*ret_version;
		assert_ok(dsse_digest(&statement, ret_digest, &err));
	}
}

/* --- Charters ----------------------------------------------------------------------------- */

#define REFUSED(code, says, change)                                                                \
	do {                                                                                       \
		CLEANUP(free_charter) struct charter *next = calloc(1, sizeof(*next));             \
		DSSE statement = {0};                                                              \
                                                                                                   \
		next_charter(bench, next);                                                         \
		change;                                                                            \
		charter_state(next, &statement);                                                   \
		person_sign(&bench->people[CISO], &statement);                                     \
		assert_error(code, bench_propose(bench, &statement, 0, -1, &err));                 \
		assert_says(says);                                                                 \
	} while (0)

static void
a_charter_that_is_not_of_this_vault_and_host_is_not_even_a_draft(void **state)
{
	struct bench *bench = *state;
	struct err err;
	P256_KEY *fresh = NULL;

	assert_ok(p256_key_new(&fresh, &err));
	REFUSED(ERR_INVALID, "another vault", snprintf(next->name, sizeof(next->name), "other"));
	REFUSED(ERR_INVALID, "charter: init", next->init.bytes[0] ^= 1);
	REFUSED(ERR_REFUSED, "not the keys of this host", next->host_log.bytes[0] ^= 1);
	REFUSED(ERR_REFUSED, "not the keys of this host",
	    p256_key_public(bench->people[ALICE].keys[KEY_SIGN], &next->host_escrow));
	REFUSED(ERR_REFUSED, "does not follow", next->version += 1);
	REFUSED(ERR_REFUSED, "charter: previous", next->previous.bytes[0] ^= 1);
	REFUSED(ERR_INVALID, "seat \"audit\": hand in the enrolment file",
	    next->seats[AUDIT].tokens[0].enrolment.bytes[0] ^= 1);
	/* A known token with another's share key. */
	REFUSED(ERR_INTEGRITY, "its enrolment says otherwise about: share",
	    p256_key_public(fresh, &next->seats[AUDIT].tokens[0].keys[KEY_SHARE]));
	/* A person of the roster cannot sit in the charter as well. */
	REFUSED(ERR_INVALID, "alice", next->seats[next->seat_count++] = bench->people[ALICE].seat);
}

/* --- Rosters ------------------------------------------------------------------------------ */

static void
a_roster_needs_an_operator_and_another_officer(void **state)
{
	struct bench *bench = *state;
	struct err err;
	DSSE statement = {0}, unsigned_one = {0};
	struct digest previous;
	uint32_t version;
	bool live;

	newest_roster(bench, &version, &previous);
	roster_state(bench, version + 1, &previous, &bench->people[ALICE], &statement);
	roster_state(bench, version + 1, &previous, &bench->people[ALICE], &unsigned_one);
	assert_error(ERR_REFUSED, bench_propose(bench, &unsigned_one, 0, -1, &err));
	assert_says("whoever proposes it signs it");
	person_sign(&bench->people[CISO], &statement);
	assert_ok(bench_propose(bench, &statement, 0, -1, &err));
	assert_ok(bench_sign(bench, &bench->people[AUDIT], &statement, &live, &err));
	assert_false(live); /* two officers, no operator */
	assert_ok(bench_sign(bench, &bench->people[INFRA], &statement, &live, &err));
	assert_true(live);
}

static void
a_roster_out_of_step_is_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest previous, other = {{9}};
	uint32_t version;

	newest_roster(bench, &version, &previous);
	const struct {
		uint32_t version;
		const struct digest *previous;
		int responder;
		enum err_code code;
		const char *says;
	} rows[] = {
	    {version, &previous, ALICE, ERR_REFUSED, "does not follow"},
	    {version + 2, &previous, ALICE, ERR_REFUSED, "does not follow"},
	    {version + 1, &other, ALICE, ERR_INTEGRITY, "previous"},
	    {version + 1, &previous, CAROL, ERR_INVALID, "carol"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE statement = {0};

		if (rows[i].version == 1)
			continue;
		roster_state(bench, rows[i].version, rows[i].previous,
		    &bench->people[rows[i].responder], &statement);
		person_sign(&bench->people[INFRA], &statement);
		assert_error(rows[i].code, bench_propose(bench, &statement, 0, -1, &err));
		assert_says(rows[i].says);
	}
}

static void
a_responder_who_left_the_roster_makes_open_ceremonies_void(void **state)
{
	struct bench *bench = *state;
	struct err err;
	DSSE statement = {0};
	SHOWN shown = {0};
	ROSTER *roster = NULL;
	JSON *payload = NULL;
	struct request wanted;
	struct digest previous;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db"), other;
	uint32_t version;
	bool live;

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	newest_roster(bench, &version, &previous);
	assert_ok(roster_new(&roster, &err));
	roster->vault = bench->vault_id;
	roster->charter = bench->charter->digest;
	roster->version = version + 1;
	roster->previous = previous;
	roster->created = bench->shared->now;
	assert_ok(roster_payload(roster, &payload, &err));
	assert_ok(statement_new(STATEMENT_ROSTER, false, payload, &statement, &err));
	person_sign(&bench->people[INFRA], &statement);
	bench_request_make(bench, &bench->people[ALICE], "prod/db", &wanted);
	assert_ok(bench_propose(bench, &statement, 0, -1, &err));
	assert_ok(bench_sign(bench, &bench->people[CISO], &statement, &live, &err));
	assert_true(live);
	assert_error(ERR_REFUSED, bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_says("the ceremony was refused");
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.reason, "a new roster changes the requester's seat");
	assert_error(ERR_REFUSED,
	    bench_request_send(bench, &bench->people[ALICE], &wanted, &other, &err));
	assert_says("has an active seat \"alice\"");
}

/* --- What is shown ------------------------------------------------------------------------ */

static void
the_chain_is_given_whole_and_its_log_from_what_the_client_knows(void **state)
{
	struct bench *bench = *state;
	struct err err;
	JSON *some = NULL, *reply = NULL;
	BUF note = {0};

	ask_chain(bench, 3, &some);
	struct json_in in = json_in(some, "reply", &err);
	assert_true(json_array_count(json_in_array(&in, "documents", 2, 100)) >= 2);
	assert_true(json_array_count(json_in_array(&in, "consistency", 1, 64)) > 0);
	json_in_base64(&in, "checkpoint", &note, NOTE_MAX);
	assert_int_equal(in.code, ERR_OK);
	/* Who has seen more than there is gets what there is, and judges it. */
	ask_chain(bench, 100000, &reply);
	in = json_in(reply, "reply", &err);
	assert_int_equal(json_array_count(json_in_array(&in, "consistency", 0, 64)), 0);
	assert_true(json_array_count(json_in_array(&in, "documents", 2, 100)) >= 2);
	assert_int_equal(in.code, ERR_OK);
}

static bool
has_item(struct bench *bench, const char *kind, const char *part)
{
	struct err err;
	JSON *reply = NULL;

	assert_ok(bench_call(bench, op_new("status"), (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *items = json_in_array(&in, "items", 0, 1000);
	for (size_t i = 0; i < json_array_count(items); i++) {
		const struct json *item = json_array_object(items, i);

		if (strcmp(json_object_text(item, "kind"), kind) == 0 &&
		    (strstr(json_object_text(item, "text"), part) != NULL ||
		        strstr(json_object_text(item, "waits"), part) != NULL))
			return true;
	}
	return false;
}

static void
status_says_what_waits_and_for_whom(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char debt[20];
	struct person *carol = &bench->people[CAROL];
	struct id id = bench_request(bench, carol, "prod/db");

	assert_true(has_item(bench, "ceremony", "2 more of ciso, secops, infra"));
	assert_true(has_item(bench, "ceremony", ": \"INC-1\"")); /* others' words are quoted */
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_true(has_item(bench, "ceremony", "1 more of secops, infra"));
	assert_ok(bench_object(bench, carol, &id, STATEMENT_CANCEL, &err));
	assert_true(has_item(bench, "exposed", "came to nothing"));
	id = bench_request(bench, carol, "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_true(has_item(bench, "lease", "carol holds version"));
	target_mode(bench, "apply=reject\napply=reject\napply=reject\n");
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_true(has_item(bench, "degraded", "degraded"));
	bench->shared->now += WAIT_LONGEST;
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "retired");
	assert_false(has_item(bench, "degraded", ""));
	assert_false(has_item(bench, "exposed", "")); /* that version is dead */
}

static enum err_code
find_ceremony(struct bench *bench, const char *id, const char *state, const char *of,
    struct json **ret_reply, struct err *err)
{
	struct json *request = op_new("ceremony-find"), *states = json_new_array();

	if (state != NULL)
		json_add_text(states, state);
	json_put_text(request, "id", id);
	json_put(request, "states", states);
	json_put_text(request, "of", of);
	json_freep(ret_reply);
	return bench_call(bench, request, (struct view){0}, ret_reply, NULL, err);
}

/* A ceremony that waits, and those that are over. */
static void
a_ceremony_is_found_by_its_id_or_as_the_only_one(void **state)
{
	struct bench *bench = *state;
	struct err err;
	JSON *reply = NULL;
	struct id id = bench_request(bench, &bench->people[CAROL], "prod/db");
	char hex[ID_HEX_SIZE], wrong[ID_HEX_SIZE];

	text_hex(VIEW_OF(id.bytes), hex);
	assert_ok(find_ceremony(bench, "", "collecting", "", &reply, &err));
	assert_string_equal(json_object_text(reply, "state"), "collecting");
	assert_ok(find_ceremony(bench, "", "collecting", "carol", &reply, &err));
	assert_error(ERR_NOT_FOUND, find_ceremony(bench, "", "collecting", "alice", &reply, &err));
	assert_says("no ceremony waits");
	assert_error(ERR_NOT_FOUND, find_ceremony(bench, "", "released", "", &reply, &err));
	assert_says("no ceremony waits");
	assert_error(ERR_NOT_FOUND, find_ceremony(bench, "", NULL, "", &reply, &err));
	assert_says("no ceremony waits");
	assert_error(ERR_INVALID, find_ceremony(bench, "", "drowned", "", &reply, &err));
	assert_says("states");
	assert_ok(find_ceremony(bench, hex, NULL, "", &reply, &err));
	memcpy(wrong, hex, sizeof(wrong));
	wrong[31] = wrong[31] == '0' ? '1' : '0';
	assert_error(ERR_NOT_FOUND, find_ceremony(bench, wrong, NULL, "", &reply, &err));
	assert_says(wrong);
	hex[9] = '\0';
	assert_ok(find_ceremony(bench, hex, NULL, "", &reply, &err));
	hex[3] = '\0';
	assert_error(ERR_INVALID, find_ceremony(bench, hex, NULL, "", &reply, &err));
	assert_says("id");
	assert_error(ERR_INVALID, find_ceremony(bench, "abcdefgh", NULL, "", &reply, &err));
	assert_says("id");
	struct id other = bench_request(bench, &bench->people[CAROL], "prod/db");
	assert_error(ERR_USAGE, find_ceremony(bench, "", "collecting", "", &reply, &err));
	assert_says("(prod/db for carol, asked for at ");
	assert_ok(bench_object(bench, &bench->people[CAROL], &other, STATEMENT_CANCEL, &err));
	assert_ok(bench_object(bench, &bench->people[CAROL], &id, STATEMENT_CANCEL, &err));
	text_hex(VIEW_OF(id.bytes), hex);
	hex[12] = '\0';
	assert_ok(find_ceremony(bench, hex, NULL, "", &reply, &err)); /* although it is over */
	assert_string_equal(json_object_text(reply, "state"), "refused");
	assert_null(json_object_text(reply, "first"));
}

static void
secrets_are_listed_in_pages(void **state)
{
	struct bench *bench = *state;
	struct err err;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *added = NULL, *first = NULL, *second = NULL;

	target_accept(bench, "another\n");
	bench_box(bench, "a/first", "another", &box);
	assert_ok(bench_send_box(bench, &box, false, &added, &err));
	assert_string_equal(json_object_text(added, "state"), "adopted");
	struct json *request = op_new("secret-list");
	json_put_text(request, "after", "");
	json_put_int(request, "max", 1);
	assert_ok(bench_call(bench, request, (struct view){0}, &first, NULL, &err));
	struct json_in in = json_in(first, "reply", &err);
	assert_true(json_in_bool(&in, "more"));
	const struct json *rows = json_in_array(&in, "secrets", 1, 1);
	assert_string_equal(json_object_text(json_array_object(rows, 0), "name"), "a/first");
	request = op_new("secret-list");
	json_put_text(request, "after", "a/first");
	json_put_int(request, "max", 500);
	assert_ok(bench_call(bench, request, (struct view){0}, &second, NULL, &err));
	in = json_in(second, "reply", &err);
	assert_false(json_in_bool(&in, "more"));
	rows = json_in_array(&in, "secrets", 1, 500);
	assert_string_equal(json_object_text(json_array_object(rows, 0), "name"), "prod/db");
	assert_string_equal(json_object_text(json_array_object(rows, 0), "state"), "sealed");
}

/* No secret, and nothing but plain facts, in the log. */
static void
the_log_names_events_and_digests_and_no_reason(void **state)
{
	struct bench *bench = *state;
	struct err err;
	JSON *reply = NULL;
	struct json *request = op_new("log-list");

	json_put_int(request, "from", 0);
	json_put_int(request, "max", 1000);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *leaves = json_in_array(&in, "leaves", 10, 1000);
	for (size_t i = 0; i < json_array_count(leaves); i++) {
		const char *leaf = json_array_text(leaves, i);

		assert_non_null(strstr(leaf, "\"event\":\""));
		assert_non_null(strstr(leaf, "\"time\":\"20"));
		assert_null(strstr(leaf, "does not boot"));
		assert_null(strstr(leaf, "password"));
	}
}

/* --- Before there is a vault -------------------------------------------------------------- */

static enum err_code
init(struct bench *bench, const char *name, const char *copy, struct err *err)
{
	JSON *reply = NULL;
	struct json *request = op_new("init");

	json_put_text(request, "name", name);
	json_put_bool(request, "training", false);
	json_put_text(request, "copy", copy);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static void
init_takes_only_a_good_name_and_a_working_sink(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char kept[sizeof(bench->vault)], state_name[20];
	JSON *reply = NULL;

	memcpy(kept, bench->vault, sizeof(kept));
	bench_end(bench);
	snprintf(bench->vault, sizeof(bench->vault), "%s/new", bench->folder);
	assert_error(ERR_NOT_FOUND,
	    bench_call(bench, op_new("status"), (struct view){0}, &reply, NULL, &err));
	assert_says("halligan init");
	assert_error(ERR_INVALID, init(bench, "no spaces", "none", &err));
	assert_error(ERR_INVALID, init(bench, "-dash", "none", &err));
	assert_error(ERR_INVALID, init(bench, "new.example", "ftp", &err));
	assert_int_not_equal(init(bench, "new.example", "directory:/nowhere/at/all", &err), ERR_OK);
	struct json *request = op_new("hello");
	json_put_int(request, "protocol", WIRE_PROTOCOL);
	bench_ask_text(bench, request, "state", state_name, sizeof(state_name));
	assert_string_equal(state_name, "absent");
	assert_ok(init(bench, "new.example", "none", &err));
	assert_error(ERR_EXISTS, init(bench, "new.example", "none", &err));
	assert_error(ERR_REFUSED,
	    bench_call(bench, op_new("log-verify"), (struct view){0}, &reply, NULL, &err));
	assert_says("not signed by all officers");
	request = op_new("hello");
	json_put_int(request, "protocol", WIRE_PROTOCOL);
	bench_ask_text(bench, request, "state", state_name, sizeof(state_name));
	assert_string_equal(state_name, "founding");
	bench_end(bench);
	memcpy(bench->vault, kept, sizeof(kept));
}

static void
an_init_that_was_killed_anywhere_is_run_again(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char kept[sizeof(bench->vault)];

	memcpy(kept, bench->vault, sizeof(kept));
	for (int64_t at = 1;; at++) {
		bench_end(bench);
		snprintf(bench->vault, sizeof(bench->vault), "%s/killed-%d", bench->folder,
		    (int)at);
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		enum err_code code = init(bench, "new.example", "none", &err);
		bench->shared->kill_at = 0;
		if (bench->shared->points < at) {
			assert_int_equal(code, ERR_OK);
			break;
		}
		code = init(bench, "new.example", "none", &err);
		assert_true(code == ERR_OK || code == ERR_EXISTS);
		bench_must(bench, op_new("founding"));
	}
	bench_end(bench);
	memcpy(bench->vault, kept, sizeof(kept));
}

/* The last founder signs, and the server dies at every durable step of that in turn. */
static void
a_founding_that_was_killed_anywhere_becomes_live(void **state)
{
	struct bench *bench = bench_found(false);
	struct err err;
	char command[400], name[20];
	bool live = false;

	(void)state;
	bench_end(bench);
	snprintf(command, sizeof(command), "cp -a %s %s/kept", bench->vault, bench->folder);
	assert_int_equal(system(command), 0);
	for (int64_t at = 1;; at++) {
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		(void)!bench_sign(bench, &bench->people[CAROL], &bench->draft, &live, &err);
		bench->shared->kill_at = 0;
		struct json *request = op_new("hello");
		json_put_int(request, "protocol", WIRE_PROTOCOL);
		bench_ask_text(bench, request, "state", name, sizeof(name));
		if (strcmp(name, "founding") == 0)
			assert_ok(
			    bench_sign(bench, &bench->people[CAROL], &bench->draft, &live, &err));
		bench_verify(bench);
		bench_end(bench);
		if (bench->shared->points < at)
			break;
		snprintf(command, sizeof(command), "rm -rf %s && cp -a %s/kept %s", bench->vault,
		    bench->folder, bench->vault);
		assert_int_equal(system(command), 0);
	}
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_charter_that_is_not_of_this_vault_and_host_is_not_even_a_draft),
	    cmocka_unit_test(a_roster_needs_an_operator_and_another_officer),
	    cmocka_unit_test(a_roster_out_of_step_is_refused),
	    cmocka_unit_test(a_responder_who_left_the_roster_makes_open_ceremonies_void),
	    cmocka_unit_test(the_chain_is_given_whole_and_its_log_from_what_the_client_knows),
	    cmocka_unit_test(status_says_what_waits_and_for_whom),
	    cmocka_unit_test(a_ceremony_is_found_by_its_id_or_as_the_only_one),
	    cmocka_unit_test(secrets_are_listed_in_pages),
	    cmocka_unit_test(the_log_names_events_and_digests_and_no_reason),
	    cmocka_unit_test(init_takes_only_a_good_name_and_a_working_sink),
	    cmocka_unit_test(an_init_that_was_killed_anywhere_is_run_again),
	    cmocka_unit_test(a_founding_that_was_killed_anywhere_becomes_live),
	};
	return cmocka_run_group_tests(tests, bench_start, bench_stop);
}
