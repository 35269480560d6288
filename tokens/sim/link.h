/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What passes between halligan-simtoken, which listens on a Unix socket, and the IFD handler in
 * pcscd, which connects twice for each reader.  (Shared by both; needs nothing else.)
 *
 *	the handler's first byte	LINK_COMMANDS or LINK_EVENTS
 *
 *	commands	request		u8 kind	u32 size, big-endian	SIZE bytes
 *			answer		u8 kind	u32 size		SIZE bytes
 *			LINK_POWER_UP, LINK_RESET: no bytes; answered with the ATR
 *			LINK_POWER_DOWN: no bytes; answered with none
 *			LINK_APDU: a command APDU; answered with the response APDU
 *			answers are LINK_DONE, or LINK_GONE (pulled; no bytes)
 *
 *	events		the token sends LINK_PRESENT or LINK_ABSENT at once and at each change
 *
 * The end of either connection means that the token is gone.
 */
#ifndef TOKENS_SIM_LINK_H
#define TOKENS_SIM_LINK_H

enum {
	LINK_COMMANDS = 'C',
	LINK_EVENTS = 'E',
	LINK_POWER_UP = 'U',
	LINK_POWER_DOWN = 'D',
	LINK_RESET = 'R',
	LINK_APDU = 'A',
	LINK_DONE = '.',
	LINK_GONE = '!',
	LINK_PRESENT = '+',
	LINK_ABSENT = '-',
	LINK_HEADER = 5,          /* bytes before those of a request or answer */
	LINK_MAX = 65535 + 9 + 2, /* bytes of the largest APDU */
};

#endif
