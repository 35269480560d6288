/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain lives from its first command with CLA bit 10 until the one without; a command with
 * another INS, P1 or P2 drops it and is run for itself.  A pending answer lives until it is
 * fetched whole or another command comes.
 */
#include "tokens/sim/card/card.h"

enum { INS_SELECT = 0xa4, INS_GET_RESPONSE = 0xc0, CLA_CHAIN = 0x10, CLA_PROPRIETARY = 0x80 };

static bool
parse_extended(struct view command, struct apdu *apdu)
{
	struct reader reader = reader_of(view_of(command.data + 5, command.size - 5));
	size_t length = reader_u16(&reader);

	apdu->extended = true;
	if (reader.rest.size > 0 || length == 0) {
		if (length == 0)
			apdu->expected = 65536;
		else
			apdu->data = reader_bytes(&reader, length);
		if (length != 0 && reader.rest.size > 0) {
			size_t expected = reader_u16(&reader);
			apdu->expected = expected == 0 ? 65536 : expected;
		}
	} else {
		apdu->expected = length;
	}
	return reader_end(&reader);
}

bool
apdu_parse(struct view command, struct apdu *ret_apdu)
{
	struct reader reader = reader_of(command);
	struct apdu apdu = {0};

	apdu.cla = reader_u8(&reader);
	apdu.ins = reader_u8(&reader);
	apdu.p1 = reader_u8(&reader);
	apdu.p2 = reader_u8(&reader);
	if (reader.rest.size >= 3 && reader.rest.data[0] == 0) {
		if (!parse_extended(command, &apdu))
			return false;
		*ret_apdu = apdu;
		return true;
	}
	if (reader.rest.size > 1) {
		apdu.data = reader_lp8(&reader, 255);
		if (apdu.data.size == 0)
			return false;
	}
	if (reader.rest.size > 0) {
		size_t expected = reader_u8(&reader);
		apdu.expected = expected == 0 ? 256 : expected;
	}
	if (!reader_end(&reader))
		return false;
	*ret_apdu = apdu;
	return true;
}

void
card_init(struct card *card, const struct applet *applets, size_t count)
{
	*card = (struct card){.applets = applets, .count = count};
}

void
card_done(struct card *card)
{
	buf_done(&card->chain);
	buf_done(&card->pending);
}

static void
drop_pending(struct card *card)
{
	buf_done(&card->pending);
	card->sent = 0;
	card->status = 0;
}

static void
drop_chain(struct card *card)
{
	buf_done(&card->chain);
	card->chaining = false;
}

/* APPLET, or nothing (NULL), is selected from now on. */
static void
change_selection(struct card *card, const struct applet *applet)
{
	const struct applet *old = card->selected;

	card->selected = applet;
	if (old != NULL && old != applet && old->deselect != NULL)
		old->deselect(old->context);
}

void
card_reset(struct card *card)
{
	drop_chain(card);
	drop_pending(card);
	change_selection(card, NULL);
}

static void
put_status(struct buf *ret_reply, uint16_t status)
{
	buf_u16(ret_reply, status);
}

/* As much of the pending answer as APDU expects, and whether there is more. */
static void
answer(struct card *card, const struct apdu *apdu, struct buf *ret_reply)
{
	size_t left = card->pending.size - card->sent;
	size_t most = apdu->expected != 0 ? apdu->expected : apdu->extended ? 65536 : 256;
	size_t size = left < most ? left : most;

	buf_bytes(ret_reply, view_of(card->pending.data + card->sent, size));
	card->sent += size;
	left -= size;
	if (left > 0) {
		put_status(ret_reply, (uint16_t)(0x6100 | (left > 255 ? 0 : left)));
		return;
	}
	put_status(ret_reply, card->status);
	drop_pending(card);
}

static uint16_t
select_applet(struct card *card, const struct apdu *apdu, struct buf *ret_data)
{
	if (apdu->p1 != 0x04 || (apdu->p2 & 0xf3) != 0)
		return SW_WRONG_P1P2;
	for (size_t i = 0; i < card->count; i++) {
		const struct applet *applet = &card->applets[i];

		if (!applet->matches(applet->context, apdu->data))
			continue;
		change_selection(card, applet);
		applet->select(applet->context, ret_data);
		return SW_OK;
	}
	return SW_NOT_FOUND;
}

static uint16_t
class_status(const struct card *card, uint8_t cla)
{
	if ((cla & ~CLA_CHAIN) == 0)
		return SW_OK;
	if ((cla & ~CLA_CHAIN) == CLA_PROPRIETARY && card->selected != NULL &&
	    card->selected->proprietary)
		return SW_OK;
	if ((cla & 0xe0) == 0)
		return (cla & 0x03) != 0 ? SW_CHANNEL_NOT_SUPPORTED :
		                           SW_SECURE_MESSAGING_NOT_SUPPORTED;
	return SW_UNKNOWN_CLASS;
}

/* Collect one piece.  True when APDU, now with all the data, is ready to run. */
static bool
join_chain(struct card *card, struct apdu *apdu, uint16_t *ret_status)
{
	bool more = (apdu->cla & CLA_CHAIN) != 0;

	if (card->chaining &&
	    ((apdu->cla & ~CLA_CHAIN) != card->cla || apdu->ins != card->ins ||
	        apdu->p1 != card->p1 || apdu->p2 != card->p2))
		drop_chain(card);
	if (!more && !card->chaining)
		return true;
	card->chaining = true;
	card->cla = apdu->cla & (uint8_t)~CLA_CHAIN;
	card->ins = apdu->ins;
	card->p1 = apdu->p1;
	card->p2 = apdu->p2;
	buf_bytes(&card->chain, apdu->data);
	if (card->chain.failed || card->chain.size > CARD_CHAIN_MAX) {
		drop_chain(card);
		*ret_status = SW_NO_SPACE;
		return false;
	}
	*ret_status = SW_OK;
	apdu->data = buf_view(&card->chain);
	return !more;
}

void
card_transmit(struct card *card, struct view command, struct buf *ret_reply)
{
	struct apdu apdu;
	uint16_t status;

	if (!apdu_parse(command, &apdu)) {
		put_status(ret_reply, SW_WRONG_LENGTH);
		return;
	}
	status = class_status(card, apdu.cla);
	if (status == SW_OK && apdu.ins == INS_GET_RESPONSE && card->status != 0) {
		answer(card, &apdu, ret_reply);
		return;
	}
	drop_pending(card);
	if (status != SW_OK || !join_chain(card, &apdu, &status)) {
		put_status(ret_reply, status);
		return;
	}
	if (apdu.ins == INS_SELECT && (apdu.cla & CLA_PROPRIETARY) == 0)
		card->status = select_applet(card, &apdu, &card->pending);
	else if (card->selected == NULL)
		card->status = SW_UNKNOWN_INS;
	else
		card->status = card->selected->run(card->selected->context, &apdu, &card->pending);
	drop_chain(card);
	if (card->pending.failed) {
		drop_pending(card);
		card->status = SW_MEMORY_FAILURE;
	}
	answer(card, &apdu, ret_reply);
}
