/* SPDX-License-Identifier: Apache-2.0 */
/* What a server shows of a ceremony is what was signed, or an alarm before any touch; and what of it
 * reaches the screen. */
#include "ceremony/client/opening/approve.h"
#include "ceremony/client/text/ceremony.h"
#include "tests/unit/client/town.h"

static enum err_code
approve(struct town *town, uint32_t serial, struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, serial, &client, err));
	return approve_run(client, &(struct approve_plan){0}, err);
}

/* STATEMENT with byte AT of its payload flipped, signatures as they were. */
static void
flip(const struct dsse *statement, size_t at, struct dsse *ret_flipped)
{
	struct err err;

	dsse_done(ret_flipped);
	fine(dsse_set(ret_flipped, statement->type, buf_view(&statement->payload), &err), &err);
	memcpy(ret_flipped->signatures, statement->signatures, sizeof(statement->signatures));
	ret_flipped->count = statement->count;
	ret_flipped->payload.data[at] ^= 1;
}

static void
a_flipped_byte_in_what_is_shown_is_an_alarm_before_any_touch(void **state)
{
	struct town town;
	const struct {
		const char *op, *name;
		const struct dsse *statement;
	} rows[] = {{"ceremony-get", "request", &town.request},
	    {"ceremony-get", "ceremony", &town.ceremony},
	    {"ceremony-items", "definition", &town.items[0].definition}};
	struct err err;
	DSSE flipped = {0};
	enum { STRIDE = 29 };

	(void)state;
	town_open(&town);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t at = 0; at < rows[i].statement->payload.size; at += STRIDE) {
			enum err_code code;

			flip(rows[i].statement, at, &flipped);
			town_swap(&town, rows[i].op, rows[i].name, &flipped);
			code = approve(&town, TOWN_CISO, &err);
			if (code != ERR_INTEGRITY)
				fail_msg("%s, byte %zu: %s", rows[i].name, at,
				    code == ERR_OK ? "believed" : err.text);
		}
	}
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 0);
	assert_int_equal(town.pins_asked, 0);
	town_close(&town);
}

static size_t flip_at;

static void
flip_the_header(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)reply;
	if (strcmp(op, "ceremony-find") == 0)
		blob->data[flip_at] ^= 1;
}

static void
a_flipped_byte_in_the_header_is_an_alarm_before_any_touch(void **state)
{
	struct town town;
	struct err err;
	enum { STRIDE = 13 };

	(void)state;
	town_open(&town);
	town.lie = flip_the_header;
	for (flip_at = 0; flip_at < town.items[0].version.header.size; flip_at += STRIDE) {
		enum err_code code = approve(&town, TOWN_CISO, &err);

		/* A flipped format number is a newer format, by name. */
		if (code != ERR_INTEGRITY && code != ERR_VERSION)
			fail_msg("byte %zu: %s", flip_at, code == ERR_OK ? "believed" : err.text);
	}
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 0);
	town_close(&town);
}

/* Another ceremony of the same host for the same request, with one member changed. */
static enum err_code
approve_with_ceremony(void (*change)(struct ceremony *ceremony), int64_t before, struct err *err)
{
	struct town town;
	CEREMONY ceremony = {0};
	JSON *payload = NULL;
	DSSE statement = {0};
	CLIENT *client = NULL;
	enum err_code code;

	town_open(&town);
	town.before = before;
	fine(ceremony_parse(&town.ceremony, false, &ceremony, err), err);
	change(&ceremony);
	fine(ceremony_payload(&ceremony, &payload, err), err);
	fine(statement_new(STATEMENT_CEREMONY, false, payload, &statement, err), err);
	town_sign_host(&town, &statement);
	town_swap(&town, "ceremony-get", "ceremony", &statement);
	fine(town_connect(&town, TOWN_CISO, &client, err), err);
	code = approve_run(client, &(struct approve_plan){.id = "77777777"}, err);
	client_freep(&client);
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 0);
	town_close(&town);
	return code;
}

static void
change_id(struct ceremony *c)
{
	c->id.bytes[0] ^= 1;
}
static void
change_request(struct ceremony *c)
{
	c->request.bytes[0] ^= 1;
}
static void
change_vault(struct ceremony *c)
{
	c->vault.bytes[0] ^= 1;
}
static void
change_definition(struct ceremony *c)
{
	c->items.rows[0].definition.bytes[0] ^= 1;
}
static void
change_header(struct ceremony *c)
{
	c->items.rows[0].header.bytes[0] ^= 1;
}
static void
change_version(struct ceremony *c)
{
	c->items.rows[0].version++;
}
static void
change_secret(struct ceremony *c)
{
	c->items.rows[0].secret.bytes[0] ^= 1;
}
static void
change_root(struct ceremony *c)
{
	c->root.bytes[0] ^= 1;
}
static void
change_quorum(struct ceremony *c)
{
	snprintf(c->items.rows[0].quorum, sizeof(c->items.rows[0].quorum), "2 of (ciso, audit)");
}
static void
change_charter(struct ceremony *c)
{
	c->charter.bytes[0] ^= 1;
}
static void
change_deadline(struct ceremony *c)
{
	c->deadline = TOWN_NOW - 1;
}

static void
a_host_that_signs_another_ceremony_is_found_out(void **state)
{
	static const struct {
		void (*change)(struct ceremony *ceremony);
		enum err_code code;
		const char *text;
	} rows[] = {
	    {change_id, ERR_INTEGRITY, "id"},
	    {change_request, ERR_INTEGRITY, "request"},
	    {change_vault, ERR_INTEGRITY, "vault"},
	    {change_definition, ERR_INTEGRITY, "items"},
	    {change_header, ERR_INTEGRITY, "items"},
	    {change_version, ERR_INTEGRITY, "items"},
	    {change_secret, ERR_INTEGRITY, "items"},
	    {change_root, ERR_INTEGRITY, "log"},
	    {change_quorum, ERR_INTEGRITY, "quorum"},
	    {change_charter, ERR_REFUSED, "charter changed"},
	    {change_deadline, ERR_REFUSED, "deadline"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};

		expect_error(approve_with_ceremony(rows[i].change, 0, &err), rows[i].code, &err,
		    rows[i].text);
	}
}

/* An officer's clock is ahead: the ceremony is over by that one alone. */
static void
whose_clock_says_that_it_is_too_late_is_said(void **state)
{
	struct err err = {0};

	(void)state;
	expect_error(approve_with_ceremony(change_deadline, 7200, &err), ERR_REFUSED, &err,
	    "past its deadline by this computer's clock: this computer's clock says");
	assert_non_null(strstr(err.text, "it is 2 h ahead"));
}

static void
a_host_that_asks_by_itself_is_found_out(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town_rebuild(&town, town.founded.keys[INFRA][KEY_SIGN], town.founded.spares[3]);
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err, "the request");
	town_rebuild(&town, town.founded.keys[INFRA][KEY_SIGN], town.alice[TOKEN_SIGN]);
	fine(approve(&town, TOWN_CISO, &err), &err);
	town_close(&town);
}

static void
a_definition_that_two_people_did_not_sign_is_an_alarm(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town_rebuild(&town, town.founded.keys[CISO][KEY_SIGN], town.alice[TOKEN_SIGN]);
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err, "the secret prod/db");
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 0);
	town_close(&town);
}

/* Well signed, for the same secret, but not the one that was requested. */
static void
another_definition_than_was_requested_is_an_alarm(void **state)
{
	struct town town;
	struct err err;
	DSSE other = {0};

	(void)state;
	town_open(&town);
	edit_payload(&town.items[0].definition, "root on db1", "sees db1", &other);
	sign_with(&other, town.founded.keys[INFRA][KEY_SIGN]);
	sign_with(&other, town.founded.keys[CISO][KEY_SIGN]);
	town_swap(&town, "ceremony-items", "definition", &other);
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err,
	    "definition names another digest");
	town_close(&town);
}

/* What was requested is the entry, in whatever statement of an operator it stands. */
static void
one_statement_shows_the_definitions_of_all_items_once(void **state)
{
	struct town town;
	struct err err;
	struct definition rows[3];
	struct definitions read[3] = {0};
	JSON *payload = NULL;
	DSSE all = {0};

	(void)state;
	town_open_many(&town, 3, MODE_RESEAL);
	for (size_t i = 0; i < 3; i++) {
		fine(definitions_parse(&town.items[i].definition, false, &read[i], &err), &err);
		rows[2 - i] = read[i].rows[0];
	}
	const struct definitions together = {.vault = read[0].vault,
	    .created = read[0].created,
	    .rows = rows,
	    .count = 3};
	fine(definitions_payload(&together, &payload, &err), &err);
	fine(statement_new(STATEMENT_SECRET, false, payload, &all, &err), &err);
	town_swap(&town, "ceremony-items", "definition", &all);
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err,
	    "not signed yet by an operator and an officer");
	sign_with(&all, town.founded.keys[INFRA][KEY_SIGN]);
	town_swap(&town, "ceremony-items", "definition", &all);
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err, "a second must sign");
	sign_with(&all, town.founded.keys[CISO][KEY_SIGN]);
	town_swap(&town, "ceremony-items", "definition", &all);
	town.definitions_sent = 0;
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_int_equal(town.definitions_sent, 1);
	for (size_t i = 0; i < 3; i++)
		definitions_done(&read[i]);
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 4);
	town_close(&town);
}

static void
an_approval_that_no_officer_signed_is_an_alarm(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town_approve(&town, AUDIT);
	town.voices[0].statement.signatures[0].sig[20] ^= 1;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err, "the approval");
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 0);
	town_close(&town);
}

static void
a_ceremony_not_open_is_refused(void **state)
{
	struct town town;
	struct err err;
	CLIENT *client = NULL;

	(void)state;
	town_open(&town);
	town.state = CEREMONY_REFUSED;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_NOT_FOUND, &err, "no ceremony");
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	expect_error(approve_run(client, &(struct approve_plan){.id = "77777777"}, &err),
	    ERR_REFUSED, &err, "is refused");
	client_freep(&client);
	town_close(&town);
}

static void
show_items_in_another_order(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)reply;
	if (strcmp(op, "ceremony-find") != 0)
		return;
	blob->size = 0;
	buf_bytes(blob, buf_view(&town->items[1].version.header));
}

static void
the_definition_or_header_of_another_item_is_an_alarm(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open_many(&town, 2, MODE_RESEAL);
	town_swap(&town, "ceremony-items", "definition", &town.items[1].definition);
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err,
	    "the secret prod/db: the definition names another digest");
	town.swap_op = NULL;
	town.lie = show_items_in_another_order;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err,
	    "the secret prod/db: the header names another hash");
	assert_int_equal(town.pins_asked, 0);
	town_close(&town);
}

static void
fewer_items_than_were_requested_are_an_alarm(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open_many(&town, 2, MODE_RESEAL);
	town.hidden = 1;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err,
	    "1 items of a ceremony that has 2");
	town_close(&town);
}

static void
a_clock_that_is_off_is_named_with_whose_it_is(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_false(town_saw(&town, "CLOCK"));
	town.ahead = 400;
	town_rebuild(&town, town.founded.keys[INFRA][KEY_SIGN], town.alice[TOKEN_SIGN]);
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_true(
	    town_saw(&town, "the requester's clock is 6 min 30 s ahead of the vault host's"));
	town_close(&town);
}

static void
waivers_of_all_who_may_approve_are_shown(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open_many(&town, 2, MODE_RELEASE); /* in which audit's key needs no touch */
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_true(town_saw(&town,
	    "WAIVER     audit's token \"audit key\": NO TOUCH waived: \"it is old\""));
	town_close(&town);
}

static void
a_voice_of_another_ceremony_or_shown_twice_is_an_alarm(void **state)
{
	struct town town, other;
	struct err err;

	(void)state;
	town_open(&town);
	town_approve(&town, AUDIT);
	town.voices[1] = town.voices[0];
	town.voice_count = 2;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err, "voices[1]");
	memset(&town.voices[1], 0, sizeof(town.voices[1]));
	town.voice_count = 1;
	other = town;
	other.ceremony_digest.bytes[0] ^= 1;
	other.voice_count = 0;
	memset(other.voices, 0, sizeof(other.voices));
	town_approve(&other, INFRA);
	town.voices[1] = other.voices[0];
	town.voice_count = 2;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err, "another ceremony");
	town_close(&town);
}

static void
programs_see_the_rows_that_people_see(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	DOSSIER *dossier = NULL;
	JSON *rows = json_new_array();
	const struct vault_view *view;
	struct err err;

	(void)state;
	town_open_many(&town, 2, MODE_RELEASE);
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	fine(dossier_take(client, &(struct dossier_wanted){.id = "7777"}, &view, &dossier, &err),
	    &err);
	fine(dossier_fetch_items(client, view, dossier, &err), &err);
	fine(ceremony_show(dossier, view, &town.ui, TOWN_NOW, false, rows, &err), &err);
	assert_true(json_array_count(rows) > 15);
	for (size_t i = 0; i < json_array_count(rows); i++) {
		const struct json *row = json_array_object(rows, i);
		BUF line = {0}, quoted = {0};

		buf_format(&line, "  %-10s %s\n", json_object_text(row, "label"),
		    json_object_text(row, "text"));
		buf_format(&quoted, "%s\n", QUOTED(json_object_text(row, "text")));
		if (!town_saw(&town, buf_string(&line)) && !town_saw(&town, buf_string(&quoted)))
			fail_msg("not on the screen: %s", buf_string(&line));
	}
	client_freep(&client);
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_flipped_byte_in_what_is_shown_is_an_alarm_before_any_touch),
	    cmocka_unit_test(a_flipped_byte_in_the_header_is_an_alarm_before_any_touch),
	    cmocka_unit_test(a_host_that_signs_another_ceremony_is_found_out),
	    cmocka_unit_test(whose_clock_says_that_it_is_too_late_is_said),
	    cmocka_unit_test(a_host_that_asks_by_itself_is_found_out),
	    cmocka_unit_test(a_definition_that_two_people_did_not_sign_is_an_alarm),
	    cmocka_unit_test(another_definition_than_was_requested_is_an_alarm),
	    cmocka_unit_test(one_statement_shows_the_definitions_of_all_items_once),
	    cmocka_unit_test(an_approval_that_no_officer_signed_is_an_alarm),
	    cmocka_unit_test(a_ceremony_not_open_is_refused),
	    cmocka_unit_test(the_definition_or_header_of_another_item_is_an_alarm),
	    cmocka_unit_test(fewer_items_than_were_requested_are_an_alarm),
	    cmocka_unit_test(a_clock_that_is_off_is_named_with_whose_it_is),
	    cmocka_unit_test(waivers_of_all_who_may_approve_are_shown),
	    cmocka_unit_test(a_voice_of_another_ceremony_or_shown_twice_is_an_alarm),
	    cmocka_unit_test(programs_see_the_rows_that_people_see),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
