/* SPDX-License-Identifier: Apache-2.0 */
/* What an officer sees and touches for, with an honest server and with one that lies. */
#include "ceremony/client/opening/approve.h"
#include "ceremony/client/opening/request.h"
#include "ceremony/protocol/statements_host.h"
#include "tests/unit/client/town.h"
#include "vault/seal/envelope.h"

static enum err_code
approve(struct town *town, uint32_t serial, struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, serial, &client, err));
	return approve_run(client, NULL, err);
}

static void
the_officer_sees_everything_and_the_shares_arrive(void **state)
{
	static const char *const lines[] = {"prod/db, version 1", "root on db1", "Alice Oncall",
	    "seat alice", "\n  | alice on laptop\n", "\n  | primary does not boot\n",
	    "\n  | INC-4711\n", "30 min", "2 of (ciso, infra, audit)", "infra", "words",
	    "read their six words", "ciso's token \"ciso key\" (serial 1000)", "3 tries left",
	    "missing: 1 more of infra, audit"};
	struct town town;
	char words[TEXT_WORDS_SIZE];
	struct err err;

	(void)state;
	town_open(&town);
	town_approve(&town, INFRA);
	fine(approve(&town, TOWN_CISO, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (!town_saw(&town, lines[i]))
			fail_msg("not on the screen: %s\n%s", lines[i], buf_string(&town.screen));
	}
	text_words(view_of(town.ceremony_digest.bytes, WORD_BYTES), words);
	assert_true(town_saw(&town, words));
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 2);
	assert_non_null(town.received);
	fine(seal_check_shares(town.header, 0, town.received, &err), &err);
	town_close(&town);
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
		const char *name;
		const struct dsse *statement;
	} rows[] = {{"request", &town.request}, {"ceremony", &town.ceremony},
	    {"definition", &town.definition}};
	struct err err;
	DSSE flipped = {0};
	enum { STRIDE = 29 };

	(void)state;
	town_open(&town);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t at = 0; at < rows[i].statement->payload.size; at += STRIDE) {
			enum err_code code;

			flip(rows[i].statement, at, &flipped);
			town_swap(&town, "ceremony-get", rows[i].name, &flipped);
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
	if (strcmp(op, "ceremony-get") == 0)
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
	for (flip_at = 0; flip_at < town.version.header.size; flip_at += STRIDE) {
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
approve_with_ceremony(void (*change)(struct ceremony *ceremony), struct err *err)
{
	struct town town;
	CEREMONY ceremony = {0};
	JSON *payload = NULL;
	DSSE statement = {0};
	enum err_code code;

	town_open(&town);
	fine(ceremony_parse(&town.ceremony, false, &ceremony, err), err);
	change(&ceremony);
	fine(ceremony_payload(&ceremony, &payload, err), err);
	fine(statement_new(STATEMENT_CEREMONY, false, payload, &statement, err), err);
	town_sign_host(&town, &statement);
	town_swap(&town, "ceremony-get", "ceremony", &statement);
	code = approve(&town, TOWN_CISO, err);
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
	    {change_charter, ERR_REFUSED, "charter has changed"},
	    {change_deadline, ERR_REFUSED, "deadline"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = {0};

		expect_error(approve_with_ceremony(rows[i].change, &err), rows[i].code, &err,
		    rows[i].text);
	}
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
a_definition_that_no_operator_signed_is_an_alarm(void **state)
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
	edit_payload(&town.definition, "root on db1", "sees db1", &other);
	sign_with(&other, town.founded.keys[INFRA][KEY_SIGN]);
	town_swap(&town, "ceremony-get", "definition", &other);
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err,
	    "definition names another digest");
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
	town.approvals[0].signatures[0].sig[20] ^= 1;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err, "audit's approval");
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
	expect_error(approve_run(client, "77777777", &err), ERR_REFUSED, &err, "is refused");
	client_freep(&client);
	town_close(&town);
}

static void
seats_that_cannot_approve_are_told_why(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	expect_error(approve(&town, TOWN_OPS, &err), ERR_TOKEN_ABSENT, &err,
	    "belongs to the seat ops; this needs a token of an officer");
	expect_error(approve(&town, TOWN_ALICE, &err), ERR_TOKEN_ABSENT, &err, "token 2000");
	town_approve(&town, CISO);
	expect_error(approve(&town, TOWN_CISO, &err), ERR_EXISTS, &err, "has approved");
	assert_int_equal(town.pins_asked, 0);
	town_close(&town);
}

static void
spoil_the_envelope(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)reply;
	if (strcmp(op, "approve") == 0)
		blob->data[blob->size - 1] ^= 1;
}

static void
cut_the_envelope(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)reply;
	if (strcmp(op, "approve") == 0)
		blob->size = POINT_SIZE;
}

static void
a_wrong_envelope_hands_over_nothing(void **state)
{
	void (*const lies[])(struct town *, const char *, struct json *,
	    struct buf *) = {spoil_the_envelope, cut_the_envelope};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		struct town town;
		struct err err;

		town_open(&town);
		town.lie = lies[i];
		expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err, "");
		assert_null(town.received);
		town_close(&town);
	}
}

/* ---- the token ---- */

static void
without_a_yes_nothing_is_asked_of_the_token(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town.answer_text = "no";
	expect_error(approve(&town, TOWN_CISO, &err), ERR_REFUSED, &err, "not confirmed");
	assert_int_equal(town.pins_asked, 0);
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 0);
	town_close(&town);
}

static void
a_wrong_pin_names_the_token_and_the_tries_left(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town.pins[0] = "99999999";
	town.pins[1] = "";
	expect_error(approve(&town, TOWN_CISO, &err), ERR_PIN, &err,
	    "unlocking ciso's token \"ciso key\" (serial 1000): PIN refused, 2 tries left");
	assert_int_equal(town_token(&town, TOWN_CISO)->tries, 2);
	town_close(&town);
}

static void
a_second_pin_is_asked_with_fresh_tries(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town.pins[0] = "99999999";
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_true(town_saw(&town, "2 tries left: "));
	town_close(&town);
}

static void
the_last_try_is_never_spent_without_the_serial(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town.pins[0] = "99999999";
	town.pins[1] = "99999999";
	expect_error(approve(&town, TOWN_CISO, &err), ERR_PIN, &err, "1 tries left");
	assert_int_equal(town_token(&town, TOWN_CISO)->tries, 1);
	assert_int_equal(town.pins_asked, 2);
	town.answer_text = "yes"; /* which is not the serial */
	expect_error(approve(&town, TOWN_CISO, &err), ERR_REFUSED, &err, "\"1000\"");
	assert_int_equal(town.pins_asked, 2);
	town.answer_text = NULL;
	fine(approve(&town, TOWN_CISO, &err), &err);
	town_close(&town);
}

static void
factory_and_blocked_pins_are_refused_before_asking(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town_token(&town, TOWN_CISO)->factory_pin = true;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_REFUSED, &err, "change-pin");
	town_token(&town, TOWN_CISO)->factory_pin = false;
	town_token(&town, TOWN_CISO)->tries = 0;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_PIN_BLOCKED, &err, "blocked");
	assert_int_equal(town.pins_asked, 0);
	town_close(&town);
}

static void
a_token_with_other_keys_than_the_charter_says_is_an_alarm(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town_token(&town, TOWN_CISO)->other_keys = true;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err, "another sign key");
	town_close(&town);
}

static void
a_signature_that_does_not_verify_is_not_sent(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town_token(&town, TOWN_CISO)->lies = true;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_TOKEN, &err, "does not verify");
	assert_int_equal(town.approval_count, 0);
	town_close(&town);
}

/* ---- the request ---- */

static const struct ask_plan plan = {.secret = "prod/db",
    .reason = "primary does not boot",
    .incident = "INC-4711",
    .duration = 1800,
    .host = "laptop",
    .user = "alice"};

static enum err_code
ask(struct town *town, uint32_t serial, const struct ask_plan *wanted, struct ask_result *result,
    struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, serial, &client, err));
	return ask_run(client, wanted, result, err);
}

static void
the_hosts_answer_to_a_request_is_verified(void **state)
{
	struct town town;
	struct ask_result result;
	struct err err;

	(void)state;
	town_open(&town);
	fine(ask(&town, TOWN_ALICE, &plan, &result, &err), &err);
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 1);
	town.id.bytes[0] ^= 1; /* not the one in the signed answer */
	expect_error(ask(&town, TOWN_ALICE, &plan, &result, &err), ERR_INTEGRITY, &err,
	    "another ceremony");
	town_swap(&town, "request", "ceremony", &town.ceremony); /* of another request */
	expect_error(ask(&town, TOWN_ALICE, &plan, &result, &err), ERR_INTEGRITY, &err, "request");
	town_close(&town);
}

static void
what_cannot_be_granted_is_said_before_a_touch(void **state)
{
	struct town town;
	struct ask_result result;
	struct err err;
	struct ask_plan wrong = plan;

	(void)state;
	town_open(&town);
	wrong.duration = 7200;
	expect_error(ask(&town, TOWN_ALICE, &wrong, &result, &err), ERR_REFUSED, &err,
	    "allows at most");
	wrong = plan;
	wrong.reason = "";
	expect_error(ask(&town, TOWN_ALICE, &wrong, &result, &err), ERR_USAGE, &err, "reason");
	wrong.reason = "no\x1b[2Jtrace";
	expect_error(ask(&town, TOWN_ALICE, &wrong, &result, &err), ERR_USAGE, &err, "control");
	wrong.reason = "left \xe2\x80\xae right";
	expect_error(ask(&town, TOWN_ALICE, &wrong, &result, &err), ERR_USAGE, &err, "direction");
	expect_error(ask(&town, TOWN_CISO, &plan, &result, &err), ERR_TOKEN_ABSENT, &err,
	    "a responder");
	assert_int_equal(town.pins_asked, 0);
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_officer_sees_everything_and_the_shares_arrive),
	    cmocka_unit_test(a_flipped_byte_in_what_is_shown_is_an_alarm_before_any_touch),
	    cmocka_unit_test(a_flipped_byte_in_the_header_is_an_alarm_before_any_touch),
	    cmocka_unit_test(a_host_that_signs_another_ceremony_is_found_out),
	    cmocka_unit_test(a_host_that_asks_by_itself_is_found_out),
	    cmocka_unit_test(a_definition_that_no_operator_signed_is_an_alarm),
	    cmocka_unit_test(another_definition_than_was_requested_is_an_alarm),
	    cmocka_unit_test(an_approval_that_no_officer_signed_is_an_alarm),
	    cmocka_unit_test(a_ceremony_not_open_is_refused),
	    cmocka_unit_test(seats_that_cannot_approve_are_told_why),
	    cmocka_unit_test(a_wrong_envelope_hands_over_nothing),
	    cmocka_unit_test(without_a_yes_nothing_is_asked_of_the_token),
	    cmocka_unit_test(a_wrong_pin_names_the_token_and_the_tries_left),
	    cmocka_unit_test(a_second_pin_is_asked_with_fresh_tries),
	    cmocka_unit_test(the_last_try_is_never_spent_without_the_serial),
	    cmocka_unit_test(factory_and_blocked_pins_are_refused_before_asking),
	    cmocka_unit_test(a_token_with_other_keys_than_the_charter_says_is_an_alarm),
	    cmocka_unit_test(a_signature_that_does_not_verify_is_not_sent),
	    cmocka_unit_test(the_hosts_answer_to_a_request_is_verified),
	    cmocka_unit_test(what_cannot_be_granted_is_said_before_a_touch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
