/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A story (story.h) as the rows of a vault on the disk that a server opens: what a server's own
 * operations would have stored, whether they would have accepted it or not.
 */
#ifndef TESTS_UNIT_SERVER_TOLD_H
#define TESTS_UNIT_SERVER_TOLD_H

#include "base/file.h"
#include "ceremony/protocol/founding.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/folder.h"
#include "ceremony/server/vault/log.h"
#include "tests/unit/server/story.h"
#include "vault/documents/class.h"
#include "vault/store/ceremony.h"
#include "vault/store/sealed.h"
#include "vault/store/secret.h"
#include "vault/store/statement.h"
#include "vault/store/voice.h"

/* --- A vault on the disk ------------------------------------------------------------------ */

struct place {
	char home[64], vault[80], file[80]; /* a file of statements */
};

__attribute__((unused)) static void
place_open(struct place *place)
{
	snprintf(place->home, sizeof(place->home), "/tmp/halligan-sources-XXXXXX");
	assert_non_null(mkdtemp(place->home));
	snprintf(place->vault, sizeof(place->vault), "%s/vault", place->home);
	snprintf(place->file, sizeof(place->file), "%s/statements", place->home);
	/* What the client remembers of the vault, too. */
	assert_int_equal(setenv("XDG_STATE_HOME", place->home, 1), 0);
}

__attribute__((unused)) static void
place_close(struct place *place)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf -- %s", place->home);
	assert_int_equal(system(command), 0);
}
#define PLACE CLEANUP(place_close) struct place

/* Its log has come to a time that the server's clock has not: so the server does nothing by itself, and
 * every ceremony is shown as it was told. */
__attribute__((unused)) static int64_t
time_of_log(void)
{
	return CALLED_AT + 2 * CLOCK_BACK_MAX;
}

__attribute__((unused)) static int64_t
now(void)
{
	return CALLED_AT;
}

/* As docs/FORMAT.md has it, with the keys that the charter names. */
__attribute__((unused)) static void
write_host_key(const struct called *called, const char *folder)
{
	static const uint8_t start[] = {'H', 'A', 'L', 'k', 0, 1};
	SECRET *block = NULL, *escrow = NULL;
	struct err err;
	char path[100];

	fine(p256_key_scalar(called->founded.spares[0], &escrow, &err), &err);
	fine(secret_new(sizeof(start) + 2 * ED25519_SIZE + SCALAR_SIZE, &block, &err), &err);
	fine(secret_append(block, VIEW_OF(start), &err), &err);
	fine(secret_append(block, secret_view(called->host), &err), &err);
	fine(secret_append(block, secret_view(called->log), &err), &err);
	fine(secret_append(block, secret_view(escrow), &err), &err);
	snprintf(path, sizeof(path), "%s/host.key", folder);
	fine(file_write_new(path, secret_view(block), 0600, &err), &err);
}

/* What `init` leaves, and that the vault lives. */
__attribute__((unused)) static void
make_vault(struct session *session, const struct called *called)
{
	struct founding founding = {.init = called->founded.charter->init, .copy = "none"};
	JSON *object = json_new_object();
	BUF text = {0};
	struct err err;

	snprintf(founding.name, sizeof(founding.name), "%s", called->founded.charter->name);
	put_founding(object, &founding);
	fine(json_encode(object, &text, &err), &err);
	fine(folder_make(session->folder, &err), &err);
	write_host_key(called, session->folder);
	fine(host_keys_load(session->folder, &session->keys, &err), &err);
	fine(host_write_vault_id(session->folder, &called->chain.vault, &err), &err);
	fine(store_create(session->folder, "test", session->keys.anchor, &session->store, &err),
	    &err);
	fine(store_begin(session->store, &err), &err);
	fine(store_set_text(session->store, "init", buf_string(&text), &err), &err);
	session->chain.vault = called->chain.vault;
}

/* --- Its rows ----------------------------------------------------------------------------- */

__attribute__((unused)) static void
keep_text(struct session *session, enum statement_type type, const struct buf *text,
    struct digest *ret_digest)
{
	DSSE statement = {0};
	struct err err;

	fine(dsse_parse(buf_view(text), &statement, &err), &err);
	fine(session_keep(session, &statement, type, false, ret_digest, &err), &err);
}

__attribute__((unused)) static void
keep_secret(struct session *session, const struct called *called, size_t index)
{
	const struct item *item = &called->items[index];
	const struct sealed_version *sealed = &called->versions[index];
	struct secret_row secret = {.id = item->secret,
	    .definition = item->definition,
	    .current = item->version,
	    .newest = item->version};
	struct version_row version = {.secret = item->secret,
	    .number = item->version,
	    .state = VERSION_CURRENT,
	    .header_hash = item->header,
	    .header = sealed->header,
	    .ciphertext = sealed->ciphertext};
	HEADER *header = NULL;
	struct digest digest;
	struct err err;

	memcpy(secret.name, item->name, sizeof(secret.name));
	fine(session_keep(session, &called->definitions[index], STATEMENT_SECRET, false, &digest,
	         &err),
	    &err);
	fine(store_add_definition(session->store, &item->definition, &digest, &err), &err);
	fine(store_add_secret(session->store, &secret, &err), &err);
	fine(header_new(&header, &err), &err);
	fine(header_decode(buf_view(&sealed->header), header, &err), &err);
	fine(class_shape(header, "default", &version.shape, &err), &err);
	fine(store_add_version(session->store, &version, header, sealed->envelopes,
	         sealed->envelope_count, &err),
	    &err);
}

__attribute__((unused)) static void
keep_ceremony(struct session *session, const struct story *story)
{
	const struct called *called = story->called;
	struct ceremony_row row = {.id = called->ceremony.id,
	    .mode = called->ceremony.mode,
	    .state = CEREMONY_COLLECTING,
	    .requester = "alice",
	    .charter = called->ceremony.charter,
	    .created = called->ceremony.created,
	    .deadline = called->ceremony.deadline};
	struct item_row items[CALLED_ITEMS] = {0};
	struct err err;

	for (size_t i = 0; i < CALLED_ITEMS; i++)
		items[i] = (struct item_row){.secret = called->items[i].secret,
		    .version = called->items[i].version,
		    .state = ITEM_WAITING};
	fine(session_keep(session, &story->request, STATEMENT_REQUEST, false, &row.request, &err),
	    &err);
	fine(session_keep(session, &story->ceremony, STATEMENT_CEREMONY, false, &row.digest, &err),
	    &err);
	fine(store_add_ceremony(session->store, &row, items, CALLED_ITEMS, &err), &err);
}

__attribute__((unused)) static void
keep_voice(struct session *session, const struct story *story, const struct dsse *statement)
{
	bool denies = statement_is(statement, STATEMENT_DENIAL);
	struct voice_row row = {.denies = denies};
	struct objection denial = {0};
	struct approval approval = {0};
	struct err err;

	fine(denies ? objection_parse(statement, STATEMENT_DENIAL, false, &denial, &err) :
	              approval_parse(statement, false, &approval, &err),
	    &err);
	memcpy(row.seat, denies ? denial.seat : approval.seat, sizeof(row.seat));
	row.token = denies ? denial.token : approval.token;
	fine(session_keep(session, statement, denies ? STATEMENT_DENIAL : STATEMENT_APPROVAL, false,
	         &row.statement, &err),
	    &err);
	fine(store_add_voice(session->store, &story->called->ceremony.id, &row, &err), &err);
}

/* What is sealed in them only the vault itself would ask. */
__attribute__((unused)) static void
keep_shares(struct session *session, const struct story *story)
{
	const struct seat *seats = story->called->founded.charter->seats;
	struct err err;

	for (uint32_t i = 0; i < CALLED_ITEMS; i++)
		for (unsigned officer = CISO; officer < OFFICERS; officer++) {
			struct share_row row = {.position = i, .envelope = officer};

			if (story->gave[i][officer] == 0)
				continue;
			memcpy(row.seat, seats[officer].name, sizeof(row.seat));
			fine(dsse_digest(&story->voices[story->gave[i][officer] - 1],
			         &row.statement, &err),
			    &err);
			buf_text(&row.ciphertext, "a share");
			fine(store_add_share(session->store, &story->called->ceremony.id, &row,
			         &err),
			    &err);
			share_row_done(&row);
		}
}

/* STORY as the vault of SESSION, which says where it shall be; it is live then. */
__attribute__((unused)) static void
keep(struct session *session, const struct story *story)
{
	const struct called *called = story->called;
	LEAF leaf = leaf_new("told");
	struct err err;

	make_vault(session, called);
	for (size_t i = 0; i < called->document_count; i++) {
		struct digest digest;

		keep_text(session, STATEMENT_CHARTER, &called->documents[i], &digest);
		fine(store_add_document(session->store, &digest, &err), &err);
	}
	for (size_t i = 0; i < CALLED_ITEMS; i++)
		keep_secret(session, called, i);
	keep_ceremony(session, story);
	for (size_t i = 0; i < story->voice_count; i++)
		keep_voice(session, story, &story->voices[i]);
	keep_shares(session, story);
	fine(journal_add(session, &leaf, &err), &err);
	fine(journal_close(session, &err), &err);
	fine(store_commit(session->store, &err), &err);
	fine(chain_load(session, &err), &err);
}

#endif
