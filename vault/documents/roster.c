/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A roster adds people who may ask, never people who may approve: its seats have the role
 * responder only, and nothing of theirs may collide with a seat of the charter.
 */
#include "vault/documents/roster.h"

#include <stdlib.h>

#include "base/json_in.h"
#include "vault/documents/seats_check.h"

enum { ROSTER_FORMAT = 1, NONCE_SIZE = 16 };

enum err_code
roster_new(struct roster **ret_roster, struct err *err)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	if (roster == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a roster");
	*ret_roster = roster;
	return ERR_OK;
}

static enum err_code
parse_payload(const struct json *payload, struct roster *roster, struct err *err)
{
	struct json_in in = json_in(payload, "roster", err);
	uint8_t nonce[NONCE_SIZE];
	(void)json_in_int(&in, "format", ROSTER_FORMAT, ROSTER_FORMAT);
	json_in_hex(&in, "vault", roster->vault.bytes, DIGEST_SIZE);
	json_in_hex(&in, "charter", roster->charter.bytes, DIGEST_SIZE);
	roster->version = (uint32_t)json_in_int(&in, "version", 1, UINT32_MAX);
	bool has_previous =
	    json_in_hex_optional(&in, "previous", roster->previous.bytes, DIGEST_SIZE);
	if (has_previous != (roster->version > 1))
		json_in_fail(&in, "previous", "stands in every roster but the first");
	const struct json *responders = json_in_array(&in, "responders", 0, ROSTER_SEATS);
	roster->created = json_in_time(&in, "created");
	json_in_hex(&in, "nonce", nonce, sizeof(nonce));
	TRY(json_in_end(&in));
	roster->seat_count = json_array_size(responders);
	for (size_t i = 0; i < roster->seat_count; i++)
		if (seat_parse(json_array_object(responders, i), &roster->seats[i], err) != ERR_OK)
			return err_add(err, "roster: responders[%zu]", i);
	return ERR_OK;
}

enum err_code
roster_parse(const struct dsse *statement, const struct charter *charter,
    struct roster **ret_roster, struct err *err)
{
	JSON *payload = NULL;
	ROSTER *roster = NULL;
	TRY(statement_payload(statement, STATEMENT_ROSTER, charter->training, &payload, err));
	TRY(roster_new(&roster, err));
	TRY(parse_payload(payload, roster, err));
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
	struct json *payload = json_new_object(), *responders = json_new_array();
	json_put_int(payload, "format", ROSTER_FORMAT);
	json_put_hex(payload, "vault", VIEW_OF(roster->vault.bytes));
	json_put_hex(payload, "charter", VIEW_OF(roster->charter.bytes));
	json_put_int(payload, "version", roster->version);
	if (roster->version > 1)
		json_put_hex(payload, "previous", VIEW_OF(roster->previous.bytes));
	for (size_t i = 0; i < roster->seat_count; i++)
		json_add(responders, seat_json(&roster->seats[i]));
	json_put(payload, "responders", responders);
	json_put_time(payload, "created", roster->created);
	if (payload == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a roster");
	*ret_payload = payload;
	return ERR_OK;
}
