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
	town->lease_seed = seed_of(0x53);
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

static const char *
town_words(const struct town *town, const char *words)
{
	return town->words != NULL ? town->words : words;
}

static void
give_alice(const struct town *town, struct seat *alice, uint32_t serial,
    struct p256_key *keys[TOKEN_KEYS], bool releases)
{
	struct err err;
	size_t number = alice->token_count++;
	struct seat_token *token = &alice->tokens[number];

	snprintf(token->label, sizeof(token->label), "alice-%zu%s", number + 1,
	    town_words(town, ""));
	snprintf(token->driver, sizeof(token->driver), "piv");
	token->serial = serial;
	memcpy(token->firmware, (const uint8_t[]){5, 7, 4}, 3);
	for (int key = 0; key < TOKEN_KEYS; key++)
		fine(p256_key_new(&keys[key], &err), &err);
	put_key(token, KEY_SIGN, keys[TOKEN_SIGN]);
	if (releases)
		put_key(token, KEY_RELEASE, keys[TOKEN_RELEASE]);
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
	snprintf(seat->person, sizeof(seat->person), "%s", town_words(town, "Alice Oncall"));
	seat->roles = ROLE_RESPONDER;
	give_alice(town, seat, TOWN_ALICE, town->alice, true);
	give_alice(town, seat, TOWN_ALICE_2, town->alice_2, true);
	fine(roster_payload(roster, &payload, &err), &err);
	fine(statement_new(STATEMENT_ROSTER, false, payload, &town->roster, &err), &err);
	sign_with(&town->roster, town->founded.keys[INFRA][KEY_SIGN]);
	sign_with(&town->roster, town->founded.keys[CISO][KEY_SIGN]);
	roster_freep(&roster);
	fine(roster_parse(&town->roster, town->founded.charter, &town->alice_roster, &err), &err);
}

static void
define_secret(struct town *town, size_t index, const struct p256_key *signer)
{
	struct err err;
	struct town_item *item = &town->items[index];
	struct definition definition = {.revision = 1,
	    .target = json_new_object(),
	    .announced = {.holds = 1, .can = CAN_EXPEL}};
	const struct definitions definitions = {.vault = town->vault,
	    .created = TOWN_NOW - 2000,
	    .rows = &definition,
	    .count = 1};
	DEFINITIONS_OF read = {0};
	JSON *target = definition.target;
	struct json *fields = json_new_array();
	JSON *payload = NULL;

	memset(item->secret.bytes, 0x33 + (int)index, SECRET_ID_SIZE);
	snprintf(item->name, sizeof(item->name), "prod/db");
	if (index > 0)
		snprintf(item->name, sizeof(item->name), "prod/db-%zu", index);
	definition.secret = item->secret;
	definition.contract = 2;
	json_put_text(target, "host", "db1");
	json_add_text(fields, credential_field_names[FIELD_PASSWORD]);
	json_put(target, "fields", fields);
	memcpy(definition.name, item->name, sizeof(definition.name));
	snprintf(definition.policy, sizeof(definition.policy), "default");
	snprintf(definition.rotator, sizeof(definition.rotator), "ssh-key");
	snprintf(definition.effect, sizeof(definition.effect), "%s",
	    town_words(town, "root on db1"));
	fine(definitions_payload(&definitions, &payload, &err), &err);
	fine(statement_new(STATEMENT_SECRET, false, payload, &item->definition, &err), &err);
	sign_with(&item->definition, signer);
	if (signer != town->founded.keys[CISO][KEY_SIGN])
		sign_with(&item->definition, town->founded.keys[CISO][KEY_SIGN]);
	fine(definitions_parse(&item->definition, false, &read, &err), &err);
	item->definition_digest = read.rows[0].digest;
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
seal_secret(struct town *town, struct town_item *item)
{
	struct err err;
	HEADER *ids = NULL;
	SECRET *credential = town_credential();
	const struct charter *charter = town->founded.charter;
	struct seal_recipient recipients[3];

	fine(header_new(&ids, &err), &err);
	ids->vault = town->vault;
	ids->secret = item->secret;
	ids->definition = item->definition_digest;
	ids->version = 1;
	ids->charter = charter->digest;
	for (size_t seat = CISO; seat <= AUDIT; seat++)
		recipients[seat] = (struct seal_recipient){charter->seats[seat].name,
		    charter->seats[seat].tokens[0].id,
		    charter->seats[seat].tokens[0].keys[KEY_SHARE]};
	fine(seal_version(ids, &charter->policies[0].quorum, recipients, 3, secret_view(credential),
	         &item->version, NULL, &err),
	    &err);
	fine(header_new(&item->header, &err), &err);
	fine(header_decode(buf_view(&item->version.header), item->header, &err), &err);
	fine(header_hash(buf_view(&item->version.header), &item->header_hash, &err), &err);
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

/* As request (with names) or ceremony statement (with quorums) list them. */
static void
list_items(const struct town *town, struct items *items)
{
	struct err err;

	fine(items_new(town->item_count, items, &err), &err);
	for (size_t i = 0; i < town->item_count; i++) {
		items->rows[i] = (struct item){.secret = town->items[i].secret,
		    .version = 1,
		    .definition = town->items[i].definition_digest,
		    .header = town->items[i].header_hash};
		memcpy(items->rows[i].name, town->items[i].name, sizeof(town->items[i].name));
		snprintf(items->rows[i].quorum, sizeof(items->rows[i].quorum), "%s",
		    town->founded.charter->policies[0].quorum_text);
	}
}

static const struct seat *
requester_of(const struct town *town)
{
	return town->mode == MODE_RELEASE ? &town->alice_roster->seats[0] :
	                                    &town->founded.charter->seats[OPS];
}

static void
list_recipients(const struct town *town, struct recipients *recipients)
{
	const struct seat_token *token = &requester_of(town)->tokens[0];

	if (town->mode != MODE_RELEASE)
		return;
	recipients->rows[recipients->count++] =
	    (struct recipient){token->id, token->keys[KEY_RELEASE]};
}

static void
request_secrets(struct town *town, const struct p256_key *signer)
{
	struct err err;
	bool releases = town->mode == MODE_RELEASE;
	REQUEST request = {.vault = town->vault,
	    .mode = town->mode,
	    .token = requester_of(town)->tokens[0].id,
	    .duration = releases ? 1800 : 0,
	    .created = TOWN_NOW - 120 + town->ahead,
	    .expires = TOWN_NOW + 700};
	JSON *payload = NULL;

	list_items(town, &request.items);
	list_recipients(town, &request.recipients);
	memcpy(request.seat, requester_of(town)->name, sizeof(request.seat));
	snprintf(request.reason, sizeof(request.reason), "%s",
	    town_words(town, "primary does not boot"));
	if (releases)
		snprintf(request.incident, sizeof(request.incident), "%s",
		    town_words(town, "INC-4711"));
	snprintf(request.host, sizeof(request.host), "%s", town_words(town, "laptop"));
	snprintf(request.user, sizeof(request.user), "%s", town_words(town, "alice"));
	fine(request_payload(&request, &payload, &err), &err);
	fine(statement_new(STATEMENT_REQUEST, false, payload, &town->request, &err), &err);
	sign_with(&town->request, signer);
	fine(dsse_digest(&town->request, &town->request_digest, &err), &err);
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
	CEREMONY ceremony = {.vault = town->vault,
	    .mode = town->mode,
	    .charter = town->founded.charter->digest,
	    .roster = town->alice_roster->digest,
	    .created = TOWN_NOW - 110,
	    .deadline = TOWN_NOW + 700,
	    .size = TOWN_LEAVES,
	    .root = town->root};
	JSON *payload = NULL;

	request_secrets(town, requester);
	ceremony.request = town->request_digest;
	list_items(town, &ceremony.items);
	list_recipients(town, &ceremony.recipients);
	memset(town->id.bytes, 0x77, ID_SIZE);
	ceremony.id = town->id;
	fine(p256_key_new(&town->ceremony_key, &err), &err);
	p256_key_public(town->ceremony_key, &ceremony.key);
	fine(ceremony_payload(&ceremony, &payload, &err), &err);
	fine(statement_new(STATEMENT_CEREMONY, false, payload, &town->ceremony, &err), &err);
	town_sign_host(town, &town->ceremony);
	fine(dsse_digest(&town->ceremony, &town->ceremony_digest, &err), &err);
	town->state = CEREMONY_COLLECTING;
}

/* PAYLOAD as the next voice, signed by SEAT. */
static void
add_voice(struct town *town, size_t seat, enum statement_type type, struct json *payload)
{
	struct err err;
	struct town_voice *voice = &town->voices[town->voice_count++];

	memcpy(voice->seat, town->founded.charter->seats[seat].name, sizeof(voice->seat));
	fine(statement_new(type, false, payload, &voice->statement, &err), &err);
	sign_with(&voice->statement, town->founded.keys[seat][KEY_SIGN]);
	fine(dsse_digest(&voice->statement, &voice->digest, &err), &err);
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
	p256_key_public(town->founded.spares[2], &approval.reply);
	fine(approval_payload(&approval, &payload, &err), &err);
	for (size_t i = 0; i < town->item_count; i++)
		town->items[i].given[town->voice_count] = true;
	add_voice(town, seat, STATEMENT_APPROVAL, payload);
}

void
town_deny(struct town *town, size_t seat, const char *reason)
{
	struct err err;
	const struct seat *who = &town->founded.charter->seats[seat];
	struct objection denial = {.vault = town->vault,
	    .ceremony = town->ceremony_digest,
	    .token = who->tokens[0].id,
	    .time = TOWN_NOW - 50};
	JSON *payload = NULL;

	snprintf(denial.seat, sizeof(denial.seat), "%s", who->name);
	snprintf(denial.reason, sizeof(denial.reason), "%s", reason);
	fine(objection_payload(&denial, &payload, &err), &err);
	add_voice(town, seat, STATEMENT_DENIAL, payload);
}

/* Seal lease key and credential to alice's release key, as the host does. */
static void
seal_answer(struct town *town, struct town_item *item)
{
	struct err err;
	const struct seat_token *token = &town->alice_roster->seats[0].tokens[0];
	const struct box_ids ids = {.label = seal_label_answer,
	    .vault = town->vault,
	    .secret = item->secret,
	    .version = 1,
	    .header_hash = item->header_hash,
	    .ceremony = town->ceremony_digest,
	    .seat = "alice",
	    .token = token->id};
	SECRET *credential = town_credential();
	SECRET *plain = NULL;
	HPKE *hpke = NULL;
	struct digest info;
	struct point enc;

	fine(secret_new(ED25519_SIZE + secret_size(credential), &plain, &err), &err);
	fine(secret_append(plain, secret_view(town->lease_seed), &err), &err);
	fine(secret_append(plain, secret_view(credential), &err), &err);
	fine(seal_box_info(&ids, &info, &err), &err);
	fine(hpke_sender(hpke_suite_default, &token->keys[KEY_RELEASE], VIEW_OF(info.bytes), &hpke,
	         &enc, &err),
	    &err);
	memcpy(item->answer.enc, enc.bytes, POINT_SIZE);
	fine(hpke_seal(hpke, VIEW_OF(town->ceremony_digest.bytes), secret_view(plain),
	         &item->answer.ciphertext, &err),
	    &err);
}

void
town_release(struct town *town)
{
	struct err err;
	struct release_item items[TOWN_ITEMS];
	struct release release = {.vault = town->vault,
	    .ceremony = town->ceremony_digest,
	    .items = items,
	    .recipients = {town->alice_roster->seats[0].tokens[0].id},
	    .recipient_count = 1,
	    .released = TOWN_NOW - 30,
	    .expires = TOWN_NOW - 30 + 1800};
	JSON *payload = NULL;

	for (size_t i = 0; i < town->item_count; i++) {
		struct release_item *item = &items[release.item_count];

		if (town->items[i].stale != NULL)
			continue;
		*item = (struct release_item){.secret = town->items[i].secret,
		    .version = 1,
		    .header = town->items[i].header_hash};
		memset(item->debt.bytes, 0x55 + (int)i, ID_SIZE);
		seal_answer(town, &town->items[i]);
		release.item_count++;
	}
	for (size_t i = 0; i < town->voice_count; i++)
		release.approvals[release.approval_count++] = town->voices[i].digest;
	fine(ed25519_public(town->lease_seed, &release.key, &err), &err);
	fine(release_payload(&release, &payload, &err), &err);
	fine(statement_new(STATEMENT_RELEASE, false, payload, &town->release, &err), &err);
	town_sign_host(town, &town->release);
	town->state = CEREMONY_RELEASED;
}

/* From the definitions to the ceremony, all naming each other. */
static void
build(struct town *town, const struct p256_key *operator, const struct p256_key * requester)
{
	for (size_t i = 0; i < town->item_count; i++) {
		define_secret(town, i, operator);
		seal_secret(town, &town->items[i]);
	}
	open_ceremony(town, requester);
}

static void
item_done(struct town_item *item)
{
	dsse_done(&item->definition);
	item->definition.count = 0;
	sealed_version_done(&item->version);
	header_freep(&item->header);
	secret_freep(&item->received);
	sealed_box_done(&item->answer);
	memset(item->given, 0, sizeof(item->given));
}

void
town_rebuild(struct town *town, const struct p256_key *operator, const struct p256_key * requester)
{
	for (size_t i = 0; i < town->item_count; i++)
		item_done(&town->items[i]);
	for (size_t i = 0; i < town->voice_count; i++)
		dsse_done(&town->voices[i].statement);
	memset(town->voices, 0, sizeof(town->voices));
	town->voice_count = 0;
	dsse_done(&town->request);
	dsse_done(&town->ceremony);
	town->request.count = town->ceremony.count = 0;
	p256_key_freep(&town->ceremony_key);
	build(town, operator, requester);
}

static void
waive_audit(struct town *town)
{
	struct charter *charter = town->founded.charter;
	struct charter_waiver *waiver = &charter->waivers[charter->waiver_count++];

	waiver->token = charter->seats[AUDIT].tokens[0].id;
	waiver->waives = WAIVE_TOUCH;
	snprintf(waiver->reason, sizeof(waiver->reason), "%s", town_words(town, "it is old"));
}

/* The people of the charter too are called so. */
static void
name_people(const struct town *town)
{
	for (size_t i = 0; town->words != NULL && i < town->founded.charter->seat_count; i++) {
		struct seat *seat = &town->founded.charter->seats[i];

		snprintf(seat->person, sizeof(seat->person), "%s", town->words);
		snprintf(seat->tokens[0].label, sizeof(seat->tokens[0].label), "%zu%s", i,
		    town->words);
	}
}

static void
open_town(struct town *town, bool fido, size_t count, enum mode mode, const char *words)
{
	*town = (struct town){.fd = -1, .item_count = count, .mode = mode, .words = words};
	signal(SIGPIPE, SIG_IGN); /* as process_harden does */
	found(&town->founded);
	snprintf(town->home, sizeof(town->home), "/tmp/halligan-town-XXXXXX");
	assert_non_null(mkdtemp(town->home));
	assert_int_equal(setenv("XDG_STATE_HOME", town->home, 1), 0);
	found_host(town);
	name_people(town);
	if (fido)
		town_make_fido(town, &town->founded.charter->seats[AUDIT].tokens[0], AUDIT);
	if (count > 1 && !fido)
		waive_audit(town);
	sign_charter_1(town);
	admit_alice(town);
	sign_checkpoint(town);
	build(town, town->founded.keys[INFRA][KEY_SIGN],
	    mode == MODE_RELEASE ? town->alice[TOKEN_SIGN] : town->founded.keys[OPS][KEY_SIGN]);
	town_make_tokens(town);
	town_make_person(town);
}

void
town_open(struct town *town)
{
	open_town(town, false, 1, MODE_RELEASE, NULL);
}

void
town_open_many(struct town *town, size_t count, enum mode mode)
{
	open_town(town, false, count, mode, NULL);
}

void
town_open_worded(struct town *town, const char *words)
{
	open_town(town, false, 2, MODE_RELEASE, words);
}

void
town_open_fido(struct town *town)
{
	town_open_fido_many(town, 1, MODE_RELEASE);
}

void
town_open_fido_many(struct town *town, size_t count, enum mode mode)
{
	open_town(town, true, count, mode, NULL);
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
	for (size_t i = 0; i < town->voice_count; i++)
		dsse_done(&town->voices[i].statement);
	for (size_t i = 0; i < town->item_count; i++)
		item_done(&town->items[i]);
	struct dsse *const statements[] = {&town->charter, &town->roster, &town->request,
	    &town->ceremony, &town->release, &town->done, &town->proposed};
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++)
		dsse_done(statements[i]);
	for (size_t i = 0; i < ARRAY_SIZE(town->suspensions); i++)
		dsse_done(&town->suspensions[i]);
	for (int key = 0; key < TOKEN_KEYS; key++) {
		p256_key_freep(&town->alice[key]);
		p256_key_freep(&town->alice_2[key]);
	}
	p256_key_freep(&town->ceremony_key);
	roster_freep(&town->alice_roster);
	secret_freep(&town->statement_seed);
	secret_freep(&town->log_seed);
	secret_freep(&town->lease_seed);
	buf_done(&town->checkpoint);
	buf_done(&town->swap_text);
	buf_done(&town->screen);
	founded_done(&town->founded);
}
