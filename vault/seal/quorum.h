/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quorums: expressions over seats.
 *
 *	expression = clause *( "or" clause )
 *	clause	   = group *( "and" group )  |  "(" clause ")"
 *	group	   = M "of" "(" seat *( "," seat ) ")"
 *
 *	3 of (ciso, secops, infra) or (1 of (ceo, cto) and 2 of (secops, infra))
 *
 * A seat is a person; it may stand in several `or` clauses but only once within one clause.
 * 1 <= M <= number of seats.  The verdict here and what the shares of a sealed version can open
 * are the same function of the seats; a test holds them together.
 */
#ifndef VAULT_SEAL_QUORUM_H
#define VAULT_SEAL_QUORUM_H

#include "base/bytes.h"

enum {
	QUORUM_CLAUSES = 8,
	QUORUM_GROUPS = 8,
	QUORUM_GROUP_SEATS = 32,
	QUORUM_SEATS = 64,
	QUORUM_TEXT_MAX = 4096,
	SEAT_NAME_MAX = 63
};

struct quorum_group {
	uint8_t m, n;
	uint8_t
	    seats[QUORUM_GROUP_SEATS]; /* indexes into quorum.seats; the seat's x is position + 1 */
};
struct quorum_clause {
	uint8_t group_count;
	struct quorum_group groups[QUORUM_GROUPS];
};
struct quorum {
	char seats[QUORUM_SEATS][SEAT_NAME_MAX + 1];
	uint8_t seat_count;
	uint8_t clause_count;
	struct quorum_clause clauses[QUORUM_CLAUSES];
};

/* ERR_INVALID says what is wrong and where (column), for example: "quorum: seat "ciso" stands
 * twice in one group", "m is 0", "m is 4 but the group has 3 seats", "seat "x" stands in two
 * groups joined by 'and'". */
enum err_code quorum_parse(const char *text, struct quorum *ret_quorum, struct err *err) MUST_CHECK;
/* The canonical text: single spaces, parentheses around clauses of several groups when there are
 * several clauses.  Parsing it gives the same quorum. */
enum err_code quorum_format(const struct quorum *quorum, struct buf *ret_text,
    struct err *err) MUST_CHECK;
/* TEXT parsed, and its canonical form appended: at most QUORUM_TEXT_MAX bytes. */
enum err_code quorum_canonical(const char *text, struct quorum *ret_quorum, struct buf *ret_text,
    struct err *err) MUST_CHECK;
/* Every seat must be one of NAMES (NULL-terminated); the error names the nearest. */
enum err_code quorum_check_seats(const struct quorum *quorum, const char *const *names,
    struct err *err) MUST_CHECK;
/* Index of SEAT in quorum.seats, or -1. */
int quorum_seat(const struct quorum *quorum, const char *seat);
/* PRESENT has one flag per quorum seat.  Pure. */
bool quorum_met(const struct quorum *quorum, const bool *present);
/* The smallest number of seats that meets it. */
unsigned quorum_least(const struct quorum *quorum);
/* How many more of the seats with AVAILABLE flags must join PRESENT, at least; -1: unreachable. */
int quorum_missing(const struct quorum *quorum, const bool *present, const bool *available);

#endif
