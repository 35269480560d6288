/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim/sim_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "tokens/sim/crypto/ber.h"

static bool
touch(void *context)
{
	struct bench *bench = context;

	bench->touches++;
	return bench->touched;
}

static enum err_code
save(void *context, struct err *err)
{
	struct bench *bench = context;

	bench->saves++;
	return bench->broken ? err_set(err, ERR_NO_SPACE, "the disk is full") : ERR_OK;
}

static int64_t
milliseconds(void *context)
{
	return ((struct bench *)context)->now;
}

static int
setup_firmware(void **state, uint8_t major, uint8_t minor, uint8_t patch)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_non_null(bench);
	sim_state_init(&bench->state, 0x00a1b2c3, (const uint8_t[]){major, minor, patch});
	assert_int_equal(major == 0 ? sim_state_identify(&bench->state, &err) :
	                              sim_state_attest(&bench->state, &err),
	    ERR_OK);
	piv_init(&bench->piv, &bench->state, &(struct piv_host){bench, touch, save, milliseconds});
	bench->management = (struct management){&bench->state, MANAGEMENT_PIV};
	bench->applets[0] = piv_applet(&bench->piv);
	bench->applets[1] = management_applet(&bench->management);
	bench->applets[2] = otp_applet(&bench->state);
	card_init(&bench->card, bench->applets, ARRAY_SIZE(bench->applets));
	bench->touched = true;
	*state = bench;
	return 0;
}

int
bench_setup(void **state)
{
	return setup_firmware(state, 5, 7, 4);
}

int
bench_setup_old(void **state)
{
	return setup_firmware(state, 4, 2, 0);
}

int
bench_setup_4(void **state)
{
	return setup_firmware(state, 4, 3, 5);
}

int
bench_setup_58(void **state)
{
	return setup_firmware(state, 5, 8, 0);
}

int
bench_setup_plain(void **state)
{
	return setup_firmware(state, 0, 0, 0);
}

int
bench_setup_3des(void **state)
{
	return setup_firmware(state, 5, 4, 3);
}

int
bench_teardown(void **state)
{
	struct bench *bench = *state;

	card_done(&bench->card);
	sim_state_done(&bench->state);
	free(bench);
	return 0;
}

/* Send COMMAND (exactly as large a heap block), fetch the whole answer. */
uint16_t
bench_exchange(struct bench *bench, struct view command, struct buf *ret_data)
{
	uint8_t *copy = malloc(command.size);
	uint16_t status = 0;

	assert_non_null(copy);
	memcpy(copy, command.data, command.size);
	struct view next = view_of(copy, command.size);
	do {
		static const uint8_t more[] = {0x00, 0xc0, 0x00, 0x00, 0x00};
		BUF reply = {0};
		card_transmit(&bench->card, next, &reply);
		assert_true(reply.size >= 2);
		buf_bytes(ret_data, view_of(reply.data, reply.size - 2));
		status = (uint16_t)(reply.data[reply.size - 2] << 8 | reply.data[reply.size - 1]);
		next = VIEW_OF(more);
	} while (status >> 8 == 0x61);
	free(copy);
	return status;
}

uint16_t
bench_status_of(struct bench *bench, const char *hex)
{
	uint8_t bytes[300];
	size_t size = strlen(hex) / 2;
	BUF data = {0};

	assert_true(size <= sizeof(bytes) && text_from_hex(hex, bytes, size));
	return bench_exchange(bench, view_of(bytes, size), &data);
}

void
bench_expect(struct bench *bench, const char *hex, const char *answer)
{
	uint8_t bytes[300];
	size_t size = strlen(hex) / 2;
	BUF data = {0};
	BUF text = {0};

	assert_true(size <= sizeof(bytes) && text_from_hex(hex, bytes, size));
	uint16_t status = bench_exchange(bench, view_of(bytes, size), &data);
	buf_hex(&text, buf_view(&data));
	buf_format(&text, "%04x", status);
	assert_string_equal(buf_string(&text), answer);
}

uint16_t
bench_send_data(struct bench *bench, const char *header, struct view data, struct buf *ret_data)
{
	uint8_t head[4];
	BUF command = {0};

	assert_true(text_from_hex(header, head, sizeof(head)));
	buf_bytes(&command, VIEW_OF(head));
	buf_u8(&command, 0);
	buf_lp16(&command, data);
	buf_u16(&command, 0);
	assert_false(command.failed);
	return bench_exchange(bench, buf_view(&command), ret_data);
}

const char bench_select[] = "00a4040005a00000030800";
const char bench_select_management[] = "00a4040008a00000052747111700";
const char bench_verify[] = "0020008008313233343536ffff";
const char bench_verify_wrong[] = "0020008008393939393939ffff";

void
bench_begin(struct bench *bench)
{
	assert_int_equal(bench_status_of(bench, bench_select), SW_OK);
}

/* Mutual authentication with the factory key, as a host does it. */
uint16_t
bench_authenticate(struct bench *bench, const uint8_t *key)
{
	uint8_t algorithm = bench->state.management.algorithm, witness[SIM_BLOCK_MAX];
	size_t size = sim_block_size(algorithm);
	const uint8_t challenge[SIM_BLOCK_MAX] = "0123456789abcdef";
	uint8_t expected[SIM_BLOCK_MAX];
	char header[9];
	struct view value, inner;
	struct err err;
	BUF answer = {0};
	BUF template = {0};
	BUF command = {0};

	snprintf(header, sizeof(header), "0087%02x9b", algorithm);
	assert_int_equal(bench_send_data(bench, header,
	                     VIEW_OF(((const uint8_t[]){0x7c, 2, 0x80, 0})), &answer),
	    SW_OK);
	assert_true(ber_find(buf_view(&answer), 0x7c, &value));
	assert_true(ber_find(value, 0x80, &inner));
	assert_int_equal(inner.size, size);
	assert_int_equal(sim_block(algorithm, key, false, inner.data, witness, &err), ERR_OK);
	ber_put(&template, 0x80, view_of(witness, size));
	ber_put(&template, 0x81, view_of(challenge, size));
	ber_put(&command, 0x7c, buf_view(&template));
	buf_done(&answer);
	uint16_t status = bench_send_data(bench, header, buf_view(&command), &answer);
	if (status != SW_OK)
		return status;
	assert_int_equal(sim_block(algorithm, key, true, challenge, expected, &err), ERR_OK);
	assert_true(ber_find(buf_view(&answer), 0x7c, &value));
	assert_true(ber_find(value, 0x82, &inner));
	assert_true(view_equal(inner, view_of(expected, size)));
	return status;
}

void
bench_admin(struct bench *bench)
{
	assert_int_equal(bench_authenticate(bench, bench->state.management.key), SW_OK);
}

/* Generate a P-256 key in SLOT with policies; its point. */
void
bench_generate(struct bench *bench, uint8_t slot, uint8_t pin, uint8_t touch_policy,
    struct point *ret_point)
{
	const uint8_t template[] = {0xac, 9, 0x80, 1, 0x11, 0xaa, 1, pin, 0xab, 1, touch_policy};
	char header[9];
	struct err err;
	BUF answer = {0};

	snprintf(header, sizeof(header), "004700%02x", slot);
	assert_int_equal(bench_send_data(bench, header, VIEW_OF(template), &answer), SW_OK);
	assert_int_equal(answer.size, 5 + POINT_SIZE);
	assert_memory_equal(answer.data, "\x7f\x49\x43\x86\x41", 5);
	assert_int_equal(point_from(view_of(answer.data + 5, POINT_SIZE), ret_point, &err), ERR_OK);
}

const uint8_t bench_digest[DIGEST_SIZE] = "thirty-two bytes of some digest";

uint16_t
bench_sign(struct bench *bench, uint8_t slot, struct buf *ret_signature)
{
	char header[9];
	struct view value, signature;
	BUF template = {0};
	BUF answer = {0};

	snprintf(header, sizeof(header), "008711%02x", slot);
	buf_u8(&template, 0x7c);
	buf_u8(&template, 4 + DIGEST_SIZE);
	buf_bytes(&template, VIEW_OF(((const uint8_t[]){0x82, 0, 0x81, DIGEST_SIZE})));
	buf_bytes(&template, VIEW_OF(bench_digest));
	uint16_t status = bench_send_data(bench, header, buf_view(&template), &answer);
	if (status == SW_OK) {
		assert_true(ber_find(buf_view(&answer), 0x7c, &value));
		assert_true(ber_find(value, 0x82, &signature));
		buf_bytes(ret_signature, signature);
	}
	return status;
}

uint16_t
bench_try_sign(struct bench *bench, uint8_t slot)
{
	BUF signature = {0};

	return bench_sign(bench, slot, &signature);
}
