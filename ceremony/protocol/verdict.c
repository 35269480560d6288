/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quorum is monotone: more seats never make it false.  So it can still be met exactly when it is
 * met by all seats that have approved or still may.
 */
#include "ceremony/protocol/verdict.h"

#include <string.h>

static bool
is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* May an approval of the seat called NAME count at all? */
static bool
is_eligible(const struct verdict_facts *facts, const char *name)
{
	const struct seat *seat = seat_by_name(facts->seats, facts->seat_count, name);

	return seat != NULL && (seat->roles & ROLE_OFFICER) != 0 &&
	    strcmp(name, facts->requester) != 0 &&
	    !is_among(name, facts->denied, facts->denied_count);
}

struct tally {
	bool present[QUORUM_SEATS], available[QUORUM_SEATS];
	int missing; /* -1: unreachable */
};

static void
count(const struct verdict_facts *facts, const struct quorum *quorum, struct tally *tally)
{
	memset(tally, 0, sizeof(*tally));
	for (size_t i = 0; i < quorum->seat_count; i++) {
		bool approved = is_among(quorum->seats[i], facts->approved, facts->approved_count);

		tally->available[i] = is_eligible(facts, quorum->seats[i]);
		tally->present[i] = tally->available[i] && approved;
	}
	tally->missing = quorum_missing(quorum, tally->present, tally->available);
}

/* "2 more of infra, audit": at least, when the quorum has several groups. */
static void
say_missing(const struct verdict_facts *facts, const struct tally *header,
    const struct tally *policy, int missing, struct buf *text)
{
	bool plain = facts->header->clause_count == 1 &&
	    facts->header->clauses[0].group_count == 1 && header->missing == missing;
	const char *comma = "";

	buf_format(text, "%s%d more of ", plain ? "" : "at least ", missing);
	for (size_t i = 0; i < facts->header->seat_count; i++) {
		if (!header->available[i] || header->present[i])
			continue;
		buf_format(text, "%s%s", comma, facts->header->seats[i]);
		comma = ", ";
	}
	for (size_t i = 0; i < facts->policy->seat_count; i++) {
		if (!policy->available[i] || policy->present[i] ||
		    quorum_seat(facts->header, facts->policy->seats[i]) >= 0)
			continue;
		buf_format(text, "%s%s", comma, facts->policy->seats[i]);
		comma = ", ";
	}
}

enum verdict
verdict_of(const struct verdict_facts *facts, int *ret_missing, struct buf *ret_text)
{
	struct tally header, policy;

	*ret_missing = 0;
	if (!facts->charter_unchanged) {
		buf_text(ret_text, "the charter changed since the request");
		return VERDICT_VOID;
	}
	if (facts->now >= facts->deadline) {
		buf_text(ret_text, "the deadline has passed");
		return VERDICT_EXPIRED;
	}
	count(facts, facts->header, &header);
	count(facts, facts->policy, &policy);
	if (header.missing < 0 || policy.missing < 0) {
		buf_text(ret_text, "the quorum cannot be met any more");
		return VERDICT_UNREACHABLE;
	}
	*ret_missing = header.missing > policy.missing ? header.missing : policy.missing;
	if (*ret_missing == 0)
		return VERDICT_MET;
	say_missing(facts, &header, &policy, *ret_missing, ret_text);
	return VERDICT_OPEN;
}
