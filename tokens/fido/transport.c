/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short APDUs only: every reader carries them, and some break longer ones.  Parts of 240 bytes
 * also fit the frames of every contactless reader.
 *
 * A card that does not know the keep-alive flavour says 6A86 (or ignores the bit and answers when
 * it is done); nothing was executed then, so that the message may be sent again without it.
 *
 *	idle --send--> answered --receive--> idle
 *	  `----send--> waiting --receive, touch--> idle
 *			  `------time, cancel--> told to give up --> idle
 */
#include "tokens/fido/transport.h"

#include <string.h>
#include <time.h>

#include "base/process.h"

enum {
	PART = 240,
	COMMAND_MAX = PART + 6,
	INS_MESSAGE = 0x10,
	INS_POLL = 0x11,
	INS_CONTROL = 0x12,
	P1_KEEP_ALIVE = 0x80,
	P1_CANCEL = 0x11,
	P1_END = 0x01,
	CHAINED = 0x10,
	STATUS_OK = 0x9000,
	STATUS_WAITING = 0x9100,
	STATUS_MORE = 0x61,
	STATUS_WRONG_P1P2 = 0x6a86,
	ANSWERS_MAX = 64, /* parts of one answer */
};
static const struct timespec poll_pause = {.tv_nsec = 50 * 1000000L};

static const uint8_t aid[] = {0xa0, 0x00, 0x00, 0x06, 0x47, 0x2f, 0x00, 0x01};

enum err_code
fido_transport_init(struct fido_transport *transport, struct err *err)
{
	TRY(secret_new(COMMAND_MAX, &transport->command, err));
	TRY(secret_new(FIDO_APDU_MAX, &transport->reply, err));
	return secret_new(FIDO_MESSAGE_MAX, &transport->answer, err);
}

void
fido_transport_done(struct fido_transport *transport)
{
	secret_freep(&transport->command);
	secret_freep(&transport->reply);
	secret_freep(&transport->answer);
}

/* ---- commands ---- */

static enum err_code
too_long(struct err *err)
{
	return err_set(err, ERR_TOKEN,
	    "it answered with more bytes than any answer may have: the token or its reader is "
	    "broken, or lies; use another");
}

/* One APDU; the answer's data is appended to TRANSPORT->answer. */
static enum err_code
exchange(struct fido_transport *transport, const uint8_t header[4], struct view data,
    uint16_t *ret_status, struct err *err)
{
	const uint8_t size = (uint8_t)data.size, any = 0;
	struct secret *command = transport->command;

	secret_clear(command);
	TRY(secret_append(command, view_of(header, 4), err));
	if (data.size > 0) {
		TRY(secret_append(command, view_of(&size, 1), err));
		TRY(secret_append(command, data, err));
	}
	TRY(secret_append(command, view_of(&any, 1), err));
	secret_clear(transport->reply);
	TRY(transport->exchange(transport->context, secret_view(command), transport->reply, err));
	struct view reply = secret_view(transport->reply);

	if (reply.size < 2)
		return err_set(err, ERR_TOKEN,
		    "it answered nothing that a card may answer: the token or its reader is "
		    "broken, or lies; pull it out, plug it in again, and run the command again");
	*ret_status = (uint16_t)(reply.data[reply.size - 2] << 8 | reply.data[reply.size - 1]);
	reply.size -= 2;
	if (reply.size > secret_capacity(transport->answer) - secret_size(transport->answer))
		return too_long(err);
	return secret_append(transport->answer, reply, err);
}

/* The rest of an answer, as long as the card says that there is more. */
static enum err_code
collect(struct fido_transport *transport, uint16_t *status, struct err *err)
{
	static const uint8_t more[] = {0x00, 0xc0, 0x00, 0x00};

	for (int i = 0; *status >> 8 == STATUS_MORE; i++) {
		if (i == ANSWERS_MAX)
			return too_long(err);
		TRY(exchange(transport, more, (struct view){0}, status, err));
	}
	return ERR_OK;
}

enum err_code
fido_transport_command(struct fido_transport *transport, const uint8_t header[4], struct view data,
    uint16_t *ret_status, struct err *err)
{
	const uint8_t chained[] = {header[0] | CHAINED, header[1], header[2], header[3]};
	uint16_t status;

	secret_clear(transport->answer);
	for (; data.size > PART; data = view_of(data.data + PART, data.size - PART)) {
		TRY(exchange(transport, chained, view_of(data.data, PART), &status, err));
		if (status != STATUS_OK) {
			*ret_status = status;
			return ERR_OK;
		}
		secret_clear(transport->answer);
	}
	TRY(exchange(transport, header, data, &status, err));
	TRY(collect(transport, &status, err));
	*ret_status = status;
	return ERR_OK;
}

enum err_code
fido_transport_select(struct fido_transport *transport, struct err *err)
{
	static const uint8_t header[] = {0x00, 0xa4, 0x04, 0x00};
	uint16_t status;

	transport->waiting = false;
	TRY(fido_transport_command(transport, header, VIEW_OF(aid), &status, err));
	if (status != STATUS_OK)
		return err_set(err, ERR_NOT_FOUND,
		    "it has no FIDO2 application (%04X): not a FIDO2 token, or FIDO2 is switched "
		    "off",
		    status);
	struct view version = secret_view(transport->answer);

	if (!view_equal(version, view_of_text("FIDO_2_0")) &&
	    !view_equal(version, view_of_text("U2F_V2")))
		return err_set(err, ERR_TOKEN,
		    "its FIDO2 application is of no known kind: use another token");
	return ERR_OK;
}

/* ---- messages ---- */

static enum err_code
refused(uint16_t status, struct err *err)
{
	return err_set(err, ERR_TOKEN,
	    "its FIDO2 application refused a command (%04X): pull it out, plug it in again, and "
	    "run the command again",
	    status);
}

/* What a status word means for a message under way. */
static enum err_code
answered(struct fido_transport *transport, uint16_t status, struct err *err)
{
	transport->waiting = status == STATUS_WAITING;
	if (status != STATUS_OK && status != STATUS_WAITING)
		return refused(status, err);
	return ERR_OK;
}

enum err_code
fido_transport_send(struct fido_transport *transport, struct view message, struct err *err)
{
	const uint8_t alive[] = {0x80, INS_MESSAGE, P1_KEEP_ALIVE, 0x00};
	const uint8_t plain[] = {0x80, INS_MESSAGE, 0x00, 0x00};
	uint16_t status = STATUS_WRONG_P1P2;

	if (message.size == 0 || message.size > FIDO_MESSAGE_MAX)
		return err_set(err, ERR_INTERNAL, "no CTAP message has %zu bytes", message.size);
	if (!transport->plain)
		TRY(fido_transport_command(transport, alive, message, &status, err));
	if (status == STATUS_WRONG_P1P2) {
		transport->plain = true;
		TRY(fido_transport_command(transport, plain, message, &status, err));
	}
	return answered(transport, status, err);
}

static enum err_code
ask_again(struct fido_transport *transport, uint8_t p1, struct err *err)
{
	const uint8_t header[] = {0x80, INS_POLL, p1, 0x00};
	uint16_t status;

	TRY(fido_transport_command(transport, header, (struct view){0}, &status, err));
	return answered(transport, status, err);
}

enum err_code
fido_transport_receive(struct fido_transport *transport, unsigned milliseconds, struct err *err)
{
	int64_t end = process_milliseconds() + milliseconds;

	while (transport->waiting) {
		if (process_milliseconds() >= end) {
			TRY(ask_again(transport, P1_CANCEL, err));
			break;
		}
		nanosleep(&poll_pause, NULL);
		TRY(ask_again(transport, 0, err));
	}
	if (transport->waiting)
		return err_set(err, ERR_TOUCH,
		    "it was not touched in time and does not stop waiting: pull it out, plug it "
		    "in again, and run the command again");
	return ERR_OK;
}

void
fido_transport_end(struct fido_transport *transport)
{
	static const uint8_t header[] = {0x80, INS_CONTROL, P1_END, 0x00};
	uint16_t status;
	struct err err;

	transport->waiting = false;
	(void)!fido_transport_command(transport, header, (struct view){0}, &status, &err);
}
