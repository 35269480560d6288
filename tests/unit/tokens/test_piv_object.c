/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/piv/object.c and what tokens/piv/pin.c refuses, over a card that keeps objects. */
#include "tests/unit/check.h"
#include "tokens/formats/tlv.h"
#include "tokens/piv/object.h"
#include "tokens/piv/pin.h"

enum { OBJECTS = 4 };

struct kept {
	uint32_t tag;
	struct buf content;
};

struct bench {
	struct piv_card card;
	struct kept objects[OBJECTS];
	uint16_t status; /* to GET DATA of what is not there */
};

static struct kept *
find(struct bench *bench, uint32_t tag)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		if (bench->objects[i].tag == tag || bench->objects[i].tag == 0)
			return &bench->objects[i];
	}
	fail_msg("too many objects");
	return NULL;
}

static void
set(struct bench *bench, uint32_t tag, struct view content)
{
	struct kept *kept = find(bench, tag);

	kept->tag = tag;
	buf_done(&kept->content);
	buf_bytes(&kept->content, content);
}

static enum err_code
answer(void *context, const uint8_t header[4], struct view data, struct secret *reply,
    uint16_t *ret_status, struct err *err)
{
	struct bench *bench = context;
	struct reader reader = reader_of(data);
	struct tlv name = tlv_next(&reader);
	BUF whole = {0};

	assert_int_equal(header[2], 0x3f);
	assert_int_equal(header[3], 0xff);
	assert_int_equal(name.tag, 0x5c);
	assert_int_equal(name.value.size, 3);
	uint32_t tag = (uint32_t)name.value.data[0] << 16 | (uint32_t)name.value.data[1] << 8 |
	    name.value.data[2];
	*ret_status = PIV_OK;
	if (header[1] == 0xdb) {
		struct tlv content = tlv_next(&reader);

		assert_int_equal(content.tag, 0x53);
		assert_true(reader_end(&reader));
		set(bench, tag, content.value);
		return ERR_OK;
	}
	assert_int_equal(header[1], 0xcb);
	assert_true(reader_end(&reader));
	struct kept *kept = find(bench, tag);
	if (kept->tag == 0) {
		*ret_status = bench->status;
		return ERR_OK;
	}
	tlv_put(&whole, 0x53, buf_view(&kept->content));
	return secret_append(reply, buf_view(&whole), err);
}

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	bench->card = (struct piv_card){.exchange = answer, .context = bench};
	bench->status = PIV_NOT_FOUND;
	assert_ok(secret_new(PIV_REPLY_MAX, &bench->card.reply, &err));
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < OBJECTS; i++)
		buf_done(&bench->objects[i].content);
	secret_free(bench->card.reply);
	free(bench);
	return 0;
}

static void
each_slot_has_its_object(void **state)
{
	(void)state;
	assert_int_equal(piv_object_of_slot(0x9a), 0x5fc105);
	assert_int_equal(piv_object_of_slot(0x9e), 0x5fc101);
	assert_int_equal(piv_object_of_slot(0x82), 0x5fc10d);
	assert_int_equal(piv_object_of_slot(0x95), 0x5fc120);
	assert_int_equal(piv_object_of_slot(0x96), 0);
}

static uint32_t
number(struct bench *bench)
{
	uint32_t number = 1;
	struct err err;

	assert_ok(piv_card_number(&bench->card, &number, &err));
	return number;
}

static void
a_card_is_numbered_by_guid_then_card_identifier_then_not_at_all(void **state)
{
	struct bench *bench = *state;
	uint8_t chuid[18] = {0x34, 16}, ccc[23] = {0xf0, 21, 7};

	assert_int_equal(number(bench), 0);
	set(bench, PIV_OBJECT_CCC, VIEW_OF(ccc));
	uint32_t by_ccc = number(bench);
	assert_true(token_serial_is_made(by_ccc));
	set(bench, PIV_OBJECT_CHUID, VIEW_OF(chuid)); /* a GUID of zeros is nobody's */
	assert_int_equal(number(bench), by_ccc);
	chuid[17] = 1;
	set(bench, PIV_OBJECT_CHUID, VIEW_OF(chuid));
	uint32_t by_guid = number(bench);
	assert_true(token_serial_is_made(by_guid));
	assert_int_not_equal(by_guid, by_ccc);
	set(bench, PIV_OBJECT_CHUID, view_of(chuid, 17));
	assert_int_equal(number(bench), by_ccc);
	memset(ccc + 2, 0, 21);
	set(bench, PIV_OBJECT_CCC, VIEW_OF(ccc));
	assert_int_equal(number(bench), 0);
	assert_false(token_serial_is_made(2147483647));
}

static void
an_object_is_there_missing_or_malformed(void **state)
{
	struct bench *bench = *state;
	static const uint16_t absent[] = {PIV_NOT_FOUND, PIV_WRONG_DATA, PIV_WRONG_P1P2, 0x6a81};
	struct view content;
	bool there = true;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		bench->status = absent[i];
		assert_ok(piv_get_object(&bench->card, 0x5fc10d, "x", &there, &content, &err));
		assert_false(there);
	}
	bench->status = PIV_SECURITY_STATUS;
	assert_error(ERR_TOKEN,
	    piv_get_object(&bench->card, 0x5fc10d, "x", &there, &content, &err));
	bench->status = PIV_OK; /* and no byte */
	assert_error(ERR_TOKEN,
	    piv_get_object(&bench->card, 0x5fc10d, "x", &there, &content, &err));
	assert_says("malformed");
	set(bench, 0x5fc10d, (struct view){0});
	assert_ok(piv_get_object(&bench->card, 0x5fc10d, "x", &there, &content, &err));
	assert_false(there);
}

static void
what_is_no_certificate_still_is_there(void **state)
{
	struct bench *bench = *state;
	static const uint8_t right[] = {0x70, 4, 0x30, 2, 5, 0, 0x71, 1, 0, 0xfe, 0};
	uint8_t packed[sizeof(right)];
	bool there = false;
	struct err err;
	BUF der = {0};

	set(bench, 0x5fc10d, VIEW_OF(right));
	assert_ok(piv_get_certificate(&bench->card, 0x5fc10d, "x", &there, &der, &err));
	assert_true(there);
	assert_view(buf_view(&der), view_of(right + 2, 4));
	buf_done(&der);
	memcpy(packed, right, sizeof(right));
	packed[8] = 1;
	set(bench, 0x5fc10d, VIEW_OF(packed));
	for (size_t size = sizeof(packed); size > 0; size--) {
		there = false;
		set(bench, 0x5fc10d, view_of(packed, size));
		assert_ok(piv_get_certificate(&bench->card, 0x5fc10d, "x", &there, &der, &err));
		assert_true(there);
		assert_true(der.size == 0 || size == 6);
		buf_done(&der);
	}
}

/* ykman's PivmanData and PivmanProtectedData, byte for byte. */
static void
a_protected_key_stands_where_ykman_looks(void **state)
{
	struct bench *bench = *state;
	uint8_t wanted[28] = {0x88, 26, 0x89, 24};
	static const uint8_t old[] = {0x80, 0x1b, 0x81, 1, 1, 0x82, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	    10, 11, 12, 13, 14, 15, 16, 0x83, 4, 9, 8, 7, 6};
	static const uint8_t new[] = {0x80, 9, 0x81, 1, 3, 0x83, 4, 9, 8, 7, 6};
	struct piv_pivman pivman;
	SECRET *key = NULL, *read = NULL, *other = NULL;
	struct err err;

	memset(wanted + 4, 0x11, 24);
	assert_ok(secret_from(view_of(wanted + 4, 24), &key, &err));
	assert_ok(piv_put_protected(&bench->card, key, NULL, &err));
	assert_view(buf_view(&find(bench, PIV_OBJECT_PRINTED)->content), VIEW_OF(wanted));
	assert_ok(piv_get_protected(&bench->card, &read, &other, &err));
	assert_true(secret_equal(key, read));
	assert_null(other);
	secret_freep(&read);
	assert_ok(piv_put_protected(&bench->card, key, key, &err));
	assert_ok(piv_get_protected(&bench->card, &read, &other, &err));
	assert_true(secret_equal(key, read) && secret_equal(key, other));

	set(bench, PIV_OBJECT_PIVMAN, VIEW_OF(old));
	assert_ok(piv_get_pivman(&bench->card, &pivman, &err));
	assert_int_equal(pivman.flags, PIVMAN_PUK_BLOCKED);
	assert_true(pivman.derived);
	pivman.flags |= PIVMAN_PROTECTED;
	assert_ok(piv_put_pivman(&bench->card, &pivman, &err));
	assert_view(buf_view(&find(bench, PIV_OBJECT_PIVMAN)->content), VIEW_OF(new));
}

static void
what_others_keep_there_is_not_taken_for_a_key(void **state)
{
	struct bench *bench = *state;
	static const uint8_t badge[] = {0x01, 4, 'A', 'd', 'a', ' '};
	uint8_t large[37] = {0x88, 35, 0x89, 33};
	struct piv_pivman pivman;
	SECRET *key = NULL, *other = NULL;
	struct err err;

	assert_ok(piv_get_protected(&bench->card, &key, &other, &err));
	assert_null(key);
	set(bench, PIV_OBJECT_PRINTED, VIEW_OF(badge));
	assert_error(ERR_EXISTS, piv_get_protected(&bench->card, &key, &other, &err));
	assert_says("5FC109");
	set(bench, PIV_OBJECT_PRINTED, VIEW_OF(large));
	assert_error(ERR_EXISTS, piv_get_protected(&bench->card, &key, &other, &err));
	assert_null(key);
	set(bench, PIV_OBJECT_PIVMAN, VIEW_OF(badge));
	assert_error(ERR_EXISTS, piv_get_pivman(&bench->card, &pivman, &err));
	assert_says("5FFF00");
}

static void
new_pins_that_a_thief_tries_first_are_refused(void **state)
{
	static const struct {
		const char *pin, *why;
	} rows[] = {{"123456", "factory"}, {"12345678", "factory"}, {"000000", "one character"},
	    {"aaaaaaaa", "one character"}, {"234567", "counts"}, {"76543210", "counts"},
	    {"abcdef", "counts"}, {"fedcba", "counts"}, {"p\xc3\xa4sswd", "keyboard"},
	    {"246 13", "keyboard"}, {"246813", "same"}, {"135792", NULL}, {"123457", NULL},
	    {"112233", NULL}};
	SECRET *old = NULL;
	struct err err;

	(void)state;
	assert_ok(secret_from(view_of_text("246813"), &old, &err));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		SECRET *new = NULL;

		assert_ok(secret_from(view_of_text(rows[i].pin), &new, &err));
		if (rows[i].why == NULL) {
			assert_ok(piv_pin_judge(new, old, "PIN", &err));
			continue;
		}
		assert_error(ERR_REFUSED, piv_pin_judge(new, old, "PIN", &err));
		assert_says(rows[i].why);
		assert_null(strstr(err.text, rows[i].pin));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_slot_has_its_object),
	    cmocka_unit_test_setup_teardown(
	        a_card_is_numbered_by_guid_then_card_identifier_then_not_at_all, start, stop),
	    cmocka_unit_test_setup_teardown(an_object_is_there_missing_or_malformed, start, stop),
	    cmocka_unit_test_setup_teardown(what_is_no_certificate_still_is_there, start, stop),
	    cmocka_unit_test_setup_teardown(a_protected_key_stands_where_ykman_looks, start, stop),
	    cmocka_unit_test_setup_teardown(what_others_keep_there_is_not_taken_for_a_key, start,
	        stop),
	    cmocka_unit_test_setup_teardown(new_pins_that_a_thief_tries_first_are_refused, start,
	        stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
