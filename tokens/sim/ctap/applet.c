/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transport, and the table of commands.
 *
 *	     message, no touch needed			    touch time over, cancel
 *	idle --------------------------> answered	waiting ---------------> answered
 *	  \						 ^  | \
 *	   \ message (keep-alive) that needs a touch	 |  |  touched: answered
 *	    ---------------------------------------------	 `-- 80 11 00 00: 9100 again
 *
 * A command that must wait in the keep-alive flavour returns CTAP_WAITING and is run again from
 * its beginning by the next poll, with the touches already given counted: what it does before it
 * asks for the touch can be done twice without harm.
 *
 * The token's lies (faults.h) stand before and behind a whole message, here; those about content
 * are asked for with ctap_fault() where the content is made.
 */
#include "tokens/sim/ctap/applet.h"

#include "tokens/sim/ctap/assert.h"
#include "tokens/sim/ctap/config.h"
#include "tokens/sim/ctap/info.h"
#include "tokens/sim/ctap/make.h"
#include "tokens/sim/ctap/manage.h"
#include "tokens/sim/ctap/pin.h"

enum {
	INS_MESSAGE = 0x10,
	INS_POLL = 0x11,
	INS_CONTROL = 0x12,
	P1_KEEP_ALIVE = 0x80,
	P1_CANCEL = 0x11,
	P1_END = 0x01,
	SW_WAITING = 0x9100,
	STATUS_UP_NEEDED = 0x02,
	COMMAND_NEXT = 0x08,
	COMMAND_MANAGE = 0x0a,
	COMMAND_MANAGE_BEFORE = 0x41
};

static const uint8_t fido_aid[] = {0xa0, 0x00, 0x00, 0x06, 0x47, 0x2f, 0x00, 0x01};

static const struct command {
	uint8_t number;
	bool parameters;
	ctap_command *run;
} commands[] = {
    {0x01, true, ctap_make},
    {0x02, true, ctap_assert},
    {0x04, false, ctap_info},
    {0x06, true, ctap_pin},
    {0x07, false, ctap_reset},
    {COMMAND_NEXT, false, ctap_next},
    {COMMAND_MANAGE, true, ctap_manage},
    {0x0b, false, ctap_select},
    {0x0d, true, ctap_config},
    {COMMAND_MANAGE_BEFORE, true, ctap_manage},
};

static const struct command *
command_of(uint8_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].number == number)
			return &commands[i];
	return NULL;
}

static uint8_t
run_command(struct ctap *ctap, struct buf *ret_body)
{
	struct reader reader = reader_of(buf_view(&ctap->request));
	uint8_t number = reader_u8(&reader);
	const struct command *command = command_of(number);

	if (number != COMMAND_NEXT)
		ctap->assertion.count = 0;
	if (number != COMMAND_MANAGE && number != COMMAND_MANAGE_BEFORE)
		ctap->listing.count = 0;
	if (reader.failed)
		return CTAP1_ERR_INVALID_LENGTH;
	if (command == NULL)
		return CTAP1_ERR_INVALID_COMMAND;
	if (ctap->request.size > CTAP_MESSAGE_MAX)
		return CTAP2_ERR_REQUEST_TOO_LARGE;
	if (!command->parameters)
		return reader.rest.size > 0 ? CTAP1_ERR_INVALID_LENGTH :
		                              command->run(ctap, NULL, ret_body);
	if (reader.rest.size == 0)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!cbor_parse(reader.rest, &ctap->tree))
		return CTAP2_ERR_INVALID_CBOR;
	if (ctap->tree.items[0].kind != CBOR_MAP)
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	return command->run(ctap, &ctap->tree.items[0], ret_body);
}

void
ctap_cancel(struct ctap *ctap)
{
	if (ctap->waiting)
		ctap->host.touch_end(ctap->host.context);
	ctap->waiting = ctap->pull = false;
	ctap->given = 0;
	buf_done(&ctap->request);
}

/* The faults behind a message: its data spoiled, the token pulled before it can be sent. */
static void
spoil(struct ctap *ctap, struct buf *ret_data)
{
	BUF reply = {0};

	if (ctap->host.faults == NULL)
		return;
	buf_bytes(&reply, buf_view(ret_data));
	buf_u16(&reply, SW_OK);
	faults_spoil(ctap->host.faults, ctap_fault_place(ctap), &reply);
	ret_data->size = 0;
	if (reply.size >= 2)
		buf_bytes(ret_data, view_of(reply.data, reply.size - 2));
	if (ctap->pull)
		ctap->host.unplug(ctap->host.context);
}

static uint16_t
run_request(struct ctap *ctap, struct buf *ret_data)
{
	BUF body = {0};
	uint8_t status = run_command(ctap, &body);

	if (status == CTAP_WAITING) {
		ctap->waiting = true;
		buf_u8(ret_data, STATUS_UP_NEEDED);
		return SW_WAITING;
	}
	buf_u8(ret_data, body.failed ? CTAP1_ERR_OTHER : status);
	if (status == CTAP2_OK && !body.failed)
		buf_bytes(ret_data, buf_view(&body));
	spoil(ctap, ret_data);
	ctap_cancel(ctap);
	ctap->host.touch_end(ctap->host.context);
	return SW_OK;
}

/* The faults before a message.  True: it has been answered. */
static bool
lie(struct ctap *ctap, struct buf *ret_data, uint16_t *ret_status)
{
	struct faults *faults = ctap->host.faults;
	BUF reply = {0};

	if (faults == NULL)
		return false;
	*ret_status = SW_FAILURE;
	unsigned delay = faults_delay(faults, ctap_fault_place(ctap));
	if (delay > 0 && !ctap->host.pause(ctap->host.context, delay))
		return true;
	bool pull = faults_pull(faults, ctap_fault_place(ctap));
	if (pull && !faults->pull_after) {
		ctap->host.unplug(ctap->host.context);
		return true;
	}
	ctap->pull = pull;
	if (!faults_instead(faults, ctap_fault_place(ctap), &reply))
		return false;
	struct reader reader = reader_of(buf_view(&reply));
	if (reply.size >= 2)
		buf_bytes(ret_data, reader_bytes(&reader, reply.size - 2));
	*ret_status = reply.size >= 2 ? reader_u16(&reader) : SW_FAILURE;
	return true;
}

static uint16_t
message(struct ctap *ctap, const struct apdu *apdu, struct buf *ret_data)
{
	uint16_t status;

	if ((apdu->p1 & ~P1_KEEP_ALIVE) != 0 || apdu->p2 != 0)
		return SW_WRONG_P1P2;
	ctap_cancel(ctap);
	buf_bytes(&ctap->request, apdu->data);
	if (ctap->request.failed)
		return SW_MEMORY_FAILURE;
	ctap->keep_alive = (apdu->p1 & P1_KEEP_ALIVE) != 0;
	if (lie(ctap, ret_data, &status))
		return status;
	return run_request(ctap, ret_data);
}

static uint16_t
poll(struct ctap *ctap, const struct apdu *apdu, struct buf *ret_data)
{
	if ((apdu->p1 != 0 && apdu->p1 != P1_CANCEL) || apdu->p2 != 0)
		return SW_WRONG_P1P2;
	if (!ctap->waiting)
		return SW_CONDITIONS;
	if (apdu->p1 != P1_CANCEL)
		return run_request(ctap, ret_data);
	ctap_cancel(ctap);
	buf_u8(ret_data, CTAP2_ERR_KEEPALIVE_CANCEL);
	return SW_OK;
}

static uint16_t
run(void *context, const struct apdu *apdu, struct buf *ret_data)
{
	struct ctap *ctap = context;

	if ((apdu->cla & 0x80) == 0)
		return SW_UNKNOWN_CLASS;
	switch (apdu->ins) {
	case INS_MESSAGE:
		return message(ctap, apdu, ret_data);
	case INS_POLL:
		return poll(ctap, apdu, ret_data);
	case INS_CONTROL:
		if (apdu->p1 != P1_END || apdu->p2 != 0)
			return SW_WRONG_P1P2;
		ctap_cancel(ctap);
		return SW_OK;
	default:
		return SW_UNKNOWN_INS;
	}
}

static bool
matches(void *context, struct view aid)
{
	(void)context;
	return view_equal(aid, VIEW_OF(fido_aid));
}

/* The version string (11.3.3); "U2F_V2" would promise U2F. */
static void
select_fido(void *context, struct buf *ret_data)
{
	ctap_cancel(context);
	buf_text(ret_data, "FIDO_2_0");
}

void
ctap_init(struct ctap *ctap, struct sim_state *state, const struct ctap_host *host)
{
	*ctap = (struct ctap){.state = state, .host = *host};
	ctap_plug(ctap);
}

void
ctap_done(struct ctap *ctap)
{
	buf_done(&ctap->request);
	for (size_t i = 0; i < CTAP_PROTOCOLS; i++)
		buf_done(&ctap->agreement[i]);
}

void
ctap_plug(struct ctap *ctap)
{
	ctap_cancel(ctap);
	ctap_done(ctap);
	ctap->token = (struct ctap_token){0};
	ctap->assertion.count = ctap->listing.count = 0;
	ctap->boot_misses = 0;
	ctap->plugged_at = ctap->host.milliseconds(ctap->host.context);
}

struct applet
ctap_applet(struct ctap *ctap)
{
	return (struct applet){.context = ctap,
	    .proprietary = true,
	    .matches = matches,
	    .select = select_fido,
	    .run = run};
}
