/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/filled.h"

#include <stdio.h>
#include <string.h>

#include "vault/store/ceremony.h"
#include "vault/store/debt.h"
#include "vault/store/log.h"
#include "vault/store/opened.h"
#include "vault/store/secret.h"
#include "vault/store/statement.h"
#include "vault/store/voice.h"

enum {
	SEATS = 3,
	AT_ONCE = 100, /* secrets in a transaction */
	STATEMENT_SIZE = 900,
	HEADER_SIZE = 900,
	CIPHERTEXT_SIZE = 280,
	SHARE_SIZE = 100,
	LEAF_SIZE = 420
};

enum err_code
filled_open(const char *folder, bool make, struct filled *filled, struct err *err)
{
	static const struct digest none;

	filled->random = 88172645463325252;
	TRY(secret_from(view_of_text("a key of 32 bytes for the bench."), &filled->key, err));
	if (make)
		return store_create(folder, "bench", filled->key, &filled->store, err);
	return store_open(folder, "bench", &none, filled->key, &filled->store, err);
}

void
filled_done(struct filled *filled)
{
	store_freep(&filled->store);
	secret_freep(&filled->key);
}

/* xorshift64 */
static unsigned
draw(struct filled *filled, unsigned below)
{
	filled->random ^= filled->random << 13;
	filled->random ^= filled->random >> 7;
	filled->random ^= filled->random << 17;
	return (unsigned)(filled->random >> 11) % below;
}

/* What stands for the thing WHAT number NUMBER, far from all others. */
static enum err_code
name(const char *what, unsigned number, struct digest *ret_name, struct err *err)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %u", what, number);
	return sha256_one(view_of_text(text), ret_name, err);
}

static enum err_code
name_id(const char *what, unsigned number, uint8_t ret_id[ID_SIZE], struct err *err)
{
	struct digest digest;

	TRY(name(what, number, &digest, err));
	memcpy(ret_id, digest.bytes, ID_SIZE);
	return ERR_OK;
}

static enum err_code
put(struct filled *filled, const struct digest *digest, bool replace, struct err *err)
{
	char text[STATEMENT_SIZE];

	memset(text, 'x', sizeof(text));
	snprintf(text, sizeof(text), "%llu", (unsigned long long)filled->random);
	return store_put_statement(filled->store, digest, "secret", VIEW_OF(text), replace, err);
}

static enum err_code
append(struct filled *filled, struct err *err)
{
	char leaf[LEAF_SIZE];
	uint64_t index;

	memset(leaf, 'x', sizeof(leaf));
	return store_append_leaf(filled->store, VIEW_OF(leaf), &index, err);
}

static enum err_code
append_and_commit(struct filled *filled, struct err *err)
{
	TRY(append(filled, err));
	return store_commit(filled->store, err);
}

static void
fill_box(struct sealed_box *box, size_t size)
{
	memset(box->enc, 4, sizeof(box->enc));
	buf_space(&box->ciphertext, size);
}
#define BOX CLEANUP(sealed_box_done) struct sealed_box

/* ---- secrets ---- */

static enum err_code
add_version(struct filled *filled, unsigned number, const struct secret_id *secret, struct err *err)
{
	VERSION_ROW row = {.secret = *secret,
	    .number = 1,
	    .state = VERSION_CURRENT,
	    .created = 1767225600};
	HEADER *header = NULL;
	BOX box = {0};
	struct sealed_box boxes[SEATS];

	fill_box(&box, SHARE_SIZE);
	TRY(header_new(&header, err));
	header->envelope_count = SEATS;
	for (unsigned i = 0; i < SEATS; i++) {
		TRY(name("token", i, &header->envelopes[i].token, err));
		boxes[i] = box;
	}
	TRY(name("header", number, &row.header_hash, err));
	buf_space(&row.header, HEADER_SIZE);
	buf_space(&row.ciphertext, CIPHERTEXT_SIZE);
	TRY(buf_check(&row.header, err));
	TRY(buf_check(&row.ciphertext, err));
	return store_add_version(filled->store, &row, header, boxes, SEATS, err);
}

static enum err_code
add_secret(struct filled *filled, unsigned number, struct err *err)
{
	struct secret_row secret = {.current = 1, .newest = 1};
	struct digest statement;

	TRY(name("statement", number, &statement, err));
	TRY(name("definition", number, &secret.definition, err));
	TRY(name("account", number, &secret.account, err));
	TRY(name_id("secret", number, secret.id.bytes, err));
	snprintf(secret.name, sizeof(secret.name), "host-%u/root", number);
	TRY(put(filled, &statement, false, err));
	TRY(store_add_definition(filled->store, &secret.definition, &statement, err));
	TRY(store_add_secret(filled->store, &secret, err));
	return add_version(filled, number, &secret.id, err);
}

enum err_code
filled_fill(struct filled *filled, unsigned secrets, struct err *err)
{
	struct digest root;

	while (filled->secrets < secrets) {
		TRY(store_begin(filled->store, err));
		for (unsigned i = 0; i < AT_ONCE && filled->secrets < secrets; i++) {
			TRY(add_secret(filled, filled->secrets++, err));
			/* The tree grows as it would with a transaction for each. */
			TRY(store_state_root(filled->store, &root, err));
		}
		TRY(append_and_commit(filled, err));
	}
	return ERR_OK;
}

/* ---- a ceremony ---- */

static enum err_code
add_ceremony(struct filled *filled, unsigned number, struct ceremony_row *row, struct err *err)
{
	struct item_row item = {.version = 1, .state = ITEM_WAITING};

	TRY(name_id("ceremony", number, row->id.bytes, err));
	TRY(name_id("secret", number, item.secret.bytes, err));
	TRY(name("ceremony statement", number, &row->digest, err));
	TRY(name("request", number, &row->request, err));
	TRY(name("charter", 0, &row->charter, err));
	TRY(put(filled, &row->digest, false, err));
	TRY(put(filled, &row->request, false, err));
	TRY(put(filled, &row->charter, true, err));
	return store_add_ceremony(filled->store, row, &item, 1, err);
}

static enum err_code
add_approval(struct filled *filled, unsigned number, unsigned seat, const struct id *ceremony,
    struct err *err)
{
	struct voice_row voice = {.denies = false};
	CLEANUP(share_row_done) struct share_row share = {.envelope = seat};

	snprintf(voice.seat, sizeof(voice.seat), "officer-%u", seat);
	snprintf(share.seat, sizeof(share.seat), "officer-%u", seat);
	TRY(name("token", seat, &voice.token, err));
	TRY(name("approval", SEATS * number + seat, &voice.statement, err));
	share.statement = voice.statement;
	buf_space(&share.ciphertext, SHARE_SIZE);
	TRY(buf_check(&share.ciphertext, err));
	TRY(put(filled, &voice.statement, false, err));
	TRY(store_add_voice(filled->store, ceremony, &voice, err));
	return store_add_share(filled->store, ceremony, &share, err);
}

enum err_code
filled_collect(struct filled *filled, struct err *err)
{
	struct ceremony_row row = {.mode = MODE_RELEASE,
	    .state = CEREMONY_COLLECTING,
	    .requester = "oncall",
	    .created = 1767225600,
	    .deadline = 1767229200};
	unsigned number = filled->ceremonies++;

	TRY(store_begin(filled->store, err));
	TRY(add_ceremony(filled, number, &row, err));
	for (unsigned seat = 0; seat < SEATS; seat++)
		TRY(add_approval(filled, number, seat, &row.id, err));
	return append_and_commit(filled, err);
}

/* ---- what is measured ---- */

enum err_code
filled_draw(struct filled *filled, struct digest *ret_digest, struct err *err)
{
	return name("statement", draw(filled, filled->secrets), ret_digest, err);
}

enum err_code
filled_change(struct filled *filled, unsigned rows, struct err *err)
{
	TRY(store_begin(filled->store, err));
	for (unsigned i = 0; i < rows; i++) {
		struct digest digest;

		TRY(filled_draw(filled, &digest, err));
		TRY(put(filled, &digest, true, err));
	}
	return append_and_commit(filled, err);
}

enum err_code
filled_add(struct filled *filled, unsigned rows, struct err *err)
{
	TRY(store_begin(filled->store, err));
	for (unsigned i = 0; i < rows; i++) {
		struct digest digest;

		TRY(name("added", filled->added++, &digest, err));
		TRY(put(filled, &digest, false, err));
	}
	return append_and_commit(filled, err);
}

static enum err_code
owe(struct filled *filled, const struct ceremony_row *ceremony, struct item_row *item,
    struct err *err)
{
	struct debt_row debt = {.secret = item->secret,
	    .old = item->version,
	    .state = DEBT_OWED,
	    .has_ceremony = true,
	    .ceremony = ceremony->id,
	    .created = 1767225700,
	    .due = 1767229300};

	TRY(name_id("debt", filled->ceremonies, debt.id.bytes, err));
	TRY(store_add_debt(filled->store, &debt, err));
	TRY(store_add_opened(filled->store, &item->secret, item->version, &ceremony->id, NULL,
	    err));
	item->has_debt = true;
	item->debt = debt.id;
	item->state = ITEM_OPENING;
	TRY(store_update_item(filled->store, &ceremony->id, 0, item, err));
	return append(filled, err);
}

enum err_code
filled_release(struct filled *filled, struct err *err)
{
	struct id id;
	struct ceremony_row row;
	struct item_row item;
	size_t count;

	TRY(name_id("ceremony", filled->ceremonies - 1, id.bytes, err));
	TRY(store_begin(filled->store, err));
	TRY(store_get_ceremony(filled->store, &id, &row, err));
	TRY(store_list_items(filled->store, &id, &item, 1, &count, err));
	TRY(owe(filled, &row, &item, err));
	row.state = CEREMONY_RELEASING;
	row.released = 1767225700;
	row.expires = 1767229300;
	TRY(name("release", filled->ceremonies, &row.release, err));
	TRY(put(filled, &row.release, false, err));
	TRY(store_update_ceremony(filled->store, &row, err));
	return append_and_commit(filled, err);
}
