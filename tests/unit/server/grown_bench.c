/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/grown_bench.h"

#include <stdio.h>

#include "base/credential.h"
#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/server/vault/host.h"
#include "vault/documents/class.h"
#include "vault/documents/definition_account.h"
#include "vault/seal/seal.h"
#include "vault/store/debt.h"
#include "vault/store/log.h"
#include "vault/store/secret.h"
#include "vault/store/statement.h"

enum { AT_ONCE = 500 /* rows or leaves in a transaction */ };

struct growing {
	const struct ground *ground;
	struct store *store;          /* GROUND's */
	struct sealed_version sealed; /* one for all, or of the last secret */
	bool openable;
	struct header *header;
	struct digest *statements; /* of the secrets */
	unsigned secrets;
	uint64_t leaves;
	unsigned pending; /* in the transaction that is open */
	char time[TEXT_TIME_SIZE];
};

static void
growing_done(struct growing *growing)
{
	sealed_version_done(&growing->sealed);
	header_freep(&growing->header);
	free(growing->statements);
}

/* ---- transactions ---- */

static void
begin(struct growing *growing)
{
	struct err err;

	if (growing->pending++ == 0)
		assert_ok(store_begin(growing->store, &err));
}

static void
end(struct growing *growing, bool now)
{
	struct err err;

	if (growing->pending == 0 || (!now && growing->pending < AT_ONCE))
		return;
	assert_ok(store_commit(growing->store, &err));
	growing->pending = 0;
}

/* MEMBERS: of JSON, each with a comma behind it. */
static void
add_leaf(struct growing *growing, const char *event, const struct buf *members,
    const struct digest *statement)
{
	struct err err;
	char hex[2 * DIGEST_SIZE + 1];
	BUF text = {0};
	uint64_t index;

	text_hex(VIEW_OF(statement->bytes), hex);
	buf_format(&text, "{\"event\":\"%s\",", event);
	buf_bytes(&text, buf_view(members));
	buf_format(&text, "\"statements\":[\"%s\"],\"time\":\"%s\"}", hex, growing->time);
	assert_ok(store_append_leaf(growing->store, buf_view(&text), &index, &err));
	growing->leaves = index + 1;
}

/* ---- secrets ---- */

static struct digest
name(const char *what, unsigned number)
{
	struct err err;
	struct digest digest;
	char text[40];

	snprintf(text, sizeof(text), "%s %u", what, number);
	assert_ok(sha256_one(view_of_text(text), &digest, &err));
	return digest;
}

static struct secret_id
secret_of(unsigned number)
{
	const struct digest digest = name("secret", number);
	struct secret_id id;

	memcpy(id.bytes, digest.bytes, SECRET_ID_SIZE);
	return id;
}

/* To the officers of the policy "production": once, with a header that is then rewritten for each secret, or for SECRET. */
static void
seal(struct growing *growing, const struct secret_row *secret)
{
	struct err err;
	const struct ground *ground = growing->ground;
	const struct policy *policy = charter_policy(ground->charter, "production");
	struct seal_recipient recipients[QUORUM_SEATS];
	HEADER *ids = NULL;
	SECRET *credential = NULL;
	size_t count = 0;

	assert_ok(header_new(&ids, &err));
	ids->vault = ground->vault_id;
	ids->version = 1;
	ids->training = ground->charter->training;
	ids->charter = ground->charter->digest;
	if (secret != NULL) {
		ids->secret = secret->id;
		ids->definition = secret->definition;
	}
	for (size_t i = 0; i < policy->quorum.seat_count; i++) {
		const struct seat *seat = seat_by_name(ground->charter->seats,
		    ground->charter->seat_count, policy->quorum.seats[i]);

		recipients[count++] = (struct seal_recipient){seat->name, seat->tokens[0].id,
		    seat->tokens[0].keys[KEY_SHARE]};
	}
	sealed_version_done(&growing->sealed);
	header_freep(&growing->header);
	growing->sealed = (struct sealed_version){0};
	assert_ok(credential_new(&credential, &err));
	assert_ok(credential_add(credential, FIELD_PASSWORD, view_of_text("unknown"), &err));
	assert_ok(seal_version(ids, &policy->quorum, recipients, count, secret_view(credential),
	    &growing->sealed, NULL, &err));
	assert_ok(header_new(&growing->header, &err));
	assert_ok(header_decode(buf_view(&growing->sealed.header), growing->header, &err));
}

static void
put_definition(struct growing *growing, unsigned number, struct secret_row *secret,
    struct digest *ret_statement)
{
	struct err err;
	struct definition definition = {.secret = secret->id,
	    .revision = 1,
	    .policy = "production",
	    .rotator = "fake",
	    .effect = "root there",
	    .contract = 2,
	    .announced = {.holds = 1, .can = CAN_EXPEL},
	    .target = json_new_object()};
	const struct definitions definitions = {.vault = growing->ground->vault_id,
	    .created = growing->ground->now,
	    .rows = &definition,
	    .count = 1};
	DEFINITIONS_OF read = {0};
	JSON *payload = NULL, *target = definition.target;
	DSSE statement = {0};
	BUF text = {0};

	json_put_text(target, "folder", growing->ground->target);
	snprintf(secret->name, sizeof(secret->name), "host-%06u/root", number);
	json_put_text(target, "name", secret->name);
	memcpy(definition.name, secret->name, sizeof(definition.name));
	assert_ok(definitions_payload(&definitions, &payload, &err));
	assert_ok(statement_new(STATEMENT_SECRET, growing->ground->charter->training, payload,
	    &statement, &err));
	person_sign(growing->ground->signer, &statement);
	person_sign(growing->ground->second, &statement);
	assert_ok(definitions_parse(&statement, growing->ground->charter->training, &read, &err));
	secret->definition = read.rows[0].digest;
	assert_ok(definition_account(&read.rows[0], &secret->account, &err));
	assert_ok(dsse_digest(&statement, ret_statement, &err));
	assert_ok(dsse_encode(&statement, &text, &err));
	assert_ok(store_put_statement(growing->store, ret_statement,
	    statement_names[STATEMENT_SECRET], buf_view(&text), false, &err));
	assert_ok(store_add_definition(growing->store, &secret->definition, ret_statement, &err));
}

static void
put_version(struct growing *growing, const struct secret_row *secret)
{
	struct err err;
	BUF bytes = {0};

	if (growing->openable)
		seal(growing, secret);
	struct header *header = growing->header;
	struct version_row row = {.secret = secret->id,
	    .number = 1,
	    .state = VERSION_CURRENT,
	    .ciphertext = growing->sealed.ciphertext,
	    .created = growing->ground->now};

	header->secret = secret->id;
	header->definition = secret->definition;
	assert_ok(header_encode(header, &bytes, &err));
	assert_ok(header_hash(buf_view(&bytes), &row.header_hash, &err));
	row.header = bytes;
	assert_ok(class_shape(header, "production", &row.shape, &err));
	assert_ok(store_add_version(growing->store, &row, header, growing->sealed.envelopes,
	    growing->sealed.envelope_count, &err));
}

static void
add_secret(struct growing *growing, unsigned number)
{
	struct err err;
	struct secret_row secret = {.id = secret_of(number), .current = 1, .newest = 1};
	struct digest *statement = &growing->statements[number];
	BUF members = {0};

	begin(growing);
	put_definition(growing, number, &secret, statement);
	assert_ok(store_add_secret(growing->store, &secret, &err));
	put_version(growing, &secret);
	buf_format(&members, "\"name\":\"%s\",\"version\":1,", secret.name);
	add_leaf(growing, "secret", &members, statement);
	end(growing, false);
}

/* ---- debts, and leaves that are about nothing ---- */

static void
add_debt(struct growing *growing, unsigned number)
{
	struct err err;
	const unsigned of = number % growing->secrets;
	const struct digest digest = name("debt", number);
	struct debt_row debt = {.secret = secret_of(of),
	    .old = 1,
	    .state = DEBT_RETIRED,
	    .created = growing->ground->now,
	    .due = growing->ground->now};
	char id[2 * ID_SIZE + 1], secret[2 * SECRET_ID_SIZE + 1];

	memcpy(debt.id.bytes, digest.bytes, ID_SIZE);
	text_hex(VIEW_OF(debt.id.bytes), id);
	text_hex(VIEW_OF(debt.secret.bytes), secret);
	begin(growing);
	assert_ok(store_add_debt(growing->store, &debt, &err));
	for (int state = DEBT_OWED; state <= DEBT_RETIRED; state++) {
		BUF members = {0};

		buf_format(&members,
		    "\"debt\":\"%s\",\"state\":\"%s\",\"secret\":\"%s\",\"old\":1,\"pending\":0,",
		    id, debt_state_names[state], secret);
		add_leaf(growing, "debt", &members, &growing->statements[of]);
	}
	end(growing, false);
}

/* The last one names the state. */
static void
add_leaves(struct growing *growing, uint64_t leaves)
{
	struct err err;
	struct digest root;
	char hex[2 * DIGEST_SIZE + 1];
	BUF members = {0};

	buf_text(&members,
	    "\"ceremony\":\"00112233445566778899aabbccddeeff\",\"seat\":\"secops\",");
	while (growing->leaves + 1 < leaves) {
		begin(growing);
		add_leaf(growing, "approval", &members,
		    &growing->statements[growing->leaves % growing->secrets]);
		end(growing, false);
	}
	begin(growing);
	assert_ok(store_state_root(growing->store, &root, &err));
	text_hex(VIEW_OF(root.bytes), hex);
	buf_format(&members, "\"tree\":\"%s\",", hex);
	add_leaf(growing, "approval", &members, &growing->statements[0]);
	end(growing, true);
}

void
ground_grow(const struct ground *ground, const struct growth *growth)
{
	CLEANUP(growing_done)
	struct growing growing = {.ground = ground,
	    .store = ground->store,
	    .secrets = growth->secrets,
	    .openable = growth->openable,
	    .statements = calloc(growth->secrets, sizeof(*growing.statements))};

	text_time(ground->now, growing.time);
	assert_non_null(growing.statements);
	seal(&growing, NULL);
	for (unsigned i = 0; i < growth->secrets; i++)
		add_secret(&growing, i);
	for (unsigned i = 0; i < growth->debts; i++)
		add_debt(&growing, i);
	add_leaves(&growing, growth->leaves);
}

void
bench_grow(struct bench *bench, const struct growth *growth)
{
	struct err err;
	CLEANUP(host_keys_done) struct host_keys keys = {0};
	CLEANUP(store_freep) struct store *store = NULL;

	bench_end(bench);
	assert_ok(host_keys_load(bench->vault, &keys, &err));
	assert_ok(store_open(bench->vault, "grow", &bench->vault_id, keys.anchor, &store, &err));
	const struct ground ground = {.store = store,
	    .vault_id = bench->vault_id,
	    .charter = bench->charter,
	    .signer = &bench->people[INFRA],
	    .second = &bench->people[SECOPS],
	    .target = bench->target,
	    .now = bench->shared->now};
	ground_grow(&ground, growth);
}
