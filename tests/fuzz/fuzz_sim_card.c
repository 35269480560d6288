/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated card's operating system: commands (lp16 each) to a card with an application that
 * answers with what it was told, twice.  Length FFFF resets the card.
 */
#include "tests/fuzz/target.h"
#include "tokens/sim/card/card.h"

static bool
matches(void *context, struct view aid)
{
	(void)context;
	return aid.size > 0 && aid.data[0] == 0xa0;
}

static void
select_echo(void *context, struct buf *ret_data)
{
	(void)context;
	buf_text(ret_data, "echo");
}

static uint16_t
run(void *context, const struct apdu *apdu, struct buf *ret_data)
{
	(void)context;
	MUST(apdu->data.size <= UINT16_MAX + (size_t)CARD_CHAIN_MAX);
	buf_bytes(ret_data, apdu->data);
	buf_bytes(ret_data, apdu->data);
	if (apdu->ins == 0xee) /* an answer that does not fit into memory */
		ret_data->failed = true;
	return apdu->ins == 0xdd ? SW_WRONG_DATA : SW_OK;
}

static void
check_parse(struct view command)
{
	struct apdu apdu;

	if (!apdu_parse(command, &apdu))
		return;
	MUST(command.size >= 4 && apdu.data.size <= command.size - 4);
	MUST(apdu.expected <= 65536 && (apdu.extended || apdu.expected <= 256));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct applet applets[] = {
	    {.matches = matches, .select = select_echo, .run = run, .proprietary = true}};
	struct reader reader = reader_of(view_of(data, size));
	struct card card;

	card_init(&card, applets, 1);
	while (!reader.failed && reader.rest.size > 0) {
		size_t length = reader_u16(&reader);
		BUF reply = {0};

		if (length == UINT16_MAX) {
			card_reset(&card);
			continue;
		}
		struct view command =
		    reader_bytes(&reader, length < reader.rest.size ? length : reader.rest.size);
		check_parse(command);
		card_transmit(&card, command, &reply);
		MUST(!reply.failed && reply.size >= 2);
		MUST(card.chain.size <= CARD_CHAIN_MAX);
	}
	card_done(&card);
	return 0;
}
