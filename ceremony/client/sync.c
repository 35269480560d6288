/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_sync: from the vault id to the charter, roster and checkpoint of today.
 *
 * The whole chain is asked for and verified each time; it is short, and so nothing but digests
 * has to be kept.  The vault id comes from this computer's trust, or on first contact from the
 * server, and then the person is told to compare it.
 */
#include "ceremony/client/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/trust.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements_host.h"
#include "vault/documents/charter_verify.h"
#include "vault/log/tlog.h"

enum { CHAIN_MAX = 1024 };

struct loading {
	struct charter *charters[CHAIN_MAX];
	size_t charter_count;
	struct roster *rosters[2]; /* the one before, the newest */
	uint32_t roster_count;
	struct digest charter_at, roster_at; /* at the versions that trust knows */
	struct checkpoint checkpoint;
	struct digest proof[TLOG_PROOF_MAX];
	size_t proof_count;
	struct suspensions suspensions;
	struct digest suspended_at; /* of as many as trust knows */
};

static void
loading_freep(struct loading **chain)
{
	if (*chain == NULL)
		return;
	for (size_t i = 0; i < (*chain)->charter_count; i++)
		charter_freep(&(*chain)->charters[i]);
	roster_freep(&(*chain)->rosters[0]);
	roster_freep(&(*chain)->rosters[1]);
	suspensions_done(&(*chain)->suspensions);
	free(*chain);
	*chain = NULL;
}

/* A chain in force has all its signatures: "still missing" is a lie here. */
static enum err_code
in_force(enum err_code code, const char *what, size_t version, struct err *err)
{
	if (code == ERR_OK || code == ERR_MEMORY)
		return code;
	err->code = ERR_INTEGRITY;
	return err_add(err, "the server's %s %zu", what, version);
}

static enum err_code
verify_charters(const struct json *list, const struct digest *vault, const struct trust *known,
    struct loading *chain, struct err *err)
{
	for (size_t i = 0; i < json_array_count(list); i++) {
		DSSE statement = {0};
		const struct charter *before = i > 0 ? chain->charters[i - 1] : NULL;
		enum err_code code;

		TRY(array_statement(list, i, "charter", &statement, err));
		code = charter_parse(&statement, &chain->charters[i], err);
		if (code == ERR_OK) {
			chain->charter_count = i + 1;
			code = charter_verify(&statement, chain->charters[i], before, err);
		}
		TRY(in_force(code, "charter", i + 1, err));
		if (i == 0 && !digest_equal(&chain->charters[0]->digest, vault))
			return err_set(err, ERR_INTEGRITY,
			    "the server's first charter is not that of the vault known here: "
			    "another vault stands at this place, or somebody lies");
		if (chain->charters[i]->version == known->charter_version)
			chain->charter_at = chain->charters[i]->digest;
	}
	return ERR_OK;
}

/* The charter that a roster names. */
static const struct charter *
charter_of_roster(const struct loading *chain, const struct dsse *statement)
{
	JSON *payload = NULL;
	struct digest digest;
	struct err ignored;
	const char *text;

	if (statement_payload(statement, STATEMENT_ROSTER, chain->charters[0]->training, &payload,
	        &ignored) != ERR_OK)
		return NULL;
	text = json_object_text(payload, "charter");
	if (text == NULL || !text_from_hex(text, digest.bytes, DIGEST_SIZE))
		return NULL;
	for (size_t i = 0; i < chain->charter_count; i++) {
		if (digest_equal(&chain->charters[i]->digest, &digest))
			return chain->charters[i];
	}
	return NULL;
}

static enum err_code
verify_roster(const struct dsse *statement, const struct digest *vault, struct loading *chain,
    struct err *err)
{
	const struct charter *charter = charter_of_roster(chain, statement);
	ROSTER *roster = NULL;

	if (charter == NULL)
		return err_set(err, ERR_INTEGRITY, "names no charter of this vault");
	TRY(roster_parse(statement, charter, &roster, err));
	TRY(roster_verify(statement, roster, chain->rosters[1], charter, vault, err));
	roster_freep(&chain->rosters[0]);
	chain->rosters[0] = chain->rosters[1];
	chain->rosters[1] = TAKE(roster);
	return ERR_OK;
}

static enum err_code
verify_rosters(const struct json *list, const struct digest *vault, const struct trust *known,
    struct loading *chain, struct err *err)
{
	TRY(roster_new(&chain->rosters[1], err));
	for (size_t i = 0; i < json_array_count(list); i++) {
		DSSE statement = {0};

		TRY(array_statement(list, i, "roster", &statement, err));
		TRY(in_force(verify_roster(&statement, vault, chain, err), "roster", i + 1, err));
		if (chain->rosters[1]->version == known->roster_version)
			chain->roster_at = chain->rosters[1]->digest;
	}
	return ERR_OK;
}

/* Who holds TOKEN: in the charter in force, else in the newest roster of LIST that has it. */
static enum err_code
find_signer(const struct json *list, const struct loading *chain, const struct digest *token,
    struct roster **ret_roster, const struct seat **ret_seat, const struct seat_token **ret_token,
    struct err *err)
{
	const struct charter *charter = chain->charters[chain->charter_count - 1];

	*ret_seat = seat_by_token(charter->seats, charter->seat_count, token, ret_token);
	for (size_t i = json_array_count(list); i > 0 && *ret_seat == NULL; i--) {
		DSSE statement = {0};
		ROSTER *roster = NULL;
		const struct charter *named;

		TRY(array_statement(list, i - 1, "roster", &statement, err));
		named = charter_of_roster(chain, &statement);
		if (named == NULL)
			return err_set(err, ERR_INTEGRITY, "names no charter of this vault");
		TRY(roster_parse(&statement, named, &roster, err));
		*ret_seat = seat_by_token(roster->seats, roster->seat_count, token, ret_token);
		if (*ret_seat != NULL)
			*ret_roster = TAKE(roster);
	}
	return ERR_OK;
}

static enum err_code
verify_suspension(const struct dsse *statement, const struct json *rosters,
    const struct digest *vault, struct loading *chain, struct err *err)
{
	const struct charter *charter = chain->charters[chain->charter_count - 1];
	ROSTER *roster = NULL;
	struct suspension suspension;
	const struct seat *seat = NULL;
	const struct seat_token *token = NULL;

	TRY(suspension_parse(statement, charter->training, &suspension, err));
	TRY(find_signer(rosters, chain, &suspension.token, &roster, &seat, &token, err));
	TRY(suspension_verify(statement, &suspension, charter, vault, seat, token, err));
	return suspensions_add(&chain->suspensions, statement, &suspension, err);
}

static enum err_code
verify_suspensions(const struct json *list, const struct json *rosters, const struct digest *vault,
    const struct trust *known, struct loading *chain, struct err *err)
{
	for (size_t i = 0; i < json_array_count(list); i++) {
		DSSE statement = {0};

		TRY(array_statement(list, i, "suspension", &statement, err));
		TRY(in_force(verify_suspension(&statement, rosters, vault, chain, err),
		    "suspension", i + 1, err));
	}
	if (chain->suspensions.count >= known->suspensions)
		return suspensions_digest(&chain->suspensions, known->suspensions,
		    &chain->suspended_at, err);
	return ERR_OK;
}

static enum err_code
read_proof(const struct json *list, struct loading *chain, struct err *err)
{
	size_t count = json_array_count(list);

	for (size_t i = 0; i < count; i++) {
		const char *text = json_array_text(list, i);

		if (text == NULL || !text_from_hex(text, chain->proof[i].bytes, DIGEST_SIZE))
			return err_set(err, ERR_PROTOCOL, "the server sent a malformed proof");
	}
	chain->proof_count = count;
	return ERR_OK;
}

static enum err_code
verify_checkpoint(struct view note, const struct digest *vault, struct loading *chain,
    struct err *err)
{
	const struct charter *newest = chain->charters[chain->charter_count - 1];
	char origin[ORIGIN_MAX + 1];

	TRY(checkpoint_origin(newest->name, vault, origin, err));
	if (checkpoint_open(note, origin, &newest->host_log, &chain->checkpoint, err) != ERR_OK) {
		err->code = ERR_INTEGRITY;
		return err_add(err, "the server's checkpoint");
	}
	return ERR_OK;
}

/* Read and verify the reply to `chain`. */
static enum err_code
read_chain(const struct json *reply, const struct trust *known, struct loading *chain,
    struct err *err)
{
	struct json_in in = reply_in(reply, "chain", err);
	struct digest vault;
	BUF note = {0};
	const struct json *charters, *rosters, *suspensions, *proof;

	json_in_hex(&in, "vault", vault.bytes, DIGEST_SIZE);
	charters = json_in_array(&in, "charters", 1, CHAIN_MAX);
	rosters = json_in_array(&in, "rosters", 0, CHAIN_MAX);
	suspensions = json_in_array(&in, "suspensions", 0, SUSPENSIONS_MAX);
	json_in_base64(&in, "checkpoint", &note, NOTE_MAX);
	proof = json_in_array(&in, "consistency", 0, TLOG_PROOF_MAX);
	TRY(json_in_end(&in));
	if (!digest_equal(&vault, &known->vault))
		return err_set(err, ERR_INTEGRITY,
		    "another vault stands here than before: its id is not the one that this "
		    "computer knows");
	TRY(verify_charters(charters, &vault, known, chain, err));
	TRY(verify_rosters(rosters, &vault, known, chain, err));
	TRY(verify_suspensions(suspensions, rosters, &vault, known, chain, err));
	TRY(verify_checkpoint(buf_view(&note), &vault, chain, err));
	return read_proof(proof, chain, err);
}

static enum err_code
fetch_chain(struct client *client, const struct trust *known, struct loading *chain,
    struct err *err)
{
	struct json *request = op_new("chain");
	JSON *reply = NULL;
	BUF blob = {0};

	json_put_int(request, "charter", 0);
	json_put_int(request, "roster", 0);
	json_put_int(request, "size", (int64_t)known->size);
	TRY(client_call(client, request, (struct view){0}, &reply, &blob, err));
	return read_chain(reply, known, chain, err);
}

static void
introduce(const struct client *client, const struct digest *vault)
{
	const struct ui *ui = client_options(client)->ui;
	char hex[2 * DIGEST_SIZE + 1], words[TEXT_WORDS_SIZE];

	text_hex(VIEW_OF(vault->bytes), hex);
	text_words(view_of(vault->bytes, WORD_BYTES), words);
	ui_say(ui,
	    "First contact with the vault %s at %s. From now on this computer insists on it.",
	    client_hello(client)->name, client_location(client));
	ui_say(ui, "  vault id  %s", hex);
	ui_say(ui, "  words     %s", words);
	ui_say(ui, "Compare them with a colleague's before you rely on anything it shows.");
}

/* What trust becomes when CHAIN is believed. */
static enum err_code
trust_of(const struct loading *chain, const struct digest *vault, struct trust *ret_trust,
    struct err *err)
{
	const struct charter *charter = chain->charters[chain->charter_count - 1];
	const struct roster *roster = chain->rosters[1];

	struct trust trust = {.vault = *vault,
	    .charter_version = charter->version,
	    .charter = charter->digest,
	    .roster_version = roster->version,
	    .roster = roster->digest,
	    .size = chain->checkpoint.size,
	    .root = chain->checkpoint.root,
	    .suspensions = (uint32_t)chain->suspensions.count};

	TRY(suspensions_digest(&chain->suspensions, chain->suspensions.count, &trust.suspended,
	    err));
	*ret_trust = trust;
	return ERR_OK;
}

static enum err_code
take_view(struct client *client, struct loading *chain, const struct digest *vault,
    const struct vault_view **ret_view, struct err *err)
{
	size_t count = chain->charter_count;
	struct charter **charters = calloc(count, sizeof(struct charter *));
	struct vault_view view = {.chain = {.vault = *vault,
	                              .charters = charters,
	                              .charter_count = count,
	                              .suspensions = chain->suspensions},
	    .checkpoint = chain->checkpoint};

	if (charters == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu charters", count);
	for (size_t i = 0; i < count; i++)
		charters[i] = TAKE(chain->charters[i]);
	chain->suspensions = (struct suspensions){0};
	view.chain.charter = charters[count - 1];
	view.chain.roster = TAKE(chain->rosters[1]);
	*ret_view = client_keep(client, &view);
	return ERR_OK;
}

/* Under the lock of PLACE. */
static enum err_code
sync_locked(struct client *client, const struct trust_place *place,
    const struct vault_view **ret_view, struct err *err)
{
	struct trust known = {0}, seen;
	CLEANUP(loading_freep) struct loading *chain = calloc(1, sizeof(*chain));
	enum err_code code;
	const struct charter *charter;

	if (chain == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	code = trust_load(place, &known, err);
	if (code == ERR_NOT_FOUND)
		known.vault = client_hello(client)->vault;
	else if (code != ERR_OK)
		return code;
	TRY(fetch_chain(client, &known, chain, err));
	charter = chain->charters[chain->charter_count - 1];
	if (charter->training != client_hello(client)->training ||
	    strcmp(charter->name, client_hello(client)->name) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the server greeted with another name or kind of vault than its charter says");
	TRY(trust_of(chain, &known.vault, &seen, err));
	TRY(trust_check(&known, &seen, &chain->charter_at, &chain->roster_at, chain->proof,
	    chain->proof_count, err));
	TRY(trust_check_suspensions(&known, &seen, &chain->suspended_at, err));
	if (code == ERR_NOT_FOUND)
		introduce(client, &known.vault);
	TRY(trust_save(place, &seen, err));
	return take_view(client, chain, &known.vault, ret_view, err);
}

/* Why there is nothing to verify; where a vault was alive before, that is an alarm. */
static enum err_code
not_live(const struct client *client, const struct trust_place *place, struct err *err)
{
	TRY(trust_check_new(place, err));
	if (client_hello(client)->state == VAULT_ABSENT)
		return err_set(err, ERR_NOT_FOUND,
		    "there is no vault at %s; make one with halligan init",
		    client_location(client));
	return err_set(err, ERR_REFUSED,
	    "the vault at %s is still being founded: its first charter is not signed by all founders "
	    "yet",
	    client_location(client));
}

enum err_code
client_sync(struct client *client, const struct vault_view **ret_view, struct err *err)
{
	FILE_LOCK *lock = NULL;
	struct trust_place place;

	TRY(trust_place_of(client_location(client), &place, err));
	if (client_hello(client)->state != VAULT_LIVE)
		return not_live(client, &place, err);
	TRY(trust_lock(&place, &lock, err));
	return sync_locked(client, &place, ret_view, err);
}
