/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CTAP over ISO 7816 (CTAP 2.1, section 11.3: "NFC"; smart cards with a FIDO2 application use the
 * same): one message as one command, chained when it is long, over anything that carries command
 * APDUs to a card.  Knows nothing about readers, people or what the messages say.
 *
 *	00 A4 04 00 AID			SELECT A0000006472F0001, answered FIDO_2_0 or U2F_V2
 *	80 10 80 00 message		9100 and a status byte while the card waits for a touch
 *	80 10 00 00 message		on cards without that: answers when it is done
 *	80 11 00 00			is it done?	80 11 11 00	give it up
 *	80 12 01 00			end of the session
 *	90 .. 				all parts of a chained command but the last
 *	00 C0 00 00			the rest of a long answer (61xx)
 */
#ifndef TOKENS_FIDO_TRANSPORT_H
#define TOKENS_FIDO_TRANSPORT_H

#include "base/secret.h"

enum {
	FIDO_MESSAGE_MAX = 4096, /* bytes of a message, and of an answer */
	FIDO_APDU_MAX = 258,     /* bytes of one answer, status word included */
};

struct fido_transport {
	/* Send the command APDU and put the answer, status word included, into REPLY (which holds
	 * FIDO_APDU_MAX bytes). */
	enum err_code (
	    *exchange)(void *context, struct view command, struct secret *reply, struct err *err);
	void *context;
	struct secret *command; /* what is sent; FIDO_APDU_MAX + 8 bytes */
	struct secret *reply;   /* of one APDU */
	struct secret *answer;  /* of the message or command; FIDO_MESSAGE_MAX bytes */
	bool plain;             /* the card cannot say that it waits */
	bool waiting;           /* it does */
};

/* EXCHANGE and CONTEXT are set.  ERR_MEMORY. */
enum err_code fido_transport_init(struct fido_transport *transport, struct err *err) MUST_CHECK;
void fido_transport_done(struct fido_transport *transport); /* accepts a half-built one */

/* One command of ISO 7816 with DATA, chained and its answer collected: the answer's data is in
 * TRANSPORT->answer, its status word in RET_STATUS.  ERR_TOKEN: the answer is malformed or larger
 * than FIDO_MESSAGE_MAX; the errors of the exchange. */
enum err_code fido_transport_command(struct fido_transport *transport, const uint8_t header[4],
    struct view data, uint16_t *ret_status, struct err *err) MUST_CHECK;

/* Select the FIDO2 application.  ERR_NOT_FOUND: the card has none. */
enum err_code fido_transport_select(struct fido_transport *transport, struct err *err) MUST_CHECK;
/* Send a message of 1..FIDO_MESSAGE_MAX bytes.  Blocks until a touch on cards that cannot wait. */
enum err_code fido_transport_send(struct fido_transport *transport, struct view message,
    struct err *err) MUST_CHECK;
/* The answer, in TRANSPORT->answer, waiting for at most MILLISECONDS; then the card is told to give
 * up, and its answer is what it says to that.  ERR_TOUCH: it goes on waiting all the same. */
enum err_code fido_transport_receive(struct fido_transport *transport, unsigned milliseconds,
    struct err *err) MUST_CHECK;
/* Say goodbye; answers do not matter. */
void fido_transport_end(struct fido_transport *transport);

#endif
