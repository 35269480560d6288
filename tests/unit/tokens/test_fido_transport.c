/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/fido/transport.c over a card that says what the test tells it to. */
#include "base/text.h"
#include "tests/unit/check.h"
#include "tokens/fido/transport.h"

enum { STEPS = 24 };

struct script {
	struct {
		const char *command; /* hex, or its beginning; NULL: any */
		const char *answer;  /* hex, status word included */
	} step[STEPS];
	size_t at;
	enum err_code fails; /* instead of the first answer */
};

static enum err_code
play(void *context, struct view command, struct secret *reply, struct err *err)
{
	struct script *script = context;
	uint8_t bytes[FIDO_APDU_MAX];
	BUF text = {0};

	if (script->fails != ERR_OK)
		return err_set(err, script->fails, "it failed");
	assert_true(script->at < STEPS && script->step[script->at].answer != NULL);
	assert_int_equal(secret_size(reply), 0);
	const char *wanted = script->step[script->at].command;
	const char *answer = script->step[script->at++].answer;

	buf_hex(&text, command);
	if (wanted != NULL && strncmp(buf_string(&text), wanted, strlen(wanted)) != 0)
		fail_msg("%s instead of %s", buf_string(&text), wanted);
	size_t size = strlen(answer) / 2;

	assert_true(size == 0 || text_from_hex(answer, bytes, size));
	return secret_append(reply, view_of(bytes, size), err);
}

struct bench {
	struct script script;
	struct fido_transport transport;
};

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_non_null(bench);
	bench->transport.exchange = play;
	bench->transport.context = &bench->script;
	assert_ok(fido_transport_init(&bench->transport, &err));
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	fido_transport_done(&bench->transport);
	free(bench);
	return 0;
}

static void
the_application_is_selected_or_said_to_be_missing(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench->script =
	    (struct script){.step = {
	                        {"00a4040008a0000006472f000100", "4649444f5f325f309000"},
	                        {NULL, "5532465f56329000"},
	                        {NULL, "6a82"},
	                        {NULL, "4649444f5f335f309000"},
	                    }};
	assert_ok(fido_transport_select(&bench->transport, &err));
	assert_ok(fido_transport_select(&bench->transport, &err));
	assert_error(ERR_NOT_FOUND, fido_transport_select(&bench->transport, &err));
	assert_says("it has no FIDO2 application (6A82)");
	assert_error(ERR_TOKEN, fido_transport_select(&bench->transport, &err));
	assert_says("of no known kind");
}

static void
short_messages_are_one_command(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench->script = (struct script){.step = {{"801080000104"
	                                          "00",
	                                    "00a09000"}}};
	assert_ok(fido_transport_send(&bench->transport, view_of("\x04", 1), &err));
	assert_ok(fido_transport_receive(&bench->transport, 0, &err));
	assert_view(secret_view(bench->transport.answer), view_of("\x00\xa0", 2));
	assert_int_equal(bench->script.at, 1);
}

static void
long_messages_are_chained_and_long_answers_collected(void **state)
{
	struct bench *bench = *state;
	uint8_t message[481] = {0x01};
	struct err err;

	bench->script = (struct script){.step = {
	                                    {"90108000f001", "9000"},
	                                    {"90108000f000", "9000"},
	                                    {"80108000010000", "0001026105"},
	                                    {"00c0000000", "0304050607619a"},
	                                    {"00c0000000", "9000"},
	                                }};
	assert_ok(fido_transport_send(&bench->transport, VIEW_OF(message), &err));
	assert_ok(fido_transport_receive(&bench->transport, 0, &err));
	assert_view(secret_view(bench->transport.answer), view_of("\0\1\2\3\4\5\6\7", 8));
	assert_int_equal(bench->script.at, 5);
	/* A part that the card refuses ends it. */
	bench->script = (struct script){.step = {{NULL, "6a84"}}};
	assert_error(ERR_TOKEN, fido_transport_send(&bench->transport, VIEW_OF(message), &err));
	assert_says("refused a command (6A84)");
}

static void
cards_without_keep_alive_are_asked_plainly_from_then_on(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench->script = (struct script){.step = {
	                                    {"80108000", "6a86"},
	                                    {"80100000", "009000"},
	                                    {"80100000", "009000"},
	                                }};
	assert_ok(fido_transport_send(&bench->transport, view_of("\x04", 1), &err));
	assert_ok(fido_transport_send(&bench->transport, view_of("\x04", 1), &err));
	assert_int_equal(bench->script.at, 3);
	bench->script = (struct script){.step = {{"80100000", "6a86"}}};
	assert_error(ERR_TOKEN, fido_transport_send(&bench->transport, view_of("\x04", 1), &err));
}

static void
a_card_that_waits_is_asked_until_it_answers(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench->script = (struct script){.step = {
	                                    {"80108000", "029100"},
	                                    {"8011000000", "029100"},
	                                    {"8011000000", "00aa9000"},
	                                }};
	assert_ok(fido_transport_send(&bench->transport, view_of("\x02", 1), &err));
	assert_ok(fido_transport_receive(&bench->transport, 5000, &err));
	assert_view(secret_view(bench->transport.answer), view_of("\x00\xaa", 2));
}

static void
waiting_ends_with_the_time(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench->script = (struct script){.step = {
	                                    {NULL, "029100"},
	                                    {"8011110000", "2d9000"},
	                                    {NULL, "029100"},
	                                    {"8011110000", "029100"},
	                                }};
	assert_ok(fido_transport_send(&bench->transport, view_of("\x02", 1), &err));
	assert_ok(fido_transport_receive(&bench->transport, 0, &err));
	assert_view(secret_view(bench->transport.answer), view_of("\x2d", 1));
	/* One that goes on waiting all the same. */
	assert_ok(fido_transport_send(&bench->transport, view_of("\x02", 1), &err));
	assert_error(ERR_TOUCH, fido_transport_receive(&bench->transport, 0, &err));
	assert_int_equal(bench->script.at, 4);
}

static void
answers_without_status_or_end_are_refused(void **state)
{
	struct bench *bench = *state;
	char large[2 * 256 + 5];
	struct err err;

	bench->script = (struct script){.step = {{NULL, ""}, {NULL, "90"}}};
	assert_error(ERR_TOKEN, fido_transport_select(&bench->transport, &err));
	assert_error(ERR_TOKEN, fido_transport_select(&bench->transport, &err));
	assert_says("nothing that a card may answer");
	memset(large, '0', sizeof(large));
	memcpy(large + 2 * 256, "6100", 5);
	bench->script = (struct script){0};
	for (int i = 0; i < STEPS; i++)
		bench->script.step[i].answer = large;
	assert_error(ERR_TOKEN, fido_transport_select(&bench->transport, &err));
	assert_says("more bytes than any answer may have");
	assert_int_equal(bench->script.at, FIDO_MESSAGE_MAX / 256 + 1);
}

static void
what_the_exchange_says_is_handed_up(void **state)
{
	struct bench *bench = *state;
	uint8_t large[FIDO_MESSAGE_MAX + 1] = {0};
	struct err err;

	bench->script = (struct script){.fails = ERR_TOKEN_GONE};
	assert_error(ERR_TOKEN_GONE, fido_transport_select(&bench->transport, &err));
	assert_error(ERR_TOKEN_GONE,
	    fido_transport_send(&bench->transport, view_of("\x04", 1), &err));
	assert_says("it failed");
	fido_transport_end(&bench->transport);
	bench->script = (struct script){0};
	assert_error(ERR_INTERNAL, fido_transport_send(&bench->transport, VIEW_OF(large), &err));
	assert_error(ERR_INTERNAL, fido_transport_send(&bench->transport, (struct view){0}, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_application_is_selected_or_said_to_be_missing,
	        start, stop),
	    cmocka_unit_test_setup_teardown(short_messages_are_one_command, start, stop),
	    cmocka_unit_test_setup_teardown(long_messages_are_chained_and_long_answers_collected,
	        start, stop),
	    cmocka_unit_test_setup_teardown(cards_without_keep_alive_are_asked_plainly_from_then_on,
	        start, stop),
	    cmocka_unit_test_setup_teardown(a_card_that_waits_is_asked_until_it_answers, start,
	        stop),
	    cmocka_unit_test_setup_teardown(waiting_ends_with_the_time, start, stop),
	    cmocka_unit_test_setup_teardown(answers_without_status_or_end_are_refused, start, stop),
	    cmocka_unit_test_setup_teardown(what_the_exchange_says_is_handed_up, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
