/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a vault: every change is a leaf, one line of JSON with public facts, and every commit a
 * checkpoint (C2SP note) in the file of that name.
 *
 *	{"event":NAME, ..., "statements":[HEX32..], "time":TIME}
 *
 * "statements" are the digests of all statements that the leaf rests on; they are in the store.  Times
 * never go back.  A leaf about a debt carries "debt", "state", "secret", "old" and "pending": the row
 * can be rebuilt from the last of them.  "documents" is the number of charters, rosters and
 * suspensions that came into force, left out when there is none: so a removed row is missed at once.
 */
#ifndef CEREMONY_SERVER_VAULT_LOG_H
#define CEREMONY_SERVER_VAULT_LOG_H

#include "ceremony/server/vault/session.h"
#include "vault/store/release.h"

struct leaf {
	struct json *json, *statements;
};
struct leaf leaf_new(const char *event);
void leaf_done(struct leaf *leaf);
#define LEAF CLEANUP(leaf_done) struct leaf
void leaf_statement(struct leaf *leaf, const struct digest *digest);
void leaf_text(struct leaf *leaf, const char *name, const char *text);
void leaf_int(struct leaf *leaf, const char *name, int64_t value);
void leaf_bytes(struct leaf *leaf, const char *name, struct view bytes);
void leaf_debt(struct leaf *leaf, const struct debt_row *debt);
/* Inside a change. */
enum err_code journal_add(struct session *session, struct leaf *leaf, struct err *err) MUST_CHECK;

/* The "documents" of the newest leaf, which is proven to be in the tree whose root the hashes give.
 * Inside a transaction. */
enum err_code journal_documents(struct session *session, uint64_t *ret_count,
    struct err *err) MUST_CHECK;
/* ERR_REFUSED when the host's clock stands more than CLOCK_BACK_MAX before the newest leaf: then
 * no deadline can be judged and nothing is released. */
enum err_code journal_check_clock(struct session *session, struct err *err) MUST_CHECK;
/* Size and root of the log as it is now. */
enum err_code journal_head(struct session *session, uint64_t *ret_size, struct digest *ret_root,
    struct err *err) MUST_CHECK;
/* Is ROOT that of our log's first SIZE leaves?  ERR_INTEGRITY: whoever saw it saw another log, or a
 * longer one; WHO names them. */
enum err_code journal_check_seen(struct session *session, const char *who, uint64_t size,
    const struct digest *root, struct err *err) MUST_CHECK;
/* The checkpoint of the log as it is now, signed; appended. */
enum err_code journal_checkpoint(struct session *session, struct buf *ret_note,
    struct err *err) MUST_CHECK;
/* Write it to the checkpoint file. */
enum err_code journal_write_checkpoint(struct session *session, struct err *err) MUST_CHECK;
/* At the start of a session: the database continues the log of the checkpoint file.  ERR_INTEGRITY:
 * the file is ahead (an old database was restored), of another log, or gone. */
enum err_code journal_start(struct session *session, struct err *err) MUST_CHECK;

#endif
