/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/chain_bench.h"

#include <stdlib.h>

void
vault_done(struct vault *vault)
{
	founded_done(&vault->founded);
	chain_done(&vault->chain);
	roster_freep(&vault->roster);
	for (size_t i = 0; i < DOCUMENTS && vault->documents[i] != NULL; i++) {
		dsse_done(vault->documents[i]);
		free(vault->documents[i]);
	}
}

const struct p256_key *
key_of(const struct vault *vault, size_t seat)
{
	return vault->founded.keys[seat][KEY_SIGN];
}

static void
copy(const struct dsse *statement, struct dsse *ret_copy)
{
	struct err err;
	BUF text = {0};

	fine(dsse_encode(statement, &text, &err), &err);
	fine(dsse_parse(buf_view(&text), ret_copy, &err), &err);
}

enum err_code
fetch_document(void *context, const struct digest *digest, struct dsse *ret_statement,
    struct err *err)
{
	const struct vault *vault = context;

	for (size_t i = 0; i < vault->chain.document_count; i++)
		if (digest_equal(&vault->chain.documents[i].digest, digest)) {
			copy(vault->documents[i], ret_statement);
			return ERR_OK;
		}
	return err_set(err, ERR_NOT_FOUND, "there is no such document");
}

/* The vault's chain again, from its image. */
void
resume(struct vault *vault, struct chain *ret_chain)
{
	struct err err;
	BUF image = {0};

	*ret_chain =
	    (struct chain){.vault = vault->chain.vault, .fetch = fetch_document, .context = vault};
	fine(chain_image(&vault->chain, &image, &err), &err);
	fine(chain_resume(buf_view(&image), ret_chain, &err), &err);
}

static void
expect_same(const struct chain *a, const struct chain *b)
{
	struct err err;
	BUF image_a = {0}, image_b = {0};

	fine(chain_image(a, &image_a, &err), &err);
	fine(chain_image(b, &image_b, &err), &err);
	assert_int_equal(image_a.size, image_b.size);
	assert_memory_equal(image_a.data, image_b.data, image_a.size);
	assert_int_equal(a->charter_count, b->charter_count);
	assert_true(digest_equal(&a->charter->digest, &b->charter->digest));
	assert_true(digest_equal(&a->roster->digest, &b->roster->digest));
}

/* STATEMENT comes into force in the vault's chain, and likewise in one that goes on from an image of it. */
enum err_code
add(struct vault *vault, const struct dsse *statement, struct err *err)
{
	CHAIN other = {0};
	bool goes_on = vault->chain.document_count > 0;
	struct err same;

	if (goes_on)
		resume(vault, &other);
	enum err_code code = chain_add(&vault->chain, statement, err);
	if (goes_on) {
		assert_int_equal(chain_add(&other, statement, &same), code);
		assert_true(code == ERR_OK || strcmp(err->text, same.text) == 0);
	}
	if (code == ERR_OK) {
		struct dsse *kept = calloc(1, sizeof(*kept));

		assert_non_null(kept);
		copy(statement, kept);
		vault->documents[vault->chain.document_count - 1] = kept;
	}
	if (goes_on)
		expect_same(&vault->chain, &other);
	return code;
}

/* The charter as it is edited, signed by ciso and infra (all officers, for the first). */
enum err_code
add_charter(struct vault *vault, struct err *err)
{
	struct charter *charter = vault->founded.charter;
	DSSE statement = {0};

	if (vault->chain.charter != NULL) {
		charter->version = vault->chain.charter->version + 1;
		charter->previous = vault->chain.charter->digest;
	}
	founded_state(&vault->founded, &statement);
	sign_with(&statement, key_of(vault, CISO));
	sign_with(&statement, key_of(vault, INFRA));
	if (vault->chain.charter == NULL) {
		sign_with(&statement, key_of(vault, AUDIT));
		fine(dsse_digest(&statement, &vault->chain.vault, err), err);
	}
	return add(vault, &statement, err);
}

void
found_vault(struct vault *vault)
{
	struct err err;

	found(&vault->founded);
	fine(add_charter(vault, &err), &err);
	fine(roster_new(&vault->roster, &err), &err);
}

/* BY suspends the token ID of HOLDER. */
enum err_code
suspend(struct vault *vault, size_t by, const char *holder, const struct digest *id,
    struct err *err)
{
	const struct seat *seat = &vault->founded.charter->seats[by];
	struct suspension suspension = {.vault = vault->chain.vault,
	    .charter = vault->chain.charter->digest,
	    .roster = vault->chain.roster->digest,
	    .token = seat->tokens[0].id,
	    .suspended = *id,
	    .reason = "lost on the train",
	    .time = 1767225600};
	JSON *payload = NULL;
	DSSE statement = {0};

	snprintf(suspension.seat, sizeof(suspension.seat), "%s", seat->name);
	snprintf(suspension.holder, sizeof(suspension.holder), "%s", holder);
	fine(suspension_payload(&suspension, &payload, err), err);
	fine(statement_new(STATEMENT_SUSPEND, false, payload, &statement, err), err);
	sign_with(&statement, key_of(vault, by));
	return add(vault, &statement, err);
}

const struct digest *
token_of(const struct vault *vault, size_t seat)
{
	return &vault->founded.charter->seats[seat].tokens[0].id;
}

/* alice of the roster with the sign key NUMBER of the spares, and a release key of its own. */
void
put_alice(struct vault *vault, size_t index, size_t number)
{
	struct err err;
	struct seat *seat = &vault->roster->seats[0];
	struct seat_token *token = &seat->tokens[index];
	struct p256_key *release = NULL;

	snprintf(seat->name, sizeof(seat->name), "alice");
	snprintf(seat->person, sizeof(seat->person), "Alice A.");
	seat->roles = ROLE_RESPONDER;
	seat->token_count = index + 1;
	vault->roster->seat_count = 1;
	*token = (struct seat_token){.driver = "piv", .serial = 500 + (uint32_t)number};
	snprintf(token->label, sizeof(token->label), "alice-%zu", number);
	memset(token->enrolment.bytes, 100 + (int)number, DIGEST_SIZE);
	fine(p256_key_new(&release, &err), &err);
	put_key(token, KEY_SIGN, vault->founded.spares[number]);
	put_key(token, KEY_RELEASE, release);
	p256_key_freep(&release);
}

/* The roster as it is edited, signed by ops, ciso, and ALSO (may be NULL). */
enum err_code
add_roster(struct vault *vault, const struct p256_key *also, struct err *err)
{
	struct roster *roster = vault->roster;
	JSON *payload = NULL;
	DSSE statement = {0};

	roster->vault = vault->chain.vault;
	roster->charter = vault->chain.charter->digest;
	roster->version = vault->chain.roster->version + 1;
	roster->previous = vault->chain.roster->digest;
	roster->created = 1767225600 + roster->version;
	fine(roster_payload(roster, &payload, err), err);
	fine(statement_new(STATEMENT_ROSTER, false, payload, &statement, err), err);
	sign_with(&statement, key_of(vault, OPS));
	sign_with(&statement, key_of(vault, CISO));
	if (also != NULL)
		sign_with(&statement, also);
	return add(vault, &statement, err);
}
