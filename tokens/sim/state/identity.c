/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	CHUID	30 FASC-N (25 bytes)	34 GUID (16)	35 expiry YYYYMMDD	3E ""	FE ""
 *	CCC	F0 card identifier (21)	F1 F2 21	F3 ""	F4 00	F5 10	F6..FD ""	FE ""
 *
 * The FASC-N is 40 characters of five bits each, the lowest of four data bits first and then odd
 * parity (TIG SCEPACS 2.3, section 6); the last character is the exclusive or of all before it.
 */
#include "tokens/sim/state/identity.h"

#include <string.h>

#include "tokens/sim/crypto/ber.h"

enum { FASCN_CHARACTERS = 40, FASCN_SIZE = 25 };
/* Delimiters are the characters above 9. */
enum { START = 0xb, SEPARATOR = 0xd, END = 0xf };

/* Agency 9999 (none), system 0042, credential, series, issue, person, organisation, association */
static void
fascn_characters(uint32_t serial, uint8_t ret_characters[FASCN_CHARACTERS])
{
	BUF digits = {0};

	buf_format(&digits, "S9999F0042F%06uF1F1F%010u399991E", serial % 1000000, serial);
	uint8_t check = 0;
	for (size_t i = 0; i + 1 < FASCN_CHARACTERS && i < digits.size; i++) {
		uint8_t c = digits.data[i];
		ret_characters[i] = c == 'S' ? START :
		    c == 'F'                 ? SEPARATOR :
		    c == 'E'                 ? END :
		                               (uint8_t)(c - '0');
		check ^= ret_characters[i];
	}
	ret_characters[FASCN_CHARACTERS - 1] = check;
}

static void
fascn(uint32_t serial, uint8_t ret_bytes[FASCN_SIZE])
{
	uint8_t characters[FASCN_CHARACTERS] = {0};
	size_t at = 0;

	fascn_characters(serial, characters);
	memset(ret_bytes, 0, FASCN_SIZE);
	for (size_t i = 0; i < FASCN_CHARACTERS; i++) {
		unsigned parity = 1;
		for (unsigned bit = 0; bit < 5; bit++, at++) {
			unsigned value = bit < 4 ? (unsigned)characters[i] >> bit & 1U : parity;
			parity ^= value;
			ret_bytes[at / 8] |= (uint8_t)(value << (7 - at % 8));
		}
	}
}

void
sim_chuid(uint32_t serial, struct buf *ret_chuid)
{
	/* A GUID of version 8 (RFC 9562): ours to fill. */
	uint8_t guid[16] = {'S', 'i', 'm', 'P', 'I', 'V', 0x80, 0x00, 0x80};
	uint8_t number[FASCN_SIZE];

	for (unsigned i = 0; i < 4; i++)
		guid[12 + i] = (uint8_t)(serial >> (24 - 8 * i));
	fascn(serial, number);
	ber_put(ret_chuid, 0x30, VIEW_OF(number));
	ber_put(ret_chuid, 0x34, VIEW_OF(guid));
	ber_put(ret_chuid, 0x35, view_of_text("20991231"));
	ber_put(ret_chuid, 0x3e, (struct view){0});
	ber_put(ret_chuid, 0xfe, (struct view){0});
}

void
sim_ccc(uint32_t serial, struct buf *ret_ccc)
{
	/* GSC-IS RID, manufacturer FF, type 02 (file system), then our own number */
	uint8_t identifier[21] = {0xa0, 0x00, 0x00, 0x01, 0x16, 0xff, 0x02};
	static const struct {
		uint8_t tag, value;
		bool empty;
	} rest[] = {{0xf1, 0x21, false}, {0xf2, 0x21, false}, {0xf3, 0, true}, {0xf4, 0x00, false},
	    {0xf5, 0x10, false}, {0xf6, 0, true}, {0xf7, 0, true}, {0xfa, 0, true}, {0xfb, 0, true},
	    {0xfc, 0, true}, {0xfd, 0, true}, {0xfe, 0, true}};

	for (unsigned i = 0; i < 4; i++)
		identifier[17 + i] = (uint8_t)(serial >> (24 - 8 * i));
	ber_put(ret_ccc, 0xf0, VIEW_OF(identifier));
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
		ber_put(ret_ccc, rest[i].tag, view_of(&rest[i].value, rest[i].empty ? 0 : 1));
}
