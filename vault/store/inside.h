/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct store, for vault/store/ alone. */
#ifndef VAULT_STORE_INSIDE_H
#define VAULT_STORE_INSIDE_H

#include "base/file.h"
#include "base/file_lock.h"
#include "vault/log/anchor.h"
#include "vault/log/tlog.h"
#include "vault/log/tree_change.h"
#include "vault/store/format.h"
#include "vault/store/sql.h"

enum { STORE_COMMAND_MAX = 200 };

struct state_change {
	struct tree_change change;
	size_t number; /* in the order in which they came */
};
/* What a transaction has changed and the tree does not have yet. */
struct state {
	struct state_change *changes;
	size_t count, room;
	uint64_t applied;   /* changes that were here before */
	size_t before;      /* the statement that runs */
	enum err_code code; /* sticky */
	struct err err;
};

struct store {
	struct sql *sql;
	struct anchor *anchor;
	struct store_form form;
	char lock_path[4096], journal_path[4096];
	char command[STORE_COMMAND_MAX + 1]; /* for the lock file */
	struct file_lock *lock;              /* while writing */

	/* Of the transaction with the number ANCHORED (sql_transaction): */
	uint64_t anchored;
	struct anchor_slot slot;       /* as it was read */
	struct anchor_state base, now; /* where it began, and where it stands */
	bool folded;                   /* the log's hashes give BASE's root; then: */
	struct tlog_frontier frontier; /* of the log as it stands */
	uint64_t next_node;            /* 0: not looked for yet */
	struct tree_known *known;      /* rows of the state tree that were met */
	uint64_t arrivals;
	uint64_t changes_before; /* sql_changes when it began */
	uint64_t leaves;         /* appended since */
	uint64_t logged;         /* state_changes when the last one was */
	struct state state;

	struct anchor_state seen; /* the newest one that was read or written; of size 0: none yet */
	uint64_t unsettled; /* leaves of one that was read before its writer settled it; 0: none */
};

#endif
