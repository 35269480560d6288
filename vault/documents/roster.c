/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A roster adds people who may ask, never people who may approve: its seats have the role
 * responder only, and nothing of theirs may collide with a seat of the charter.
 */
#include "vault/documents/roster.h"

#include <stdlib.h>

#include "vault/documents/seats_check.h"

static const struct member version_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct roster, vault)},
    {"charter", MEMBER_HEX, FIELD(struct roster, charter)},
    {"version", MEMBER_NUMBER, FIELD(struct roster, version), 1, UINT32_MAX},
    {NULL},
};
/* Only later ones have it. */
static const struct member previous_members[] = {
    {"previous", MEMBER_HEX, FIELD(struct roster, previous)},
    {NULL},
};
static const struct member created_members[] = {
    {"created", MEMBER_TIME, FIELD(struct roster, created)},
    {NULL},
};

enum err_code
roster_new(struct roster **ret_roster, struct err *err)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	if (roster == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a roster");
	*ret_roster = roster;
	return ERR_OK;
}

enum err_code
roster_parse(const struct dsse *statement, const struct charter *charter,
    struct roster **ret_roster, struct err *err)
{
	JSON *payload = NULL;
	ROSTER *roster = NULL;
	TRY(roster_new(&roster, err));
	struct json_in in =
	    statement_in(statement, STATEMENT_ROSTER, charter->training, &payload, err);
	members_in(&in, version_members, roster);
	if (json_in_has(&in, "previous") != (roster->version > 1))
		json_in_fail(&in, "previous", "stands in every roster but the first");
	if (roster->version > 1)
		members_in(&in, previous_members, roster);
	const struct json *responders = json_in_array(&in, "responders", 0, ROSTER_SEATS);
	members_in(&in, created_members, roster);
	TRY(json_in_end(&in));
	TRY(seats_parse(responders, "roster: responders", roster->seats, &roster->seat_count, err));
	for (size_t i = 0; i < roster->seat_count; i++)
		if (roster->seats[i].roles != ROLE_RESPONDER)
			return err_set(err, ERR_INVALID,
			    "roster: seat \"%s\": a roster has responders only; other roles need a charter",
			    roster->seats[i].name);
	if (seats_check(charter->seats, charter->seat_count, roster->seats, roster->seat_count,
	        err) != ERR_OK)
		return err_add(err, "roster");
	TRY(dsse_digest(statement, &roster->digest, err));
	*ret_roster = TAKE(roster);
	return ERR_OK;
}

enum err_code
roster_payload(const struct roster *roster, struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(version_members, roster);

	if (roster->version > 1)
		members_put(payload, previous_members, roster);
	seats_put(payload, "responders", roster->seats, roster->seat_count);
	members_put(payload, created_members, roster);
	return payload_finish(payload, ret_payload, err);
}
