/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/piv/card.c and tokens/piv/admin.c over a card that says what the test tells it to. */
#include "base/crypto_key.h"
#include "base/text.h"
#include "tests/unit/check.h"
#include "tokens/formats/tlv.h"
#include "tokens/piv/admin.h"
#include "tokens/piv/block.h"

enum { STEPS = 4 };

struct script {
	struct {
		const char *command; /* hex of header and data; NULL: any */
		const uint8_t *answer;
		size_t size;
		uint16_t status;
	} step[STEPS];
	size_t count, at;
};

static enum err_code
play(void *context, const uint8_t header[4], struct view data, struct secret *reply,
    uint16_t *ret_status, struct err *err)
{
	struct script *script = context;
	BUF command = {0};
	BUF text = {0};

	assert_true(script->at < script->count);
	assert_int_equal(secret_size(reply), 0);
	if (script->step[script->at].command != NULL) {
		buf_bytes(&command, view_of(header, 4));
		buf_bytes(&command, data);
		buf_hex(&text, buf_view(&command));
		assert_string_equal(buf_string(&text), script->step[script->at].command);
	}
	*ret_status = script->step[script->at].status;
	struct view answer =
	    view_of(script->step[script->at].answer, script->step[script->at].size);
	script->at++;
	return secret_append(reply, answer, err);
}

struct bench {
	struct script script;
	struct piv_card card;
	struct p256_key *key;
	struct point point;
};

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	bench->card = (struct piv_card){.exchange = play, .context = &bench->script};
	assert_ok(secret_new(PIV_REPLY_MAX, &bench->card.reply, &err));
	assert_ok(p256_key_new(&bench->key, &err));
	p256_key_public(bench->key, &bench->point);
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	secret_free(bench->card.reply);
	p256_key_free(bench->key);
	free(bench);
	return 0;
}

/* The card's next answer. */
static void
expect(struct bench *bench, const char *command, uint16_t status, struct view answer)
{
	bench->script = (struct script){.count = 1};
	bench->script.step[0].command = command;
	bench->script.step[0].status = status;
	bench->script.step[0].answer = answer.data;
	bench->script.step[0].size = answer.size;
}

static void
a_card_without_piv_is_told_from_one_that_fails(void **state)
{
	struct bench *bench = *state;
	struct err err;

	expect(bench, "00a40400a000000308000010000100", PIV_OK, (struct view){0});
	assert_ok(piv_select(&bench->card, &err));
	expect(bench, NULL, PIV_NOT_FOUND, (struct view){0});
	assert_error(ERR_NOT_FOUND, piv_select(&bench->card, &err));
	expect(bench, NULL, 0x6f00, (struct view){0});
	assert_error(ERR_TOKEN, piv_select(&bench->card, &err));
	assert_says("it refused selecting PIV: status (6F00)");
}

static void
version_and_serial_have_their_sizes_or_are_unknown(void **state)
{
	static const uint8_t bytes[] = {0, 5, 7, 4, 9};
	struct bench *bench = *state;
	uint8_t firmware[3] = {9, 9, 9};
	uint32_t serial = 9;
	struct err err;

	expect(bench, "00fd0000", PIV_OK, view_of(bytes + 1, 3));
	assert_ok(piv_version(&bench->card, firmware, &err));
	assert_memory_equal(firmware, bytes + 1, 3);
	expect(bench, "00f80000", PIV_OK, view_of(bytes, 4));
	assert_ok(piv_serial(&bench->card, &serial, &err));
	assert_int_equal(serial, 0x00050704);
	for (size_t size = 0; size <= 5; size++) {
		expect(bench, NULL, PIV_OK, view_of(bytes, size));
		assert_int_equal(piv_version(&bench->card, firmware, &err),
		    size == 3 ? ERR_OK : ERR_TOKEN);
		expect(bench, NULL, PIV_OK, view_of(bytes, size));
		assert_int_equal(piv_serial(&bench->card, &serial, &err),
		    size == 4 ? ERR_OK : ERR_TOKEN);
	}
	expect(bench, NULL, PIV_UNKNOWN_INS, (struct view){0});
	assert_ok(piv_serial(&bench->card, &serial, &err));
	assert_int_equal(serial, 0);
}

/* Before firmware 5 the management application tells it; whatever comes, PIV is selected again. */
static void
an_old_serial_is_read_elsewhere_or_unknown(void **state)
{
	static const uint8_t config[] = {9, 0x01, 1, 0x10, 0x02, 4, 0, 0, 0x0b, 0x54};
	struct bench *bench = *state;
	uint32_t serial = 9;
	struct err err;

	for (int found = 1; found >= 0; found--) {
		expect(bench, "00a40400a000000527471117", found ? PIV_OK : PIV_NOT_FOUND,
		    (struct view){0});
		bench->script.count = found ? 3 : 2;
		bench->script.step[1].command = "001d0000";
		bench->script.step[1].status = PIV_OK;
		bench->script.step[1].answer = config;
		bench->script.step[1].size = sizeof(config);
		bench->script.step[found ? 2 : 1].command = "00a40400a000000308000010000100";
		bench->script.step[found ? 2 : 1].status = PIV_OK;
		if (!found)
			bench->script.step[1].size = 0;
		assert_ok(piv_serial_before_5(&bench->card, &serial, &err));
		assert_int_equal(serial, found ? 2900 : 0);
		assert_int_equal(bench->script.at, bench->script.count);
	}
	expect(bench, NULL, PIV_OK, (struct view){0});
	bench->script.count = 2;
	bench->script.step[1].status = PIV_OK;
	bench->script.step[1].answer = config;
	for (size_t size = 0; size < sizeof(config); size++) {
		bench->script.at = 0;
		bench->script.step[1].size = size;
		assert_error(ERR_TOKEN, piv_serial_before_5(&bench->card, &serial, &err));
		assert_says("malformed");
	}
}

/* READ is handed every cut of RIGHT, and RIGHT with a byte more: all refused. */
static void
refuse_cuts(struct bench *bench, const struct buf *right,
    enum err_code (*read)(struct bench *bench, struct err *err))
{
	struct err err;
	BUF more = {0};

	expect(bench, NULL, PIV_OK, buf_view(right));
	assert_ok(read(bench, &err));
	for (size_t size = 0; size < right->size; size++) {
		expect(bench, NULL, PIV_OK, view_of(right->data, size));
		assert_error(ERR_TOKEN, read(bench, &err));
		assert_says("is malformed");
	}
	for (uint8_t byte = 0; byte < 2; byte++) {
		buf_done(&more);
		buf_bytes(&more, buf_view(right));
		buf_u8(&more, byte);
		expect(bench, NULL, PIV_OK, buf_view(&more));
		assert_error(ERR_TOKEN, read(bench, &err));
	}
}

static enum err_code
read_pin(struct bench *bench, struct err *err)
{
	struct piv_reference values = {0};
	bool known = false;

	TRY(piv_read_reference(&bench->card, PIV_PIN, &known, &values, err));
	assert_true(known);
	assert_int_equal(values.total, 5);
	assert_int_equal(values.tries, 4);
	assert_true(values.factory);
	return ERR_OK;
}

static void
metadata_of_the_pin_is_read_whole_or_not_at_all(void **state)
{
	static const uint8_t right[] = {0x01, 1, 0xff, 0x05, 1, 1, 0x06, 2, 5, 4};
	struct bench *bench = *state;
	struct piv_reference values;
	bool known = true;
	struct err err;
	BUF answer = {0};

	buf_bytes(&answer, VIEW_OF(right));
	refuse_cuts(bench, &answer, read_pin);
	expect(bench, "00f70080", PIV_UNKNOWN_INS, (struct view){0});
	assert_ok(piv_read_reference(&bench->card, PIV_PIN, &known, &values, &err));
	assert_false(known);
	expect(bench, NULL, PIV_NO_REFERENCE, (struct view){0});
	assert_error(ERR_TOKEN, piv_read_reference(&bench->card, PIV_PIN, &known, &values, &err));
}

static enum err_code
read_key(struct bench *bench, struct err *err)
{
	struct token_key_info key = {0};
	bool known = false;

	TRY(piv_read_key(&bench->card, 0x83, &known, &key, err));
	assert_true(known && key.present && key.generated);
	assert_int_equal(key.slot, 0x83);
	assert_int_equal(key.pin, PIN_ONCE);
	assert_int_equal(key.touch, TOUCH_ALWAYS);
	assert_true(point_equal(&key.key, &bench->point));
	return ERR_OK;
}

static void
put_metadata(struct buf *answer, uint8_t algorithm, struct view public)
{
	tlv_put_u8(answer, 1, algorithm);
	tlv_put(answer, 2, VIEW_OF(((const uint8_t[]){PIN_ONCE, TOUCH_ALWAYS})));
	tlv_put_u8(answer, 3, 1);
	tlv_put(answer, 4, public);
}

static void
metadata_of_a_key_is_read_whole_and_its_point_checked(void **state)
{
	struct bench *bench = *state;
	struct token_key_info key;
	struct point off = bench->point;
	bool known;
	struct err err;
	BUF answer = {0};
	BUF public = {0};

	tlv_put(&public, 0x86, VIEW_OF(bench->point.bytes));
	put_metadata(&answer, 0x11, buf_view(&public));
	refuse_cuts(bench, &answer, read_key);

	buf_done(&answer);
	buf_done(&public);
	off.bytes[64] ^= 1;
	tlv_put(&public, 0x86, VIEW_OF(off.bytes));
	put_metadata(&answer, 0x11, buf_view(&public));
	expect(bench, "00f70083", PIV_OK, buf_view(&answer));
	assert_error(ERR_TOKEN, piv_read_key(&bench->card, 0x83, &known, &key, &err));

	buf_done(&answer);
	put_metadata(&answer, 0x07, buf_view(&public)); /* RSA: there, but not for us */
	expect(bench, NULL, PIV_OK, buf_view(&answer));
	assert_ok(piv_read_key(&bench->card, 0x83, &known, &key, &err));
	assert_true(key.present);
	assert_int_equal(key.key.bytes[0], 0);

	expect(bench, NULL, PIV_NO_REFERENCE, (struct view){0});
	assert_ok(piv_read_key(&bench->card, 0x83, &known, &key, &err));
	assert_true(known);
	assert_false(key.present);
	expect(bench, NULL, PIV_UNKNOWN_INS, (struct view){0});
	assert_ok(piv_read_key(&bench->card, 0x83, &known, &key, &err));
	assert_false(known);
}

static void
the_pin_is_padded_and_tries_are_asked_for_without_spending_one(void **state)
{
	struct bench *bench = *state;
	SECRET *pin = NULL;
	uint16_t status;
	int tries;
	struct err err;

	assert_ok(secret_from(view_of_text("246813"), &pin, &err));
	expect(bench, "00200080323436383133ffff", 0x63c2, (struct view){0});
	assert_ok(piv_verify(&bench->card, pin, &status, &err));
	assert_int_equal(status, 0x63c2);
	expect(bench, "00200080", 0x63c5, (struct view){0});
	assert_ok(piv_tries(&bench->card, &tries, &err));
	assert_int_equal(tries, 5);
	expect(bench, "00200080", PIV_BLOCKED, (struct view){0});
	assert_ok(piv_tries(&bench->card, &tries, &err));
	assert_int_equal(tries, 0);
	expect(bench, "00200080", 0x6f00, (struct view){0});
	assert_ok(piv_tries(&bench->card, &tries, &err));
	assert_int_equal(tries, -1);
	/* Verified before: the PIN is forgotten first, then the number is told. */
	expect(bench, "00200080", PIV_OK, (struct view){0});
	bench->script.count = 3;
	bench->script.step[1].command = "0020ff80";
	bench->script.step[1].status = PIV_OK;
	bench->script.step[2].command = "00200080";
	bench->script.step[2].status = 0x63c3;
	assert_ok(piv_tries(&bench->card, &tries, &err));
	assert_int_equal(tries, 3);
}

static enum err_code
read_agreed(struct bench *bench, struct err *err)
{
	SECRET *shared = NULL;
	uint16_t status;

	TRY(piv_agree(&bench->card, 0x83, &bench->point, &status, &shared, err));
	assert_int_equal(secret_size(shared), SCALAR_SIZE);
	assert_int_equal(secret_data(shared)[31], 0x55);
	return ERR_OK;
}

static void
an_agreed_secret_has_exactly_32_bytes(void **state)
{
	struct bench *bench = *state;
	uint8_t value[40];
	uint16_t status;
	struct secret *shared = NULL;
	struct err err;

	memset(value, 0x55, sizeof(value));
	for (size_t size = 0; size <= sizeof(value); size++) {
		BUF inner = {0};
		BUF answer = {0};

		tlv_put(&inner, 0x82, view_of(value, size));
		tlv_put(&answer, 0x7c, buf_view(&inner));
		if (size == SCALAR_SIZE) {
			refuse_cuts(bench, &answer, read_agreed);
			continue;
		}
		expect(bench, NULL, PIV_OK, buf_view(&answer));
		assert_error(ERR_TOKEN,
		    piv_agree(&bench->card, 0x83, &bench->point, &status, &shared, &err));
		assert_null(shared);
	}
	expect(bench, NULL, PIV_SECURITY_STATUS, (struct view){0});
	assert_ok(piv_agree(&bench->card, 0x83, &bench->point, &status, &shared, &err));
	assert_int_equal(status, PIV_SECURITY_STATUS);
	assert_null(shared);
}

static enum err_code
read_signature(struct bench *bench, struct err *err)
{
	const struct digest digest = {{1}};
	uint16_t status;
	BUF signature = {0};

	return piv_sign(&bench->card, 0x82, &digest, &status, &signature, err);
}

static void
a_signature_is_strict_der(void **state)
{
	static const uint8_t right[] = {0x7c, 10, 0x82, 8, 0x30, 6, 2, 1, 1, 2, 1, 1};
	struct bench *bench = *state;
	struct err err;
	BUF answer = {0};

	buf_bytes(&answer, VIEW_OF(right));
	refuse_cuts(bench, &answer, read_signature);
	for (size_t at = 0; at < answer.size; at++) {
		if (at == 8 || at == 11) /* the numbers themselves */
			continue;
		answer.data[at] ^= 1;
		expect(bench, NULL, PIV_OK, buf_view(&answer));
		assert_error(ERR_TOKEN, read_signature(bench, &err));
		answer.data[at] ^= 1;
	}
}

static enum err_code
read_device(struct bench *bench, struct err *err)
{
	BUF certificate = {0};

	TRY(piv_attest_device(&bench->card, &certificate, err));
	assert_int_equal(certificate.size, 4);
	return ERR_OK;
}

static void
certificates_are_uncompressed_and_bounded(void **state)
{
	static const uint8_t right[] = {0x53, 11, 0x70, 4, 0x30, 2, 5, 0, 0x71, 1, 0, 0xfe, 0};
	struct bench *bench = *state;
	static uint8_t large[TOKEN_CERTIFICATE_MAX];
	struct err err;
	BUF answer = {0};
	BUF certificate = {0};

	buf_bytes(&answer, VIEW_OF(right));
	refuse_cuts(bench, &answer, read_device);
	answer.data[10] = 1;
	expect(bench, "00cb3fff5c035fff01", PIV_OK, buf_view(&answer));
	assert_error(ERR_TOKEN, piv_attest_device(&bench->card, &certificate, &err));
	assert_says("compressed");
	expect(bench, NULL, PIV_NOT_FOUND, (struct view){0});
	assert_error(ERR_NOT_FOUND, piv_attest_device(&bench->card, &certificate, &err));

	buf_done(&answer);
	tlv_put(&answer, 0x30, view_of(large, TOKEN_CERTIFICATE_MAX - 4));
	expect(bench, "00f98300", PIV_OK, buf_view(&answer));
	assert_ok(piv_attest_key(&bench->card, 0x83, &certificate, &err));
	assert_int_equal(certificate.size, TOKEN_CERTIFICATE_MAX);
	buf_done(&answer);
	tlv_put(&answer, 0x30, view_of(large, TOKEN_CERTIFICATE_MAX - 3));
	expect(bench, NULL, PIV_OK, buf_view(&answer));
	assert_error(ERR_TOKEN, piv_attest_key(&bench->card, 0x83, &certificate, &err));
	expect(bench, NULL, PIV_WRONG_DATA, (struct view){0});
	assert_error(ERR_NOT_FOUND, piv_attest_key(&bench->card, 0x83, &certificate, &err));
	assert_says("slot 83 has no key that was made on the token");
}

/* A card that does not know its management key cannot answer our challenge. */
static void
a_card_that_does_not_know_the_management_key_is_refused(void **state)
{
	static const uint8_t witness[20] = {0x7c, 18, 0x80, 16}, answer[20] = {0x7c, 18, 0x82, 16};
	struct bench *bench = *state;
	struct err err;

	expect(bench, "00870a9b7c028000", PIV_OK, VIEW_OF(witness));
	bench->script.count = 2;
	bench->script.step[1].status = PIV_OK;
	bench->script.step[1].answer = answer;
	bench->script.step[1].size = sizeof(answer);
	assert_error(ERR_TOKEN, piv_authenticate(&bench->card, BLOCK_AES_192, NULL, &err));
	assert_says("does not know its own management key");
	bench->script.at = 0;
	bench->script.step[1].size = 19;
	assert_error(ERR_TOKEN, piv_authenticate(&bench->card, BLOCK_AES_192, NULL, &err));
	assert_says("malformed");
	bench->script.at = 0;
	bench->script.step[1].status = PIV_SECURITY_STATUS;
	assert_error(ERR_REFUSED, piv_authenticate(&bench->card, BLOCK_AES_192, NULL, &err));
	assert_says("refused the management key");
	assert_error(ERR_TOKEN, piv_authenticate(&bench->card, 0x77, NULL, &err));
	assert_says("unknown kind (77)");
	assert_error(ERR_REFUSED, piv_authenticate(&bench->card, BLOCK_AES_256, NULL, &err));
	assert_says("not the factory's");
}

static enum err_code
read_generated(struct bench *bench, struct err *err)
{
	struct point made;

	TRY(piv_generate(&bench->card, 0x82, &made, err));
	assert_true(point_equal(&made, &bench->point));
	return ERR_OK;
}

static void
a_key_is_made_with_pin_once_and_touch_always_and_its_point_checked(void **state)
{
	struct bench *bench = *state;
	struct point made;
	struct err err;
	BUF inner = {0};
	BUF answer = {0};

	tlv_put(&inner, 0x86, VIEW_OF(bench->point.bytes));
	tlv_put(&answer, 0x7f49, buf_view(&inner));
	refuse_cuts(bench, &answer, read_generated);
	expect(bench, "00470082ac09800111aa0102ab0102", PIV_OK, buf_view(&answer));
	assert_ok(piv_generate(&bench->card, 0x82, &made, &err));
	/* Some cards write 81 before a length that needs it not. */
	BUF longer = {0};
	buf_bytes(&longer, VIEW_OF(((const uint8_t[]){0x7f, 0x49, 0x81, 0x44, 0x86, 0x81, 0x41})));
	buf_bytes(&longer, VIEW_OF(bench->point.bytes));
	expect(bench, NULL, PIV_OK, buf_view(&longer));
	assert_ok(piv_generate(&bench->card, 0x82, &made, &err));
	assert_true(point_equal(&made, &bench->point));

	answer.data[answer.size - 1] ^= 1;
	expect(bench, NULL, PIV_OK, buf_view(&answer));
	assert_error(ERR_TOKEN, piv_generate(&bench->card, 0x82, &made, &err));
	expect(bench, NULL, PIV_WRONG_PARAMETERS, (struct view){0});
	assert_error(ERR_TOKEN, piv_generate(&bench->card, 0x84, &made, &err));
	assert_says("it has no slot 84 (6B00)");
	expect(bench, NULL, PIV_WRONG_DATA, (struct view){0});
	assert_error(ERR_TOKEN, piv_generate(&bench->card, 0x82, &made, &err));
	assert_says("key policies are missing");
	expect(bench, NULL, PIV_SECURITY_STATUS, (struct view){0});
	assert_error(ERR_TOKEN, piv_generate(&bench->card, 0x82, &made, &err));
	assert_says("it refused making a key: not authorised (6982)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_card_without_piv_is_told_from_one_that_fails),
	    cmocka_unit_test(version_and_serial_have_their_sizes_or_are_unknown),
	    cmocka_unit_test(an_old_serial_is_read_elsewhere_or_unknown),
	    cmocka_unit_test(metadata_of_the_pin_is_read_whole_or_not_at_all),
	    cmocka_unit_test(metadata_of_a_key_is_read_whole_and_its_point_checked),
	    cmocka_unit_test(the_pin_is_padded_and_tries_are_asked_for_without_spending_one),
	    cmocka_unit_test(an_agreed_secret_has_exactly_32_bytes),
	    cmocka_unit_test(a_signature_is_strict_der),
	    cmocka_unit_test(certificates_are_uncompressed_and_bounded),
	    cmocka_unit_test(a_card_that_does_not_know_the_management_key_is_refused),
	    cmocka_unit_test(a_key_is_made_with_pin_once_and_touch_always_and_its_point_checked),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
