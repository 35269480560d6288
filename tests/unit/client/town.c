/* SPDX-License-Identifier: Apache-2.0 */
/* See town.h: the documents of the town. */
#include "tests/unit/client/town.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/credential.h"
#include "ceremony/protocol/statements_host.h"
#include "tests/unit/client/town_parts.h"
#include "vault/log/note.h"
#include "vault/seal/envelope.h"

static struct secret *
seed_of(uint8_t byte)
{
	struct err err;
	struct secret *seed = NULL;

	fine(secret_new(ED25519_SIZE, &seed, &err), &err);
	memset(secret_data(seed), byte, ED25519_SIZE);
	fine(secret_resize(seed, ED25519_SIZE, &err), &err);
	return seed;
}

static void
found_host(struct town *town)
{
	struct err err;
	struct charter *charter = town->founded.charter;

	town->statement_seed = seed_of(0x51);
	town->log_seed = seed_of(0x52);
	fine(ed25519_public(town->statement_seed, &charter->host_statement, &err), &err);
	fine(ed25519_public(town->log_seed, &charter->host_log, &err), &err);
}

static void
sign_charter_1(struct town *town)
{
	struct err err;
	struct charter *parsed = NULL;

	founded_state(&town->founded, &town->charter);
	for (size_t seat = CISO; seat <= AUDIT; seat++) {
		if (town->founded.charter->seats[seat].tokens[0].credential_size > 0)
			town_sign_fido(&town->charter, town->founded.keys[seat][KEY_SIGN]);
		else
			sign_with(&town->charter, town->founded.keys[seat][KEY_SIGN]);
	}
	fine(charter_parse(&town->charter, &parsed, &err), &err);
	charter_freep(&town->founded.charter);
	town->founded.charter = parsed;
	town->vault = parsed->digest;
}

static void
admit_alice(struct town *town)
{
	struct err err;
	struct roster *roster = NULL;
	JSON *payload = NULL;
	struct seat *seat;

	fine(roster_new(&roster, &err), &err);
	roster->vault = town->vault;
	roster->charter = town->founded.charter->digest;
	roster->version = 1;
	roster->created = TOWN_NOW - 3000;
	roster->seat_count = 1;
	seat = &roster->seats[0];
	snprintf(seat->name, sizeof(seat->name), "alice");
	snprintf(seat->person, sizeof(seat->person), "Alice Oncall");
	seat->roles = ROLE_RESPONDER;
	seat->token_count = 1;
	snprintf(seat->tokens[0].label, sizeof(seat->tokens[0].label), "alice-1");
	snprintf(seat->tokens[0].driver, sizeof(seat->tokens[0].driver), "piv");
	seat->tokens[0].serial = TOWN_ALICE;
	memcpy(seat->tokens[0].firmware, (const uint8_t[]){5, 7, 4}, 3);
	for (int key = 0; key < TOKEN_KEYS; key++)
		fine(p256_key_new(&town->alice[key], &err), &err);
	put_key(&seat->tokens[0], KEY_SIGN, town->alice[TOKEN_SIGN]);
	put_key(&seat->tokens[0], KEY_RELEASE, town->alice[TOKEN_RELEASE]);
	fine(roster_payload(roster, &payload, &err), &err);
	fine(statement_new(STATEMENT_ROSTER, false, payload, &town->roster, &err), &err);
	sign_with(&town->roster, town->founded.keys[INFRA][KEY_SIGN]);
	sign_with(&town->roster, town->founded.keys[CISO][KEY_SIGN]);
	roster_freep(&roster);
	fine(roster_parse(&town->roster, town->founded.charter, &town->alice_roster, &err), &err);
}

static void
define_secret(struct town *town, const struct p256_key *signer)
{
	struct err err;
	struct definition definition = {.vault = town->vault,
	    .revision = 1,
	    .created = TOWN_NOW - 2000,
	    .target = json_new_object()};
	JSON *target = definition.target;
	JSON *payload = NULL;

	memset(town->secret.bytes, 0x33, SECRET_ID_SIZE);
	definition.secret = town->secret;
	memset(definition.rotator_hash.bytes, 0x44, DIGEST_SIZE);
	json_put_text(target, "host", "db1");
	snprintf(definition.name, sizeof(definition.name), "prod/db");
	snprintf(definition.policy, sizeof(definition.policy), "default");
	snprintf(definition.rotator, sizeof(definition.rotator), "ssh-key");
	snprintf(definition.effect, sizeof(definition.effect), "root on db1");
	fine(definition_payload(&definition, &payload, &err), &err);
	fine(statement_new(STATEMENT_SECRET, false, payload, &town->definition, &err), &err);
	sign_with(&town->definition, signer);
	fine(dsse_digest(&town->definition, &town->definition_digest, &err), &err);
}

struct secret *
town_credential(void)
{
	struct err err;
	struct secret *credential = NULL;

	fine(credential_new(&credential, &err), &err);
	fine(credential_add(credential, FIELD_PASSWORD, view_of_text("correct horse"), &err), &err);
	return credential;
}

static void
seal_secret(struct town *town)
{
	struct err err;
	HEADER *ids = NULL;
	SECRET *credential = town_credential();
	const struct charter *charter = town->founded.charter;
	struct seal_recipient recipients[3];

	fine(header_new(&ids, &err), &err);
	ids->vault = town->vault;
	ids->secret = town->secret;
	ids->definition = town->definition_digest;
	ids->version = 1;
	ids->charter = charter->digest;
	for (size_t seat = CISO; seat <= AUDIT; seat++)
		recipients[seat] = (struct seal_recipient){charter->seats[seat].name,
		    charter->seats[seat].tokens[0].id,
		    charter->seats[seat].tokens[0].keys[KEY_SHARE]};
	fine(seal_version(ids, &charter->policies[0].quorum, recipients, 3, secret_view(credential),
	         &town->version, NULL, &err),
	    &err);
	fine(header_new(&town->header, &err), &err);
	fine(header_decode(buf_view(&town->version.header), town->header, &err), &err);
	fine(header_hash(buf_view(&town->version.header), &town->header_hash, &err), &err);
}

static void
sign_checkpoint(struct town *town)
{
	struct err err;
	struct checkpoint checkpoint = {.size = TOWN_LEAVES};

	memset(town->root.bytes, 0x66, DIGEST_SIZE);
	checkpoint.root = town->root;
	fine(checkpoint_origin(town->founded.charter->name, &town->vault, checkpoint.origin, &err),
	    &err);
	fine(checkpoint_sign(&checkpoint, town->log_seed, &town->founded.charter->host_log,
	         &town->checkpoint, &err),
	    &err);
}

static void
request_secret(struct town *town, const struct p256_key *signer, struct digest *ret_digest)
{
	struct err err;
	const struct seat_token *token = &town->alice_roster->seats[0].tokens[0];
	struct item item = {.secret = town->secret,
	    .version = 1,
	    .definition = town->definition_digest,
	    .header = town->header_hash,
	    .name = "prod/db"};
	struct request request = {.vault = town->vault,
	    .items = {&item, 1},
	    .recipients = {.rows = {{token->id, token->keys[KEY_RELEASE]}}, .count = 1},
	    .token = token->id,
	    .duration = 1800,
	    .created = TOWN_NOW - 120,
	    .expires = TOWN_NOW + 700};
	JSON *payload = NULL;

	snprintf(request.seat, sizeof(request.seat), "alice");
	snprintf(request.reason, sizeof(request.reason), "primary does not boot");
	snprintf(request.incident, sizeof(request.incident), "INC-4711");
	snprintf(request.host, sizeof(request.host), "laptop");
	snprintf(request.user, sizeof(request.user), "alice");
	fine(request_payload(&request, &payload, &err), &err);
	fine(statement_new(STATEMENT_REQUEST, false, payload, &town->request, &err), &err);
	sign_with(&town->request, signer);
	fine(dsse_digest(&town->request, ret_digest, &err), &err);
}

void
town_sign_host(struct town *town, struct dsse *statement)
{
	struct err err;

	fine(statement_sign_host(statement, town->statement_seed, &err), &err);
}

static void
open_ceremony(struct town *town, const struct p256_key *requester)
{
	struct err err;
	const struct seat_token *token = &town->alice_roster->seats[0].tokens[0];
	struct item item = {.secret = town->secret,
	    .version = 1,
	    .definition = town->definition_digest,
	    .header = town->header_hash};
	struct ceremony ceremony = {.vault = town->vault,
	    .items = {&item, 1},
	    .recipients = {.rows = {{token->id, token->keys[KEY_RELEASE]}}, .count = 1},
	    .charter = town->founded.charter->digest,
	    .roster = town->alice_roster->digest,
	    .created = TOWN_NOW - 110,
	    .deadline = TOWN_NOW + 700,
	    .size = TOWN_LEAVES,
	    .root = town->root};
	JSON *payload = NULL;

	request_secret(town, requester, &ceremony.request);
	memset(town->id.bytes, 0x77, ID_SIZE);
	ceremony.id = town->id;
	snprintf(item.quorum, sizeof(item.quorum), "%s",
	    town->founded.charter->policies[0].quorum_text);
	fine(p256_key_new(&town->ceremony_key, &err), &err);
	p256_key_public(town->ceremony_key, &ceremony.key);
	fine(ceremony_payload(&ceremony, &payload, &err), &err);
	fine(statement_new(STATEMENT_CEREMONY, false, payload, &town->ceremony, &err), &err);
	town_sign_host(town, &town->ceremony);
	fine(dsse_digest(&town->ceremony, &town->ceremony_digest, &err), &err);
	town->state = CEREMONY_COLLECTING;
}

void
town_approve(struct town *town, size_t seat)
{
	struct err err;
	const struct seat *who = &town->founded.charter->seats[seat];
	struct approval approval = {.vault = town->vault,
	    .ceremony = town->ceremony_digest,
	    .token = who->tokens[0].id,
	    .time = TOWN_NOW - 60,
	    .size = TOWN_LEAVES,
	    .root = town->root};
	JSON *payload = NULL;

	snprintf(approval.seat, sizeof(approval.seat), "%s", who->name);
	p256_key_public(town->founded.spares[1], &approval.enc);
	fine(approval_payload(&approval, &payload, &err), &err);
	fine(statement_new(STATEMENT_APPROVAL, false, payload,
	         &town->approvals[town->approval_count], &err),
	    &err);
	sign_with(&town->approvals[town->approval_count], town->founded.keys[seat][KEY_SIGN]);
	town->approval_complete[town->approval_count++] = true;
}

/* Seal the credential to alice's release key, as the host does. */
static void
seal_answer(struct town *town, struct digest *ret_box)
{
	struct err err;
	const struct seat_token *token = &town->alice_roster->seats[0].tokens[0];
	const struct box_ids ids = {.label = seal_label_answer,
	    .vault = town->vault,
	    .secret = town->secret,
	    .version = 1,
	    .header_hash = town->header_hash,
	    .ceremony = town->ceremony_digest,
	    .seat = "alice",
	    .token = token->id};
	SECRET *credential = town_credential();
	HPKE *hpke = NULL;
	struct digest info;
	struct point enc;

	fine(seal_box_info(&ids, &info, &err), &err);
	fine(hpke_sender(hpke_suite_default, &token->keys[KEY_RELEASE], VIEW_OF(info.bytes), &hpke,
	         &enc, &err),
	    &err);
	memcpy(town->answer.enc, enc.bytes, POINT_SIZE);
	fine(hpke_seal(hpke, VIEW_OF(town->ceremony_digest.bytes), secret_view(credential),
	         &town->answer.ciphertext, &err),
	    &err);
	fine(sha256((const struct view[]){VIEW_OF(town->answer.enc),
	                buf_view(&town->answer.ciphertext)},
	         2, ret_box, &err),
	    &err);
}

void
town_release(struct town *town)
{
	struct err err;
	struct release release = {.vault = town->vault,
	    .ceremony = town->ceremony_digest,
	    .header = town->header_hash,
	    .secret = town->secret,
	    .version = 1,
	    .answer_count = 1,
	    .released = TOWN_NOW - 30,
	    .expires = TOWN_NOW - 30 + 1800};
	JSON *payload = NULL;

	for (size_t i = 0; i < town->approval_count; i++)
		fine(dsse_digest(&town->approvals[i], &release.approvals[release.approval_count++],
		         &err),
		    &err);
	release.answers[0].token = town->alice_roster->seats[0].tokens[0].id;
	seal_answer(town, &release.answers[0].box);
	fine(release_payload(&release, &payload, &err), &err);
	fine(statement_new(STATEMENT_RELEASE, false, payload, &town->release, &err), &err);
	town_sign_host(town, &town->release);
	town->state = CEREMONY_RELEASED;
}

/* From the definition to the ceremony, all naming each other. */
static void
build(struct town *town, const struct p256_key *operator, const struct p256_key * requester)
{
	define_secret(town, operator);
	seal_secret(town);
	open_ceremony(town, requester);
}

void
town_rebuild(struct town *town, const struct p256_key *operator, const struct p256_key * requester)
{
	dsse_done(&town->definition);
	dsse_done(&town->request);
	dsse_done(&town->ceremony);
	town->definition.count = town->request.count = town->ceremony.count = 0;
	sealed_version_done(&town->version);
	header_freep(&town->header);
	p256_key_freep(&town->ceremony_key);
	build(town, operator, requester);
}

static void
open_town(struct town *town, bool fido)
{
	*town = (struct town){.fd = -1};
	signal(SIGPIPE, SIG_IGN); /* as process_harden does */
	found(&town->founded);
	snprintf(town->home, sizeof(town->home), "/tmp/halligan-town-XXXXXX");
	assert_non_null(mkdtemp(town->home));
	assert_int_equal(setenv("XDG_STATE_HOME", town->home, 1), 0);
	found_host(town);
	if (fido)
		town_make_fido(town, &town->founded.charter->seats[AUDIT].tokens[0], AUDIT);
	sign_charter_1(town);
	admit_alice(town);
	sign_checkpoint(town);
	build(town, town->founded.keys[INFRA][KEY_SIGN], town->alice[TOKEN_SIGN]);
	town_make_tokens(town);
	town_make_person(town);
}

void
town_open(struct town *town)
{
	open_town(town, false);
}

void
town_open_fido(struct town *town)
{
	open_town(town, true);
	town_token(town, TOWN_STRANGER)->fido = true;
	town_token(town, TOWN_STRANGER)->own = town_token(town, TOWN_AUDIT)->own;
	town_token(town, TOWN_STRANGER)->own.id[0] ^= 1;
	town_token(town, TOWN_STRANGER)->tries = town_token(town, TOWN_AUDIT)->tries =
	    TOWN_FIDO_TRIES;
}

void
town_close(struct town *town)
{
	char command[128];

	town_stop(town);
	snprintf(command, sizeof(command), "rm -rf -- %s", town->home);
	assert_int_equal(system(command), 0);
	for (size_t i = 0; i < town->approval_count; i++)
		dsse_done(&town->approvals[i]);
	struct dsse *const statements[] = {&town->charter, &town->roster, &town->definition,
	    &town->request, &town->ceremony, &town->release};
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++)
		dsse_done(statements[i]);
	for (size_t i = 0; i < ARRAY_SIZE(town->suspensions); i++)
		dsse_done(&town->suspensions[i]);
	for (int key = 0; key < TOKEN_KEYS; key++)
		p256_key_freep(&town->alice[key]);
	p256_key_freep(&town->ceremony_key);
	roster_freep(&town->alice_roster);
	header_freep(&town->header);
	sealed_version_done(&town->version);
	sealed_box_done(&town->answer);
	secret_freep(&town->received);
	secret_freep(&town->statement_seed);
	secret_freep(&town->log_seed);
	buf_done(&town->checkpoint);
	buf_done(&town->swap_text);
	buf_done(&town->screen);
	founded_done(&town->founded);
}
