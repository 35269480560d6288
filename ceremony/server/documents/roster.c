/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/documents/roster.h"

#include <string.h>

#include "ceremony/server/documents/enrolments.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/alarm.h"
#include "vault/documents/roster_verify.h"

static enum err_code
check_step(const struct session *session, const struct roster *roster, struct err *err)
{
	if (!digest_equal(&roster->vault, &session->chain.vault))
		return err_set(err, ERR_INVALID, "roster: vault: it is for another vault");
	if (!digest_equal(&roster->charter, &session->chain.charter->digest))
		return err_set(err, ERR_REFUSED,
		    "roster: charter: not the charter in force; draw the roster up again");
	if (roster->version != session->chain.roster->version + 1)
		return err_set(err, ERR_REFUSED,
		    "roster: version: %u does not follow %u; draw the roster up again",
		    roster->version, session->chain.roster->version);
	return ERR_OK;
}

/* What seats asked for that it changes is void: nobody agreed to their present tokens. */
static enum err_code
void_changed(struct session *session, const struct roster *roster, struct err *err)
{
	const struct roster *before = session->chain.roster;

	for (size_t i = 0; i < before->seat_count; i++) {
		const struct seat *seat = &before->seats[i];
		const struct seat *now =
		    seat_by_name(roster->seats, roster->seat_count, seat->name);

		if (now != NULL && now->token_count == seat->token_count &&
		    memcmp(now->tokens, seat->tokens, sizeof(seat->tokens)) == 0)
			continue;
		TRY(void_seat(session, seat->name, "a new roster changes the requester's seat",
		    err));
	}
	return ERR_OK;
}

enum err_code
roster_vet(struct session *session, struct proposal *proposal, struct err *err)
{
	const struct chain *chain = &session->chain;

	TRY(roster_parse(&proposal->statement, chain->charter, &proposal->roster, err));
	TRY(check_step(session, proposal->roster, err));
	return alarm_of_client(session,
	    roster_verify(&proposal->statement, proposal->roster, chain, err));
}

enum err_code
roster_weigh(struct session *session, struct proposal *proposal, const struct json *given,
    struct err *err)
{
	const struct chain *chain = &session->chain;
	const struct roster *roster = proposal->roster;

	/* It has no officers: nothing is lost by it. */
	return enrolments_check(session, given, roster->seats, roster->seat_count,
	    chain->roster->seats, chain->roster->seat_count, chain->charter, err);
}

enum err_code
roster_enact(struct session *session, const struct proposal *proposal, struct leaf *leaf,
    struct err *err)
{
	leaf_int(leaf, "version", proposal->roster->version);
	return void_changed(session, proposal->roster, err);
}
