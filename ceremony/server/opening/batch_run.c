/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a batch does when its quorum is met, one version after the other, under the ceremony's lock:
 *
 *	reseal	combine; seal the same value with a fresh DEK to the charter in force; the copy sink has
 *		it; one transaction: the new version is current, the old one retired and its envelopes
 *		erased, the item DONE
 *	rotate	one transaction: the debt is owed, the item OPENING; combine; the value into the debt's
 *		escrow; one transaction: the item DONE.  The debt is paid as any other
 *
 * One value exists at a time, in secret memory.  Killed anywhere it starts again with the first item
 * that is not settled.  An item that cannot be opened is named, and the others go on; a fault of the
 * host (disk, copy sink) stops the run until a later session.
 */
#include "ceremony/server/opening/batch_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto_key.h"
#include "base/file_lock.h"
#include "ceremony/server/opening/batch.h"
#include "ceremony/server/opening/batch_shares.h"
#include "ceremony/server/opening/matter.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/escrow.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/release.h"

enum { LOCK_SECONDS = 10, BATCHES_AT_ONCE = 64 };

struct run {
	struct session *session;
	struct batch *batch;
	struct p256_key *key;
	size_t position;
	struct case_item *item;
};

static void
run_done(struct run *run)
{
	p256_key_free(run->key);
	case_item_freep(&run->item);
}

/* Inside a change: the item is in STATE from now on. */
static enum err_code
record(struct run *run, enum item_state state, const char *note, struct leaf *leaf, struct err *err)
{
	struct batch *batch = run->batch;
	struct item_row *row = &batch->items[run->position];

	row->state = state;
	plain_text(note, row->note, sizeof(row->note));
	TRY(store_update_item(run->session->store, &batch->row.id, run->position, row, err));
	if (state != ITEM_OPENING)
		TRY(store_erase_batch_shares(run->session->store, &batch->row.id,
		    (int64_t)run->position, err));
	leaf_bytes(leaf, "batch", VIEW_OF(batch->row.id.bytes));
	leaf_int(leaf, "item", (int64_t)run->position);
	return journal_add(run->session, leaf, err);
}

static void
tell(struct run *run, const char *text)
{
	session_progress(run->session, "%s: %s (%zu of %zu)",
	    run->batch->request.items.rows[run->position].name, text, run->position + 1,
	    run->batch->ceremony.items.count);
}

/* Not opened, or not to be: the others go on. */
static enum err_code
give_up(struct run *run, enum item_state state, const char *note, struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new(state == ITEM_SKIPPED ? "not-resealed" : "damaged");

	TRY(change_begin(run->session, &change, err));
	if (state == ITEM_DAMAGED)
		TRY(store_set_part_exposed(run->session->store, &run->item->secret.id,
		    run->batch->items[run->position].version, err));
	leaf_bytes(&leaf, "secret", VIEW_OF(run->item->secret.id.bytes));
	leaf_text(&leaf, "reason", note);
	TRY(record(run, state, note, &leaf, err));
	TRY(change_commit(run->session, &change, err));
	tell(run, note);
	return ERR_OK;
}

/* The secret is as it was when the item was loaded: nobody rotated or released it meanwhile. */
static enum err_code
check_still(struct run *run, struct secret_row *ret_secret, struct err *err)
{
	struct debt_row debt;
	enum err_code code;

	TRY(store_get_secret(run->session->store, &run->item->secret.id, ret_secret, err));
	if (ret_secret->current != run->batch->items[run->position].version ||
	    !digest_equal(&ret_secret->definition, &run->item->secret.definition))
		return err_set(err, ERR_BUSY, "another session changed %s meanwhile",
		    ret_secret->name);
	code = store_open_debt(run->session->store, &ret_secret->id, &debt, err);
	if (code == ERR_OK)
		return err_set(err, ERR_BUSY, "%s has a rotation debt since", ret_secret->name);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static enum err_code
commit_resealed(struct run *run, const struct sealing *sealing, struct err *err)
{
	struct session *session = run->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new("resealed");
	struct secret_row secret;
	uint32_t old = run->batch->items[run->position].version;

	TRY(change_begin(session, &change, err));
	TRY(check_still(run, &secret, err));
	if (secret.newest + 1 != sealing->number)
		return err_set(err, ERR_BUSY, "another session sealed a version of %s meanwhile",
		    secret.name);
	TRY(store_set_version_state(session->store, &secret.id, old, VERSION_RETIRED, err));
	TRY(sealing_store(session, sealing, VERSION_CURRENT, err));
	secret.newest = secret.current = sealing->number;
	TRY(store_update_secret(session->store, &secret, err));
	TRY(store_erase_envelopes(session->store, &secret.id, old, err));
	TRY(matter_void_all(session, &secret.id, NULL, "the secret was resealed", err));
	leaf_bytes(&leaf, "secret", VIEW_OF(secret.id.bytes));
	leaf_int(&leaf, "version", old);
	leaf_int(&leaf, "new", sealing->number);
	leaf_bytes(&leaf, "header", VIEW_OF(sealing->hash.bytes));
	leaf_statement(&leaf, &run->batch->row.digest);
	TRY(record(run, ITEM_DONE, "", &leaf, err));
	return change_commit(session, &change, err);
}

static bool
is_damage(enum err_code code)
{
	return code == ERR_INTEGRITY || code == ERR_CRYPTO || code == ERR_NOT_FOUND ||
	    code == ERR_WAITING || code == ERR_INVALID;
}

/* RET_CREDENTIAL is NULL when it cannot be opened: then the item is settled. */
static enum err_code
open_item(struct run *run, struct secret **ret_credential, struct err *err)
{
	struct err cause;
	enum err_code code =
	    batch_combine(run->session, run->batch, run->item, run->key, ret_credential, &cause);

	if (code == ERR_OK)
		return ERR_OK;
	if (is_damage(code))
		return give_up(run, ITEM_DAMAGED, cause.text, err);
	*err = cause;
	return code;
}

static enum err_code
reseal(struct run *run, struct err *err)
{
	SECRET *credential = NULL;
	SEALING sealing = {0};
	char text[64];

	TRY(open_item(run, &credential, err));
	if (credential == NULL)
		return ERR_OK;
	TRY(sealing_make(run->session, &run->item->definition, run->item->secret.newest + 1,
	    credential, &sealing, err));
	TRY(commit_resealed(run, &sealing, err));
	snprintf(text, sizeof(text), "sealed again, as version %u", sealing.number);
	tell(run, text);
	return ERR_OK;
}

/* Before anything is combined. */
static enum err_code
commit_debt(struct run *run, struct err *err)
{
	struct session *session = run->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new("owed");
	struct secret_row secret;
	struct item_row *row = &run->batch->items[run->position];
	struct debt_row debt = {.secret = run->item->secret.id,
	    .old = row->version,
	    .state = DEBT_OWED,
	    .created = session_now(session),
	    .due = session_now(session)};

	TRY(change_begin(session, &change, err));
	TRY(check_still(run, &secret, err));
	TRY(id_new(&debt.id, err));
	TRY(store_add_debt(session->store, &debt, err));
	TRY(matter_void_all(session, &secret.id, NULL, "the secret is being rotated", err));
	row->has_debt = true;
	row->debt = debt.id;
	leaf_debt(&leaf, &debt);
	leaf_statement(&leaf, &run->batch->row.digest);
	TRY(record(run, ITEM_OPENING, "", &leaf, err));
	return change_commit(session, &change, err);
}

static enum err_code
commit_escrowed(struct run *run, struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new("escrowed");

	TRY(change_begin(run->session, &change, err));
	leaf_bytes(&leaf, "secret", VIEW_OF(run->item->secret.id.bytes));
	TRY(record(run, ITEM_DONE, "", &leaf, err));
	return change_commit(run->session, &change, err);
}

static enum err_code
rotate(struct run *run, struct err *err)
{
	SECRET *credential = NULL;
	const struct item_row *row = &run->batch->items[run->position];
	ESCROW escrow = {.vault = run->session->chain.vault, .secret = run->item->secret.id};

	if (row->state == ITEM_WAITING)
		TRY(commit_debt(run, err));
	TRY(open_item(run, &credential, err));
	if (credential == NULL)
		return ERR_OK;
	escrow.debt = row->debt;
	TRY(escrow_add(&escrow, row->version, TAKE(credential), err));
	TRY(escrow_write(run->session->folder, &escrow, &run->session->keys, err));
	TRY(commit_escrowed(run, err));
	tell(run, "opened, will be replaced");
	return ERR_OK;
}

/* The verdict for one version, again; the deadline was kept when it was taken for all. */
static enum err_code
check_verdict(struct run *run, char ret_why[NOTE_TEXT_MAX + 1], struct err *err)
{
	BUF text = {0};
	int missing;

	snprintf(ret_why, NOTE_TEXT_MAX + 1, "%s", run->item->stale);
	if (ret_why[0] != '\0')
		return ERR_OK;
	enum verdict verdict = item_verdict(run->session, run->batch, run->item,
	    run->batch->row.deadline - 1, &missing, &text);
	TRY(buf_check(&text, err));
	if (verdict != VERDICT_MET)
		snprintf(ret_why, NOTE_TEXT_MAX + 1, "its quorum is not met: %.400s",
		    text.size > 0 ? buf_string(&text) : "");
	return ERR_OK;
}

static enum err_code
settle(struct run *run, struct err *err)
{
	const struct item_row *row = &run->batch->items[run->position];
	char why[NOTE_TEXT_MAX + 1] = "";

	if (row->state != ITEM_WAITING && row->state != ITEM_OPENING)
		return ERR_OK;
	case_item_freep(&run->item);
	TRY(case_item_load(run->session, run->batch, run->position, &run->item, err));
	if (row->state == ITEM_WAITING)
		TRY(check_verdict(run, why, err));
	if (why[0] != '\0' || run->item->damaged)
		return give_up(run, run->item->damaged ? ITEM_DAMAGED : ITEM_SKIPPED,
		    run->item->stale[0] != '\0' ? run->item->stale : why, err);
	if (run->key == NULL)
		return give_up(run, ITEM_DAMAGED, "the key of this ceremony is gone", err);
	return run->batch->ceremony.mode == MODE_ROTATE ? rotate(run, err) : reseal(run, err);
}

static enum err_code
close_batch(struct session *session, struct batch *batch, struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new("closed");
	int64_t counts[ITEM_STATES] = {0};

	for (size_t i = 0; i < batch->ceremony.items.count; i++)
		counts[batch->items[i].state]++;
	TRY(change_begin(session, &change, err));
	TRY(table_next(batch->row.state, EVENT_RESEALED, &batch->row.state, err));
	TRY(store_update_batch(session->store, &batch->row, err));
	TRY(store_erase_batch_shares(session->store, &batch->row.id, -1, err));
	leaf_bytes(&leaf, "batch", VIEW_OF(batch->row.id.bytes));
	for (int state = ITEM_DONE; state < ITEM_STATES; state++)
		leaf_int(&leaf, item_state_names[state], counts[state]);
	TRY(journal_add(session, &leaf, err));
	TRY(change_commit(session, &change, err));
	return ceremony_key_erase(session->folder, &batch->row.id, err);
}

static enum err_code
run_locked(struct session *session, struct batch *batch, struct err *err)
{
	CLEANUP(run_done) struct run run = {.session = session, .batch = batch};
	enum err_code code = batch_key(session, batch, &run.key, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	for (; run.position < batch->ceremony.items.count; run.position++)
		if (settle(&run, err) != ERR_OK)
			return err_add(err, "%zu of %zu are done; the next command goes on",
			    run.position, batch->ceremony.items.count);
	return close_batch(session, batch, err);
}

static enum err_code
run(struct session *session, const struct id *id, struct err *err)
{
	FILE_LOCK *lock = NULL;
	BATCH *batch = NULL;
	char path[4096];

	TRY(journal_check_clock(session, err));
	TRY(host_id_path(session->folder, "ceremony", id, ".lock", path, err));
	TRY(file_lock(path, "reseal", LOCK_SECONDS, &lock, err));
	TRY(batch_load(session, id, &batch, err));
	if (batch->row.state != CEREMONY_RELEASING)
		return ERR_OK; /* another session was faster */
	TRY(run_locked(session, batch, err));
	return file_erase(path, err);
}

/* COLLECTING to RELEASING when the quorum is met at this moment, to REFUSED when it never can be. */
static enum err_code
decide(struct session *session, const struct id *id, enum ceremony_state *ret_state,
    struct err *err)
{
	CHANGE change = {0};
	BATCH *batch = NULL;
	BUF text = {0};
	enum verdict verdict;
	LEAF leaf = leaf_new("opening");

	TRY(change_begin(session, &change, err));
	TRY(batch_load(session, id, &batch, err));
	*ret_state = batch->row.state;
	if (batch->row.state != CEREMONY_COLLECTING)
		return ERR_OK;
	TRY(batch_verdict(session, batch, session_now(session), &verdict, &text, err));
	if (verdict == VERDICT_OPEN)
		return ERR_OK;
	if (verdict != VERDICT_MET) {
		TRY(batch_refuse(session, batch,
		    verdict == VERDICT_EXPIRED  ? EVENT_EXPIRE :
		        verdict == VERDICT_VOID ? EVENT_VOID :
		                                  EVENT_REFUSE,
		    buf_string(&text), err));
		TRY(change_commit(session, &change, err));
		*ret_state = batch->row.state;
		return ceremony_key_erase(session->folder, id, err);
	}
	TRY(journal_check_clock(session, err));
	TRY(table_next(batch->row.state, EVENT_RELEASE, &batch->row.state, err));
	TRY(store_update_batch(session->store, &batch->row, err));
	leaf_bytes(&leaf, "batch", VIEW_OF(batch->row.id.bytes));
	leaf_int(&leaf, "count", (int64_t)batch->ceremony.items.count);
	leaf_statement(&leaf, &batch->row.digest);
	for (size_t i = 0; i < batch->voice_count; i++)
		leaf_statement(&leaf, &batch->voices[i].statement);
	TRY(journal_add(session, &leaf, err));
	TRY(change_commit(session, &change, err));
	*ret_state = batch->row.state;
	return ERR_OK;
}

enum err_code
batch_advance(struct session *session, const struct id *id, struct err *err)
{
	enum ceremony_state state = CEREMONY_COLLECTING;

	TRY(decide(session, id, &state, err));
	return state == CEREMONY_RELEASING ? run(session, id, err) : ERR_OK;
}

/* Is it worth the look at every version?  The first that can still be opened speaks for all. */
static enum err_code
is_ripe(struct session *session, const struct batch_row *row, bool *ret_ripe, struct err *err)
{
	BATCH *batch = NULL;
	int missing;

	*ret_ripe = true;
	TRY(batch_load(session, &row->id, &batch, err));
	for (size_t i = 0; batch->in_force && i < batch->ceremony.items.count; i++) {
		CASE_ITEM *item = NULL;
		BUF text = {0};

		TRY(case_item_load(session, batch, i, &item, err));
		if (item->stale[0] != '\0')
			continue;
		*ret_ripe = item_verdict(session, batch, item, session_now(session), &missing,
		                &text) != VERDICT_OPEN;
		return ERR_OK;
	}
	return ERR_OK;
}

DESTRUCTOR(freep, struct batch_row, free)

enum err_code
batches_resume(struct session *session, struct err *err)
{
	CLEANUP(freep) struct batch_row *rows = calloc(BATCHES_AT_ONCE, sizeof(*rows));
	unsigned states = 1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING;
	size_t count;

	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list of ceremonies");
	TRY(store_list_batches(session->store, states, rows, BATCHES_AT_ONCE, &count, err));
	for (size_t i = 0; i < count; i++) {
		bool ripe = rows[i].state == CEREMONY_RELEASING;
		enum err_code code = ripe ? ERR_OK : is_ripe(session, &rows[i], &ripe, err);

		if (code == ERR_OK && ripe)
			code = batch_advance(session, &rows[i].id, err);

		if (code == ERR_INTEGRITY || code == ERR_INTERNAL)
			return code;
		if (code != ERR_OK)
			session_alarm(session, rows[i].requester, "%s", err->text);
	}
	return ERR_OK;
}
