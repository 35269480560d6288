/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR of the simulated token: strict in what it reads, canonical in what it writes. */
#include "tests/unit/check.h"

#include "base/text.h"
#include "tokens/sim/ctap/cbor.h"
#include "tokens/sim/ctap/status.h"

static int
setup(void **state)
{
	*state = malloc(sizeof(struct cbor_tree));
	return *state == NULL;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static bool
parse(struct cbor_tree *tree, const char *hex)
{
	uint8_t bytes[64];
	size_t size = strlen(hex) / 2;

	assert_true(size <= sizeof(bytes) && (size == 0 || text_from_hex(hex, bytes, size)));
	uint8_t *copy = exact_copy(view_of(bytes, size));
	bool good = cbor_parse(view_of(copy, size), tree);
	free(copy);
	return good;
}

static void
canonical_forms_are_read(void **state)
{
	static const char *const good[] = {"00", "17", "1818", "19ffff", "1a00010000",
	    "1b0000000100000000", "20", "3863", "40", "4101", "60", "6161", "62c3a9", "63e282ac",
	    "64f09f9480", "80", "8101", "a0", "a10102", "a201022003", "a301004000620000f5", "f4",
	    "f5", "8181818100", "a2616100626161f4"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!parse(*state, good[i]))
			fail_msg("%s was refused", good[i]);
}

static void
everything_else_is_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "18",
	    "41",
	    "61",
	    "8201",
	    "a101",
	    "a2010202", /* cut short */
	    "0000",
	    "a000",
	    "4000", /* trailing bytes */
	    "1817",
	    "190018",
	    "1a0000ffff",
	    "1b00000000ffffffff",
	    "3800", /* longer than needed */
	    "580101",
	    "780161",
	    "980101",
	    "b8010102", /* lengths too */
	    "5f4101ff",
	    "7f6161ff",
	    "9f01ff",
	    "bf0102ff",
	    "ff", /* indefinite */
	    "c000",
	    "f6",
	    "f7",
	    "f820",
	    "f90000",
	    "fa00000000",
	    "fb0000000000000000",
	    "1c",
	    "5e",
	    "fc", /* reserved */
	    "a202000100",
	    "a201000100",
	    "a220000100",
	    "a26261610061620000",
	    "a240002000", /* order */
	    "a18000",
	    "a1a000", /* keys that contain */
	    "818181818100",
	    "a101a101a101a101a10100", /* five levels */
	    "61ff",
	    "62c328",
	    "62c0af",
	    "63eda080",
	    "64f4908080",
	    "61c3",
	    "63e28228", /* UTF-8 */
	    "9bffffffffffffffff",
	    "bbffffffffffffffff",
	    "5bffffffffffffffff",
	    "9a7fffffff00",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse(*state, bad[i]))
			fail_msg("%s was read", bad[i]);
}

static void
a_list_as_long_as_there_is_room_and_no_longer(void **state)
{
	for (size_t count = CBOR_ITEMS_MAX - 2; count <= CBOR_ITEMS_MAX; count++) {
		BUF list = {0};
		cbor_put_array(&list, count);
		for (size_t i = 0; i < count; i++)
			cbor_put_bool(&list, true);
		assert_int_equal(cbor_parse(buf_view(&list), *state), count + 1 <= CBOR_ITEMS_MAX);
	}
}

static void
what_is_written_is_read(void **state)
{
	static const int64_t numbers[] = {0, 23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296,
	    INT64_MAX, -1, -24, -25, -256, -257, -65537, -4294967297, INT64_MIN};
	struct cbor_tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		BUF text = {0};
		cbor_put_int(&text, numbers[i]);
		assert_true(cbor_parse(buf_view(&text), tree));
		assert_true(cbor_is(&tree->items[0], numbers[i]));
		assert_false(cbor_is(&tree->items[0], numbers[i] ^ 1));
	}
	for (size_t size = 0; size < 300; size += 23) {
		uint8_t bytes[300] = {0};
		BUF text = {0};
		cbor_put_bytes(&text, view_of(bytes, size));
		assert_true(cbor_parse(buf_view(&text), tree));
		assert_int_equal(tree->items[0].bytes.size, size);
	}
}

static void
members_are_of_their_kind_or_an_error(void **state)
{
	struct cbor_tree *tree = *state;
	static const uint8_t map[] = {0xa4, 0x01, 0x18, 0x64, 0x02, 0x41, 0xaa, 0x20, 0x61, 'x',
	    0x61, 'k', 0xf5};

	assert_true(cbor_parse(VIEW_OF(map), tree));
	struct cbor_in in = cbor_in(&tree->items[0]);
	assert_int_equal(cbor_in_number(&in, 1, 100, 7), 100);
	assert_int_equal(cbor_in_number(&in, 9, 100, 7), 7);
	assert_view(cbor_in_bytes(&in, 2, true), view_of("\xaa", 1));
	assert_view(cbor_in_text(&in, -1, true), view_of_text("x"));
	assert_non_null(cbor_in_named_kind(&in, "k", CBOR_BOOL, true));
	assert_null(cbor_in_named_kind(&in, "l", CBOR_BOOL, false));
	assert_int_equal(in.status, CTAP2_OK);
	assert_int_equal(cbor_in_number(&in, 1, 99, 7), 7);
	assert_int_equal(in.status, CTAP1_ERR_INVALID_PARAMETER);

	in = cbor_in(&tree->items[0]);
	assert_int_equal(cbor_in_bytes(&in, 1, false).size, 0);
	assert_int_equal(in.status, CTAP2_ERR_CBOR_UNEXPECTED_TYPE);
	(void)cbor_in_bytes(&in, 9, true); /* the first failure stays */
	assert_int_equal(in.status, CTAP2_ERR_CBOR_UNEXPECTED_TYPE);

	in = cbor_in(&tree->items[0]);
	(void)cbor_in_bytes(&in, 9, true);
	assert_int_equal(in.status, CTAP2_ERR_MISSING_PARAMETER);
	assert_int_equal(cbor_in(&tree->items[1]).status, CTAP2_ERR_CBOR_UNEXPECTED_TYPE);
	in = cbor_in(NULL);
	assert_null(cbor_in_any(&in, 1));
}

static void
every_cut_and_flipped_byte_is_survived(void **state)
{
	static const uint8_t message[] = {0xa3, 0x01, 0x44, 1, 2, 3, 4, 0x02, 0x82, 0x19, 0x01,
	    0x00, 0x62, 'h', 'i', 0x03, 0xa2, 0x62, 'i', 'd', 0x40, 0x64, 't', 'y', 'p', 'e', 0xf4};

	assert_true(cbor_parse(VIEW_OF(message), *state));
	for (size_t size = 0; size < sizeof(message); size++) {
		uint8_t *copy = exact_copy(view_of(message, size));
		assert_false(cbor_parse(view_of(copy, size), *state));
		free(copy);
	}
	for (size_t at = 0; at < sizeof(message); at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t *copy = exact_copy(VIEW_OF(message));
			copy[at] ^= (uint8_t)(1 << bit);
			(void)cbor_parse(view_of(copy, sizeof(message)), *state);
			free(copy);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(canonical_forms_are_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(everything_else_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_list_as_long_as_there_is_room_and_no_longer, setup,
	        teardown),
	    cmocka_unit_test_setup_teardown(what_is_written_is_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(members_are_of_their_kind_or_an_error, setup, teardown),
	    cmocka_unit_test_setup_teardown(every_cut_and_flipped_byte_is_survived, setup,
	        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
