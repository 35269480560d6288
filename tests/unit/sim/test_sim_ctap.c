/* SPDX-License-Identifier: Apache-2.0 */
/* The FIDO2 applet: its transport, credentials and assertions, with the clock in our hand. */
#include "tests/unit/sim/ctap_bench.h"

#include <stdio.h>

#include "base/text.h"
#include "tokens/sim/ctap/request.h"

enum { GET_INFO = 0x04, RESET = 0x07, GET_NEXT = 0x08, SELECTION = 0x0b };

static void
expect(struct ctap_bench *bench, const char *hex, const char *answer)
{
	uint8_t bytes[64];
	BUF data = {0};
	BUF text = {0};

	assert_true(text_from_hex(hex, bytes, strlen(hex) / 2));
	uint16_t status = ctap_bench_apdu(bench, view_of(bytes, strlen(hex) / 2), &data);
	buf_hex(&text, buf_view(&data));
	buf_format(&text, "%04x", status);
	assert_string_equal(buf_string(&text), answer);
}

static const char select_fido[] = "00a4040008a0000006472f0001";

static void
only_its_own_commands_are_known(void **state)
{
	struct ctap_bench *bench = *state;

	expect(bench, "801000000104", "6e00"); /* nothing is selected */
	expect(bench, "00a4040007a0000006472f00", "6a82");
	expect(bench, "00a4040009a0000006472f000100", "6a82");
	expect(bench, select_fido, "4649444f5f325f309000");
	expect(bench, "001000000104", "6e00");
	expect(bench, "901000000104", "9000"); /* the first of a chain */
	expect(bench, "80200000", "6d00");
	expect(bench, "801001000104", "6a86");
	expect(bench, "801000010104", "6a86");
	expect(bench, "80110000", "6985");
	expect(bench, "80112200", "6a86");
	expect(bench, "80120100", "9000");
	expect(bench, "80120000", "6a86");
	expect(bench, "80100000", "039000"); /* no command byte */
}

static void
keep_alive_waits_until_touched_cancelled_or_over(void **state)
{
	struct ctap_bench *bench = *state;

	expect(bench, select_fido, "4649444f5f325f309000");
	bench->touch = CTAP_STILL_WAITING;
	expect(bench, "80108000010b", "029100");
	expect(bench, "80110000", "029100");
	bench->touch = CTAP_TOUCHED;
	expect(bench, "80110000", "009000");
	expect(bench, "80110000", "6985");

	bench->touch = CTAP_STILL_WAITING;
	expect(bench, "80108000010b", "029100");
	bench->touch = CTAP_UNTOUCHED;
	expect(bench, "80110000", "2f9000");
	expect(bench, "80110000", "6985");

	bench->touch = CTAP_STILL_WAITING;
	for (unsigned way = 0; way < 3; way++) {
		unsigned ends = bench->ends;
		expect(bench, "80108000010b", "029100");
		if (way == 0)
			expect(bench, "80111100", "2d9000");
		if (way == 1)
			expect(bench, "80120100", "9000");
		if (way == 2)
			expect(bench, select_fido, "4649444f5f325f309000");
		assert_int_equal(bench->ends, ends + 1);
		expect(bench, "80110000", "6985");
	}
	expect(bench, "80108000010b", "029100");
	expect(bench, "80100000017f", "019000"); /* another message ends it, too */
	expect(bench, "80110000", "6985");
}

static void
one_touch_each_unless_it_lies(void **state)
{
	struct ctap_bench *bench = *state;

	assert_int_equal(ctap_bench_status(bench, SELECTION, NULL), CTAP2_OK);
	assert_int_equal(bench->touches, 1);
	assert_true(faults_add(&bench->faults,
	    &(struct fault){.kind = FAULT_EXTRA_TOUCH,
	        .ins = FAULT_CTAP + SELECTION,
	        .number = 2}));
	assert_int_equal(ctap_bench_status(bench, SELECTION, NULL), CTAP2_OK);
	assert_int_equal(bench->touches, 4);
	assert_int_equal(ctap_bench_make(bench, &(struct ctap_bench_ask){0}, NULL), CTAP2_OK);
	assert_int_equal(bench->touches, 5);
	assert_int_equal(ctap_bench_status(bench, GET_INFO, NULL), CTAP2_OK);
	assert_int_equal(bench->touches, 5);
}

/* makeCredential: {1: h'00'*32, 2: {"id": "a"}, 3: {"id": h'01'}, 4: [...]} in pieces */
#define HASH_                                                                                      \
	"015820000000000000000000000000000000000000000000000000000000000000"                       \
	"0000"
#define RP_                                                                                        \
	"02a1626964"                                                                               \
	"6161"
#define USER_                                                                                      \
	"03a1626964"                                                                               \
	"4101"
#define ES256_                                                                                     \
	"0481a263616c67266474797065"                                                               \
	"6a7075626c69632d6b6579"
static const struct {
	uint8_t command, status;
	const char *hex;
} malformed[] = {
    {0x01, CTAP2_OK, "a4" HASH_ RP_ USER_ ES256_},
    {0x03, CTAP1_ERR_INVALID_COMMAND, NULL},
    {0x40, CTAP1_ERR_INVALID_COMMAND, "a0"},
    {0x41, CTAP2_ERR_PUAT_REQUIRED, "a10101"},
    {GET_INFO, CTAP1_ERR_INVALID_LENGTH, "a0"},
    {GET_NEXT, CTAP2_ERR_NOT_ALLOWED, NULL},
    {0x01, CTAP2_ERR_MISSING_PARAMETER, NULL},
    {0x01, CTAP2_ERR_MISSING_PARAMETER, "a0"},
    {0x01, CTAP2_ERR_INVALID_CBOR, "a1"},
    {0x01, CTAP2_ERR_INVALID_CBOR, "a4" HASH_ RP_ USER_ ES256_ "00"},
    {0x01, CTAP2_ERR_INVALID_CBOR, "a4" RP_ HASH_ USER_ ES256_},
    {0x01, CTAP2_ERR_CBOR_UNEXPECTED_TYPE, "80"},
    {0x01, CTAP2_ERR_MISSING_PARAMETER, "a3" HASH_ RP_ USER_},
    {0x01, CTAP2_ERR_MISSING_PARAMETER, "a3" HASH_ RP_ ES256_},
    {0x01, CTAP2_ERR_MISSING_PARAMETER, "a3" HASH_ USER_ ES256_},
    {0x01, CTAP2_ERR_MISSING_PARAMETER, "a3" RP_ USER_ ES256_},
    {0x01, CTAP2_ERR_MISSING_PARAMETER, "a4" HASH_ "02a0" USER_ ES256_},
    {0x01, CTAP1_ERR_INVALID_LENGTH, "a4" HASH_ "02a162696460" USER_ ES256_},
    {0x01, CTAP1_ERR_INVALID_LENGTH,
        "a4"
        "014100" RP_ USER_ ES256_},
    {0x01, CTAP1_ERR_INVALID_LENGTH, "a4" HASH_ RP_ "03a162696440" ES256_},
    {0x01, CTAP2_ERR_CBOR_UNEXPECTED_TYPE, "a4" HASH_ RP_ "03a16269646101" ES256_},
    {0x01, CTAP2_ERR_CBOR_UNEXPECTED_TYPE, "a4" HASH_ "0201" USER_ ES256_},
    {0x01, CTAP2_ERR_UNSUPPORTED_ALGORITHM, "a4" HASH_ RP_ USER_ "0480"},
    {0x01, CTAP2_ERR_UNSUPPORTED_ALGORITHM,
        "a4" HASH_ RP_ USER_ "0481a263616c67276474797065"
        "6a7075626c69632d6b6579"},
    {0x01, CTAP2_ERR_MISSING_PARAMETER,
        "a4" HASH_ RP_ USER_ "0481a16474797065"
        "6a7075626c69632d6b6579"},
    {0x01, CTAP2_ERR_CBOR_UNEXPECTED_TYPE, "a4" HASH_ RP_ USER_ "048101"},
    {0x01, CTAP2_ERR_INVALID_OPTION, "a5" HASH_ RP_ USER_ ES256_ "07a1627570f4"},
    {0x01, CTAP2_ERR_INVALID_OPTION, "a5" HASH_ RP_ USER_ ES256_ "07a1627576f5"},
    {0x01, CTAP2_OK, "a5" HASH_ RP_ USER_ ES256_ "07a1627878f5"},
    {0x01, CTAP2_ERR_CBOR_UNEXPECTED_TYPE, "a5" HASH_ RP_ USER_ ES256_ "07a162757001"},
    {0x01, CTAP1_ERR_INVALID_PARAMETER,
        "a5" HASH_ RP_ USER_ ES256_ "06a16b6372656450726f7465637404"},
    {0x01, CTAP1_ERR_INVALID_PARAMETER, "a5" HASH_ RP_ USER_ ES256_ "0a01"},
    {0x01, CTAP2_ERR_PIN_NOT_SET, "a5" HASH_ RP_ USER_ ES256_ "0840"},
    {0x01, CTAP2_ERR_MISSING_PARAMETER, "a5" HASH_ RP_ USER_ ES256_ "084100"},
    {0x01, CTAP1_ERR_INVALID_PARAMETER, "a6" HASH_ RP_ USER_ ES256_ "0841000903"},
    {0x01, CTAP2_ERR_PIN_AUTH_INVALID, "a6" HASH_ RP_ USER_ ES256_ "0841000901"},
    {0x01, CTAP2_ERR_MISSING_PARAMETER,
        "a5" HASH_ RP_ USER_ ES256_ "0581a1626964"
        "4101"},
    {0x02, CTAP2_ERR_NO_CREDENTIALS,
        "a2016161025820" /* rp, hash */
        "0000000000000000000000000000000000000000000000000000000000000000"},
    {0x02, CTAP2_ERR_UNSUPPORTED_OPTION,
        "a3016161025820"
        "0000000000000000000000000000000000000000000000000000000000000000"
        "05a162726bf5"},
    {0x02, CTAP2_ERR_MISSING_PARAMETER, "a1016161"},
    {0x06, CTAP2_ERR_MISSING_PARAMETER, "a10102"},
    {0x06, CTAP2_ERR_INVALID_SUBCOMMAND, "a201020208"},
    {0x06, CTAP2_ERR_INVALID_SUBCOMMAND, "a20102020a"},
    {0x06, CTAP1_ERR_INVALID_PARAMETER, "a201030202"},
    {0x06, CTAP2_ERR_MISSING_PARAMETER, "a10202"},
    {0x06, CTAP2_OK, "a10201"},
    {0x0a, CTAP2_ERR_PUAT_REQUIRED, "a10101"},
    {0x0a, CTAP2_ERR_INVALID_SUBCOMMAND, "a10108"},
    {0x0a, CTAP2_ERR_NOT_ALLOWED, "a10103"},
    {0x0a, CTAP2_ERR_MISSING_PARAMETER, "a0"},
    {0x0d, CTAP2_ERR_INVALID_SUBCOMMAND, "a10101"},
};

static void
malformed_requests_get_the_code_of_their_fault(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		uint8_t status = ctap_bench_status(*state, malformed[i].command, malformed[i].hex);
		if (status != malformed[i].status)
			fail_msg("case %zu: %02x %s: %02x instead of %02x", i, malformed[i].command,
			    malformed[i].hex != NULL ? malformed[i].hex : "", status,
			    malformed[i].status);
	}
}

static void
a_message_that_is_too_long_is_refused(void **state)
{
	BUF request = {0};
	uint8_t *space = buf_space(&request, CTAP_MESSAGE_MAX);

	assert_non_null(space);
	assert_int_equal(ctap_bench_send(*state, 0x01, &request, NULL),
	    CTAP2_ERR_REQUEST_TOO_LARGE);
}

static void
an_id_with_any_byte_changed_is_unknown(void **state)
{
	struct ctap_bench *bench = *state;
	uint8_t id[FIDO_ID_SIZE];
	struct ctap_bench_ask ask = {.id = VIEW_OF(id), .option = "up"};

	assert_int_equal(ctap_bench_make(bench, &(struct ctap_bench_ask){0}, id), CTAP2_OK);
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_OK);
	for (size_t i = 0; i < sizeof(id); i++) {
		id[i] ^= 0x10;
		assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_ERR_NO_CREDENTIALS);
		id[i] ^= 0x10;
	}
	for (size_t size = 1; size < sizeof(id); size += 16) {
		ask.id = view_of(id, size);
		assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_ERR_NO_CREDENTIALS);
	}
	ask.id = VIEW_OF(id);
	bench->state.fido.key[0] ^= 1;
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_ERR_NO_CREDENTIALS);
}

static void
a_reset_comes_soon_after_plugging_in_and_forgets_all(void **state)
{
	struct ctap_bench *bench = *state;
	uint8_t id[FIDO_ID_SIZE];
	struct ctap_bench_ask ask = {.id = VIEW_OF(id)};

	assert_int_equal(ctap_bench_make(bench, &(struct ctap_bench_ask){0}, id), CTAP2_OK);
	assert_int_equal(ctap_bench_set_pin(bench, 2, "1234"), CTAP2_OK);
	bench->now += CTAP_RESET_MS;
	assert_int_equal(ctap_bench_status(bench, RESET, NULL), CTAP2_ERR_NOT_ALLOWED);
	bench->ctap.reset_any_time = true;
	bench->touch = CTAP_UNTOUCHED;
	assert_int_equal(ctap_bench_status(bench, RESET, NULL), CTAP2_ERR_USER_ACTION_TIMEOUT);
	bench->ctap.reset_any_time = false;
	bench->touch = CTAP_TOUCHED;
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_OK);
	ctap_plug(&bench->ctap);
	bench->now += CTAP_RESET_MS - 1;
	assert_int_equal(ctap_bench_status(bench, RESET, NULL), CTAP2_OK);
	assert_false(bench->state.fido.pin_set || bench->state.fido.has_key);
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_ERR_NO_CREDENTIALS);
	/* Also with a new key of its own. */
	assert_int_equal(ctap_bench_make(bench, &(struct ctap_bench_ask){0}, NULL), CTAP2_OK);
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_ERR_NO_CREDENTIALS);
}

static void
a_reset_asked_for_in_time_may_wait_for_its_touch(void **state)
{
	struct ctap_bench *bench = *state;

	expect(bench, select_fido, "4649444f5f325f309000");
	bench->touch = CTAP_STILL_WAITING;
	expect(bench, "801080000107", "029100");
	bench->now += CTAP_RESET_MS;
	bench->touch = CTAP_TOUCHED;
	expect(bench, "80110000", "009000");
}

static void
residents_are_replaced_by_user_and_end_with_the_room(void **state)
{
	struct ctap_bench *bench = *state;
	struct ctap_bench_ask ask = {.option = "rk", .value = true};
	uint8_t first[FIDO_ID_SIZE];
	char user[8];

	assert_int_equal(ctap_bench_make(bench, &ask, first), CTAP2_OK);
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_OK);
	assert_int_equal(bench->state.fido.count, 1);
	assert_int_equal(ctap_bench_get(bench, &(struct ctap_bench_ask){.id = VIEW_OF(first)},
	                     NULL),
	    CTAP2_ERR_NO_CREDENTIALS);
	ask.user = user;
	for (unsigned i = 1; i < 25; i++) {
		snprintf(user, sizeof(user), "u%u", i);
		assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_OK);
	}
	strcpy(user, "last");
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_ERR_KEY_STORE_FULL);
	assert_int_equal(bench->state.fido.count, 25);
	strcpy(user, "u7"); /* a known one still fits */
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_OK);
	ask.option = NULL;
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_OK);
}

static void
the_next_assertion_waits_half_a_minute_and_for_no_other_command(void **state)
{
	struct ctap_bench *bench = *state;
	struct ctap_bench_ask ask = {.option = "rk", .value = true};
	const struct ctap_bench_ask all = {0};

	for (unsigned i = 0; i < 3; i++) {
		ask.user = (const char *const[]){"a", "b", "c"}[i];
		assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_OK);
	}
	assert_int_equal(ctap_bench_get(bench, &all, NULL), CTAP2_OK);
	bench->now += CTAP_NEXT_MS - 1;
	assert_int_equal(ctap_bench_status(bench, GET_NEXT, NULL), CTAP2_OK);
	bench->now += CTAP_NEXT_MS;
	assert_int_equal(ctap_bench_status(bench, GET_NEXT, NULL), CTAP2_ERR_NOT_ALLOWED);
	bench->now -= 1;
	assert_int_equal(ctap_bench_status(bench, GET_NEXT, NULL), CTAP2_ERR_NOT_ALLOWED);
	assert_int_equal(ctap_bench_get(bench, &all, NULL), CTAP2_OK);
	assert_int_equal(ctap_bench_status(bench, GET_INFO, NULL), CTAP2_OK);
	assert_int_equal(ctap_bench_status(bench, GET_NEXT, NULL), CTAP2_ERR_NOT_ALLOWED);
}

static void
long_names_are_cut_between_characters(void **state)
{
	struct ctap_bench *bench = *state;
	char name[100];

	memset(name, 'x', sizeof(name));
	strcpy(name + 63, "\xc3\xa9 and more"); /* an e with an accent across the end */
	assert_int_equal(ctap_bench_make(bench,
	                     &(struct ctap_bench_ask){.option = "rk", .value = true, .name = name},
	                     NULL),
	    CTAP2_OK);
	assert_int_equal(bench->state.fido.credentials[0].name.size, 63);
	strcpy(name + 62, "\xc3\xa9 and more");
	assert_int_equal(ctap_bench_make(bench,
	                     &(struct ctap_bench_ask){.option = "rk", .value = true, .name = name},
	                     NULL),
	    CTAP2_OK);
	assert_int_equal(bench->state.fido.credentials[0].name.size, 64);
}

static void
nothing_is_answered_that_was_not_saved(void **state)
{
	struct ctap_bench *bench = *state;
	uint8_t id[FIDO_ID_SIZE];

	assert_int_equal(ctap_bench_make(bench, &(struct ctap_bench_ask){0}, id), CTAP2_OK);
	bench->broken = true;
	assert_int_equal(ctap_bench_make(bench, &(struct ctap_bench_ask){0}, NULL),
	    CTAP1_ERR_OTHER);
	assert_int_equal(ctap_bench_get(bench, &(struct ctap_bench_ask){.id = VIEW_OF(id)}, NULL),
	    CTAP1_ERR_OTHER);
	assert_int_equal(ctap_bench_set_pin(bench, 2, "1234"), CTAP1_ERR_OTHER);
	assert_int_equal(ctap_bench_status(bench, RESET, NULL), CTAP1_ERR_OTHER);
}

static void
lies_strike_the_command_they_were_told_to(void **state)
{
	struct ctap_bench *bench = *state;

	assert_true(faults_add(&bench->faults,
	    &(struct fault){.kind = FAULT_CTAP_STATUS,
	        .ins = FAULT_CTAP + SELECTION,
	        .number = 0x42}));
	assert_int_equal(ctap_bench_status(bench, SELECTION, NULL), 0x42);
	assert_int_equal(bench->touches, 0);
	assert_int_equal(ctap_bench_status(bench, GET_INFO, NULL), CTAP2_OK);
	bench->faults = (struct faults){.pull = 2, .pull_ins = FAULT_ANY_CTAP, .pull_after = true};
	assert_int_equal(ctap_bench_status(bench, SELECTION, NULL), CTAP2_OK);
	assert_int_equal(bench->unplugs, 0);
	assert_int_equal(ctap_bench_status(bench, SELECTION, NULL), CTAP2_OK);
	assert_int_equal(bench->unplugs, 1);
	bench->faults = (struct faults){.delay = 70, .delay_ins = FAULT_CTAP + SELECTION};
	assert_int_equal(ctap_bench_status(bench, GET_INFO, NULL), CTAP2_OK);
	assert_int_equal(bench->now, 0);
	assert_int_equal(ctap_bench_status(bench, SELECTION, NULL), CTAP2_OK);
	assert_int_equal(bench->now, 70);
	/* Also when it has waited for its touch. */
	bench->faults = (struct faults){.pull = 1, .pull_ins = FAULT_ANY_CTAP, .pull_after = true};
	bench->touch = CTAP_STILL_WAITING;
	expect(bench, "80108000010b", "029100");
	assert_int_equal(bench->unplugs, 1);
	bench->touch = CTAP_TOUCHED;
	expect(bench, "80110000", "009000");
	assert_int_equal(bench->unplugs, 2);
	/* Faults of instructions and of CTAP commands are two worlds. */
	bench->faults = (struct faults){0};
	assert_true(faults_add(&bench->faults,
	    &(struct fault){.kind = FAULT_STATUS, .ins = FAULT_ANY_INS, .number = 0x6f00}));
	assert_int_equal(ctap_bench_status(bench, SELECTION, NULL), CTAP2_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctap_bench_setup, ctap_bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(only_its_own_commands_are_known),
	    TEST(keep_alive_waits_until_touched_cancelled_or_over),
	    TEST(one_touch_each_unless_it_lies),
	    TEST(malformed_requests_get_the_code_of_their_fault),
	    TEST(a_message_that_is_too_long_is_refused),
	    TEST(an_id_with_any_byte_changed_is_unknown),
	    TEST(a_reset_comes_soon_after_plugging_in_and_forgets_all),
	    TEST(a_reset_asked_for_in_time_may_wait_for_its_touch),
	    cmocka_unit_test_setup_teardown(residents_are_replaced_by_user_and_end_with_the_room,
	        ctap_bench_setup_old, ctap_bench_teardown),
	    TEST(the_next_assertion_waits_half_a_minute_and_for_no_other_command),
	    TEST(long_names_are_cut_between_characters),
	    TEST(nothing_is_answered_that_was_not_saved),
	    TEST(lies_strike_the_command_they_were_told_to),
	};
	struct err err;

	if (crypto_start(&err) != ERR_OK) {
		print_error("%s\n", err.text);
		return 1;
	}
	return cmocka_run_group_tests_name("simulated FIDO2", tests, NULL, NULL);
}
