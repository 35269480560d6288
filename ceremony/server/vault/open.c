/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a folder says about the state of its vault: no database, or one without the text "init", is
 * absent (an `init` that was killed is run again); vault.id makes it live.  Charter 1 in the
 * database without vault.id is a founding that was killed between its two last steps.
 */
#include "ceremony/server/vault/open.h"

#include <string.h>

#include "base/file.h"
#include "base/json_in.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/folder.h"
#include "vault/log/anchor.h"
#include "vault/store/statement.h"

enum err_code
session_load_founding(struct session *session, struct err *err)
{
	BUF text = {0};
	JSON *object = NULL;
	struct founding founding = {0};

	TRY(store_get_text(session->store, "init", &text, err));
	TRY(json_parse(buf_view(&text), &object, err));
	struct json_in in = json_in(object, "init", err);
	in_founding(&in, &founding);
	TRY(json_in_end(&in));
	session->founding = founding;
	session->state = SESSION_FOUNDING;
	return ERR_OK;
}

static enum err_code
go_live(struct session *session, struct err *err)
{
	session->state = SESSION_LIVE;
	TRY(chain_load(session, err));
	if (session->chain.charter->training != session->founding.training ||
	    strcmp(session->chain.charter->name, session->founding.name) != 0 ||
	    !digest_equal(&session->chain.charter->init, &session->founding.init))
		return err_set(err, ERR_INTEGRITY,
		    "the charter is not that of the vault that was founded in %s", session->folder);
	return ERR_OK;
}

enum err_code
session_go_live(struct session *session, struct err *err)
{
	TRY(store_get_document(session->store, 1, &session->chain.vault, err));
	/* Verified as any chain is, before it becomes the anchor. */
	TRY(go_live(session, err));
	store_name_vault(session->store, &session->chain.vault);
	return host_write_vault_id(session->folder, &session->chain.vault, err);
}

static enum err_code
open_vault(struct session *session, bool has_id, struct err *err)
{
	uint32_t documents;

	if (has_id)
		return go_live(session, err);
	TRY(store_count_documents(session->store, &documents, err));
	return documents > 0 ? session_go_live(session, err) : ERR_OK;
}

static enum err_code
open_store(struct session *session, struct err *err)
{
	TRY(host_keys_load(session->folder, &session->keys, err));
	return store_open(session->folder, "serve", &session->chain.vault, session->keys.anchor,
	    &session->store, err);
}

/* What its id shows to have been there. */
static enum err_code
alarm_removed(const struct session *session, struct err *err)
{
	char path[4096];

	TRY(file_path(session->folder, "vault.db", path, err));
	if (file_exists(path)) {
		err_set(err, ERR_INTEGRITY,
		    "%s has a vault.id and a database, but no host.key: it was removed",
		    session->folder);
		return err_cure(err, HOST_KEY_CURE);
	}
	err_set(err, ERR_INTEGRITY, "%s has a vault.id, but no database of a vault: it was removed",
	    session->folder);
	return err_cure(err, DATABASE_BACK);
}

/* There is no vault, or none yet. */
static void
close_store(struct session *session)
{
	store_freep(&session->store);
	host_keys_done(&session->keys);
	session->keys = (struct host_keys){0};
}

enum err_code
session_open(struct session *session, const struct server_options *options, int out,
    struct err *err)
{
	session->options = options;
	session->folder = options->folder;
	session->out = out;
	TRY(folder_check(session->folder, err));
	enum err_code found = host_read_vault_id(session->folder, &session->chain.vault, err);

	if (found != ERR_OK && found != ERR_NOT_FOUND)
		return found;
	enum err_code code = open_store(session, err);
	if (code == ERR_OK)
		code = session_load_founding(session, err);
	if (code == ERR_NOT_FOUND && found == ERR_OK)
		return alarm_removed(session, err);
	if (code == ERR_OK)
		return open_vault(session, found == ERR_OK, err);
	if (code != ERR_NOT_FOUND)
		return code;
	close_store(session);
	return ERR_OK;
}
