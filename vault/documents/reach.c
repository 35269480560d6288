/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To break a quorum is to break each of its clauses, and a clause breaks with one of its groups: when
 * fewer than m of that group are left.  The search takes the first clause that still stands, tries
 * each of its groups, and within a group each choice of how many seats to take from each class; seats
 * that stand in the same groups of all clauses form a class, since they can stand for each other.
 */
#include "vault/documents/reach.h"

#include <string.h>

struct search {
	const struct quorum *quorum;
	unsigned class_of[QUORUM_SEATS]; /* the first seat of the class */
	bool present[QUORUM_SEATS];
	unsigned best, steps;
};

static bool
in_group(const struct quorum_group *group, unsigned seat)
{
	for (unsigned i = 0; i < group->n; i++)
		if (group->seats[i] == seat)
			return true;
	return false;
}

static bool
same_class(const struct quorum *quorum, unsigned a, unsigned b)
{
	for (unsigned c = 0; c < quorum->clause_count; c++)
		for (unsigned g = 0; g < quorum->clauses[c].group_count; g++)
			if (in_group(&quorum->clauses[c].groups[g], a) !=
			    in_group(&quorum->clauses[c].groups[g], b))
				return false;
	return true;
}

static unsigned
count_present(const struct search *search, const struct quorum_group *group)
{
	unsigned count = 0;

	for (unsigned i = 0; i < group->n; i++)
		count += search->present[group->seats[i]] ? 1 : 0;
	return count;
}

static bool
clause_stands(const struct search *search, const struct quorum_clause *clause)
{
	for (unsigned g = 0; g < clause->group_count; g++)
		if (count_present(search, &clause->groups[g]) < clause->groups[g].m)
			return false;
	return clause->group_count > 0;
}

static const struct quorum_clause *
first_standing(const struct search *search)
{
	for (unsigned c = 0; c < search->quorum->clause_count; c++)
		if (clause_stands(search, &search->quorum->clauses[c]))
			return &search->quorum->clauses[c];
	return NULL;
}

/* No set smaller than this breaks what stands: the dearest of the clauses, each at its cheapest. */
static unsigned
at_least(const struct search *search)
{
	unsigned most = 0;

	for (unsigned c = 0; c < search->quorum->clause_count; c++) {
		const struct quorum_clause *clause = &search->quorum->clauses[c];
		unsigned least = QUORUM_SEATS;

		if (!clause_stands(search, clause))
			continue;
		for (unsigned g = 0; g < clause->group_count; g++) {
			unsigned take =
			    count_present(search, &clause->groups[g]) + 1 - clause->groups[g].m;

			least = take < least ? take : least;
		}
		most = least > most ? least : most;
	}
	return most;
}

static void search_on(struct search *search, unsigned taken);

/* Take LEFT seats more from GROUP, the seats from position AT on; of a class always the first ones. */
static void
take_from(struct search *search, const struct quorum_group *group, unsigned at, unsigned left,
    unsigned taken)
{
	if (left == 0) {
		search_on(search, taken);
		return;
	}
	for (unsigned i = at; i < group->n && search->steps < REACH_STEPS; i++) {
		unsigned seat = group->seats[i];
		bool tried = false;

		/* Another of its class, which stands as well, was tried in its place. */
		for (unsigned j = 0; j < i; j++)
			tried = tried ||
			    (search->present[group->seats[j]] &&
			        search->class_of[group->seats[j]] == search->class_of[seat]);
		if (!search->present[seat] || tried)
			continue;
		search->present[seat] = false;
		take_from(search, group, i + 1, left - 1, taken + 1);
		search->present[seat] = true;
	}
}

static void
search_on(struct search *search, unsigned taken)
{
	const struct quorum_clause *clause;

	if (search->steps >= REACH_STEPS)
		return;
	search->steps++;
	clause = first_standing(search);
	if (clause == NULL) {
		search->best = taken < search->best ? taken : search->best;
		return;
	}
	if (taken + at_least(search) >= search->best)
		return;
	for (unsigned g = 0; g < clause->group_count; g++) {
		const struct quorum_group *group = &clause->groups[g];

		take_from(search, group, 0, count_present(search, group) + 1 - group->m, taken);
	}
}

unsigned
quorum_break(const struct quorum *quorum, const bool *available)
{
	struct search search = {.quorum = quorum, .best = QUORUM_SEATS + 1};
	unsigned bound;

	for (unsigned i = 0; i < quorum->seat_count; i++) {
		search.present[i] = available[i];
		search.class_of[i] = i;
		for (unsigned j = 0; j < i && search.class_of[i] == i; j++)
			if (same_class(quorum, i, j))
				search.class_of[i] = search.class_of[j];
	}
	bound = at_least(&search);
	search_on(&search, 0);
	return search.steps >= REACH_STEPS ? bound : search.best;
}

/* Has TOKEN of the seat NAME an envelope?  PROVEN: one that it was sealed, or has opened. */
static bool
has_envelope(const struct header *header, const struct reach_spares *spares, bool proven,
    const char *name, const struct digest *token)
{
	for (size_t i = 0; i < header->envelope_count; i++)
		if (strcmp(header->envelopes[i].seat, name) == 0 &&
		    digest_equal(&header->envelopes[i].token, token))
			return true;
	for (size_t i = 0; spares != NULL && i < spares->count; i++)
		if (digest_equal(&spares->rows[i].token, token) &&
		    (spares->rows[i].tested || !proven) &&
		    spares->rows[i].envelope < header->envelope_count &&
		    strcmp(header->envelopes[spares->rows[i].envelope].seat, name) == 0)
			return true;
	return false;
}

static bool
seat_reaches(const struct charter *charter, const struct suspensions *suspended,
    const struct header *header, const struct reach_spares *spares, bool proven, const char *name)
{
	const struct seat *seat = seat_by_name(charter->seats, charter->seat_count, name);

	if (seat == NULL || (seat->roles & ROLE_OFFICER) == 0)
		return false;
	for (size_t i = 0; i < seat->token_count; i++) {
		const struct digest *token = &seat->tokens[i].id;

		if (suspensions_find(suspended, token) == NULL &&
		    has_envelope(header, spares, proven, name, token))
			return true;
	}
	return false;
}

bool
reach_seat(const struct charter *charter, const struct suspensions *suspended,
    const struct header *header, const struct reach_spares *spares, const char *name)
{
	return seat_reaches(charter, suspended, header, spares, false, name);
}

static void
add_seat(struct reach *reach, const char *name)
{
	for (size_t i = 0; i < reach->seat_count; i++)
		if (strcmp(reach->seats[i], name) == 0)
			return;
	if (reach->seat_count < QUORUM_SEATS)
		memcpy(reach->seats[reach->seat_count++], name, SEAT_NAME_MAX + 1);
}

/* The margin of one quorum. */
static int
margin_of(const struct charter *charter, const struct suspensions *suspended,
    const struct header *header, const struct reach_spares *spares, const struct quorum *quorum,
    struct reach *reach)
{
	bool available[QUORUM_SEATS] = {false};

	for (size_t i = 0; i < quorum->seat_count; i++) {
		available[i] =
		    seat_reaches(charter, suspended, header, spares, true, quorum->seats[i]);
		if (available[i])
			add_seat(reach, quorum->seats[i]);
	}
	return (int)quorum_break(quorum, available) - 1;
}

void
reach_of(const struct charter *charter, const struct suspensions *suspended,
    const struct header *header, const struct reach_spares *spares, const struct quorum *quorum,
    const struct quorum *policy, struct reach *ret_reach)
{
	struct reach reach = {0};
	int other = -1;

	reach.margin = margin_of(charter, suspended, header, spares, quorum, &reach);
	if (policy != NULL)
		other = margin_of(charter, suspended, header, spares, policy, &reach);
	/* Both must be met: whichever breaks first. */
	reach.margin = other < reach.margin ? other : reach.margin;
	*ret_reach = reach;
}

bool
reach_signer(const struct charter *charter, const struct suspensions *suspended, const char *name)
{
	const struct seat *seat = seat_by_name(charter->seats, charter->seat_count, name);

	if (seat == NULL || (seat->roles & ROLE_OFFICER) == 0)
		return false;
	for (size_t t = 0; t < seat->token_count; t++)
		if (suspensions_find(suspended, &seat->tokens[t].id) == NULL)
			return true;
	return false;
}

bool
reach_signers(const struct charter *charter, const struct suspensions *suspended,
    const struct quorum *quorum)
{
	bool present[QUORUM_SEATS] = {false};

	for (size_t i = 0; i < quorum->seat_count; i++)
		present[i] = reach_signer(charter, suspended, quorum->seats[i]);
	return quorum_met(quorum, present);
}
