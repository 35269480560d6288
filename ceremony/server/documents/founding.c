/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Founding: `init` makes folder, host keys, database and the init nonce that every enrolment and
 * charter repeats; what follows are charters (charter.c).  An `init` that was killed may be run
 * again: the vault exists from the moment when its first leaf is committed.
 */
#include "ceremony/server/documents/founding.h"

#include "base/json_members.h"
#include "base/random.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/copy_sink.h"
#include "ceremony/server/vault/folder.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/open.h"
#include "vault/store/statement.h"

static enum err_code
make_keys(struct session *session, struct err *err)
{
	enum err_code code = host_keys_make(session->folder, &session->keys, err);

	/* Of an init that was killed; nothing has used them yet. */
	if (code == ERR_EXISTS)
		return host_keys_load(session->folder, &session->keys, err);
	return code;
}

static enum err_code
make_store(struct session *session, struct err *err)
{
	static const struct digest no_id;
	enum err_code code =
	    store_create(session->folder, "init", session->keys.anchor, &session->store, err);

	if (code == ERR_EXISTS)
		return store_open(session->folder, "init", &no_id, session->keys.anchor,
		    &session->store, err);
	return code;
}

static enum err_code
founding_text(const struct founding *founding, struct buf *ret_text, struct err *err)
{
	JSON *object = json_new_object();

	put_founding(object, founding);
	return json_encode(object, ret_text, err);
}

static enum err_code
record(struct session *session, const struct founding *founding, struct err *err)
{
	CHANGE change = {0};
	BUF text = {0}, present = {0};
	LEAF leaf = leaf_new("init");

	TRY(founding_text(founding, &text, err));
	TRY(change_begin(session, &change, err));
	enum err_code code = store_get_text(session->store, "init", &present, err);
	if (code == ERR_OK)
		return err_set(err, ERR_EXISTS, "another session has just made a vault in %s",
		    session->folder);
	if (code != ERR_NOT_FOUND)
		return code;
	TRY(store_set_text(session->store, "init", buf_string(&text), err));
	leaf_bytes(&leaf, "init", VIEW_OF(founding->init.bytes));
	leaf_text(&leaf, "name", founding->name);
	leaf_text(&leaf, "copy", founding->copy);
	TRY(journal_add(session, &leaf, err));
	return change_commit(session, &change, err);
}

static enum err_code
make_vault(struct session *session, const struct founding *founding, struct err *err)
{
	TRY(folder_make(session->folder, err));
	TRY(make_keys(session, err));
	TRY(make_store(session, err));
	TRY(record(session, founding, err));
	return session_load_founding(session, err);
}

enum err_code
serve_init(struct session *session, struct call *call, struct err *err)
{
	struct founding founding = {0};

	in_founding_choice(&call->in, &founding);
	if (call->in.code == ERR_OK && !charter_name_valid(founding.name))
		json_in_fail(&call->in, "name",
		    "only letters, digits, dots and dashes, the first a letter or digit");
	TRY(json_in_end(&call->in));
	TRY(copy_check(founding.copy, NULL, err));
	TRY(random_bytes(founding.init.bytes, DIGEST_SIZE, err));
	if (make_vault(session, &founding, err) != ERR_OK) {
		/* Try again from the start: what exists is found. */
		store_freep(&session->store);
		host_keys_done(&session->keys);
		return err->code;
	}
	json_put_hex(call->reply, "init", VIEW_OF(session->founding.init.bytes));
	return ERR_OK;
}

static const struct member key_members[] = {
    {"statement", MEMBER_HEX, FIELD(struct host_keys, statement_public)},
    {"log", MEMBER_HEX, FIELD(struct host_keys, log_public)},
    {"escrow", MEMBER_HEX, FIELD(struct host_keys, escrow_public)},
    {NULL},
};
static const struct member host_members[] = {
    {"host", MEMBER_OBJECT, .members = key_members},
    {NULL},
};

enum err_code
serve_founding(struct session *session, struct call *call, struct err *err)
{
	(void)err; /* it is CALL->in's */
	TRY(json_in_end(&call->in));
	put_founding(call->reply, &session->founding);
	members_put(call->reply, host_members, &session->keys);
	return ERR_OK;
}
