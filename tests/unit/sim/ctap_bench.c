/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim/ctap_bench.h"

#include "base/text.h"
#include "tokens/sim/crypto/crypto.h"

const struct digest ctap_bench_hash = {"thirty-two bytes of client data"};

static enum ctap_touch
touch(void *context, int slice)
{
	struct ctap_bench *bench = context;

	assert_true(slice == -1 || slice == CTAP_POLL_MS);
	if (bench->touch == CTAP_TOUCHED)
		bench->touches++;
	return bench->touch;
}

static void
touch_end(void *context)
{
	((struct ctap_bench *)context)->ends++;
}

static bool
finger(void *context)
{
	return !((struct ctap_bench *)context)->wrong_finger;
}

static enum err_code
save(void *context, struct err *err)
{
	struct ctap_bench *bench = context;

	bench->saves++;
	return bench->broken ? err_set(err, ERR_NO_SPACE, "the disk is full") : ERR_OK;
}

static int64_t
milliseconds(void *context)
{
	return ((struct ctap_bench *)context)->now;
}

static bool
pause_for(void *context, unsigned duration)
{
	((struct ctap_bench *)context)->now += duration;
	return true;
}

static void
unplug(void *context)
{
	((struct ctap_bench *)context)->unplugs++;
}

static int
setup_firmware(void **state, uint8_t major, uint8_t minor, uint8_t patch)
{
	struct ctap_bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	sim_state_init(&bench->state, 1001, (const uint8_t[]){major, minor, patch});
	ctap_init(&bench->ctap, &bench->state,
	    &(struct ctap_host){bench, touch, touch_end, finger, save, milliseconds, &bench->faults,
	        pause_for, unplug});
	bench->applet = ctap_applet(&bench->ctap);
	card_init(&bench->card, &bench->applet, 1);
	*state = bench;
	return 0;
}

int
ctap_bench_setup(void **state)
{
	return setup_firmware(state, 5, 7, 4);
}

int
ctap_bench_setup_old(void **state)
{
	return setup_firmware(state, 5, 4, 3);
}

int
ctap_bench_teardown(void **state)
{
	struct ctap_bench *bench = *state;

	card_done(&bench->card);
	ctap_done(&bench->ctap);
	sim_state_done(&bench->state);
	free(bench);
	return 0;
}

uint16_t
ctap_bench_apdu(struct ctap_bench *bench, struct view command, struct buf *ret_data)
{
	uint8_t *copy = exact_copy(command);
	BUF reply = {0};

	card_transmit(&bench->card, view_of(copy, command.size), &reply);
	free(copy);
	assert_true(reply.size >= 2 && !reply.failed);
	buf_bytes(ret_data, view_of(reply.data, reply.size - 2));
	return (uint16_t)(reply.data[reply.size - 2] << 8 | reply.data[reply.size - 1]);
}

static void
select_fido(struct ctap_bench *bench)
{
	static const uint8_t select[] = {0x00, 0xa4, 0x04, 0x00, 0x08, 0xa0, 0x00, 0x00, 0x06, 0x47,
	    0x2f, 0x00, 0x01};
	BUF answer = {0};

	assert_int_equal(ctap_bench_apdu(bench, VIEW_OF(select), &answer), SW_OK);
}

uint8_t
ctap_bench_send(struct ctap_bench *bench, uint8_t command, const struct buf *cbor,
    struct buf *ret_body)
{
	static const uint8_t header[] = {0x80, 0x10, 0x00, 0x00, 0x00};
	size_t size = 1 + (cbor == NULL ? 0 : cbor->size);
	BUF apdu = {0};
	BUF answer = {0};

	if (bench->card.selected == NULL)
		select_fido(bench);
	buf_bytes(&apdu, VIEW_OF(header));
	buf_u16(&apdu, (uint16_t)size);
	buf_u8(&apdu, command);
	if (cbor != NULL)
		buf_bytes(&apdu, buf_view(cbor));
	buf_u16(&apdu, 0);
	assert_int_equal(ctap_bench_apdu(bench, buf_view(&apdu), &answer), SW_OK);
	assert_true(answer.size >= 1);
	assert_true(answer.data[0] == CTAP2_OK || answer.size == 1);
	if (ret_body != NULL)
		buf_bytes(ret_body, view_of(answer.data + 1, answer.size - 1));
	return answer.data[0];
}

uint8_t
ctap_bench_status(struct ctap_bench *bench, uint8_t command, const char *hex)
{
	uint8_t bytes[256];
	BUF cbor = {0};

	if (hex == NULL)
		return ctap_bench_send(bench, command, NULL, NULL);
	assert_true(strlen(hex) / 2 <= sizeof(bytes));
	assert_true(text_from_hex(hex, bytes, strlen(hex) / 2));
	buf_bytes(&cbor, view_of(bytes, strlen(hex) / 2));
	return ctap_bench_send(bench, command, &cbor, NULL);
}

const struct cbor *
ctap_bench_member(const struct buf *body, int64_t key, struct cbor_tree *tree)
{
	assert_true(cbor_parse(buf_view(body), tree));
	struct cbor_in in = cbor_in(&tree->items[0]);
	assert_int_equal(in.status, CTAP2_OK);
	return cbor_in_any(&in, key);
}

void
ctap_bench_agree(struct ctap_bench *bench, uint8_t protocol)
{
	struct cbor_tree *tree = malloc(sizeof(*tree));
	struct point token;
	struct err err;
	BUF request = {0};
	BUF body = {0};
	BUF key = {0};

	assert_non_null(tree);
	cbor_put_map(&request, 2);
	cbor_put_int(&request, 1);
	cbor_put_int(&request, protocol);
	cbor_put_int(&request, 2);
	cbor_put_int(&request, 2);
	assert_int_equal(ctap_bench_send(bench, 0x06, &request, &body), CTAP2_OK);
	assert_int_equal(ctap_read_cose(ctap_bench_member(&body, 1, tree), &token), CTAP2_OK);
	free(tree);
	assert_ok(sim_key_generate(SIM_P256, &key, &err));
	assert_ok(ctap_public(buf_view(&key), &bench->platform, &err));
	assert_ok(ctap_agree(protocol, buf_view(&key), &token, &bench->shared, &err));
}

void
ctap_bench_mac(uint8_t protocol, const uint8_t key[32], const struct view *parts, size_t count,
    struct buf *ret_mac)
{
	struct digest mac;
	struct err err;

	assert_ok(hmac_sha256(view_of(key, 32), parts, count, &mac, &err));
	buf_bytes(ret_mac, view_of(mac.bytes, protocol == 1 ? 16 : 32));
}

static void
put_pin(struct buf *request, size_t pairs, uint8_t protocol, uint8_t command,
    const struct point *platform)
{
	cbor_put_map(request, pairs);
	cbor_put_int(request, 1);
	cbor_put_int(request, protocol);
	cbor_put_int(request, 2);
	cbor_put_int(request, command);
	cbor_put_int(request, 3);
	ctap_put_cose(request, platform, -25);
}

static void
put_bytes(struct buf *request, int64_t key, const struct buf *bytes)
{
	cbor_put_int(request, key);
	cbor_put_bytes(request, buf_view(bytes));
}

static void
encrypt_new(struct ctap_bench *bench, const char *pin, struct buf *ret_cipher)
{
	uint8_t padded[64] = {0};
	struct err err;

	memcpy(padded, pin, strlen(pin));
	assert_ok(ctap_encrypt(&bench->shared, VIEW_OF(padded), ret_cipher, &err));
}

static void
encrypt_hash(struct ctap_bench *bench, const char *pin, struct buf *ret_cipher)
{
	struct digest digest;
	struct err err;

	assert_ok(sha256_one(view_of_text(pin), &digest, &err));
	assert_ok(ctap_encrypt(&bench->shared, view_of(digest.bytes, 16), ret_cipher, &err));
}

uint8_t
ctap_bench_set_pin(struct ctap_bench *bench, uint8_t protocol, const char *pin)
{
	BUF request = {0};
	BUF cipher = {0};
	BUF mac = {0};

	ctap_bench_agree(bench, protocol);
	encrypt_new(bench, pin, &cipher);
	ctap_bench_mac(protocol, bench->shared.mac_key, &(struct view){cipher.data, cipher.size}, 1,
	    &mac);
	put_pin(&request, 5, protocol, 3, &bench->platform);
	put_bytes(&request, 4, &mac);
	put_bytes(&request, 5, &cipher);
	return ctap_bench_send(bench, 0x06, &request, NULL);
}

uint8_t
ctap_bench_change_pin(struct ctap_bench *bench, uint8_t protocol, const char *old, const char *pin)
{
	BUF request = {0};
	BUF cipher = {0};
	BUF hash = {0};
	BUF mac = {0};

	ctap_bench_agree(bench, protocol);
	encrypt_new(bench, pin, &cipher);
	encrypt_hash(bench, old, &hash);
	const struct view parts[] = {buf_view(&cipher), buf_view(&hash)};
	ctap_bench_mac(protocol, bench->shared.mac_key, parts, 2, &mac);
	put_pin(&request, 6, protocol, 4, &bench->platform);
	put_bytes(&request, 4, &mac);
	put_bytes(&request, 5, &cipher);
	put_bytes(&request, 6, &hash);
	return ctap_bench_send(bench, 0x06, &request, NULL);
}

uint8_t
ctap_bench_token(struct ctap_bench *bench, uint8_t protocol, const char *pin, uint32_t permissions,
    const char *rp, uint8_t ret_token[32])
{
	struct cbor_tree *tree = malloc(sizeof(*tree));
	struct err err;
	BUF request = {0};
	BUF hash = {0};
	BUF body = {0};
	BUF token = {0};

	assert_non_null(tree);
	ctap_bench_agree(bench, protocol);
	put_pin(&request, (pin != NULL ? 5U : 4U) + (rp != NULL), protocol, pin != NULL ? 9 : 6,
	    &bench->platform);
	if (pin != NULL) {
		encrypt_hash(bench, pin, &hash);
		put_bytes(&request, 6, &hash);
	}
	cbor_put_int(&request, 9);
	cbor_put_int(&request, permissions);
	if (rp != NULL) {
		cbor_put_int(&request, 10);
		cbor_put_text(&request, rp);
	}
	uint8_t status = ctap_bench_send(bench, 0x06, &request, &body);
	if (status == CTAP2_OK) {
		const struct cbor *cipher = ctap_bench_member(&body, 2, tree);
		assert_ok(ctap_decrypt(&bench->shared, cipher->bytes, &token, &err));
		assert_int_equal(token.size, 32);
		memcpy(ret_token, token.data, 32);
	}
	free(tree);
	return status;
}

static void
put_auth(struct buf *request, int64_t key, const struct ctap_bench_ask *ask)
{
	const struct view part = VIEW_OF(ctap_bench_hash.bytes);
	BUF mac = {0};

	if (ask->token == NULL)
		return;
	ctap_bench_mac(ask->protocol, ask->token, &part, 1, &mac);
	put_bytes(request, key, &mac);
	cbor_put_int(request, key + 1);
	cbor_put_int(request, ask->protocol);
}

static void
put_list(struct buf *request, int64_t key, struct view id)
{
	if (id.size == 0)
		return;
	cbor_put_int(request, key);
	cbor_put_array(request, 1);
	cbor_put_map(request, 2);
	cbor_put_text(request, "id");
	cbor_put_bytes(request, id);
	cbor_put_text(request, "type");
	cbor_put_text(request, "public-key");
}

static void
put_option(struct buf *request, int64_t key, const struct ctap_bench_ask *ask)
{
	if (ask->option == NULL)
		return;
	cbor_put_int(request, key);
	cbor_put_map(request, 1);
	cbor_put_text(request, ask->option);
	cbor_put_bool(request, ask->value);
}

static size_t
extras(const struct ctap_bench_ask *ask)
{
	return (size_t)(ask->id.size > 0) + (ask->option != NULL) + (ask->token != NULL ? 2U : 0U);
}

static void
put_extensions(struct buf *request, const struct ctap_bench_ask *ask)
{
	if (ask->protect == 0 && !ask->hmac)
		return;
	cbor_put_int(request, 6);
	cbor_put_map(request, (size_t)(ask->protect != 0) + ask->hmac);
	if (ask->protect != 0) {
		cbor_put_text(request, "credProtect");
		cbor_put_int(request, ask->protect);
	}
	if (ask->hmac) {
		cbor_put_text(request, "hmac-secret");
		cbor_put_bool(request, true);
	}
}

static void
put_user(struct buf *request, const struct ctap_bench_ask *ask)
{
	cbor_put_int(request, 3);
	cbor_put_map(request, ask->name != NULL ? 2 : 1);
	cbor_put_text(request, "id");
	cbor_put_bytes(request, view_of_text(ask->user != NULL ? ask->user : "ada"));
	if (ask->name != NULL) {
		cbor_put_text(request, "name");
		cbor_put_text(request, ask->name);
	}
}

uint8_t
ctap_bench_make(struct ctap_bench *bench, const struct ctap_bench_ask *ask,
    uint8_t ret_id[FIDO_ID_SIZE])
{
	struct cbor_tree *tree = malloc(sizeof(*tree));
	BUF request = {0};
	BUF body = {0};

	assert_non_null(tree);
	cbor_put_map(&request, 4 + extras(ask) + (ask->protect != 0 || ask->hmac));
	cbor_put_int(&request, 1);
	cbor_put_bytes(&request, VIEW_OF(ctap_bench_hash.bytes));
	cbor_put_int(&request, 2);
	cbor_put_map(&request, 1);
	cbor_put_text(&request, "id");
	cbor_put_text(&request, ask->rp != NULL ? ask->rp : "vault.invalid");
	put_user(&request, ask);
	cbor_put_int(&request, 4);
	cbor_put_array(&request, 1);
	cbor_put_map(&request, 2);
	cbor_put_text(&request, "alg");
	cbor_put_int(&request, -7);
	cbor_put_text(&request, "type");
	cbor_put_text(&request, "public-key");
	put_list(&request, 5, ask->id);
	put_extensions(&request, ask);
	put_option(&request, 7, ask);
	put_auth(&request, 8, ask);
	uint8_t status = ctap_bench_send(bench, 0x01, &request, &body);
	if (status == CTAP2_OK) {
		struct view auth_data = ctap_bench_member(&body, 2, tree)->bytes;
		assert_true(auth_data.size > 55 + FIDO_ID_SIZE);
		assert_int_equal(auth_data.data[53] << 8 | auth_data.data[54], FIDO_ID_SIZE);
		if (ret_id != NULL)
			memcpy(ret_id, auth_data.data + 55, FIDO_ID_SIZE);
	}
	free(tree);
	return status;
}

uint8_t
ctap_bench_get(struct ctap_bench *bench, const struct ctap_bench_ask *ask, struct buf *ret_body)
{
	BUF request = {0};

	cbor_put_map(&request, 2 + extras(ask));
	cbor_put_int(&request, 1);
	cbor_put_text(&request, ask->rp != NULL ? ask->rp : "vault.invalid");
	cbor_put_int(&request, 2);
	cbor_put_bytes(&request, VIEW_OF(ctap_bench_hash.bytes));
	put_list(&request, 3, ask->id);
	put_option(&request, 5, ask);
	put_auth(&request, 6, ask);
	return ctap_bench_send(bench, 0x02, &request, ret_body);
}
