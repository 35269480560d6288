/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that changes goes through a struct change:
 *
 *	CHANGE change = {0};
 *	TRY(change_begin(session, &change, err));
 *	... read again what the decision rests on, write rows ...
 *	LEAF leaf = leaf_new("request");
 *	leaf_bytes(&leaf, "ceremony", VIEW_OF(id.bytes));
 *	TRY(journal_add(session, &leaf, err));
 *	TRY(change_commit(session, &change, err));
 *
 * change_begin takes the writer lock and brings charter and roster up to date; nothing waits for a
 * client or a target while it is held, and nobody takes it who has not shown that they may.  In a rehearsal
 * (ceremony/server/vault/rehearsal.h) it has begun, and the commit proves what was changed and leaves it open.
 */
#ifndef CEREMONY_SERVER_VAULT_CHANGE_H
#define CEREMONY_SERVER_VAULT_CHANGE_H

#include "ceremony/server/vault/session.h"

struct change {
	struct session *session;
};
void change_done(struct change *change); /* rolls back unless committed */
#define CHANGE CLEANUP(change_done) struct change
enum err_code change_begin(struct session *session, struct change *change,
    struct err *err) MUST_CHECK;
/* May the client, by what is read anew whenever this is asked? */
typedef enum err_code judged(struct session *session, void *context, struct err *err);
/* change_begin for a client: JUDGE is asked of CONTEXT before, since a client who may not must make nobody wait,
 * and again under the lock, since what it rests on may have changed. */
enum err_code change_begin_judged(struct session *session, struct change *change, judged *judge,
    void *context, struct err *err) MUST_CHECK;
/* The last leaf that was added names the state as it is now. */
enum err_code change_commit(struct session *session, struct change *change,
    struct err *err) MUST_CHECK;

/* A commit that ended with CODE: a change refers only to what it has read, or written, so what is not there was
 * taken away. */
enum err_code change_alarm(enum err_code code, struct err *err) MUST_CHECK;

#endif
