/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences of approvals, denials, suspensions and charters about one ceremony, each told by its
 * seed, with what must come of it judged from the steps alone.
 */
#ifndef TESTS_UNIT_SERVER_STORY_H
#define TESTS_UNIT_SERVER_STORY_H

#include "tests/lib/called.h"
#include "vault/documents/suspension.h"

enum { STEPS = 8, OFFICERS = AUDIT + 1 };

/* One ceremony and what was said about it. */
struct story {
	struct called *called; /* the same vault for all, as it was founded */
	struct dsse request, ceremony;
	struct dsse voices[STEPS];
	size_t voice_count;
	size_t gave[CALLED_ITEMS][OFFICERS]; /* under which voice, from 1; 0: no share of it */
	/* Judged from the steps alone. */
	unsigned approved, denied, suspended; /* officers */
	bool is_void, has_wrong;
	char steps[200];
};

__attribute__((unused)) static void
story_free(struct story *story)
{
	dsse_done(&story->request);
	dsse_done(&story->ceremony);
	for (size_t i = 0; i < story->voice_count; i++)
		dsse_done(&story->voices[i]);
	free(story);
}
DESTRUCTOR(story_freep, struct story, story_free)
#define STORY CLEANUP(story_freep) struct story

/* --- Random sequences --------------------------------------------------------------------- */

/* xorshift64*: the same numbers for the same seed. */
__attribute__((unused)) static unsigned
draw(uint64_t *state, unsigned below)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (unsigned)((*state * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* Under the voice that was added last: of some items, and once of each. */
__attribute__((unused)) static void
give(struct story *story, unsigned officer, uint64_t *random)
{
	for (size_t i = 0; i < CALLED_ITEMS; i++) {
		if (draw(random, 4) == 0 || story->gave[i][officer] != 0)
			continue;
		story->gave[i][officer] = story->voice_count;
		snprintf(story->steps + strlen(story->steps), 20, "%zu", i);
	}
}

/* Do the approvals that count, with the shares of item POSITION that came under them, make two of three? */
__attribute__((unused)) static bool
story_met(const struct story *story, size_t position)
{
	unsigned counted = story->approved & ~story->denied & ~story->suspended, count = 0;

	for (unsigned i = CISO; i < OFFICERS; i++)
		count += (counted >> i & 1) != 0 && story->gave[position][i] != 0;
	return count >= 2;
}

/* Rarely somebody else's key signs. */
__attribute__((unused)) static void
speak(struct story *story, uint64_t *random)
{
	struct called *called = story->called;
	unsigned officer = draw(random, OFFICERS);
	bool denies = draw(random, 4) == 0, wrong = draw(random, 20) == 0;
	const struct seat *seat = &called->founded.charter->seats[officer];
	struct digest digest;
	struct err err;

	fine(dsse_digest(&story->ceremony, &digest, &err), &err);
	called_voice(called, &digest, seat->name, &seat->tokens[0].id, denies,
	    called->founded.keys[wrong ? OPS : officer][KEY_SIGN],
	    &story->voices[story->voice_count++]);
	*(denies ? &story->denied : &story->approved) |= 1u << officer;
	story->has_wrong |= wrong;
	snprintf(story->steps + strlen(story->steps), 20, " %s%s%s", denies ? "-" : "+", seat->name,
	    wrong ? "?" : "");
	if (!denies)
		give(story, officer, random);
}

/* A document that the chain does not take was never there. */
__attribute__((unused)) static bool
enact(struct story *story, const struct dsse *statement, const char *what)
{
	struct err err;

	if (called_add(story->called, statement, &err) != ERR_OK)
		return false;
	snprintf(story->steps + strlen(story->steps), 20, " %s", what);
	return true;
}

__attribute__((unused)) static void
suspend(struct story *story, uint64_t *random)
{
	struct called *called = story->called;
	const struct seat *officers = called->founded.charter->seats;
	const struct seat *responders = called->chain.roster->seats;
	const struct {
		const char *seat;
		const struct digest *token;
	} rows[] = {{"alice", &responders[0].tokens[0].id}, {"alice", &responders[0].tokens[1].id},
	    {"bob", &responders[1].tokens[0].id}, {"ciso", &officers[CISO].tokens[0].id},
	    {"audit", &officers[AUDIT].tokens[0].id}};
	unsigned which = draw(random, ARRAY_SIZE(rows));
	DSSE statement = {0};

	called_suspension(called, rows[which].seat, rows[which].token, &statement);
	if (!enact(story, &statement, rows[which].seat))
		return;
	story->is_void |= which < 2;
	if (which > 2)
		story->suspended |= 1u << (which == 3 ? CISO : AUDIT);
}

__attribute__((unused)) static void
change_charter(struct story *story)
{
	struct called *called = story->called;
	struct charter *next = called->founded.charter;
	DSSE statement = {0};

	next->version = called->chain.charter->version + 1;
	next->previous = called->chain.charter->digest;
	founded_state(&called->founded, &statement);
	for (unsigned i = CISO; i < OFFICERS; i++)
		if ((story->suspended >> i & 1) == 0)
			sign_with(&statement, called->founded.keys[i][KEY_SIGN]);
	if (enact(story, &statement, "charter"))
		story->is_void = true;
}

/* Charter 1 and roster 1 are in force, and nothing came after them. */
__attribute__((unused)) static void
refound(struct called *called)
{
	const struct digest vault = called->chain.vault;
	struct err err;

	chain_done(&called->chain);
	called->chain = (struct chain){.vault = vault};
	called->founded.charter->version = 1;
	called->founded.charter->previous = (struct digest){{0}};
	while (called->document_count > 2)
		buf_done(&called->documents[--called->document_count]);
	for (size_t i = 0; i < called->document_count; i++) {
		DSSE statement = {0};

		fine(dsse_parse(buf_view(&called->documents[i]), &statement, &err), &err);
		fine(chain_add(&called->chain, &statement, &err), &err);
	}
}

__attribute__((unused)) static void
tell(struct story *story, uint64_t seed)
{
	uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	struct called *called = story->called;

	refound(called);
	called_request(called, called->keys[ALICE][KEY_SIGN], &story->request);
	called_ceremony(called, &story->request, &story->ceremony);
	for (unsigned steps = 1 + draw(&random, STEPS); steps > 0; steps--) {
		unsigned step = draw(&random, 12);

		if (step == 0)
			change_charter(story);
		else if (step < 3)
			suspend(story, &random);
		else
			speak(story, &random);
	}
}

#endif
