/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/anchored.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "vault/log/tree_read.h"
#include "vault/store/inside.h"
#include "vault/store/log_hash.h"
#include "vault/store/sql_query.h"

enum { LOCK_SECONDS = 10 };

#define SINCE_LEAF "Since when at the earliest: after leaf %" PRIu64 " (counted from 0) was logged"

static enum err_code
alarm_size(const struct anchor_slot *slot, uint64_t size, struct err *err)
{
	const char *leaves = text_plural(size, "leaf", "leaves");

	if (size < slot->from.size) {
		err_set(err, ERR_INTEGRITY,
		    "an old database was restored, or another: its log has %" PRIu64
		    " %s, and the vault's has %" PRIu64 " by its anchor",
		    size, leaves, slot->from.size);
		err_part(err, SINCE_LEAF, slot->from.size - 1);
		return err_cure(err, DATABASE_BACK);
	}
	err_set(err, ERR_INTEGRITY,
	    "the log of the database has %" PRIu64 " %s, and the vault's has %" PRIu64
	    " by its anchor: somebody wrote there, or the anchor is an old one",
	    size, leaves, slot->to.size);
	err_part(err, SINCE_LEAF, slot->to.size - 1);
	return err_cure(err,
	    "put the newest anchor back, if an old one was put there; else " WHOLE_BACKUP);
}

static enum err_code
count_leaves(struct store *store, uint64_t *ret_size, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "log_leaf",
	    "SELECT coalesce(max(position) + 1, 0) FROM log_leaf", err);
	int64_t size;

	TRY(sql_one_int(&query, "position", 0, INT64_MAX, &size));
	*ret_size = (uint64_t)size;
	return ERR_OK;
}

/* What was read before may have been told to somebody, so it is never undone: not by a database that was put
 * back where the writer had died, and that the slot still allows, and not by what others made of it. */
static enum err_code
check_continues(struct store *store, struct err *err)
{
	const struct anchor_state *seen = &store->seen, *base = &store->base;
	struct digest proof[TLOG_PROOF_MAX];
	size_t count;

	if (seen->size == 0 || anchor_state_equal(seen, base))
		return ERR_OK;
	if (base->size > seen->size) {
		TRY(tlog_prove_consistency(seen->size, base->size, store_log_fetch, store, proof,
		    &count, err));
		if (tlog_verify_consistency(seen->size, base->size, &seen->log_root,
		        &base->log_root, proof, count, err) == ERR_OK)
			return ERR_OK;
	}
	return err_set(err, ERR_INTEGRITY,
	    "an old database was put in place meanwhile: a state of %" PRIu64
	    " %s that was read is not in it",
	    seen->size, text_plural(seen->size, "leaf", "leaves"));
}

static enum err_code
find_base(struct store *store, struct err *err)
{
	uint64_t size;

	/* The database first: what it says stands still from then on, and the slots only go on. */
	TRY(count_leaves(store, &size, err));
	TRY(anchor_read(store->anchor, &store->slot, err));
	if (size == store->slot.to.size)
		store->base = store->slot.to;
	else if (size == store->slot.from.size)
		store->base = store->slot.from;
	else
		return alarm_size(&store->slot, size, err);
	TRY(check_continues(store, err));
	store->seen = store->base;
	if (store->slot.from.size < size && size > store->unsettled)
		store->unsettled = size;
	return ERR_OK;
}

enum err_code
store_anchored(struct store *store, struct err *err)
{
	uint64_t transaction = sql_transaction(store->sql);

	if (transaction == 0)
		return err_set(err, ERR_INTERNAL, "a state is asked for outside a transaction");
	if (store->anchored == transaction)
		return ERR_OK;
	store->anchored = 0; /* the size of the log is asked for before it is known */
	TRY(store_check_format(store->sql, &store->form, err));
	TRY(find_base(store, err));
	store->now = store->base;
	store->folded = false;
	tree_known_clear(store->known);
	store->next_node = store->arrivals = store->leaves = 0;
	store->anchored = transaction;
	return ERR_OK;
}

enum err_code
store_check_root(const struct store *store, const struct digest *root, struct err *err)
{
	if (!digest_equal(root, &store->base.log_root))
		return err_set(err, ERR_INTEGRITY,
		    "the log was changed: its root is not the one that the vault's anchor has");
	return ERR_OK;
}

enum err_code
store_check_frontier(struct store *store, struct err *err)
{
	struct digest root;

	TRY(store_anchored(store, err));
	if (store->folded)
		return ERR_OK;
	TRY(tlog_frontier_fetch(store->base.size, store_log_fetch, store, &store->frontier, err));
	TRY(tlog_frontier_root(&store->frontier, &root, err));
	TRY(store_check_root(store, &root, err));
	store->folded = true;
	return ERR_OK;
}

enum err_code
store_lock(const struct store *store, struct file_lock **ret_lock, struct err *err)
{
	return file_lock(store->lock_path, store->command, LOCK_SECONDS, ret_lock, err);
}

/* One that is not there has nothing to lose. */
static enum err_code
sync_journal(const struct store *store, struct err *err)
{
	FD fd =
	    open(store->journal_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return ERR_OK;
	if (fd < 0 || fdatasync(fd) != 0)
		return err_errno(err, ERR_IO, errno, "cannot make %s durable", store->journal_path);
	return ERR_OK;
}

enum err_code
store_make_last(struct store *store, struct err *err)
{
	/* He may have died when the journal was ended and that was not synced: after a power loss it would
	 * undo his commit, with what others wrote over it since. */
	if (anchor_slot_is_settled(&store->slot) ||
	    !anchor_state_equal(&store->base, &store->slot.to))
		return ERR_OK;
	enum err_code code = sync_journal(store, err);
	if (code != ERR_OK)
		sql_stop(store->sql);
	return code;
}

/* What is in the file now is unknown: the next one who starts finds out. */
static bool
is_fault_of_disk(enum err_code code)
{
	return code == ERR_IO || code == ERR_NO_SPACE;
}

static enum err_code
announce(struct store *store, struct err *err)
{
	enum err_code code =
	    anchor_write(store->anchor, store->slot.seq, &store->base, &store->now, err);

	if (is_fault_of_disk(code))
		sql_stop(store->sql);
	return code;
}

/* The database has what was announced, so that no failure may say that it has not. */
static enum err_code
confirm(struct store *store, struct err *err)
{
	struct err cause;

	store->seen = store->now;
	store->unsettled = store->now.size;
	if (anchor_write(store->anchor, store->slot.seq + 1, &store->now, &store->now, &cause) ==
	    ERR_OK) {
		store->unsettled = 0; /* nor is any older one */
		return ERR_OK;
	}
	sql_stop(store->sql);
	return err_set(err, ERR_IO,
	    "what was changed is in the database, and not confirmed yet: %s; start again",
	    cause.text);
}

enum err_code
store_commit_anchored(struct store *store, struct err *err)
{
	struct err ignored;

	TRY(announce(store, err));
	enum err_code code = sql_commit(store->sql, err);
	if (code == ERR_OK)
		return confirm(store, err);
	if (code != ERR_IO) /* else nobody knows: the next one who looks finds out */
		(void)!anchor_write(store->anchor, store->slot.seq + 1, &store->base, &store->base,
		    &ignored);
	return code;
}
