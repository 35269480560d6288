/* SPDX-License-Identifier: Apache-2.0 */
/* Misbehaviour on demand: what a token does wrong, and when. */
#ifndef TOKENS_SIM_FAULTS_H
#define TOKENS_SIM_FAULTS_H

#include "base/bytes.h"

enum { FAULTS_MAX = 16, FAULT_BYTES_MAX = 512 };

/* Where a fault strikes: at an APDU's instruction byte, or at a CTAP command byte, whose message
 * then counts as one command (its answer: CTAP status byte, CBOR, status word). */
enum { FAULT_ANY_INS = -1, FAULT_CTAP = 0x100, FAULT_ANY_CTAP = 0x200 };

enum fault_kind {
	FAULT_STATUS, /* answer NUMBER as status word, without running the command */
	FAULT_RAW,    /* answer BYTES, status word included, without running the command */
	FAULT_SHORT,  /* run it, then keep only the first NUMBER bytes of data */
	FAULT_LONG,   /* run it, then put NUMBER zero bytes between data and status word */
	FAULT_FLIP,   /* run it, then flip the lowest bit of data byte NUMBER */
	/* Only at CTAP commands: */
	FAULT_CTAP_STATUS, /* answer the CTAP status NUMBER, without running the command */
	FAULT_EXTRA_TOUCH, /* want NUMBER more touches than needed */
	FAULT_FLAGS,       /* sign authenticator data whose flags are XORed with NUMBER */
	FAULT_PRF,         /* answer a wrong output of hmac-secret */
};

struct fault {
	enum fault_kind kind;
	int ins; /* where: an instruction, FAULT_CTAP + a command, or any of one sort */
	unsigned number;
	uint8_t bytes[FAULT_BYTES_MAX];
	size_t size;
};

struct faults {
	struct fault list[FAULTS_MAX];
	size_t count;
	unsigned delay; /* ms before each matching command */
	int delay_ins;
	unsigned pull; /* the token is pulled at this matching command from now; 0: not */
	int pull_ins;
	bool pull_after; /* after running it, before answering */
};

/* False when there are FAULTS_MAX already. */
bool faults_add(struct faults *faults, const struct fault *fault);
/* Is this the command at which the token is pulled?  Counts down. */
bool faults_pull(struct faults *faults, int ins);
/* Milliseconds to wait before this command. */
unsigned faults_delay(const struct faults *faults, int ins);
/* The NUMBER of the first fault of KIND for this command; 0: none. */
size_t faults_number(const struct faults *faults, int ins, enum fault_kind kind);
/* Answer instead of the card.  False: let the card answer. */
bool faults_instead(const struct faults *faults, int ins, struct buf *ret_reply);
/* Spoil the card's answer to a command. */
void faults_spoil(const struct faults *faults, int ins, struct buf *reply);

#endif
