/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/formats/tlv.c and tokens/piv/block.c. */
#include "base/text.h"
#include "tests/unit/check.h"
#include "tokens/formats/tlv.h"
#include "tokens/piv/block.h"

/* Hex typed below, as a heap block of exactly its size. */
struct bytes {
	uint8_t *data;
	struct view view;
};

static struct bytes
hex(const char *text)
{
	size_t size = strlen(text) / 2;
	uint8_t *data = malloc(size > 0 ? size : 1);

	assert_non_null(data);
	assert_true(size == 0 || text_from_hex(text, data, size));
	return (struct bytes){data, view_of(data, size)};
}

static void
bytes_done(struct bytes *bytes)
{
	free(bytes->data);
}
#define BYTES CLEANUP(bytes_done) struct bytes

static void
elements_are_read_whatever_the_size_of_tag_and_length(void **state)
{
	BYTES input = hex("5303010203"
	                  "7f490186"
	                  "5f8101020a0b"
	                  "700000"
	                  "00");
	struct reader reader = reader_of(view_of(input.view.data, 18));
	struct tlv element = tlv_next(&reader);

	(void)state;
	assert_int_equal(element.tag, 0x53);
	assert_view(element.value, view_of((const uint8_t[]){1, 2, 3}, 3));
	element = tlv_next(&reader);
	assert_int_equal(element.tag, 0x7f49);
	assert_view(element.value, view_of((const uint8_t[]){0x86}, 1));
	element = tlv_next(&reader);
	assert_int_equal(element.tag, 0x5f8101);
	assert_int_equal(element.value.size, 2);
	element = tlv_next(&reader);
	assert_int_equal(element.tag, 0x70);
	assert_int_equal(element.value.size, 0);
	assert_false(reader_end(&reader)); /* one byte is left */
}

static void
malformed_elements_make_the_reader_fail(void **state)
{
	static const char *const wrong[] = {
	    "",                       /* nothing */
	    "53",                     /* no length */
	    "5302aa",                 /* too short */
	    "5381",                   /* half a length */
	    "538201", "5380aa0000",   /* indefinite */
	    "5383000001aa",           /* more than 65535 */
	    "5384000000010a", "0000", /* padding */
	    "1f",                     /* half a tag */
	    "5f8182830100",           /* a tag of four bytes */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		BYTES input = hex(wrong[i]);
		struct reader reader = reader_of(input.view);

		assert_int_equal(tlv_next(&reader).tag, 0);
		assert_true(reader.failed);
	}
}

static void
every_cut_of_an_element_is_refused(void **state)
{
	BUF whole = {0};
	uint8_t value[300];
	struct view found;

	(void)state;
	memset(value, 7, sizeof(value));
	tlv_put(&whole, 0x7f49, VIEW_OF(value));
	assert_true(tlv_only(buf_view(&whole), 0x7f49, &found));
	assert_int_equal(found.size, sizeof(value));
	for (size_t size = 0; size < whole.size; size++) {
		uint8_t *copy = exact_copy(view_of(whole.data, size));

		assert_false(tlv_only(view_of(copy, size), 0x7f49, &found));
		assert_false(tlv_find(view_of(copy, size), 0x7f49, &found));
		free(copy);
	}
	assert_false(tlv_only(buf_view(&whole), 0x7f4a, &found));
	buf_u8(&whole, 1);
	assert_false(tlv_only(buf_view(&whole), 0x7f49, &found));
}

static void
cards_may_write_long_lengths_and_certificates_may_not(void **state)
{
	BYTES one = hex("3081021122"), two = hex("308200021122"), right = hex("30021122");
	struct view found;

	(void)state;
	assert_true(tlv_only(one.view, 0x30, &found));
	assert_true(tlv_only(two.view, 0x30, &found));
	assert_false(tlv_only_der(one.view, 0x30, &found));
	assert_false(tlv_only_der(two.view, 0x30, &found));
	assert_true(tlv_only_der(right.view, 0x30, &found));
}

static void
an_element_is_found_when_it_is_there_once_and_all_is_well_formed(void **state)
{
	BYTES once = hex("0101aa0502bbcc0600"), twice = hex("0101aa0101bb");
	BYTES spoilt = hex("0101aa05");
	struct view found = {0};

	(void)state;
	assert_true(tlv_find(once.view, 0x05, &found));
	assert_int_equal(found.size, 2);
	assert_true(tlv_find(once.view, 0x06, &found));
	assert_int_equal(found.size, 0);
	assert_false(tlv_find(once.view, 0x07, &found));
	assert_false(tlv_find(twice.view, 0x01, &found));
	assert_false(tlv_find(spoilt.view, 0x01, &found));
}

static void
written_lengths_are_the_shortest(void **state)
{
	static const struct {
		size_t size;
		const char *head;
	} cases[] = {{0, "5300"}, {127, "537f"}, {128, "538180"}, {255, "5381ff"},
	    {256, "53820100"}, {65535, "5382ffff"}};
	static uint8_t value[65536];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		BYTES head = hex(cases[i].head);
		BUF written = {0};
		struct view found;

		tlv_put(&written, 0x53, view_of(value, cases[i].size));
		assert_int_equal(written.size, head.view.size + cases[i].size);
		assert_memory_equal(written.data, head.data, head.view.size);
		assert_true(tlv_only_der(buf_view(&written), 0x53, &found));
	}
	BUF large = {0};
	tlv_put(&large, 0x53, VIEW_OF(value));
	assert_true(large.failed);
}

static void
numbers_are_natural_shortest_and_of_32_bits(void **state)
{
	static const struct {
		const char *hex;
		bool good;
		uint32_t number;
	} cases[] = {{"00", true, 0}, {"7f", true, 127}, {"0080", true, 128},
	    {"00ffffffff", true, UINT32_MAX}, {"7fffffff", true, INT32_MAX}, {"", false, 0},
	    {"80", false, 0}, {"ff", false, 0}, {"0001", false, 0}, {"0100000000", false, 0},
	    {"000000000001", false, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		BYTES input = hex(cases[i].hex);
		uint32_t number = 0;

		assert_int_equal(tlv_u32(input.view, &number), cases[i].good);
		assert_int_equal(number, cases[i].number);
	}
}

static void
signatures_are_two_positive_numbers_in_strict_der(void **state)
{
	static const char r33[] =
	    "022100"
	    "ff00000000000000000000000000000000000000000000000000000000000001";
	static const char *const wrong[] = {
	    "300602010102010100",                       /* trailing byte */
	    "3006020101020101",                         /* right: the only one */
	    "3004020101", "3003020101",                 /* one number */
	    "3009020101020101020101",                   /* three */
	    "3006020100020101",                         /* zero */
	    "3006020101020100", "3006020181020101",     /* negative */
	    "300702020001020101",                       /* not the shortest */
	    "308106020101020101",                       /* long length */
	    "30070281010102010100", "3106020101020101", /* a set */
	    "3006040101020101",                         /* no integer */
	    "30050200020101",                           /* empty */
	};
	BUF longest = {0};
	BUF too_long = {0};
	BYTES r = hex(r33);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		BYTES input = hex(wrong[i]);

		assert_int_equal(tlv_is_signature(input.view), i == 1);
	}
	tlv_put(&longest, 0x30, r.view);
	assert_false(tlv_is_signature(buf_view(&longest)));
	buf_done(&longest);
	BUF both = {0};
	buf_bytes(&both, r.view);
	buf_bytes(&both, r.view);
	tlv_put(&longest, 0x30, buf_view(&both));
	assert_true(tlv_is_signature(buf_view(&longest)));
	assert_int_equal(longest.size, 72);
	both.data[2] = 0x01; /* 33 bytes of a number */
	tlv_put(&too_long, 0x30, buf_view(&both));
	assert_false(tlv_is_signature(buf_view(&too_long)));
}

/* FIPS 197 appendix C; NIST SP 800-67 (three-key, as in SP 800-17's known answers). */
static void
blocks_are_those_of_the_standards(void **state)
{
	static const struct {
		uint8_t cipher;
		const char *key, *plain, *enciphered;
	} cases[] = {
	    {BLOCK_AES_128, "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
	        "69c4e0d86a7b0430d8cdb78070b4c55a"},
	    {BLOCK_AES_192, "000102030405060708090a0b0c0d0e0f1011121314151617",
	        "00112233445566778899aabbccddeeff", "dda97ca4864cdfe06eaf70a0ec0d7191"},
	    {BLOCK_AES_256, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	        "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089"},
	    {BLOCK_3DES,
	        "0101010101010101"
	        "0101010101010101"
	        "0101010101010101",
	        "8000000000000000", "95f8a5e5dd31d900"},
	};
	uint8_t out[BLOCK_MAX];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		BYTES key_bytes = hex(cases[i].key), plain = hex(cases[i].plain);
		BYTES enciphered = hex(cases[i].enciphered);
		SECRET *key = NULL;

		assert_int_equal(block_size(cases[i].cipher), plain.view.size);
		assert_int_equal(block_key_size(cases[i].cipher), key_bytes.view.size);
		assert_ok(secret_from(key_bytes.view, &key, &err));
		assert_ok(block_encrypt(cases[i].cipher, key, plain.data, out, &err));
		assert_view(view_of(out, plain.view.size), enciphered.view);
		assert_ok(block_decrypt(cases[i].cipher, key, enciphered.data, out, &err));
		assert_view(view_of(out, plain.view.size), plain.view);
		assert_ok(secret_resize(key, key_bytes.view.size - 1, &err));
		assert_error(ERR_INVALID,
		    block_encrypt(cases[i].cipher, key, plain.data, out, &err));
		assert_error(ERR_INVALID, block_encrypt(0x11, key, plain.data, out, &err));
	}
	assert_int_equal(block_size(0), 0);
	assert_int_equal(block_key_size(0x11), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_are_read_whatever_the_size_of_tag_and_length),
	    cmocka_unit_test(malformed_elements_make_the_reader_fail),
	    cmocka_unit_test(every_cut_of_an_element_is_refused),
	    cmocka_unit_test(cards_may_write_long_lengths_and_certificates_may_not),
	    cmocka_unit_test(an_element_is_found_when_it_is_there_once_and_all_is_well_formed),
	    cmocka_unit_test(written_lengths_are_the_shortest),
	    cmocka_unit_test(numbers_are_natural_shortest_and_of_32_bits),
	    cmocka_unit_test(signatures_are_two_positive_numbers_in_strict_der),
	    cmocka_unit_test(blocks_are_those_of_the_standards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
