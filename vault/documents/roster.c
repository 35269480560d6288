/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A roster adds people who may ask, never people who may approve: its seats have the role
 * responder only, and nothing of theirs may collide with a seat of the charter.
 */
#include "vault/documents/roster.h"

#include <stdlib.h>

#include "base/json_in.h"
#include "vault/documents/seats_check.h"
#include "vault/documents/signers.h"

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

static enum err_code
check_step(const struct roster *roster, const struct roster *previous, struct err *err)
{
	uint32_t before = previous != NULL ? previous->version : 0;
	if (roster->version == 0 || roster->version - 1 != before)
		return err_set(err, ERR_INTEGRITY, "roster: version: %u does not follow %u",
		    roster->version, before);
	if (before > 0 && !digest_equal(&roster->previous, &previous->digest))
		return err_set(err, ERR_INTEGRITY, "roster: previous: names another roster %u",
		    before);
	return ERR_OK;
}

/* An operator and another seat that is an officer; a seat with both roles can be either. */
static enum err_code
check_signers(const struct dsse *statement, const struct charter *charter, struct err *err)
{
	bool signed_by[CHARTER_SEATS];
	bool operator= false, officer = false;
	signers_mark(statement, charter->seats, charter->seat_count, signed_by);
	for (size_t i = 0; i < charter->seat_count; i++) {
		unsigned first = signed_by[i] ? charter->seats[i].roles : 0;
		operator= operator||(first &ROLE_OPERATOR) != 0;
		officer = officer || (first & ROLE_OFFICER) != 0;
		for (size_t j = 0; j < charter->seat_count && (first & ROLE_OPERATOR) != 0; j++)
			if (j != i && signed_by[j] && (charter->seats[j].roles & ROLE_OFFICER) != 0)
				return ERR_OK;
	}
	if (operator&& officer)
		return err_set(err, ERR_WAITING,
		    "roster: one person signed as operator and officer; a second must sign");
	return err_set(err, ERR_WAITING, "roster: not signed yet by %s",
	                                 operator? "an officer" :
	        officer                          ? "an operator" :
	                                           "an operator and an officer");
}

enum err_code
roster_verify(const struct dsse *statement, const struct roster *roster,
    const struct roster *previous, const struct charter *charter, const struct digest *vault,
    struct err *err)
{
	TRY(signers_check_digest(statement, &roster->digest, "roster", err));
	if (!digest_equal(&roster->vault, vault))
		return err_set(err, ERR_INTEGRITY, "roster: vault: belongs to another vault");
	if (!digest_equal(&roster->charter, &charter->digest))
		return err_set(err, ERR_INTEGRITY, "roster: charter: names another than charter %u",
		    charter->version);
	TRY(check_step(roster, previous, err));
	if (signers_verify(statement, charter->seats, charter->seat_count, NULL, 0, err) != ERR_OK)
		return err_add(err, "roster");
	return check_signers(statement, charter, err);
}
