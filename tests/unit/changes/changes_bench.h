/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions of prod/db that change, whatever is open of it; drawn up, signed and sent by hand. */
#ifndef TESTS_UNIT_CHANGES_CHANGES_BENCH_H
#define TESTS_UNIT_CHANGES_CHANGES_BENCH_H

#include "tests/unit/server/night_bench.h"

/* What a change changes: the host was rebuilt, the account renamed, another program does it in the same style, in another,
 * or others may open it. */
enum part { HOST, ACCOUNT, PROGRAM, STYLE, POLICY, MEMBERS };
extern const char *const part_names[MEMBERS];

/* What is open meanwhile. */
enum situation {
	NOTHING,
	OWED,
	APPLYING,
	EXPELLED,
	DEGRADED,
	WITHDRAWING, /* by rotator turning */
	WATCHED,     /* by rotator slow */
	COLLECTING,
	LEASE,
	SITUATIONS
};
extern const char *const situation_names[SITUATIONS];
/* It is so of prod/db, which nothing was open of.  NIGHT: the ceremony, and what it released, if it did. */
void changes_bring_about(struct bench *bench, enum situation situation, struct night *night);
bool changes_has_debt(enum situation situation);

/* The definition of NAME that is in force. */
void changes_in_force(struct bench *bench, const char *name, struct definition *ret_definition);
/* The one that follows it as the vault says, with nothing changed yet. */
void changes_draw(struct bench *bench, const char *name, struct definition *ret_next);
void changes_edit(struct bench *bench, enum part member, struct definition *next);
void changes_use_rotator(struct definition *next, const char *name);
/* Nobody has signed it. */
void changes_state(struct bench *bench, struct definition *rows, size_t count,
    struct dsse *ret_statement);
/* The change of prod/db by PART, so. */
void changes_draw_part(struct bench *bench, enum part part, struct dsse *ret_statement);
/* The first of PEOPLE, which ends with -1, proposes it, the others sign; RET_LIVE: as the last of them hears.  The first
 * error ends it. */
enum err_code changes_send(struct bench *bench, const struct dsse *statement, const int *people,
    bool *ret_live, struct err *err);
/* All of that for prod/db: it is in force. */
void changes_make(struct bench *bench, enum part member);

/* Where prod/db is after a change of MEMBER: bench->target, until changes_return. */
void changes_move(struct bench *bench, enum part member);
void changes_return(struct bench *bench);
/* The folders of a rebuilt host and of a renamed account, where nothing is accepted yet. */
void changes_folders(struct bench *bench);
/* How many processes were ever told of a target. */
size_t changes_begun(struct bench *bench);
/* How many documents wait; the revision that is in force of NAME. */
size_t changes_drafts(struct bench *bench);
uint32_t changes_revision(struct bench *bench, const char *name);
/* "secret-proposed\nsecret-signed\n...", those of the log from leaf FROM on. */
const char *changes_events(struct bench *bench, uint64_t from, struct buf *text);
/* How many changes the vault shows since the current version was sealed, by the op secret-find.  RET_SEALED: the definition
 * that its header names; RET_QUORUM: that header's; and by ceremony-items, to officers. */
size_t changes_earlier(struct bench *bench, const char *name, struct digest *ret_sealed,
    char ret_quorum[QUORUM_TEXT_MAX + 1]);
size_t changes_shown_earlier(struct bench *bench, const struct id *id);

/* PERSON orders that the value of NAME, which nobody has seen, be replaced. */
enum err_code changes_order(struct bench *bench, int person, const char *name,
    struct err *err) MUST_CHECK;

#endif
