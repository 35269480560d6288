/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving a release, with an honest server and with one that lies. */
#include <stdio.h>

#include "base/credential.h"
#include "base/file.h"
#include "ceremony/client/opening/open.h"
#include "ceremony/protocol/statements_host.h"
#include "tests/unit/client/town.h"

static enum err_code
open_it(struct town *town, uint32_t serial, struct opened *opened, struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, serial, &client, err));
	return open_run(client, NULL, opened, err);
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
	fine(credential_get(secret_view(opened.credential), FIELD_PASSWORD, &password, &err), &err);
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

/* A release that the host really signed, with one member changed. */
static enum err_code
open_changed(void (*change)(struct release *release), struct err *err)
{
	struct town town;
	struct release release;
	JSON *payload = NULL;
	DSSE statement = {0};
	OPENED opened = {0};
	enum err_code code;

	released_town(&town);
	fine(release_parse(&town.release, false, &release, err), err);
	change(&release);
	fine(release_payload(&release, &payload, err), err);
	fine(statement_new(STATEMENT_RELEASE, false, payload, &statement, err), err);
	town_sign_host(&town, &statement);
	town_swap(&town, "open", "release", &statement);
	code = open_it(&town, TOWN_ALICE, &opened, err);
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 0);
	town_close(&town);
	return code;
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
	r->secret.bytes[0] ^= 1;
}
static void
change_version(struct release *r)
{
	r->version++;
}
static void
change_header(struct release *r)
{
	r->header.bytes[0] ^= 1;
}
static void
change_expires(struct release *r)
{
	r->expires++;
}
static void
change_box(struct release *r)
{
	r->answers[0].box.bytes[0] ^= 1;
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
double_approval(struct release *r)
{
	r->approvals[1] = r->approvals[0];
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
	    {change_expires, "duration"},
	    {change_box, "another box"},
	    {drop_approval, "do not meet its quorum"},
	    {change_approval, "does not show"},
	    {double_approval, "do not meet its quorum"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};
		enum err_code code = open_changed(rows[i].change, &err);

		/* Two equal approvals are no well-formed release at all. */
		if (rows[i].change == double_approval && code == ERR_INVALID)
			continue;
		expect_error(code, ERR_INTEGRITY, &err, rows[i].text);
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
another_box_than_the_release_names_is_an_alarm(void **state)
{
	struct town town;
	OPENED opened = {0};
	struct err err;

	(void)state;
	released_town(&town);
	town.lie = spoil_the_box;
	expect_error(open_it(&town, TOWN_ALICE, &opened, &err), ERR_INTEGRITY, &err, "another box");
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 0);
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
	town.approvals[1].signatures[0].sig[30] ^= 1;
	expect_error(open_it(&town, TOWN_ALICE, &opened, &err), ERR_INTEGRITY, &err,
	    "audit's approval");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_released_is_opened_with_one_touch_and_kept),
	    cmocka_unit_test(a_flipped_byte_in_the_release_is_an_alarm_before_the_touch),
	    cmocka_unit_test(a_host_that_signs_another_release_is_found_out),
	    cmocka_unit_test(another_box_than_the_release_names_is_an_alarm),
	    cmocka_unit_test(an_approval_forged_after_the_release_is_an_alarm),
	    cmocka_unit_test(before_the_release_it_says_who_is_waited_for),
	    cmocka_unit_test(only_a_responders_token_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
