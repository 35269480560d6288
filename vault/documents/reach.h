/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who can still open a sealed version, and how many may be lost before nobody can.  Pure.
 *
 * A release needs the quorum of the version's header and that of the policy in force, both from seats
 * that are officers today and have an envelope for a token that is active.  Whoever counts on a spare
 * counts envelopes that it has opened once; whoever tries to open tries them all.
 */
#ifndef VAULT_DOCUMENTS_REACH_H
#define VAULT_DOCUMENTS_REACH_H

#include "vault/documents/suspension.h"

/* The size of the smallest set of AVAILABLE seats (one flag for each seat of QUORUM) whose loss leaves
 * QUORUM unmeetable; 0: it cannot be met now.  Exact; for quorums built to be hard (more than
 * REACH_STEPS steps of search) never more than the truth. */
enum { REACH_STEPS = 20000 };
unsigned quorum_break(const struct quorum *quorum, const bool *available);

/* Tokens that can open an envelope of a version in place of the one it was sealed to: the same seat
 * handed its shares on (a spare). */
struct reach_spares {
	size_t count;
	struct reach_spare {
		struct digest token;
		uint32_t envelope; /* index in the header */
		bool tested;       /* it has opened this very one */
	} rows[HEADER_ENVELOPES];
};

struct reach {
	char seats[QUORUM_SEATS][SEAT_NAME_MAX + 1]; /* that can open it: of either quorum */
	size_t seat_count;
	/* How many more may be lost, whoever they are, so that a quorum remains; -1: none is there now. */
	int margin;
};
/* May seat NAME help to open HEADER under CHARTER: an officer with an envelope, in it or in SPARES (may be
 * NULL), tested or not, for a token that stands there and is not in SUSPENDED (may be NULL)? */
bool reach_seat(const struct charter *charter, const struct suspensions *suspended,
    const struct header *header, const struct reach_spares *spares, const char *name);
/* Of SPARES, those that were tested.  QUORUM is the header's, POLICY the one in force; NULL: there is none, nothing opens. */
void reach_of(const struct charter *charter, const struct suspensions *suspended,
    const struct header *header, const struct reach_spares *spares, const struct quorum *quorum,
    const struct quorum *policy, struct reach *ret_reach);
/* Is seat NAME an officer of CHARTER that holds a token not in SUSPENDED (may be NULL)? */
bool reach_signer(const struct charter *charter, const struct suspensions *suspended,
    const char *name);
/* Can officers of CHARTER that hold a token not in SUSPENDED still meet QUORUM? */
bool reach_signers(const struct charter *charter, const struct suspensions *suspended,
    const struct quorum *quorum);

#endif
