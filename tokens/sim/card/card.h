/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card operating system (ISO 7816-4): parses short and extended APDUs, joins command chains
 * (CLA bit 10), selects the application, and hands long answers out in pieces (61xx, GET
 * RESPONSE).  What the commands mean is the applet's.
 */
#ifndef TOKENS_SIM_CARD_CARD_H
#define TOKENS_SIM_CARD_CARD_H

#include "base/bytes.h"

/* Status words (ISO 7816-4 table 5, SP 800-73-4 part 2). */
enum {
	SW_OK = 0x9000,
	SW_TRIES_LEFT = 0x63c0, /* plus the number, at most 15 */
	SW_MEMORY_FAILURE = 0x6581,
	SW_NO_ANSWER = 0x6600, /* how some cards say that nobody touched */
	SW_WRONG_LENGTH = 0x6700,
	SW_CHANNEL_NOT_SUPPORTED = 0x6881,
	SW_SECURE_MESSAGING_NOT_SUPPORTED = 0x6882,
	SW_SECURITY_STATUS = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_CONDITIONS = 0x6985,
	SW_WRONG_DATA = 0x6a80,
	SW_NOT_FOUND = 0x6a82,
	SW_NO_SPACE = 0x6a84,
	SW_WRONG_P1P2 = 0x6a86,
	SW_NO_REFERENCE = 0x6a88,
	SW_WRONG_SLOT = 0x6b00,
	SW_UNKNOWN_INS = 0x6d00,
	SW_UNKNOWN_CLASS = 0x6e00,
	SW_FAILURE = 0x6f00,
};

enum { CARD_CHAIN_MAX = 8192 }; /* bytes of data that a chain may carry */

struct apdu {
	uint8_t cla, ins, p1, p2;
	struct view data;
	size_t expected; /* Le: 1..65536; 0 when absent */
	bool extended;
};

/* False when the lengths inside COMMAND contradict its size. */
bool apdu_parse(struct view command, struct apdu *ret_apdu);

/* One application on the card. */
struct applet {
	void *context;
	bool proprietary; /* it has commands of class 80, too */
	/* Is it meant by this (possibly shortened) AID?  Empty is no AID. */
	bool (*matches)(void *context, struct view aid);
	/* It is selected (perhaps again); append the answer to SELECT. */
	void (*select)(void *context, struct buf *ret_data);
	/* One whole command; appends to RET_DATA and returns the status word. */
	uint16_t (*run)(void *context, const struct apdu *apdu, struct buf *ret_data);
	/* Another one was selected, or the card was reset: forget all authentication.  May be
	 * NULL. */
	void (*deselect)(void *context);
};

struct card {
	const struct applet *applets;
	size_t count;
	const struct applet *selected; /* NULL: none */
	struct buf chain;              /* data of a chain under way; its command's header: */
	bool chaining;
	uint8_t cla, ins, p1, p2;
	struct buf pending; /* answer not fetched yet, from byte SENT on */
	size_t sent;
	uint16_t status; /* that ends it */
};

/* APPLETS must outlive the card. */
void card_init(struct card *card, const struct applet *applets, size_t count);
void card_done(struct card *card);
/* Power up or reset: nothing selected, nothing under way. */
void card_reset(struct card *card);
/* One APDU in, data and status word out (appended to RET_REPLY; always two bytes or more). */
void card_transmit(struct card *card, struct view command, struct buf *ret_reply);

#endif
