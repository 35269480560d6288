/* SPDX-License-Identifier: Apache-2.0 */
/* The card operating system under a fake applet, and the faults that spoil its answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "tokens/sim/card/card.h"
#include "tokens/sim/faults.h"

struct fake {
	unsigned runs, selects;
	struct apdu last;
	struct buf data; /* of the last command */
	size_t answer;
	uint16_t status;
};

static bool
fake_matches(void *context, struct view aid)
{
	(void)context;
	return aid.size > 0 && aid.data[0] == 0xa0;
}

static void
fake_select(void *context, struct buf *ret_data)
{
	struct fake *fake = context;

	fake->selects++;
	buf_u8(ret_data, 0x61);
}

static uint16_t
fake_run(void *context, const struct apdu *apdu, struct buf *ret_data)
{
	struct fake *fake = context;

	fake->runs++;
	fake->last = *apdu;
	buf_done(&fake->data);
	buf_bytes(&fake->data, apdu->data);
	for (size_t i = 0; i < fake->answer; i++)
		buf_u8(ret_data, (uint8_t)i);
	return fake->status;
}

struct bench {
	struct fake fake;
	struct applet applet;
	struct card card;
};

static int
setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->fake.status = SW_OK;
	bench->applet = (struct applet){&bench->fake, false, fake_matches, fake_select, fake_run};
	card_init(&bench->card, &bench->applet, 1);
	*state = bench;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	card_done(&bench->card);
	buf_done(&bench->fake.data);
	free(bench);
	return 0;
}

/* The command is copied to a heap block of its own size, so that a sanitizer sees reads beyond. */
static void
transmit(struct card *card, struct view command, struct buf *ret_reply)
{
	uint8_t *copy = malloc(command.size > 0 ? command.size : 1);

	assert_non_null(copy);
	if (command.size > 0)
		memcpy(copy, command.data, command.size);
	card_transmit(card, view_of(copy, command.size), ret_reply);
	free(copy);
	assert_false(ret_reply->failed);
}

static void
expect(struct card *card, const char *command, const char *answer)
{
	uint8_t bytes[600];
	size_t size = strlen(command) / 2;
	BUF reply = {0};
	BUF hex = {0};

	assert_true(size <= sizeof(bytes) && (size == 0 || text_from_hex(command, bytes, size)));
	transmit(card, view_of(bytes, size), &reply);
	buf_hex(&hex, buf_view(&reply));
	assert_string_equal(buf_string(&hex), answer);
}

static void
every_apdu_case_is_parsed(void **state)
{
	static const struct {
		const char *hex;
		size_t data, expected;
		bool extended;
	} cases[] = {
	    {"00cb3fff", 0, 0, false},
	    {"00cb3fff10", 0, 16, false},
	    {"00cb3fff00", 0, 256, false},
	    {"00cb3fff02aabb", 2, 0, false},
	    {"00cb3fff02aabb00", 2, 256, false},
	    {"00cb3fff000100", 0, 256, true},
	    {"00cb3fff000000", 0, 65536, true},
	    {"00cb3fff000002aabb", 2, 0, true},
	    {"00cb3fff000002aabb0000", 2, 65536, true},
	    {"00cb3fff000002aabb0010", 2, 16, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t bytes[32];
		size_t size = strlen(cases[i].hex) / 2;
		struct apdu apdu;
		assert_true(text_from_hex(cases[i].hex, bytes, size));
		assert_true(apdu_parse(view_of(bytes, size), &apdu));
		assert_int_equal(apdu.ins, 0xcb);
		assert_int_equal(apdu.p1, 0x3f);
		assert_int_equal(apdu.p2, 0xff);
		assert_int_equal(apdu.data.size, cases[i].data);
		assert_int_equal(apdu.expected, cases[i].expected);
		assert_int_equal(apdu.extended, cases[i].extended);
	}
}

static void
lengths_that_contradict_each_other_are_refused(void **state)
{
	static const char *const bad[] = {"", "00", "00cb", "00cb3f", "00cb3fff02aa",
	    "00cb3fff02aabb0000", "00cb3fff0000", "00cb3fff000002aa", "00cb3fff000002aabb00",
	    "00cb3fff000002aabb000000", "00cb3fff0000000000", "00cb3fff000000aa"};
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect(&bench->card, bad[i], "6700");
	assert_int_equal(bench->fake.runs, 0);
}

static void
nothing_runs_before_an_application_is_selected(void **state)
{
	struct bench *bench = *state;

	expect(&bench->card, "00fd000000", "6d00");
	expect(&bench->card, "00a4040003a00000", "619000");
	expect(&bench->card, "00fd000000", "9000");
	assert_int_equal(bench->fake.runs, 1);
}

static void
selecting_what_is_not_there_leaves_the_selection(void **state)
{
	struct bench *bench = *state;

	expect(&bench->card, "00a4040003a00000", "619000");
	expect(&bench->card, "00a4040003d27600", "6a82");
	expect(&bench->card, "00a40400", "6a82");
	expect(&bench->card, "00a4000c023f00", "6a86");
	expect(&bench->card, "00fd0000", "9000");
	assert_int_equal(bench->fake.selects, 1);
}

static void
reset_forgets_the_selection(void **state)
{
	struct bench *bench = *state;

	expect(&bench->card, "00a4040003a00000", "619000");
	card_reset(&bench->card);
	expect(&bench->card, "00fd0000", "6d00");
}

static void
chained_commands_arrive_as_one(void **state)
{
	struct bench *bench = *state;

	expect(&bench->card, "00a4040003a00000", "619000");
	expect(&bench->card, "10db3fff020102", "9000");
	expect(&bench->card, "10db3fff020304", "9000");
	assert_int_equal(bench->fake.runs, 0);
	expect(&bench->card, "00db3fff0105", "9000");
	assert_int_equal(bench->fake.runs, 1);
	assert_int_equal(bench->fake.data.size, 5);
	assert_memory_equal(bench->fake.data.data, "\1\2\3\4\5", 5);
}

static void
a_broken_chain_is_dropped(void **state)
{
	struct bench *bench = *state;

	expect(&bench->card, "00a4040003a00000", "619000");
	expect(&bench->card, "10db3fff020102", "9000");
	expect(&bench->card, "00fd0000", "9000");
	assert_int_equal(bench->fake.data.size, 0);
	expect(&bench->card, "00db3fff0105", "9000");
	assert_int_equal(bench->fake.data.size, 1);
}

static void
a_chain_without_end_is_refused(void **state)
{
	struct bench *bench = *state;
	uint8_t piece[260] = {0x10, 0xdb, 0x3f, 0xff, 255};
	unsigned taken = 0;
	uint16_t status;

	expect(&bench->card, "00a4040003a00000", "619000");
	do {
		BUF reply = {0};
		transmit(&bench->card, VIEW_OF(piece), &reply);
		struct reader reader = reader_of(buf_view(&reply));
		status = reader_u16(&reader);
	} while (status == SW_OK && ++taken < 1000);
	assert_int_equal(status, SW_NO_SPACE);
	assert_int_equal(taken, CARD_CHAIN_MAX / 255);
	assert_int_equal(bench->fake.runs, 0);
}

static void
long_answers_come_in_pieces(void **state)
{
	struct bench *bench = *state;
	static const size_t most[] = {256, 256, 88};
	static const uint16_t words[] = {0x6100, 0x6158, SW_OK};
	size_t at = 0;

	bench->fake.answer = 600;
	expect(&bench->card, "00a4040003a00000", "619000");
	for (size_t i = 0; i < 3; i++) {
		static const uint8_t first[] = {0, 0xcb, 0x3f, 0xff, 0},
		                     next[] = {0, 0xc0, 0, 0, 0};
		BUF reply = {0};
		transmit(&bench->card, i == 0 ? VIEW_OF(first) : VIEW_OF(next), &reply);
		assert_int_equal(reply.size, most[i] + 2);
		for (size_t j = 0; j < most[i]; j++)
			assert_int_equal(reply.data[j], (uint8_t)at++);
		assert_int_equal(reply.data[most[i]] << 8 | reply.data[most[i] + 1], words[i]);
	}
	assert_int_equal(bench->fake.runs, 1);
}

static void
an_extended_command_gets_its_answer_whole(void **state)
{
	struct bench *bench = *state;
	static const uint8_t command[] = {0, 0xcb, 0x3f, 0xff, 0, 0, 0};
	BUF reply = {0};

	bench->fake.answer = 3000;
	expect(&bench->card, "00a4040003a00000", "619000");
	transmit(&bench->card, VIEW_OF(command), &reply);
	assert_int_equal(reply.size, 3002);
}

static void
another_command_drops_what_was_not_fetched(void **state)
{
	struct bench *bench = *state;

	bench->fake.answer = 4;
	expect(&bench->card, "00a4040003a00000", "619000");
	expect(&bench->card, "00cb3fff02", "00016102");
	expect(&bench->card, "00c0000001", "026101");
	bench->fake.answer = 0;
	expect(&bench->card, "00fd0000", "9000");
	bench->fake.status = SW_UNKNOWN_INS;
	expect(&bench->card, "00c0000000", "6d00");
}

static void
foreign_classes_are_refused(void **state)
{
	struct bench *bench = *state;

	expect(&bench->card, "00a4040003a00000", "619000");
	expect(&bench->card, "01fd0000", "6881");
	expect(&bench->card, "04fd0000", "6882");
	expect(&bench->card, "0cfd0000", "6882");
	expect(&bench->card, "80fd0000", "6e00");
	expect(&bench->card, "fffd0000", "6e00");
	assert_int_equal(bench->fake.runs, 0);
}

static void
every_prefix_of_a_command_is_survived(void **state)
{
	struct bench *bench = *state;
	uint8_t bytes[300];

	expect(&bench->card, "00a4040003a00000", "619000");
	for (unsigned lead = 0; lead < 256; lead++)
		for (size_t size = 0; size < sizeof(bytes); size += size < 12 ? 1 : 41) {
			BUF reply = {0};
			memset(bytes, (int)lead, sizeof(bytes));
			transmit(&bench->card, view_of(bytes, size), &reply);
			assert_true(reply.size >= 2);
		}
}

static void
spoiled(struct faults *faults, const char *answer, const char *expected)
{
	uint8_t bytes[32];
	size_t size = strlen(answer) / 2;
	BUF reply = {0};
	BUF hex = {0};

	assert_true(text_from_hex(answer, bytes, size));
	buf_bytes(&reply, view_of(bytes, size));
	faults_spoil(faults, 0x87, &reply);
	buf_hex(&hex, buf_view(&reply));
	assert_string_equal(buf_string(&hex), expected);
}

static void
answers_are_spoiled_as_asked_and_keep_their_status(void **state)
{
	struct faults faults = {0};

	(void)state;
	assert_true(
	    faults_add(&faults, &(struct fault){.kind = FAULT_SHORT, .ins = 0x87, .number = 2}));
	spoiled(&faults, "aabbcc9000", "aabb9000");
	spoiled(&faults, "aa6982", "aa6982");
	faults = (struct faults){0};
	assert_true(faults_add(&faults,
	    &(struct fault){.kind = FAULT_LONG, .ins = FAULT_ANY_INS, .number = 2}));
	spoiled(&faults, "aa9000", "aa00009000");
	faults = (struct faults){0};
	assert_true(
	    faults_add(&faults, &(struct fault){.kind = FAULT_FLIP, .ins = 0x87, .number = 1}));
	spoiled(&faults, "aabb9000", "aaba9000");
	spoiled(&faults, "aa9000", "aa9000");
	faults = (struct faults){0};
	assert_true(faults_add(&faults, &(struct fault){.kind = FAULT_SHORT, .ins = 0x20}));
	spoiled(&faults, "aabb9000", "aabb9000");
}

static void
the_token_is_pulled_at_the_nth_command_of_its_kind(void **state)
{
	struct faults faults = {.pull = 2, .pull_ins = 0x87};

	(void)state;
	assert_false(faults_pull(&faults, 0x87));
	assert_false(faults_pull(&faults, 0x20));
	assert_true(faults_pull(&faults, 0x87));
	assert_false(faults_pull(&faults, 0x87));
	faults = (struct faults){.pull = 1, .pull_ins = FAULT_ANY_INS};
	assert_true(faults_pull(&faults, 0x20));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_apdu_case_is_parsed),
	    cmocka_unit_test_setup_teardown(lengths_that_contradict_each_other_are_refused, setup,
	        teardown),
	    cmocka_unit_test_setup_teardown(nothing_runs_before_an_application_is_selected, setup,
	        teardown),
	    cmocka_unit_test_setup_teardown(selecting_what_is_not_there_leaves_the_selection, setup,
	        teardown),
	    cmocka_unit_test_setup_teardown(reset_forgets_the_selection, setup, teardown),
	    cmocka_unit_test_setup_teardown(chained_commands_arrive_as_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_broken_chain_is_dropped, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_chain_without_end_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(long_answers_come_in_pieces, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_extended_command_gets_its_answer_whole, setup,
	        teardown),
	    cmocka_unit_test_setup_teardown(another_command_drops_what_was_not_fetched, setup,
	        teardown),
	    cmocka_unit_test_setup_teardown(foreign_classes_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(every_prefix_of_a_command_is_survived, setup, teardown),
	    cmocka_unit_test(answers_are_spoiled_as_asked_and_keep_their_status),
	    cmocka_unit_test(the_token_is_pulled_at_the_nth_command_of_its_kind),
	};

	return cmocka_run_group_tests_name("simulated card", tests, NULL, NULL);
}
