/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PIV card whose objects hold whatever they like: u8 which question, u8 its argument, then
 * answers, each u16 status and lp16 data; after the last of them it is gone.
 */
#include "tests/fuzz/target.h"
#include "tokens/formats/tlv.h"
#include "tokens/piv/object.h"

/* The command is one object's name, and with PUT DATA one object. */
static void
check_command(const uint8_t header[4], struct view data)
{
	struct reader reader = reader_of(data);
	struct tlv name = tlv_next(&reader);

	MUST(header[0] == 0x00 && header[2] == 0x3f && header[3] == 0xff);
	MUST(name.tag == 0x5c && name.value.size == 3);
	if (header[1] == 0xdb)
		MUST(tlv_next(&reader).tag == 0x53);
	MUST(reader_end(&reader));
}

static enum err_code
exchange(void *context, const uint8_t header[4], struct view data, struct secret *reply,
    uint16_t *ret_status, struct err *err)
{
	struct reader *script = context;
	uint16_t status = reader_u16(script);
	struct view answer = reader_lp16(script, PIV_REPLY_MAX);

	check_command(header, data);
	MUST(secret_size(reply) == 0);
	if (script->failed)
		return err_set(err, ERR_TOKEN_GONE, "gone");
	*ret_status = status;
	return secret_append(reply, answer, err);
}

static void
read_certificate(struct piv_card *card, uint8_t slot)
{
	struct view content;
	bool there = false;
	struct err err;
	BUF der = {0};

	if (piv_get_certificate(card, piv_object_of_slot(slot), "reading a certificate", &there,
	        &der, &err) == ERR_OK)
		MUST(der.size == 0 || (there && tlv_only_der(buf_view(&der), 0x30, &content)));
}

/* What is read and written again is as long as one short command at most. */
static void
change_pivman(struct piv_card *card)
{
	struct piv_pivman pivman = {0};
	struct err err;

	if (piv_get_pivman(card, &pivman, &err) == ERR_OK &&
	    piv_put_pivman(card, &pivman, &err) != ERR_OK)
		MUST(err.code == ERR_TOKEN || err.code == ERR_TOKEN_GONE);
}

static void
change_protected(struct piv_card *card)
{
	SECRET *key = NULL;
	SECRET *other = NULL;
	struct err err;

	if (piv_get_protected(card, &key, &other, &err) != ERR_OK) {
		MUST(key == NULL && other == NULL);
		return;
	}
	MUST(key == NULL || (secret_size(key) > 0 && secret_size(key) <= PIV_KEY_MAX));
	MUST(other == NULL || (secret_size(other) > 0 && secret_size(other) <= PIV_KEY_MAX));
	if (key != NULL && piv_put_protected(card, key, other, &err) != ERR_OK)
		MUST(err.code == ERR_TOKEN || err.code == ERR_TOKEN_GONE);
}

static void
put_object(struct piv_card *card, uint8_t size)
{
	static const uint8_t content[UINT8_MAX] = {0};
	struct err err;

	if (piv_put_object(card, PIV_OBJECT_PRINTED, view_of(content, size), "writing", &err) !=
	    ERR_OK)
		MUST(err.code != ERR_INTERNAL || size >= 0x80);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret *reply;
	struct reader script = reader_of(view_of(data, size));
	struct piv_card card = {.exchange = exchange, .context = &script};
	uint32_t number = 0;
	struct err err;

	if (reply == NULL)
		MUST(crypto_start(&err) == ERR_OK &&
		    secret_new(PIV_REPLY_MAX, &reply, &err) == ERR_OK);
	card.reply = reply;
	uint8_t which = reader_u8(&script), argument = reader_u8(&script);
	switch (which % 5) {
	case 0:
		read_certificate(&card, argument);
		break;
	case 1:
		if (piv_card_number(&card, &number, &err) == ERR_OK)
			MUST(number == 0 || (number & 0x80000000U) != 0);
		break;
	case 2:
		change_pivman(&card);
		break;
	case 3:
		change_protected(&card);
		break;
	default:
		put_object(&card, argument);
		break;
	}
	return 0;
}
