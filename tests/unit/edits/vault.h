/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault that is edited.  Its history is made once: secrets, releases that are over, that run, that failed,
 * debts in each state, ceremonies that collect, drafts, a suspension, tests of tokens; with its database as it was at several
 * moments before.
 */
#ifndef TESTS_UNIT_EDITS_VAULT_H
#define TESTS_UNIT_EDITS_VAULT_H

#include "tests/unit/edits/tape.h"
#include "tests/unit/server/spare_bench.h"

enum { PAST_FILES = 32, PAST_SCRIPTS = 32 };

struct kept_file {
	char name[100]; /* in the vault's folder */
	struct buf bytes;
};
struct past {
	struct bench *bench;
	struct script *history, *reads;
	struct script *scripts[PAST_SCRIPTS]; /* each begins at the end of the history */
	size_t script_count;
	size_t earlier_count; /* files earlier-N beside the vault's folder */

	/* Ceremonies. */
	struct id closed, cancelled, denied, failed, waiting,
	    stuck;                               /* over, or their debts go on */
	struct id running;                       /* alice holds what it released */
	struct id wanted, reseal, rotate, many;  /* ciso has approved */
	struct dsse charter, roster, suspension; /* drafts */
	struct digest spare;                     /* the statement that handed on the last one */

	/* The end of the history. */
	struct kept_file files[PAST_FILES];
	size_t file_count;
	struct seam_target targets[SEAM_TARGETS];
	size_t target_count;
};
struct past *past_new(void);
void past_free(struct past *past);
/* Vault and targets as they were at the end of the history. */
void past_restore(struct past *past);
/* What is asked and done of it, recorded (scripts.c). */
void past_record(struct past *past);

/* alice's of these secrets, or infra's. */
struct id past_ask(struct past *past, enum mode mode, const char *const *names, size_t count);
/* One more secret at a target of its own. */
void past_add(struct past *past, const char *name, bool rotate);

#endif
