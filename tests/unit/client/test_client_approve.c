/* SPDX-License-Identifier: Apache-2.0 */
/* What an officer sees and touches for, with an honest server and with one that lies. */
#include "ceremony/client/opening/approve.h"
#include "ceremony/client/opening/object.h"
#include "ceremony/client/text/ceremony.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements_host.h"
#include "tests/unit/client/town.h"
#include "vault/seal/envelope.h"

static enum err_code
approve(struct town *town, uint32_t serial, struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, serial, &client, err));
	return approve_run(client, &(struct approve_plan){0}, err);
}

static void
the_officer_sees_everything_and_the_shares_arrive(void **state)
{
	static const char *const lines[] = {"prod/db, version 1", "root on db1", "Alice Oncall",
	    "seat alice", "\"alice\" on \"laptop\"", "words: \"primary does not boot\"\n",
	    "words: \"INC-4711\"\n", "30 min", "2 of (ciso, infra, audit)", "infra", "words",
	    "read their eight words", "token      \"alice-1\", serial 2000",
	    "receives   \"alice-1\", serial 2000", "admitted   since roster 1",
	    "receives it once; then it is replaced", "ciso's token \"ciso key\" (serial 1000)",
	    "3 tries left", "Your approval counts; missing: 1 more of infra, audit"};
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
	request_words(&town.request_digest, words);
	assert_true(town_saw(&town, words));
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 2);
	assert_non_null(town.items[0].received);
	fine(seal_check_shares(town.items[0].header, 0, town.items[0].received, &err), &err);
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
	if (strcmp(op, "envelopes") == 0)
		blob->data[blob->size - 1] ^= 1;
}

static void
cut_the_envelope(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)reply;
	if (strcmp(op, "envelopes") == 0)
		blob->size = sizeof(uint32_t) + POINT_SIZE;
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
		assert_null(town.items[0].received);
		town_close(&town);
	}
}

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
	assert_int_equal(town.voice_count, 0);
	town_close(&town);
}

static void
keep_the_envelope(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)reply;
	if (strcmp(op, "envelopes") == 0)
		buf_bytes(&town->swap_text, buf_view(blob));
}

static void
replay_the_envelope(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)reply;
	if (strcmp(op, "envelopes") != 0)
		return;
	blob->size = 0;
	buf_bytes(blob, buf_view(&town->swap_text));
}

static enum err_code
approve_as(struct town *town, const struct approve_plan *plan, struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, TOWN_CISO, &client, err));
	return approve_run(client, plan, err);
}

static size_t
received(const struct town *town)
{
	size_t count = 0;

	for (size_t i = 0; i < town->item_count; i++)
		count += town->items[i].received != NULL;
	return count;
}

static void
every_name_is_shown_before_the_signature_and_one_touch_opens_each(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open_many(&town, 45, MODE_RESEAL);
	fine(approve(&town, TOWN_CISO, &err), &err);
	for (size_t i = 0; i < town.item_count; i++) {
		BUF line = {0};

		buf_format(&line, "%s, version 1", town.items[i].name);
		if (!town_saw(&town, buf_string(&line)))
			fail_msg("not on the screen: %s", buf_string(&line));
	}
	assert_true(town_saw(&town, "SEAL AGAIN 45 secrets"));
	assert_true(town_saw(&town, "of each officer's token: PIV 46, FIDO2 1"));
	assert_true(town_saw(&town, "nobody is given them"));
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 46);
	assert_int_equal(received(&town), 45);
	town_close(&town);
}

static bool
said_to_go_on(struct town *town, size_t given, size_t left, int part)
{
	char id[2 * ID_SIZE + 1];
	BUF line = {0};

	text_hex(VIEW_OF(town->id.bytes), id);
	buf_format(&line,
	    "Your approval is signed and counts for %zu of %zu secrets; shares still to give: %zu. "
	    "Go on with: halligan approve %.8s --part %d\n",
	    given, town->item_count, left, id, part);
	return town_saw(town, buf_string(&line));
}

static void
a_long_list_comes_page_by_page_and_can_be_given_in_parts(void **state)
{
	struct town town;
	struct err err;
	const struct approve_plan part = {.part = 3}, none = {.part = 4};

	(void)state;
	town_open_many(&town, 45, MODE_ROTATE);
	expect_error(approve_as(&town, &none, &err), ERR_USAGE, &err, "no part 4: it has 3");
	assert_int_equal(town.pins_asked, 0);
	fine(approve_as(&town, &part, &err), &err);
	assert_int_equal(received(&town), 5);
	assert_true(said_to_go_on(&town, 5, 40, 1));
	assert_null(town.items[39].received);
	expect_error(approve_as(&town, &part, &err), ERR_EXISTS, &err, "in part 3 of 3");
	town.choice.wait = 1; /* somebody sits there, and wants the second part */
	town.line = "2";
	fine(approve_as(&town, &(struct approve_plan){0}, &err), &err);
	assert_true(town_saw(&town, "20 of 45 are shown; Enter shows more"));
	assert_true(town_saw(&town, "All 40 now (41 touches)?"));
	assert_int_equal(received(&town), 25);
	assert_true(said_to_go_on(&town, 25, 20, 1));
	assert_false(town_saw(&town, "Your approval counts; missing"));
	fine(approve_as(&town, &(struct approve_plan){.all = true}, &err), &err);
	assert_int_equal(received(&town), 45);
	assert_true(town_saw(&town, "Your approval counts; missing: 1 more of infra, audit"));
	town_close(&town);
}

/* Whoever gave one part counts nowhere yet: what is left is theirs to give. */
static void
after_the_first_part_the_next_is_named(void **state)
{
	const struct approve_plan part = {.part = 1};
	struct town town;
	struct err err;

	(void)state;
	town_open_many(&town, 21, MODE_RESEAL);
	town.items[20].stale = "version 2 is current";
	fine(approve_as(&town, &part, &err), &err);
	assert_true(town_saw(&town, "Your approval counts; missing: 1 more of infra, audit"));
	town_close(&town);
	town_open_many(&town, 21, MODE_RESEAL);
	fine(approve_as(&town, &part, &err), &err);
	assert_true(said_to_go_on(&town, 20, 1, 2));
	assert_true(town_saw(&town, "in parts of 20 if wanted"));
	town_close(&town);
}

static void
an_interrupted_approval_goes_on_with_what_is_left(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open_many(&town, 3, MODE_RESEAL);
	town_approve(&town, CISO);
	town.items[2].given[0] = false; /* its shares never arrived */
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_true(town_saw(&town, "of each officer's token: PIV 4, FIDO2 1\n"));
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 2);
	assert_int_equal(received(&town), 1);
	assert_non_null(town.items[2].received);
	assert_int_equal(town.voice_count, 2); /* signed anew */
	town_close(&town);
}

/* How often each op was asked for, since this was set to zero. */
static struct {
	size_t items, envelopes, shares;
} calls;

static void
count_calls(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)reply;
	(void)blob;
	calls.items += strcmp(op, "ceremony-items") == 0;
	calls.envelopes += strcmp(op, "envelopes") == 0;
	calls.shares += strcmp(op, "shares") == 0;
}

static void
who_comes_second_of_those_who_approve_at_once_is_told_no_error(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town.refuses = "approve";
	town.later = CEREMONY_RELEASING;
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_true(town_saw(&town, "yours is not needed any more"));
	town_close(&town);
	town_open(&town);
	town.refuses = "approve";
	town.later = CEREMONY_REFUSED;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_REFUSED, &err, "too late");
	town_close(&town);
}

/* What a touch was given for is given at once, else what is lost by Ctrl-C is touched for again. */
static void
shares_go_together_where_no_touch_stands_between_them(void **state)
{
	static const struct {
		bool fido;
		uint32_t token;
		size_t shares;
		unsigned touches;
	} rows[] = {{false, TOWN_CISO, 45, 46}, {true, TOWN_AUDIT, 1, 1}};
	struct town town;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].fido)
			town_open_fido_many(&town, 45, MODE_RESEAL);
		else
			town_open_many(&town, 45, MODE_RESEAL);
		town.line = "all";
		town.lie = count_calls;
		memset(&calls, 0, sizeof(calls));
		fine(approve(&town, rows[i].token, &err), &err);
		assert_int_equal(received(&town), 45);
		assert_int_equal(calls.items, 1);
		assert_int_equal(calls.envelopes, 1);
		assert_int_equal(calls.shares, rows[i].shares);
		assert_int_equal(town_token(&town, rows[i].token)->touches, rows[i].touches);
		town_close(&town);
	}
}

static void
what_was_replaced_meanwhile_is_said_and_not_opened(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open_many(&town, 2, MODE_RESEAL);
	town.items[1].stale = "version 2 is current";
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_true(town_saw(&town, "it will not be opened: \"version 2 is current\""));
	assert_int_equal(received(&town), 1);
	town_close(&town);
}

static void
a_replayed_envelope_of_another_approval_opens_nothing(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town.lie = keep_the_envelope;
	fine(approve(&town, TOWN_CISO, &err), &err);
	town.items[0].given[0] = false;
	secret_freep(&town.items[0].received);
	town.lie = replay_the_envelope;
	expect_error(approve(&town, TOWN_CISO, &err), ERR_INTEGRITY, &err,
	    "not sealed to this request");
	assert_null(town.items[0].received);
	town_close(&town);
}

static void
who_denied_and_why_is_shown_and_cannot_approve(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open(&town);
	town_deny(&town, AUDIT, "nobody answers the phone");
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_true(town_saw(&town, "denied     audit, who says: \"nobody answers the phone\"\n"));
	expect_error(approve(&town, TOWN_AUDIT, &err), ERR_REFUSED, &err, "has denied it");
	town_close(&town);
}

static void
several_secrets_are_spoken_of_as_several(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open_many(&town, 2, MODE_RELEASE);
	fine(approve(&town, TOWN_CISO, &err), &err);
	assert_true(town_saw(&town,
	    "the requester receives them once; then each is replaced on its target"));
	town_close(&town);
}

static void
objections_are_shown_asked_about_and_signed_by_who_may(void **state)
{
	struct town town;
	struct objection objection;
	struct err err;
	CLIENT *client = NULL;

	(void)state;
	town_open_many(&town, 2, MODE_RESEAL);
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	expect_error(deny_run(client, NULL, "", &err), ERR_USAGE, &err, "reason");
	fine(deny_run(client, NULL, "not tonight", &err), &err);
	assert_true(town_saw(&town, "Denied. Ceremony "));
	assert_true(town_saw(&town, " is still open: the others can yet meet the quorum."));
	fine(objection_parse(&town.voices[0].statement, STATEMENT_DENIAL, false, &objection, &err),
	    &err);
	assert_string_equal(objection.seat, "ciso");
	assert_true(digest_equal(&objection.ceremony, &town.ceremony_digest));
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 1);
	dsse_done(&town.voices[0].statement);
	memset(&town.voices[0], 0, sizeof(town.voices[0]));
	town.voice_count = 0;
	expect_error(cancel_run(client, NULL, "x", &err), ERR_TOKEN_ABSENT, &err, "ops");
	client_freep(&client);
	fine(town_connect(&town, TOWN_OPS, &client, &err), &err);
	fine(cancel_run(client, NULL, "it can wait", &err), &err);
	assert_true(town_saw(&town, "Cancelled. Ceremony "));
	assert_true(town_saw(&town, " is over."));
	fine(objection_parse(&town.voices[0].statement, STATEMENT_CANCEL, false, &objection, &err),
	    &err);
	client_freep(&client);
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_officer_sees_everything_and_the_shares_arrive),
	    cmocka_unit_test(seats_that_cannot_approve_are_told_why),
	    cmocka_unit_test(a_wrong_envelope_hands_over_nothing),
	    cmocka_unit_test(without_a_yes_nothing_is_asked_of_the_token),
	    cmocka_unit_test(a_wrong_pin_names_the_token_and_the_tries_left),
	    cmocka_unit_test(a_second_pin_is_asked_with_fresh_tries),
	    cmocka_unit_test(the_last_try_is_never_spent_without_the_serial),
	    cmocka_unit_test(factory_and_blocked_pins_are_refused_before_asking),
	    cmocka_unit_test(a_token_with_other_keys_than_the_charter_says_is_an_alarm),
	    cmocka_unit_test(a_signature_that_does_not_verify_is_not_sent),
	    cmocka_unit_test(every_name_is_shown_before_the_signature_and_one_touch_opens_each),
	    cmocka_unit_test(a_long_list_comes_page_by_page_and_can_be_given_in_parts),
	    cmocka_unit_test(after_the_first_part_the_next_is_named),
	    cmocka_unit_test(an_interrupted_approval_goes_on_with_what_is_left),
	    cmocka_unit_test(who_comes_second_of_those_who_approve_at_once_is_told_no_error),
	    cmocka_unit_test(shares_go_together_where_no_touch_stands_between_them),
	    cmocka_unit_test(what_was_replaced_meanwhile_is_said_and_not_opened),
	    cmocka_unit_test(a_replayed_envelope_of_another_approval_opens_nothing),
	    cmocka_unit_test(who_denied_and_why_is_shown_and_cannot_approve),
	    cmocka_unit_test(several_secrets_are_spoken_of_as_several),
	    cmocka_unit_test(objections_are_shown_asked_about_and_signed_by_who_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
