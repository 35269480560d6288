/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charter 1 is the one whose digest stands in vault.id; each later one must be signed by quorums of
 * itself and of the one before.  The digests are kept, so that older charters can be read again
 * without walking the chain.
 *
 * A definition stays valid when the operator who signed it has left: it is verified against the newest
 * charter under which it verifies.
 */
#include "ceremony/server/vault/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_in.h"
#include "ceremony/server/vault/log.h"
#include "vault/documents/charter_verify.h"
#include "vault/documents/seats_check.h"
#include "vault/store/statement.h"
#include "vault/store/token.h"

struct loading {
	struct charter *charter;
	struct digest *digests;
	struct roster *roster;
	struct suspensions suspensions;
};

static void
loading_done(struct loading *chain)
{
	charter_freep(&chain->charter);
	roster_freep(&chain->roster);
	free(TAKE(chain->digests));
	suspensions_done(&chain->suspensions);
}

static enum err_code
integrity(struct err *err)
{
	if (err->code == ERR_INVALID || err->code == ERR_REFUSED || err->code == ERR_WAITING ||
	    err->code == ERR_NOT_FOUND)
		err->code = ERR_INTEGRITY;
	return err->code;
}

static enum err_code
load_charter(struct session *session, uint32_t version, struct loading *chain, struct err *err)
{
	DSSE statement = {0};
	CHARTER *charter = NULL;
	struct digest digest;

	TRY(store_get_charter(session->store, version, &digest, err));
	if (version == 1 && !digest_equal(&digest, &session->chain.vault))
		return err_set(err, ERR_INTEGRITY, "it is not the charter that vault.id names");
	TRY(session_statement(session, &digest, "charter", &statement, err));
	TRY(charter_parse(&statement, &charter, err));
	TRY(charter_verify(&statement, charter, chain->charter, err));
	charter_freep(&chain->charter);
	chain->charter = TAKE(charter);
	chain->digests[version - 1] = digest;
	return ERR_OK;
}

static enum err_code
load_charters(struct session *session, struct loading *chain, struct err *err)
{
	uint32_t newest;

	TRY(store_charter_version(session->store, &newest, err));
	if (newest == 0)
		return err_set(err, ERR_INTEGRITY,
		    "the database has no charter, but vault.id names one");
	chain->digests = calloc(newest, sizeof(*chain->digests));
	if (chain->digests == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %u charters", newest);
	for (uint32_t version = 1; version <= newest; version++)
		if (load_charter(session, version, chain, err) != ERR_OK) {
			(void)err_add(err, "charter %u", version);
			return integrity(err);
		}
	return ERR_OK;
}

/* The charter that a roster was drawn up under, by its digest. */
static enum err_code
charter_by_digest(struct session *session, const struct loading *chain, const struct digest *digest,
    struct charter **ret_charter, struct err *err)
{
	DSSE statement = {0};

	for (uint32_t i = 0; i < chain->charter->version; i++) {
		if (!digest_equal(&chain->digests[i], digest))
			continue;
		TRY(session_statement(session, digest, "charter", &statement, err));
		return charter_parse(&statement, ret_charter, err);
	}
	return err_set(err, ERR_INTEGRITY, "it names a charter that this vault never had");
}

/* A roster says itself which charter it was drawn up under. */
static enum err_code
named_charter(struct session *session, const struct loading *chain, const struct dsse *statement,
    struct charter **ret_charter, struct err *err)
{
	JSON *payload = NULL;
	struct digest digest;

	TRY(statement_payload(statement, STATEMENT_ROSTER, chain->charter->training, &payload,
	    err));
	struct json_in in = json_in(payload, "roster", err);
	json_in_hex(&in, "charter", digest.bytes, DIGEST_SIZE);
	if (in.code != ERR_OK)
		return in.code;
	return charter_by_digest(session, chain, &digest, ret_charter, err);
}

static enum err_code
load_roster(struct session *session, uint32_t version, struct loading *chain, struct err *err)
{
	DSSE statement = {0};
	CHARTER *charter = NULL;
	ROSTER *roster = NULL;
	struct digest digest;

	TRY(store_get_roster(session->store, version, &digest, err));
	TRY(session_statement(session, &digest, "roster", &statement, err));
	TRY(named_charter(session, chain, &statement, &charter, err));
	TRY(roster_parse(&statement, charter, &roster, err));
	TRY(roster_verify(&statement, roster, chain->roster, charter, &session->chain.vault, err));
	roster_freep(&chain->roster);
	chain->roster = TAKE(roster);
	return ERR_OK;
}

static enum err_code
load_rosters(struct session *session, struct loading *chain, struct err *err)
{
	uint32_t newest;

	TRY(store_roster_version(session->store, &newest, err));
	TRY(roster_new(&chain->roster, err));
	for (uint32_t version = 1; version <= newest; version++)
		if (load_roster(session, version, chain, err) != ERR_OK) {
			(void)err_add(err, "roster %u", version);
			return integrity(err);
		}
	if (seats_check(chain->charter->seats, chain->charter->seat_count, chain->roster->seats,
	        chain->roster->seat_count, err) != ERR_OK) {
		(void)err_add(err, "charter and roster together");
		return integrity(err);
	}
	return ERR_OK;
}

/* In a roster that is not in force any more. */
static enum err_code
find_in_rosters(struct session *session, const struct loading *chain, const struct digest *token,
    struct roster **ret_roster, const struct seat **ret_seat, const struct seat_token **ret_token,
    struct err *err)
{
	for (uint32_t version = chain->roster->version; version > 0; version--) {
		DSSE statement = {0};
		CHARTER *charter = NULL;
		ROSTER *roster = NULL;
		struct digest digest;

		TRY(store_get_roster(session->store, version, &digest, err));
		TRY(session_statement(session, &digest, "roster", &statement, err));
		TRY(named_charter(session, chain, &statement, &charter, err));
		TRY(roster_parse(&statement, charter, &roster, err));
		*ret_seat = seat_by_token(roster->seats, roster->seat_count, token, ret_token);
		if (*ret_seat != NULL) {
			*ret_roster = TAKE(roster);
			return ERR_OK;
		}
	}
	*ret_seat = NULL;
	return ERR_OK;
}

static enum err_code
find_signer(struct session *session, const struct loading *chain, const struct digest *token,
    struct roster **ret_roster, const struct seat **ret_seat, const struct seat_token **ret_token,
    struct err *err)
{
	*ret_roster = NULL;
	*ret_seat =
	    seat_by_token(chain->charter->seats, chain->charter->seat_count, token, ret_token);
	if (*ret_seat != NULL)
		return ERR_OK;
	return find_in_rosters(session, chain, token, ret_roster, ret_seat, ret_token, err);
}

enum err_code
chain_signer(struct session *session, const struct digest *token, struct roster **ret_roster,
    const struct seat **ret_seat, const struct seat_token **ret_token, struct err *err)
{
	struct loading chain = {.charter = session->chain.charter,
	    .roster = session->chain.roster,
	    .digests = session->charter_digests};

	return find_signer(session, &chain, token, ret_roster, ret_seat, ret_token, err);
}

static enum err_code
load_suspension(struct session *session, const struct digest *digest, struct loading *chain,
    struct err *err)
{
	DSSE statement = {0};
	ROSTER *roster = NULL;
	struct suspension suspension;
	const struct seat *seat;
	const struct seat_token *token = NULL;

	TRY(session_statement(session, digest, "suspension", &statement, err));
	TRY(suspension_parse(&statement, chain->charter->training, &suspension, err));
	TRY(find_signer(session, chain, &suspension.token, &roster, &seat, &token, err));
	TRY(suspension_verify(&statement, &suspension, chain->charter, &session->chain.vault, seat,
	    token, err));
	return suspensions_add(&chain->suspensions, &statement, &suspension, err);
}

DESTRUCTOR(free_digests, struct digest, free)

static enum err_code
load_suspensions(struct session *session, struct loading *chain, struct err *err)
{
	size_t count;
	CLEANUP(free_digests) struct digest *digests = calloc(SUSPENSIONS_MAX, sizeof(*digests));

	if (digests == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for suspensions");
	TRY(store_list_suspensions(session->store, &chain->charter->digest, digests,
	    SUSPENSIONS_MAX, &count, err));
	for (size_t i = 0; i < count; i++)
		if (load_suspension(session, &digests[i], chain, err) != ERR_OK) {
			(void)err_add(err, "suspension %zu", i + 1);
			if (err->code == ERR_EXISTS)
				err->code = ERR_INTEGRITY;
			return integrity(err);
		}
	return ERR_OK;
}

/* The charter speaks of this host and of the vault that `init` made. */
static enum err_code
check_host(const struct session *session, const struct charter *charter, struct err *err)
{
	const struct host_keys *keys = &session->keys;

	if (memcmp(&charter->host_statement, &keys->statement_public, ED25519_SIZE) != 0 ||
	    memcmp(&charter->host_log, &keys->log_public, ED25519_SIZE) != 0 ||
	    !point_equal(&charter->host_escrow, &keys->escrow_public))
		return err_set(err, ERR_INTEGRITY,
		    "host.key is not the one that charter %u names: this vault was moved or restored; "
		    "it releases nothing until a charter names its host",
		    charter->version);
	return ERR_OK;
}

enum err_code
chain_load(struct session *session, struct err *err)
{
	CLEANUP(loading_done) struct loading chain = {0};

	TRY(load_charters(session, &chain, err));
	TRY(check_host(session, chain.charter, err));
	TRY(load_rosters(session, &chain, err));
	TRY(load_suspensions(session, &chain, err));
	TRY(checkpoint_origin(chain.charter->name, &session->chain.vault, session->origin, err));
	charter_freep(&session->chain.charter);
	roster_freep(&session->chain.roster);
	free(session->charter_digests);
	suspensions_done(&session->chain.suspensions);
	session->chain.suspensions = chain.suspensions;
	chain.suspensions = (struct suspensions){0};
	session->chain.charter = TAKE(chain.charter);
	session->chain.roster = TAKE(chain.roster);
	session->charter_digests = TAKE(chain.digests);
	return ERR_OK;
}

enum err_code
chain_refresh(struct session *session, struct err *err)
{
	uint32_t charter, roster;
	uint64_t suspended;

	if (session->state != SESSION_LIVE)
		return ERR_OK;
	TRY(store_charter_version(session->store, &charter, err));
	TRY(store_roster_version(session->store, &roster, err));
	TRY(store_count_suspensions(session->store, &session->chain.charter->digest, &suspended,
	    err));
	if (charter == session->chain.charter->version &&
	    roster == session->chain.roster->version &&
	    suspended == session->chain.suspensions.count)
		return ERR_OK;
	if (charter < session->chain.charter->version || roster < session->chain.roster->version ||
	    suspended < session->chain.suspensions.count)
		return err_set(err, ERR_INTEGRITY,
		    "the database has gone back to an older charter or "
		    "roster, or fewer suspensions, while it was in use");
	return chain_load(session, err);
}

enum err_code
chain_check_suspended(struct session *session, struct err *err)
{
	uint64_t counted;

	if (session->state != SESSION_LIVE)
		return ERR_OK;
	TRY(journal_suspended(session, &counted, err));
	if (counted != session->chain.suspensions.count)
		return err_set(err, ERR_INTEGRITY,
		    "the log counts %llu suspensions under charter %u, the database has %zu: rows were "
		    "removed or added; nothing is released",
		    (unsigned long long)counted, session->chain.charter->version,
		    session->chain.suspensions.count);
	return ERR_OK;
}

enum err_code
chain_charter(struct session *session, uint32_t version, struct charter **ret_charter,
    struct err *err)
{
	DSSE statement = {0};

	if (version < 1 || version > session->chain.charter->version)
		return err_set(err, ERR_NOT_FOUND, "there is no charter %u", version);
	TRY(session_statement(session, &session->charter_digests[version - 1], "charter",
	    &statement, err));
	return charter_parse(&statement, ret_charter, err);
}

static enum err_code
verify_definition(struct session *session, const struct dsse *statement,
    const struct definition *definition, struct err *err)
{
	if (definition_verify(statement, definition, session->chain.charter, &session->chain.vault,
	        err) == ERR_OK)
		return ERR_OK;
	for (uint32_t version = session->chain.charter->version - 1; version > 0; version--) {
		CHARTER *charter = NULL;
		struct err cause;

		TRY(chain_charter(session, version, &charter, err));
		if (definition_verify(statement, definition, charter, &session->chain.vault,
		        &cause) == ERR_OK)
			return ERR_OK;
	}
	/* The current charter's refusal, which ERR holds unless chain_charter failed. */
	return definition_verify(statement, definition, session->chain.charter,
	    &session->chain.vault, err);
}

enum err_code
chain_signed_definition(struct session *session, const struct digest *digest,
    struct definition *ret_definition, struct err *err)
{
	DSSE statement = {0};
	DEFINITION definition = {0};

	TRY(session_statement(session, digest, "secret", &statement, err));
	TRY(definition_parse(&statement, session->chain.charter->training, &definition, err));
	TRY(verify_definition(session, &statement, &definition, err));
	*ret_definition = definition;
	definition.target = NULL;
	return ERR_OK;
}

enum err_code
chain_definition(struct session *session, const struct digest *digest,
    struct definition *ret_definition, struct err *err)
{
	DEFINITION definition = {0};

	TRY(chain_signed_definition(session, digest, &definition, err));
	if (charter_policy(session->chain.charter, definition.policy) == NULL)
		return err_set(err, ERR_REFUSED,
		    "secret %s: the charter has no policy \"%s\" any more", definition.name,
		    definition.policy);
	*ret_definition = definition;
	definition.target = NULL;
	return ERR_OK;
}
