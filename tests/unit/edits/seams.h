/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server in this process to which the same request does the same thing in each run: random bytes, those of
 * OpenSSL too, come from a stream that is named; rotators stand here, with their targets; and what lasts is
 * traced in the order in which it happens, one line each:
 *
 *	anchor FROM TO			a slot: sizes of the log, and roots
 *	write PART/NAME SHA-256		a file of the vault's folder; make: one that was not there
 *	erase PART/NAME
 *	target NAME VERB ...		what a rotator does
 *	whole				a piece of work is done: a ceremony, a debt, what expired, files
 *
 * The calls that are replaced: process_start, process_wait, random_bytes, rotator_*, anchor_write,
 * file_write, file_write_new, file_erase, mkdtemp, due_first, due_waits, ceremony_advance, erase_ended,
 * leases_end_expired, rotate_pay.
 */
#ifndef TESTS_UNIT_EDITS_SEAMS_H
#define TESTS_UNIT_EDITS_SEAMS_H

#include "base/bytes.h"
#include "ceremony/server/options.h"

enum { SEAM_TARGETS = 16 };
#define SEAM_WHOLE "whole\n"

/* What stands at a target: the only password that it accepts, and what it does next (fake_rotator.c). */
struct seam_target {
	char name[64], accepts[64], modes[128];
};
struct seams {
	uint64_t random; /* state of the stream */
	int64_t now;     /* the server's clock */
	int sessions;    /* started so far */
	struct seam_target targets[SEAM_TARGETS];
	size_t target_count;
	struct buf trace;
	unsigned depth; /* of pieces of work within others */
	bool opened;    /* the session went through due_first */
	/* What is due is done after a session; with which stream; where it began in the trace, and what it met. */
	bool due;
	uint64_t due_stream;
	size_t due_at;
	struct err due_met;
};
struct seams *seams(void);

/* From now on the bytes of STREAM. */
void seams_stream(uint64_t stream);
/* The next number, below BELOW. */
uint64_t seams_draw(uint64_t *state, uint64_t below);
/* What is due, for the options of a server. */
void seams_due(const struct server_options *options);
/* Before anything else: OpenSSL draws from it. */
void seams_begin(void);
int64_t seams_now(void);

/* Next it does as MODES say.  At first it accepts "password of NAME". */
void target_do(const char *name, const char *modes);

#endif
