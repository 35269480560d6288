/* SPDX-License-Identifier: Apache-2.0 */
/* What the truth table of ceremonies is made of: what is asked, and the documents that will end it. */
#ifndef TESTS_UNIT_ENDS_ENDS_TABLE_H
#define TESTS_UNIT_ENDS_ENDS_TABLE_H

#include "tests/unit/server/batch_bench.h"

/* BY_CHANGE, BY_RETIREMENT: of the definition of one that it names. */
enum end {
	BY_QUORUM,
	BY_DENIAL,
	BY_CANCEL,
	BY_EXPIRY,
	BY_CHARTER,
	BY_ROSTER,
	BY_SUSPENSION,
	BY_CHANGE,
	BY_RETIREMENT,
	ENDS
};

struct table {
	struct bench *bench;
	size_t count;
	struct item items[CEREMONY_ITEMS];
	struct id id;
	struct dsse charter, roster, suspension; /* that end it, */
	struct dsse change, retirement;          /* of the middle item's definition */
	enum end end;                            /* of the row */
	int64_t row;                             /* counts those with a kill, for the sweep */
	char place[100];                         /* the row, for a person who looks for a fault */
};

/* Who asks for such a ceremony, and does. */
const struct person *who_asks(const struct table *table, enum mode mode);
enum err_code table_ask(struct table *table, enum mode mode, struct err *err);
/* The documents, each with one signature. */
void table_state(struct table *table, enum mode mode);
/* They are freed. */
void table_drop(struct table *table);

#endif
