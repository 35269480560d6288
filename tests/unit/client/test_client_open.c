/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving a release, with an honest server and with one that lies. */
#include <stdio.h>

#include "base/credential.h"
#include "base/file.h"
#include "ceremony/client/opening/done.h"
#include "ceremony/protocol/statements_host.h"
#include "tests/unit/client/town.h"

static enum err_code
open_it(struct town *town, uint32_t serial, struct opened *opened, struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, serial, &client, err));
	return open_run(client, &(struct open_plan){0}, opened, err);
}

/* A town in which CISO and AUDIT approved and alice was given the credential. */
static void
released_town(struct town *town)
{
	town_open(town);
	town_approve(town, CISO);
	town_approve(town, AUDIT);
	town_release(town);
}

static void
what_was_released_is_opened_with_one_touch_and_kept(void **state)
{
	struct town town;
	OPENED opened = {0};
	struct view password;
	BUF kept = {0};
	struct err err;

	(void)state;
	released_town(&town);
	fine(open_it(&town, TOWN_ALICE, &opened, &err), &err);
	assert_int_equal(opened.count, 1);
	assert_string_equal(opened.title, "prod/db");
	fine(credential_get(secret_view(opened.items[0].credential), FIELD_PASSWORD, &password,
	         &err),
	    &err);
	assert_int_equal(password.size, strlen("correct horse"));
	assert_memory_equal(password.data, "correct horse", password.size);
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 1);
	fine(file_read(opened.kept, 65536, &kept, &err), &err);
	assert_non_null(strstr(buf_string(&kept), "halligan.release"));
	assert_false(town_saw(&town, "correct horse"));
	town_close(&town);
}

static void
a_flipped_byte_in_the_release_is_an_alarm_before_the_touch(void **state)
{
	struct town town;
	DSSE flipped = {0};
	struct err err;
	enum { STRIDE = 17 };

	(void)state;
	released_town(&town);
	for (size_t at = 0; at < town.release.payload.size; at += STRIDE) {
		OPENED opened = {0};
		enum err_code code;

		dsse_done(&flipped);
		fine(dsse_set(&flipped, town.release.type, buf_view(&town.release.payload), &err),
		    &err);
		memcpy(flipped.signatures, town.release.signatures, sizeof(flipped.signatures));
		flipped.count = town.release.count;
		flipped.payload.data[at] ^= 1;
		town_swap(&town, "open", "release", &flipped);
		code = open_it(&town, TOWN_ALICE, &opened, &err);
		if (code != ERR_INTEGRITY && code != ERR_INVALID)
			fail_msg("byte %zu: %s", at, code == ERR_OK ? "believed" : err.text);
	}
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 0);
	town_close(&town);
}

static void
change_vault(struct release *r)
{
	r->vault.bytes[0] ^= 1;
}
static void
change_ceremony(struct release *r)
{
	r->ceremony.bytes[0] ^= 1;
}
static void
change_secret(struct release *r)
{
	r->items[0].secret.bytes[0] ^= 1;
}
static void
change_version(struct release *r)
{
	r->items[1].version++;
}
static void
change_header(struct release *r)
{
	r->items[1].header.bytes[0] ^= 1;
}
static void
swap_items(struct release *r)
{
	struct release_item first = r->items[0];

	r->items[0] = r->items[1];
	r->items[1] = first;
}
static void
double_item(struct release *r)
{
	r->items[1] = r->items[0];
}
static void
change_expires(struct release *r)
{
	r->expires++;
}
static void
change_recipient(struct release *r)
{
	r->recipients[0].bytes[0] ^= 1;
}
static void
add_recipient(struct release *r)
{
	r->recipients[r->recipient_count++].bytes[0] = 1;
}
static void
drop_approval(struct release *r)
{
	r->approval_count--;
}
static void
change_approval(struct release *r)
{
	r->approvals[0].bytes[0] ^= 1;
}
static void
change_key(struct release *r)
{
	r->key.bytes[0] ^= 1;
}

/* A release that the host really signed, with one member changed. */
static enum err_code
open_changed(void (*change)(struct release *release), struct err *err)
{
	struct town town;
	RELEASE release = {0};
	JSON *payload = NULL;
	DSSE statement = {0};
	OPENED opened = {0};
	enum err_code code;

	town_open_many(&town, 2, MODE_RELEASE);
	town_approve(&town, CISO);
	town_approve(&town, AUDIT);
	town_release(&town);
	fine(release_parse(&town.release, false, &release, err), err);
	change(&release);
	fine(release_payload(&release, &payload, err), err);
	fine(statement_new(STATEMENT_RELEASE, false, payload, &statement, err), err);
	town_sign_host(&town, &statement);
	town_swap(&town, "open", "release", &statement);
	code = open_it(&town, TOWN_ALICE, &opened, err);
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, change == change_key ? 1 : 0);
	town_close(&town);
	return code;
}

static void
a_host_that_signs_another_release_is_found_out(void **state)
{
	static const struct {
		void (*change)(struct release *release);
		const char *text;
	} rows[] = {
	    {change_vault, "vault"},
	    {change_ceremony, "ceremony"},
	    {change_secret, "secret"},
	    {change_version, "version"},
	    {change_header, "header"},
	    {swap_items, "secret"},
	    {double_item, "secret"},
	    {change_expires, "duration"},
	    {change_recipient, "recipient"},
	    {add_recipient, "recipient"},
	    {drop_approval, "do not meet the quorum"},
	    {change_approval, "does not show"},
	    {change_key, "not that of the release"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};

		expect_error(open_changed(rows[i].change, &err), ERR_INTEGRITY, &err, rows[i].text);
	}
}

static void
spoil_the_box(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)reply;
	if (strcmp(op, "open") == 0)
		blob->data[blob->size - 1] ^= 1;
}

static void
a_box_that_was_changed_opens_nothing(void **state)
{
	struct town town;
	OPENED opened = {0};
	struct err err;

	(void)state;
	released_town(&town);
	town.lie = spoil_the_box;
	expect_error(open_it(&town, TOWN_ALICE, &opened, &err), ERR_INTEGRITY, &err,
	    "does not open with this token");
	assert_null(opened.items);
	town_close(&town);
}

static void
several_credentials_come_in_their_order_with_one_lease_key(void **state)
{
	struct town town;
	OPENED opened = {0};
	struct err err;

	(void)state;
	town_open_many(&town, 3, MODE_RELEASE);
	town_approve(&town, CISO);
	town_approve(&town, INFRA);
	town_release(&town);
	fine(open_it(&town, TOWN_ALICE, &opened, &err), &err);
	assert_int_equal(opened.count, 3);
	assert_string_equal(opened.title, "prod/db and 2 others");
	for (size_t i = 0; i < opened.count; i++)
		assert_string_equal(opened.items[i].name, town.items[i].name);
	assert_true(secret_equal(opened.lease, town.lease_seed));
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 3);
	town_close(&town);
}

static void
what_was_not_released_is_left_out(void **state)
{
	struct town town;
	OPENED opened = {0};
	struct err err;

	(void)state;
	town_open_many(&town, 3, MODE_RELEASE);
	town_approve(&town, CISO);
	town_approve(&town, INFRA);
	town.items[0].stale = "version 2 is current";
	town_release(&town);
	fine(open_it(&town, TOWN_ALICE, &opened, &err), &err);
	assert_string_equal(opened.title, "prod/db-1 and 1 other");
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 2);
	town_close(&town);
}

static void
a_token_that_is_no_recipient_is_refused_before_the_pin(void **state)
{
	struct town town;
	OPENED opened = {0};
	struct err err;

	(void)state;
	released_town(&town);
	expect_error(open_it(&town, TOWN_ALICE_2, &opened, &err), ERR_REFUSED, &err,
	    "not sealed to the token \"alice-2\", but to those that the request named: \"alice-1\"");
	assert_int_equal(town.pins_asked, 0);
	town_close(&town);
}

static void
an_approval_forged_after_the_release_is_an_alarm(void **state)
{
	struct town town;
	OPENED opened = {0};
	struct err err;

	(void)state;
	released_town(&town);
	town.voices[1].statement.signatures[0].sig[30] ^= 1;
	expect_error(open_it(&town, TOWN_ALICE, &opened, &err), ERR_INTEGRITY, &err,
	    "voices[1]: the approval");
	town_close(&town);
}

static void
before_the_release_it_says_who_is_waited_for(void **state)
{
	struct town town;
	OPENED opened = {0};
	struct err err;

	(void)state;
	town_open(&town);
	expect_error(open_it(&town, TOWN_ALICE, &opened, &err), ERR_WAITING, &err, "approvals");
	town_close(&town);
}

static void
release_when_asked(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)reply;
	(void)blob;
	if (strcmp(op, "advance") == 0)
		town_release(town);
}

/* The last officer's computer died before it asked for the release, or the server in it. */
static void
what_only_has_to_be_asked_for_is_asked_for_and_opened(void **state)
{
	static const enum ceremony_state states[] = {CEREMONY_COLLECTING, CEREMONY_RELEASING};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct town town;
		OPENED opened = {0};
		struct err err;

		town_open(&town);
		town_approve(&town, CISO);
		town_approve(&town, AUDIT);
		town.state = states[i];
		town.lie = release_when_asked;
		fine(open_it(&town, TOWN_ALICE, &opened, &err), &err);
		assert_int_equal(opened.count, 1);
		town_close(&town);
	}
}

static void
only_a_responders_token_opens(void **state)
{
	struct town town;
	OPENED opened = {0};
	struct err err;

	(void)state;
	released_town(&town);
	expect_error(open_it(&town, TOWN_CISO, &opened, &err), ERR_TOKEN_ABSENT, &err, "responder");
	town_close(&town);
}

/* ---- the end of a lease ---- */

/* Said, and not refused: a credential may have more than its definition names. */
static void
a_field_that_the_definition_does_not_name_is_said_before_the_pin(void **state)
{
	static const enum credential_field fields[] = {FIELD_PASSWORD, FIELD_PRIVATE_KEY};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		struct open_plan plan = {.field = &fields[i]};
		struct town town;
		OPENED opened = {0};
		CLIENT *client = NULL;
		struct err err;

		released_town(&town);
		town.pins[0] = "";
		fine(town_connect(&town, TOWN_ALICE, &client, &err), &err);
		expect_error(open_run(client, &plan, &opened, &err), ERR_USAGE, &err,
		    "no PIN was typed");
		assert_int_equal(town_saw(&town,
		                     "prod/db: by its definition it has password, and perhaps no "
		                     "private-key; Ctrl-C if that is not meant."),
		    fields[i] == FIELD_PRIVATE_KEY);
		client_freep(&client);
		town_close(&town);
	}
}

static void
the_lease_key_ends_the_lease_without_a_token(void **state)
{
	struct town town;
	OPENED opened = {0};
	CLIENT *client = NULL;
	struct done done;
	struct ed25519_public key;
	bool retired = false;
	struct err err;

	(void)state;
	released_town(&town);
	fine(town_connect(&town, TOWN_ALICE, &client, &err), &err);
	fine(open_run(client, &(struct open_plan){0}, &opened, &err), &err);
	fine(lease_end(client, &opened, &retired, &err), &err);
	assert_true(retired);
	fine(done_parse(&town.done, false, &done, &err), &err);
	assert_true(digest_equal(&done.release, &opened.release));
	assert_string_equal(done.seat, "");
	fine(ed25519_public(town.lease_seed, &key, &err), &err);
	fine(statement_verify_lease(&town.done, &key, &err), &err);
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 1); /* that of open */
	client_freep(&client);
	town_close(&town);
}

static void
requester_and_officers_end_a_lease_with_one_touch_and_nobody_else(void **state)
{
	static const struct {
		uint32_t serial;
		enum err_code code;
		const char *seat;
	} rows[] = {{TOWN_ALICE, ERR_OK, "alice"}, {TOWN_ALICE_2, ERR_OK, "alice"},
	    {TOWN_AUDIT, ERR_OK, "audit"}, {TOWN_OPS, ERR_REFUSED, ""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct town town;
		CLIENT *client = NULL;
		struct digest release;
		struct done done;
		bool retired = false;
		struct err err;
		enum err_code code;

		released_town(&town);
		fine(town_connect(&town, rows[i].serial, &client, &err), &err);
		code = done_run(client, NULL, &retired, &err);
		client_freep(&client);
		if (rows[i].code != ERR_OK) {
			expect_error(code, rows[i].code, &err, "only alice or an officer");
			assert_int_equal(town.pins_asked, 0);
			town_close(&town);
			continue;
		}
		fine(code, &err);
		fine(done_parse(&town.done, false, &done, &err), &err);
		fine(dsse_digest(&town.release, &release, &err), &err);
		assert_true(digest_equal(&done.release, &release));
		assert_string_equal(done.seat, rows[i].seat);
		assert_int_equal(town_token(&town, rows[i].serial)->touches, 1);
		town_close(&town);
	}
}

static unsigned looks;

/* Officers act between two looks: after a reply was made, and before it goes out. */
static void
officers_act(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)reply;
	(void)blob;
	if (strcmp(op, "ceremony-get") != 0)
		return;
	looks++;
	if (looks == 1)
		town_approve(town, CISO);
	if (looks == 2)
		town_approve(town, AUDIT);
	if (looks == 3)
		town_release(town);
}

static void
it_may_be_started_at_once_and_waits_for_the_quorum(void **state)
{
	const struct open_plan patient = {.pause = 1};
	struct town town;
	CLIENT *client = NULL;
	OPENED opened = {0};
	struct err err;

	(void)state;
	town_open(&town);
	town.lie = officers_act;
	fine(town_connect(&town, TOWN_ALICE, &client, &err), &err);
	fine(open_run(client, &patient, &opened, &err), &err);
	assert_int_equal(opened.count, 1);
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 1);
	assert_true(town_saw(&town, "waits: missing 2 more of ciso, infra, audit;"));
	assert_true(town_saw(&town, "ciso approved."));
	assert_true(town_saw(&town, "missing 1 more of infra, audit;"));
	assert_true(town_saw(&town, "audit approved."));
	client_freep(&client);
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_released_is_opened_with_one_touch_and_kept),
	    cmocka_unit_test(a_flipped_byte_in_the_release_is_an_alarm_before_the_touch),
	    cmocka_unit_test(a_host_that_signs_another_release_is_found_out),
	    cmocka_unit_test(a_box_that_was_changed_opens_nothing),
	    cmocka_unit_test(several_credentials_come_in_their_order_with_one_lease_key),
	    cmocka_unit_test(what_was_not_released_is_left_out),
	    cmocka_unit_test(a_token_that_is_no_recipient_is_refused_before_the_pin),
	    cmocka_unit_test(an_approval_forged_after_the_release_is_an_alarm),
	    cmocka_unit_test(before_the_release_it_says_who_is_waited_for),
	    cmocka_unit_test(what_only_has_to_be_asked_for_is_asked_for_and_opened),
	    cmocka_unit_test(only_a_responders_token_opens),
	    cmocka_unit_test(a_field_that_the_definition_does_not_name_is_said_before_the_pin),
	    cmocka_unit_test(the_lease_key_ends_the_lease_without_a_token),
	    cmocka_unit_test(requester_and_officers_end_a_lease_with_one_touch_and_nobody_else),
	    cmocka_unit_test(it_may_be_started_at_once_and_waits_for_the_quorum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
