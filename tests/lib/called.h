/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ceremony to take apart in tests: the vault of founded.h with a roster (alice with two tokens, bob
 * with one), two sealed secrets, and alice's request for both.  Everything is signed as people and host
 * would sign it; edit what is plain, then state it.
 */
#ifndef TESTS_LIB_CALLED_H
#define TESTS_LIB_CALLED_H

#include "base/credential.h"
#include "ceremony/protocol/ceremony.h"
#include "tests/lib/founded.h"
#include "vault/documents/chain_fold.h"
#include "vault/seal/seal.h"

enum { CALLED_ITEMS = 2, CALLED_TOKENS = 3, ALICE = 0, ALICE_SECOND = 1, BOB = 2 };
enum { CALLED_DOCUMENTS = 24 };
enum { CALLED_AT = 1767225600, CALLED_DEADLINE = CALLED_AT + 900 };

struct called {
	struct founded founded;
	struct chain chain;
	struct buf documents[CALLED_DOCUMENTS]; /* of the chain, as texts */
	size_t document_count;
	struct secret *host;                             /* signs as the host */
	struct secret *log;                              /* signs the log; NULL: nobody can */
	struct p256_key *keys[CALLED_TOKENS][KEY_COUNT]; /* of responders: sign and release */
	struct dsse definitions[CALLED_ITEMS];
	struct sealed_version versions[CALLED_ITEMS];
	struct item items[CALLED_ITEMS]; /* with names and quorums */
	struct request request;          /* its items are those above */
	struct ceremony ceremony;
};

__attribute__((unused)) static void
called_done(struct called *called)
{
	founded_done(&called->founded);
	chain_done(&called->chain);
	for (size_t i = 0; i < called->document_count; i++)
		buf_done(&called->documents[i]);
	secret_freep(&called->host);
	secret_freep(&called->log);
	for (size_t i = 0; i < CALLED_TOKENS * KEY_COUNT; i++)
		p256_key_freep(&called->keys[i / KEY_COUNT][i % KEY_COUNT]);
	for (size_t i = 0; i < CALLED_ITEMS; i++) {
		dsse_done(&called->definitions[i]);
		sealed_version_done(&called->versions[i]);
	}
}
#define CALLED CLEANUP(called_done) struct called

/* The statement of PAYLOAD (taken over). */
__attribute__((unused)) static void
called_state(enum statement_type type, struct json *payload, struct dsse *ret_statement)
{
	struct err err;
	fine(statement_new(type, false, payload, ret_statement, &err), &err);
	json_free(payload);
}

/* Bring STATEMENT into force. */
__attribute__((unused)) static enum err_code
called_add(struct called *called, const struct dsse *statement, struct err *err)
{
	TRY(chain_add(&called->chain, statement, err));
	assert_true(called->document_count < CALLED_DOCUMENTS);
	return dsse_encode(statement, &called->documents[called->document_count++], err);
}

/* Bring the charter as it is edited into force, signed by all officers. */
__attribute__((unused)) static void
called_charter(struct called *called)
{
	struct err err;
	DSSE statement = {0};
	founded_state(&called->founded, &statement);
	for (size_t i = CISO; i <= AUDIT; i++)
		sign_with(&statement, called->founded.keys[i][KEY_SIGN]);
	if (called->chain.charter == NULL)
		fine(dsse_digest(&statement, &called->chain.vault, &err), &err);
	fine(called_add(called, &statement, &err), &err);
}

__attribute__((unused)) static void
called_responder(struct called *called, struct roster *roster, const char *name, size_t token)
{
	struct err err;
	struct seat *seat = &roster->seats[roster->seat_count - 1];
	struct seat_token *row = &seat->tokens[seat->token_count++];
	snprintf(seat->name, sizeof(seat->name), "%s", name);
	snprintf(seat->person, sizeof(seat->person), "Person %s", name);
	seat->roles = ROLE_RESPONDER;
	snprintf(row->label, sizeof(row->label), "%s key %zu", name, token);
	snprintf(row->driver, sizeof(row->driver), "piv");
	row->serial = 5000 + (uint32_t)token;
	for (int i = KEY_SIGN; i <= KEY_RELEASE; i++)
		fine(p256_key_new(&called->keys[token][i], &err), &err);
	put_key(row, KEY_SIGN, called->keys[token][KEY_SIGN]);
	put_key(row, KEY_RELEASE, called->keys[token][KEY_RELEASE]);
}

/* Bring ROSTER into force as the next one, signed by an operator and an officer. */
__attribute__((unused)) static void
called_roster(struct called *called, struct roster *roster)
{
	struct err err;
	JSON *payload = NULL;
	DSSE statement = {0};
	roster->version = called->chain.roster->version + 1;
	roster->previous = called->chain.roster->digest;
	roster->vault = called->chain.vault;
	roster->charter = called->chain.charter->digest;
	roster->created = CALLED_AT;
	fine(roster_payload(roster, &payload, &err), &err);
	fine(statement_new(STATEMENT_ROSTER, false, payload, &statement, &err), &err);
	sign_with(&statement, called->founded.keys[INFRA][KEY_SIGN]);
	sign_with(&statement, called->founded.keys[CISO][KEY_SIGN]);
	fine(called_add(called, &statement, &err), &err);
}

/* INFRA's suspension of TOKEN of the seat HOLDER. */
__attribute__((unused)) static void
called_suspension(const struct called *called, const char *holder, const struct digest *token,
    struct dsse *ret_statement)
{
	struct err err;
	struct json *payload = NULL;
	struct suspension suspension = {.vault = called->chain.vault,
	    .charter = called->chain.charter->digest,
	    .roster = called->chain.roster->digest,
	    .seat = "infra",
	    .token = called->founded.charter->seats[INFRA].tokens[0].id,
	    .suspended = *token,
	    .reason = "lost on the train",
	    .time = CALLED_AT};
	snprintf(suspension.holder, sizeof(suspension.holder), "%s", holder);
	fine(suspension_payload(&suspension, &payload, &err), &err);
	called_state(STATEMENT_SUSPEND, payload, ret_statement);
	sign_with(ret_statement, called->founded.keys[INFRA][KEY_SIGN]);
}

__attribute__((unused)) static void
called_suspend(struct called *called, const char *holder, const struct digest *token)
{
	struct err err;
	DSSE statement = {0};
	called_suspension(called, holder, token, &statement);
	fine(called_add(called, &statement, &err), &err);
}

/* Secret INDEX: its definition, signed by ops and ciso, and a version sealed to all officers. */
__attribute__((unused)) static void
called_secret(struct called *called, size_t index)
{
	struct err err;
	struct item *item = &called->items[index];
	struct json *payload = NULL;
	SECRET *credential = NULL;
	HEADER *ids = NULL, *header = NULL;
	DEFINITIONS_OF parsed = {0};
	struct seal_recipient recipients[AUDIT + 1];
	DEFINITION definition = {.revision = 1,
	    .policy = "default",
	    .rotator = "ssh-key",
	    .contract = 2,
	    .effect = "root on the host",
	    .announced = {.holds = 1, .can = CAN_EXPEL}};
	snprintf(item->name, sizeof(item->name), "prod/db%zu", index);
	memset(item->secret.bytes, 0x30 + (int)index, SECRET_ID_SIZE);
	item->version = 3 + (uint32_t)index;
	definition.secret = item->secret;
	memcpy(definition.name, item->name, sizeof(definition.name));
	fine(json_parse(view_of_text("{\"host\":\"db1\"}"), &definition.target, &err), &err);
	fine(definitions_payload(&(struct definitions){.vault = called->chain.vault,
	                             .created = CALLED_AT,
	                             .rows = &definition,
	                             .count = 1},
	         &payload, &err),
	    &err);
	called_state(STATEMENT_SECRET, payload, &called->definitions[index]);
	sign_with(&called->definitions[index], called->founded.keys[OPS][KEY_SIGN]);
	sign_with(&called->definitions[index], called->founded.keys[CISO][KEY_SIGN]);
	fine(definitions_parse(&called->definitions[index], false, &parsed, &err), &err);
	item->definition = parsed.rows[0].digest;

	fine(header_new(&ids, &err), &err);
	fine(header_new(&header, &err), &err);
	ids->vault = called->chain.vault;
	ids->secret = item->secret;
	ids->definition = item->definition;
	ids->charter = called->chain.charter->digest;
	ids->version = item->version;
	for (size_t i = CISO; i <= AUDIT; i++)
		recipients[i] = (struct seal_recipient){called->chain.charter->seats[i].name,
		    called->chain.charter->seats[i].tokens[0].id,
		    called->chain.charter->seats[i].tokens[0].keys[KEY_SHARE]};
	fine(credential_new(&credential, &err), &err);
	fine(credential_add(credential, FIELD_PASSWORD, view_of_text("hunter2"), &err), &err);
	fine(seal_version(ids, &called->chain.charter->policies[0].quorum, recipients,
	         ARRAY_SIZE(recipients), secret_view(credential), &called->versions[index], NULL,
	         &err),
	    &err);
	fine(header_hash(buf_view(&called->versions[index].header), &item->header, &err), &err);
	fine(header_decode(buf_view(&called->versions[index].header), header, &err), &err);
	memcpy(item->quorum, header->quorum, sizeof(item->quorum));
}

/* Add the token number TOKEN of alice or bob to those who receive. */
__attribute__((unused)) static void
called_receive(struct called *called, size_t token)
{
	const struct seat *seats = called->chain.roster->seats;
	const struct seat_token *row = token == BOB ? &seats[1].tokens[0] : &seats[0].tokens[token];
	struct recipients *recipients = &called->request.recipients;
	recipients->rows[recipients->count++] = (struct recipient){row->id, row->keys[KEY_RELEASE]};
}

__attribute__((unused)) static void
call(struct called *called)
{
	struct err err;
	ROSTER *roster = NULL;
	found(&called->founded);
	fine(secret_new(ED25519_SIZE, &called->host, &err), &err);
	fine(secret_random(called->host, ED25519_SIZE, &err), &err);
	fine(ed25519_public(called->host, &called->founded.charter->host_statement, &err), &err);
	if (called->log != NULL)
		fine(ed25519_public(called->log, &called->founded.charter->host_log, &err), &err);
	called_charter(called);
	fine(roster_new(&roster, &err), &err);
	roster->seat_count = 1;
	called_responder(called, roster, "alice", ALICE);
	called_responder(called, roster, "alice", ALICE_SECOND);
	roster->seat_count = 2;
	called_responder(called, roster, "bob", BOB);
	called_roster(called, roster);
	for (size_t i = 0; i < CALLED_ITEMS; i++)
		called_secret(called, i);
	called->request = (struct request){.vault = called->chain.vault,
	    .mode = MODE_RELEASE,
	    .items = {called->items, CALLED_ITEMS},
	    .seat = "alice",
	    .token = called->chain.roster->seats[0].tokens[0].id,
	    .reason = "the primary does not boot",
	    .incident = "INC-4711",
	    .duration = 1800,
	    .host = "laptop",
	    .user = "alice",
	    .created = CALLED_AT,
	    .expires = CALLED_DEADLINE};
	called_receive(called, ALICE);
	called_receive(called, ALICE_SECOND);
	called->ceremony = (struct ceremony){.vault = called->chain.vault,
	    .mode = MODE_RELEASE,
	    .items = {called->items, CALLED_ITEMS},
	    .charter = called->chain.charter->digest,
	    .roster = called->chain.roster->digest,
	    .id = {{10}},
	    .created = CALLED_AT,
	    .deadline = CALLED_DEADLINE,
	    .size = 42};
	called->ceremony.recipients = called->request.recipients;
	p256_key_public(called->founded.spares[1], &called->ceremony.key);
}

/* The request as it is now, signed by KEY. */
__attribute__((unused)) static void
called_request(const struct called *called, const struct p256_key *key, struct dsse *ret_statement)
{
	struct err err;
	struct json *payload = NULL;
	fine(request_payload(&called->request, &payload, &err), &err);
	called_state(STATEMENT_REQUEST, payload, ret_statement);
	sign_with(ret_statement, key);
}

/* The host's answer to REQUEST, as the ceremony is now. */
__attribute__((unused)) static void
called_ceremony(struct called *called, const struct dsse *request, struct dsse *ret_statement)
{
	struct err err;
	struct json *payload = NULL;
	fine(dsse_digest(request, &called->ceremony.request, &err), &err);
	fine(ceremony_payload(&called->ceremony, &payload, &err), &err);
	called_state(STATEMENT_CEREMONY, payload, ret_statement);
	fine(statement_sign_host(ret_statement, called->host, &err), &err);
}

/* The approval or denial of SEAT (its token TOKEN) in CEREMONY, signed by KEY. */
__attribute__((unused)) static void
called_voice(const struct called *called, const struct digest *ceremony, const char *seat,
    const struct digest *token, bool denies, const struct p256_key *key, struct dsse *ret_statement)
{
	struct err err;
	struct json *payload = NULL;
	struct approval approval = {.vault = called->request.vault,
	    .ceremony = *ceremony,
	    .token = *token,
	    .enc = called->ceremony.key,
	    .reply = called->ceremony.key,
	    .time = CALLED_AT};
	struct objection denial = {.vault = called->request.vault,
	    .ceremony = *ceremony,
	    .token = *token,
	    .reason = "not tonight",
	    .time = CALLED_AT};
	memcpy(approval.seat, seat, strlen(seat) + 1);
	memcpy(denial.seat, seat, strlen(seat) + 1);
	if (denies)
		fine(objection_payload(&denial, &payload, &err), &err);
	else
		fine(approval_payload(&approval, &payload, &err), &err);
	called_state(denies ? STATEMENT_DENIAL : STATEMENT_APPROVAL, payload, ret_statement);
	sign_with(ret_statement, key);
}

/* The request and the ceremony as they are now, signed by alice's first token and the host. */
__attribute__((unused)) static enum err_code
called_begin(struct called *called, struct transcript **ret_transcript, struct err *err)
{
	DSSE request = {0}, ceremony = {0};

	called_request(called, called->keys[ALICE][KEY_SIGN], &request);
	called_ceremony(called, &request, &ceremony);
	return transcript_new(&request, &ceremony, &called->chain, ret_transcript, err);
}

__attribute__((unused)) static enum err_code
called_show(const struct called *called, struct transcript *transcript, size_t index,
    struct exhibit **ret_exhibit, struct err *err)
{
	return exhibit_new(transcript, index, &called->definitions[index],
	    buf_view(&called->versions[index].header), &called->chain, ret_exhibit, err);
}

/* The founded seat INDEX speaks. */
__attribute__((unused)) static enum err_code
called_speak(const struct called *called, struct transcript *transcript, size_t index, bool denies,
    struct err *err)
{
	const struct seat *seat = &called->founded.charter->seats[index];
	DSSE voice = {0};

	called_voice(called, &transcript->ceremony.digest, seat->name, &seat->tokens[0].id, denies,
	    called->founded.keys[index][KEY_SIGN], &voice);
	return transcript_add(transcript, &voice, &called->chain, err);
}

__attribute__((unused)) static void
called_verdict(const struct called *called, const struct transcript *transcript,
    const struct exhibit *exhibit, enum verdict expected, int missing, const char *text)
{
	BUF said = {0};
	int got = -5;

	assert_int_equal(exhibit_verdict(transcript, exhibit, &called->chain, CALLED_AT + 1, &got,
	                     &said),
	    expected);
	assert_int_equal(got, missing);
	if (strstr(said.size > 0 ? buf_string(&said) : "", text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", buf_string(&said), text);
}

#endif
