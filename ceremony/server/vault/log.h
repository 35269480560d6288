/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a vault: every change is a leaf, one line of JSON with public facts; a checkpoint (C2SP
 * note) is signed when it is handed out.
 *
 *	{"event":NAME, ..., "statements":[HEX32..], "time":TIME}
 *
 * "statements" are the digests of all statements that the leaf rests on; they are in the store.  Times
 * never go back but by a leaf "clock"; where the host's clock stands behind the newest leaf, the next takes its time, and
 * has "clock":"behind" when that is more than a little.  A leaf about a debt carries "debt", "state", "secret", "old" and "pending".  The last leaf
 * of a change has "tree", the root of the state tree as the change left it.
 */
#ifndef CEREMONY_SERVER_VAULT_LOG_H
#define CEREMONY_SERVER_VAULT_LOG_H

#include "ceremony/server/vault/session.h"
#include "vault/store/debt.h"

struct leaf {
	struct json *json, *statements;
	int64_t at;      /* it happened then, by the host's clock, and is written now; 0: now */
	bool sets_clock; /* alone may carry an earlier time than the leaf before it */
};
struct leaf leaf_new(const char *event);
void leaf_done(struct leaf *leaf);
#define LEAF CLEANUP(leaf_done) struct leaf
void leaf_statement(struct leaf *leaf, const struct digest *digest);
void leaf_text(struct leaf *leaf, const char *name, const char *text);
void leaf_int(struct leaf *leaf, const char *name, int64_t value);
void leaf_bytes(struct leaf *leaf, const char *name, struct view bytes);
/* "answer-" and the first 16 hex digits of TOKEN: what was sealed to it, by the digest of enc ||
 * ciphertext. */
void leaf_box(struct leaf *leaf, const struct digest *token, const struct digest *box);
void leaf_debt(struct leaf *leaf, const struct debt_row *debt);
/* Inside a change, after what it is about. */
enum err_code journal_add(struct session *session, struct leaf *leaf, struct err *err) MUST_CHECK;
/* The change is whole: its last leaf gets the member "tree", the state tree's root. */
enum err_code journal_close(struct session *session, struct err *err) MUST_CHECK;

/* How far the host's clock stands behind the newest leaf, whose time is RET_NEWEST (NULL: not wanted); 0 up to CLOCK_BACK_MAX:
 * that is a step of NTP, and a leaf takes the time of the one before. */
enum err_code journal_behind(struct session *session, int64_t *ret_newest, int64_t *ret_seconds,
    struct err *err) MUST_CHECK;
/* ERR_REFUSED when it stands behind: then no deadline can be judged and nothing is released until an officer's `clock`. */
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

#endif
