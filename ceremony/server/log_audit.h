/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leaves of the log, one after the other: what they say of themselves and of statements.  That the rows of
 * the database are those of the log is the state tree's to show, whose root the last leaf names.
 */
#ifndef CEREMONY_SERVER_LOG_AUDIT_H
#define CEREMONY_SERVER_LOG_AUDIT_H

#include "ceremony/server/vault/session.h"

struct audit {
	int64_t time;       /* of the leaf before */
	bool has_tree;      /* does that name a root? */
	struct digest tree; /* it */
};

/* Leaf INDEX, in order from 0: its form, its time, that the vault has its statements.  ERR_INTEGRITY. */
enum err_code audit_leaf(struct session *session, struct audit *audit, uint64_t index,
    struct view data, struct err *err) MUST_CHECK;
/* After the last leaf, in the same transaction: it names the state that the database has. */
enum err_code audit_state(struct session *session, const struct audit *audit,
    struct err *err) MUST_CHECK;
/* Each statement that the vault has is the one that hashes to its digest.  Outside a transaction: it takes
 * several, and tells the client how far it is. */
enum err_code audit_statements(struct session *session, uint64_t *ret_count,
    struct err *err) MUST_CHECK;

#endif
