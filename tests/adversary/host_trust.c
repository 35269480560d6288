/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/host_trust.h"

#include <stdio.h>

#include "ceremony/client/sync.h"
#include "tests/unit/client/town.h"
#include "vault/documents/suspension.h"

#define TOWN CLEANUP(town_close) struct town

static bool
is_believed(struct town *town, struct err *why)
{
	CLIENT *client = NULL;
	const struct vault_view *view;

	return town_connect(town, TOWN_CISO, &client, why) == ERR_OK &&
	    client_sync(client, &view, why) == ERR_OK;
}

/* ciso has looked at the vault before. */
static void
look(struct town *town)
{
	struct err err;

	assert_true(is_believed(town, &err));
}

/* A log of SIZE leaves, signed by the vault's own key. */
static void
show_log(struct town *town, uint64_t size, uint8_t root)
{
	struct err err;
	const struct charter *charter = town->founded.charter;
	struct checkpoint checkpoint = {.size = size};

	memset(checkpoint.root.bytes, root, DIGEST_SIZE);
	fine(checkpoint_origin(charter->name, &town->vault, checkpoint.origin, &err), &err);
	buf_done(&town->checkpoint);
	fine(checkpoint_sign(&checkpoint, town->log_seed, &charter->host_log, &town->checkpoint,
	         &err),
	    &err);
}

bool
a_vault_is_known_by_an_id_that_its_founders_did_not_sign(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open(&town);
	town.vault = (struct digest){{0x99}};
	show_log(&town, TOWN_LEAVES, 0x66);
	return is_believed(&town, why);
}

bool
a_charter_is_in_force_that_a_founder_did_not_sign(void *stage, struct err *why)
{
	TOWN town;
	DSSE fewer = {0};
	struct err err;

	(void)stage;
	town_open(&town);
	fine(dsse_set(&fewer, town.charter.type, buf_view(&town.charter.payload), &err), &err);
	memcpy(fewer.signatures, town.charter.signatures, sizeof(fewer.signatures));
	fewer.count = town.charter.count - 1;
	town_swap(&town, "chain", "documents", &fewer);
	return is_believed(&town, why);
}

/* Another letter of its base64, so that it is the signature which is wrong. */
static void
spoil_checkpoint(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	uint8_t *letter = &town->checkpoint.data[town->checkpoint.size - 10];

	(void)reply, (void)blob;
	if (strcmp(op, "hello") == 0)
		*letter = *letter == 'A' ? 'B' : 'A';
}

bool
a_log_is_shown_that_its_key_did_not_sign(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open(&town);
	town.lie = spoil_checkpoint;
	return is_believed(&town, why);
}

static bool
is_believed_with_log(uint64_t size, uint8_t root, struct err *why)
{
	TOWN town;

	town_open(&town);
	show_log(&town, TOWN_LEAVES, 0x66);
	look(&town);
	show_log(&town, size, root);
	return is_believed(&town, why);
}

bool
a_vault_of_an_older_day_is_believed(void *stage, struct err *why)
{
	(void)stage;
	return is_believed_with_log(TOWN_LEAVES - 1, 0x65, why);
}

bool
a_log_that_was_rewritten_is_believed(void *stage, struct err *why)
{
	(void)stage;
	return is_believed_with_log(TOWN_LEAVES, 0x67, why);
}

bool
a_log_that_forks_from_what_was_seen_is_believed(void *stage, struct err *why)
{
	(void)stage;
	return is_believed_with_log(TOWN_LEAVES + 1, 0x67, why);
}

/* infra suspends audit's token. */
static void
suspend(struct town *town)
{
	const struct seat *seats = town->founded.charter->seats;
	struct suspension suspension = {.vault = town->vault,
	    .token = seats[INFRA].tokens[0].id,
	    .suspended = seats[AUDIT].tokens[0].id,
	    .reason = "lost on the train",
	    .time = TOWN_NOW - 60};
	JSON *payload = NULL;
	struct dsse *statement = &town->suspensions[town->suspension_count++];
	struct err err;

	fine(dsse_digest(&town->charter, &suspension.charter, &err), &err);
	fine(dsse_digest(&town->roster, &suspension.roster, &err), &err);
	snprintf(suspension.seat, sizeof(suspension.seat), "%s", seats[INFRA].name);
	snprintf(suspension.holder, sizeof(suspension.holder), "%s", seats[AUDIT].name);
	fine(suspension_payload(&suspension, &payload, &err), &err);
	fine(statement_new(STATEMENT_SUSPEND, false, payload, statement, &err), &err);
	sign_with(statement, town->founded.keys[INFRA][KEY_SIGN]);
}

bool
a_suspension_that_was_seen_is_hidden(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open(&town);
	suspend(&town);
	look(&town);
	town.suspension_count = 0;
	return is_believed(&town, why);
}

/* From somebody who never saw it. */
bool
a_suspension_is_hidden_from_who_never_saw_it(void *stage, struct err *why)
{
	TOWN town;

	(void)stage;
	town_open(&town);
	suspend(&town);
	town.suspension_count = 0;
	return is_believed(&town, why);
}
