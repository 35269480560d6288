/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/to_vault.h"

#include <stdlib.h>

#include "base/process.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/secrets/seal_version.h"
#include "vault/store/debt.h"
#include "vault/store/opened.h"
#include "vault/store/spare.h"

enum { BYTES_AT_ONCE = 1 << 20, MILLISECONDS_AT_ONCE = 1000 };

struct resealed {
	size_t position;
	struct secret_row before; /* when its item was loaded */
	struct sealing sealing;
};
struct resealing {
	struct resealed rows[RESEAL_AT_ONCE];
	size_t count, bytes;
	int64_t since;  /* process_milliseconds, when the first was begun */
	size_t changed; /* of all so far */
};

static void
forget(struct resealing *resealing)
{
	for (size_t i = 0; i < resealing->count; i++)
		sealing_done(&resealing->rows[i].sealing);
	resealing->count = resealing->bytes = 0;
}

void
resealing_free(struct resealing *resealing)
{
	if (resealing == NULL)
		return;
	forget(resealing);
	free(resealing);
}

/* Is the secret as it was when the item was loaded: did nobody rotate or release it meanwhile? */
static enum err_code
check_still(struct store *store, const struct resealed *row, struct secret_row *ret_secret,
    bool *ret_still, struct err *err)
{
	const struct secret_row *before = &row->before;
	struct debt_row debt;

	TRY(store_get_secret(store, &before->id, ret_secret, err));
	*ret_still = ret_secret->current == before->current &&
	    ret_secret->newest + 1 == row->sealing.number &&
	    digest_equal(&ret_secret->definition, &before->definition);
	if (!*ret_still)
		return ERR_OK;
	enum err_code code = store_open_debt(store, &before->id, &debt, err);
	*ret_still = code == ERR_NOT_FOUND;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* The old version is opened, retired and bare; the new one is current. */
static enum err_code
replace(const struct opening *opening, const struct resealed *row, struct secret_row *secret,
    struct err *err)
{
	struct session *session = opening->session;
	const struct id *ceremony = &opening->row.id;
	uint32_t old = row->before.current, number = row->sealing.number;
	VERSION_ROW version = {
	    0}; /* as it is now: another ceremony may have asked for it meanwhile */
	bool exposed;

	TRY(store_get_version(session->store, &secret->id, old, &version, err));
	TRY(store_add_opened(session->store, &secret->id, old, ceremony, NULL, err));
	TRY(store_set_version_state(session->store, &secret->id, old, VERSION_RETIRED, err));
	TRY(sealing_store(session, &row->sealing, VERSION_CURRENT, version.seen, err));
	TRY(expose_asked(session, &secret->id, old, ceremony, &exposed, err));
	if (exposed || version.part_exposed) /* it is the same value */
		TRY(store_set_part_exposed(session->store, &secret->id, number, err));
	secret->newest = secret->current = number;
	TRY(store_update_secret(session->store, secret, err));
	TRY(store_erase_envelopes(session->store, &secret->id, old, err));
	return void_secret(session, &secret->id, ceremony, "the secret was sealed again", err);
}

static enum err_code
record(struct opening *opening, const struct resealed *row, struct err *err)
{
	LEAF leaf = leaf_new("resealed");

	leaf_bytes(&leaf, "secret", VIEW_OF(row->before.id.bytes));
	leaf_int(&leaf, "version", row->before.current);
	leaf_int(&leaf, "new", row->sealing.number);
	leaf_bytes(&leaf, "header", VIEW_OF(row->sealing.hash.bytes));
	return item_record(opening, row->position, ITEM_DONE, "", &leaf, err);
}

/* Inside a change.  RET_DONE: how many of those that wait. */
static enum err_code
replace_all(struct opening *opening, const struct resealing *resealing, size_t *ret_done,
    struct err *err)
{
	*ret_done = 0;
	for (size_t i = 0; i < resealing->count; i++) {
		const struct resealed *row = &resealing->rows[i];
		struct secret_row secret;
		bool still;

		TRY(check_still(opening->session->store, row, &secret, &still, err));
		if (!still)
			continue;
		TRY(replace(opening, row, &secret, err));
		TRY(record(opening, row, err));
		++*ret_done;
	}
	return ERR_OK;
}

static size_t
count_done(const struct opening *opening)
{
	size_t done = 0;

	for (size_t i = 0; i < opening->count; i++)
		done += opening->items[i].state == ITEM_DONE;
	return done;
}

/* One has its line; of many it is said once a second how far they are. */
static void
say(const struct opening *opening, const struct resealed *first)
{
	if (opening->count == 1)
		session_progress(opening->session, "%s: sealed again, as version %u",
		    first->before.name, first->sealing.number);
	else
		session_count(opening->session, count_done(opening), opening->count,
		    "secrets sealed again");
}

/* Those that wait become current together. */
static enum err_code
commit(struct delivery *delivery, struct err *err)
{
	struct resealing *resealing = delivery->resealing;
	CHANGE change = {0};
	size_t done;

	TRY(change_begin(delivery->opening->session, &change, err));
	TRY(replace_all(delivery->opening, resealing, &done, err));
	TRY(delivery_commit(delivery, &change, done, err));
	resealing->changed += resealing->count - done;
	if (done > 0)
		say(delivery->opening, &resealing->rows[0]);
	forget(resealing);
	return ERR_OK;
}

static bool
is_full(const struct resealing *resealing)
{
	return resealing->count == RESEAL_AT_ONCE || resealing->bytes >= BYTES_AT_ONCE ||
	    process_milliseconds() - resealing->since >= MILLISECONDS_AT_ONCE;
}

static size_t
bytes_of(const struct sealed_version *sealed)
{
	size_t bytes = sealed->header.size + sealed->ciphertext.size;

	for (size_t i = 0; i < sealed->envelope_count; i++)
		bytes += sealed->envelopes[i].ciphertext.size;
	return bytes;
}

enum err_code
to_vault(struct delivery *delivery, struct secret *credential, struct err *err)
{
	const struct loaded_item *item = delivery->item;

	if (delivery->resealing == NULL)
		delivery->resealing = calloc(1, sizeof(*delivery->resealing));
	struct resealing *resealing = delivery->resealing;
	if (resealing == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for what is sealed again");
	struct resealed *row = &resealing->rows[resealing->count];
	*row = (struct resealed){.position = item->position, .before = item->secret};
	if (resealing->count == 0)
		resealing->since = process_milliseconds();
	TRY(sealing_make(delivery->opening->session, item->exhibit->definition,
	    item->secret.newest + 1, credential, &row->sealing, err));
	resealing->count++;
	resealing->bytes += bytes_of(&row->sealing.sealed);
	return is_full(resealing) ? commit(delivery, err) : ERR_OK;
}

enum err_code
to_vault_end(struct delivery *delivery, size_t *ret_changed, struct err *err)
{
	const struct opening *opening = delivery->opening;
	struct resealing *resealing = delivery->resealing;

	if (resealing == NULL)
		return ERR_OK;
	if (resealing->count > 0)
		TRY(commit(delivery, err));
	*ret_changed += resealing->changed;
	resealing->changed = 0;
	if (opening->count > 1)
		session_progress(opening->session, "%zu of %zu secrets sealed again",
		    count_done(opening), opening->count);
	return ERR_OK;
}
