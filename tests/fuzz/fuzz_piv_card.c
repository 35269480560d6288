/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PIV card that answers whatever it likes: u8 which command, u8 its argument, then answers, each
 * u16 status and lp16 data; after the last of them it is gone.
 */
#include <string.h>

#include "base/crypto_key.h"
#include "tests/fuzz/target.h"
#include "tokens/formats/tlv.h"
#include "tokens/piv/admin.h"
#include "tokens/piv/block.h"

static enum err_code
exchange(void *context, const uint8_t header[4], struct view data, struct secret *reply,
    uint16_t *ret_status, struct err *err)
{
	struct reader *script = context;
	uint16_t status = reader_u16(script);
	struct view answer = reader_lp16(script, PIV_REPLY_MAX);

	(void)data;
	MUST(header[0] == 0x00 && secret_size(reply) == 0);
	if (script->failed)
		return err_set(err, ERR_TOKEN_GONE, "gone");
	*ret_status = status;
	return secret_append(reply, answer, err);
}

static void
read_state(struct piv_card *card, uint8_t argument)
{
	struct token_key_info key;
	struct piv_reference reference;
	struct point point;
	bool known = false, factory;
	uint8_t algorithm;
	struct err err;

	if (piv_read_reference(card, argument, &known, &reference, &err) == ERR_OK && known)
		MUST(reference.tries >= 0 && reference.tries <= 255);
	if (piv_read_management(card, &known, &algorithm, &factory, &err) != ERR_OK)
		MUST(err.code != ERR_OK);
	if (piv_read_key(card, argument, &known, &key, &err) == ERR_OK)
		MUST(key.slot == argument &&
		    (key.key.bytes[0] == 0 ||
		        point_from(VIEW_OF(key.key.bytes), &point, &err) == ERR_OK));
}

static void
read_identity(struct piv_card *card)
{
	uint8_t firmware[3];
	uint32_t serial;
	bool verified;
	int tries;
	struct err err;

	if (piv_select(card, &err) == ERR_OK && piv_version(card, firmware, &err) == ERR_OK &&
	    piv_serial(card, &serial, &err) == ERR_OK &&
	    piv_is_verified(card, &verified, &err) == ERR_OK &&
	    piv_tries(card, &tries, &err) == ERR_OK)
		MUST(tries >= -1 && tries <= 15);
}

static void
read_before_5(struct piv_card *card)
{
	uint32_t serial;
	struct err err;

	if (piv_serial_before_5(card, &serial, &err) != ERR_OK)
		MUST(err.code == ERR_TOKEN || err.code == ERR_TOKEN_GONE ||
		    err.code == ERR_NOT_FOUND);
}

static void
read_certificates(struct piv_card *card, uint8_t argument)
{
	struct view content;
	struct err err;
	BUF slot = {0};
	BUF device = {0};
	BUF made = {0};
	bool is_made = false;

	if (piv_attested(card, argument, &is_made, &made, &err) == ERR_OK)
		MUST(is_made ? tlv_only_der(buf_view(&made), 0x30, &content) : made.size == 0);
	if (piv_attest_key(card, argument, &slot, &err) == ERR_OK)
		MUST(tlv_only_der(buf_view(&slot), 0x30, &content));
	if (piv_attest_device(card, &device, &err) == ERR_OK)
		MUST(tlv_only_der(buf_view(&device), 0x30, &content));
}

static void
use_keys(struct piv_card *card, uint8_t argument)
{
	const struct digest digest = {{0}};
	struct point peer = {{4}};
	uint16_t status = 0;
	SECRET *shared = NULL;
	SECRET *pin = NULL;
	struct err err;
	BUF signature = {0};

	MUST(secret_from(view_of("12345678", argument % 10), &pin, &err) == ERR_OK);
	if (piv_verify(card, pin, &status, &err) != ERR_OK)
		MUST(err.code == ERR_TOKEN_GONE || argument % 10 < 6 || argument % 10 > 8);
	if (piv_agree(card, argument, &peer, &status, &shared, &err) == ERR_OK)
		MUST((status == PIV_OK) == (shared != NULL));
	if (piv_sign(card, argument, &digest, &status, &signature, &err) == ERR_OK)
		MUST((status == PIV_OK) == tlv_is_signature(buf_view(&signature)));
}

static void
administer(struct piv_card *card, uint8_t argument)
{
	static const uint8_t key[32] = {1, 2, 3};
	struct point point, same;
	uint16_t status = 0;
	SECRET *management = NULL;
	struct err err;

	MUST(secret_from(view_of(key, 16u + argument % 3u * 8u), &management, &err) == ERR_OK);
	if (piv_authenticate(card, argument & 0x1f, (argument & 0x80) != 0 ? management : NULL,
	        &err) != ERR_OK)
		return;
	if (piv_set_management(card, argument & 0x1f, management, &status, &err) == ERR_INTERNAL)
		MUST(block_key_size(argument & 0x1f) != secret_size(management));
	if (piv_generate(card, argument, &point, &err) == ERR_OK)
		MUST(point_from(VIEW_OF(point.bytes), &same, &err) == ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret *reply;
	struct reader script = reader_of(view_of(data, size));
	struct piv_card card = {.exchange = exchange, .context = &script};
	struct err err;

	if (reply == NULL)
		MUST(crypto_start(&err) == ERR_OK &&
		    secret_new(PIV_REPLY_MAX, &reply, &err) == ERR_OK);
	card.reply = reply;
	uint8_t which = reader_u8(&script), argument = reader_u8(&script);
	switch (which % 6) {
	case 0:
		read_identity(&card);
		break;
	case 1:
		read_state(&card, argument);
		break;
	case 2:
		read_certificates(&card, argument);
		break;
	case 3:
		use_keys(&card, argument);
		break;
	case 4:
		administer(&card, argument);
		break;
	default:
		read_before_5(&card);
		break;
	}
	return 0;
}
