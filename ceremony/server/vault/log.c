/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checkpoint file is written after the commit, under a lock of its own and always from what
 * the database then says: so it never goes back, and it is never ahead of a database that was not
 * replaced.
 */
#include "ceremony/server/vault/log.h"

#include <stdio.h>

#include <string.h>

#include "base/file_lock.h"
#include "base/json_in.h"
#include "base/text.h"
#include "base/text_time.h"
#include "vault/store/log.h"
#include "vault/store/statement.h"
#include "vault/store/token.h"

enum { CHECKPOINT_MAX = 4096, CHECKPOINT_LOCK_SECONDS = 10 };

struct leaf
leaf_new(const char *event)
{
	struct leaf leaf = {json_new_object(), json_new_array()};

	json_put_text(leaf.json, "event", event);
	return leaf;
}

void
leaf_done(struct leaf *leaf)
{
	json_freep(&leaf->json);
	json_freep(&leaf->statements);
}

void
leaf_statement(struct leaf *leaf, const struct digest *digest)
{
	json_add_hex(leaf->statements, VIEW_OF(digest->bytes));
}

void
leaf_text(struct leaf *leaf, const char *name, const char *text)
{
	json_put_text(leaf->json, name, text);
}

void
leaf_int(struct leaf *leaf, const char *name, int64_t value)
{
	json_put_int(leaf->json, name, value);
}

void
leaf_bytes(struct leaf *leaf, const char *name, struct view bytes)
{
	json_put_hex(leaf->json, name, bytes);
}

void
leaf_box(struct leaf *leaf, const struct digest *token, const struct digest *box)
{
	char name[2 * DIGEST_SIZE + 8], hex[2 * DIGEST_SIZE + 1];

	text_hex(VIEW_OF(token->bytes), hex);
	snprintf(name, sizeof(name), "answer-%.16s", hex);
	json_put_hex(leaf->json, name, VIEW_OF(box->bytes));
}

void
leaf_debt(struct leaf *leaf, const struct debt_row *debt)
{
	leaf_bytes(leaf, "debt", VIEW_OF(debt->id.bytes));
	leaf_text(leaf, "state", debt_state_names[debt->state]);
	leaf_bytes(leaf, "secret", VIEW_OF(debt->secret.bytes));
	leaf_int(leaf, "old", debt->old);
	leaf_int(leaf, "pending", debt->pending);
}

/* Of the newest leaf; 0 for an empty log. */
static enum err_code
newest_time(struct session *session, int64_t *ret_time, struct err *err)
{
	BUF data = {0};
	JSON *leaf = NULL;
	uint64_t size;
	int64_t time;

	TRY(store_log_size(session->store, &size, err));
	if (size == 0) {
		*ret_time = 0;
		return ERR_OK;
	}
	TRY(store_log_leaf(session->store, size - 1, &data, err));
	if (json_parse(buf_view(&data), &leaf, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY, "the newest leaf of the log is damaged");
	struct json_in in = json_in(leaf, "the newest leaf of the log", err);
	time = json_in_time(&in, "time");
	if (in.code != ERR_OK)
		return err->code = ERR_INTEGRITY;
	*ret_time = time;
	return ERR_OK;
}

enum err_code
journal_documents(struct session *session, uint64_t *ret_count, struct err *err)
{
	BUF data = {0};
	JSON *leaf = NULL;
	struct digest root, hash, proof[TLOG_PROOF_MAX];
	uint64_t size;
	size_t count;

	TRY(journal_head(session, &size, &root, err));
	if (size == 0)
		return err_set(err, ERR_INTEGRITY, "the log of a vault that lives is empty");
	TRY(store_log_leaf(session->store, size - 1, &data, err));
	TRY(tlog_leaf_hash(buf_view(&data), &hash, err));
	TRY(tlog_prove_inclusion(size - 1, size, store_log_fetch, session->store, proof, &count,
	    err));
	if (tlog_verify_inclusion(size - 1, size, &hash, proof, count, &root, err) != ERR_OK)
		return err_add(err, "the newest leaf of the log is not the one that was logged");
	if (json_parse(buf_view(&data), &leaf, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY, "the newest leaf of the log is damaged");
	struct json_in in = json_in(leaf, "the newest leaf of the log", err);
	int64_t documents = json_in_int_optional(&in, "documents", 1, INT64_MAX, 0);
	if (in.code != ERR_OK)
		return err->code = ERR_INTEGRITY;
	*ret_count = (uint64_t)documents;
	return ERR_OK;
}

enum err_code
journal_add(struct session *session, struct leaf *leaf, struct err *err)
{
	BUF text = {0};
	int64_t newest = 0, now = session_now(session);
	uint64_t index;
	uint32_t documents;

	TRY(store_count_documents(session->store, &documents, err));
	if (documents > 0)
		json_put_int(leaf->json, "documents", documents);
	TRY(newest_time(session, &newest, err));
	json_put(leaf->json, "statements", TAKE(leaf->statements));
	json_put_time(leaf->json, "time", now > newest ? now : newest);
	TRY(json_encode(leaf->json, &text, err));
	return store_append_leaf(session->store, buf_view(&text), &index, err);
}

enum err_code
journal_check_clock(struct session *session, struct err *err)
{
	char then[TEXT_TIME_SIZE], present[TEXT_TIME_SIZE];
	int64_t newest = 0, now = session_now(session);

	TRY(newest_time(session, &newest, err));
	if (newest <= now + CLOCK_BACK_MAX)
		return ERR_OK;
	text_time(newest, then);
	text_time(now, present);
	return err_set(err, ERR_REFUSED,
	    "the vault host's clock says %s, but its log has reached %s: deadlines cannot be judged, so "
	    "nothing is released; set the clock right and try again",
	    present, then);
}

enum err_code
journal_head(struct session *session, uint64_t *ret_size, struct digest *ret_root, struct err *err)
{
	uint64_t size;

	TRY(store_log_size(session->store, &size, err));
	TRY(store_log_root(session->store, size, ret_root, err));
	*ret_size = size;
	return ERR_OK;
}

enum err_code
journal_check_seen(struct session *session, const char *who, uint64_t size,
    const struct digest *root, struct err *err)
{
	uint64_t present;
	struct digest ours;

	TRY(store_log_size(session->store, &present, err));
	if (size > present)
		return err_set(err, ERR_INTEGRITY,
		    "%s has seen %llu leaves of this log, and it has only %llu: an old database was "
		    "restored",
		    who, (unsigned long long)size, (unsigned long long)present);
	TRY(store_log_root(session->store, size, &ours, err));
	if (!digest_equal(&ours, root))
		return err_set(err, ERR_INTEGRITY,
		    "%s has seen another log than this one (at leaf %llu): somebody keeps two", who,
		    (unsigned long long)size);
	return ERR_OK;
}

static enum err_code
sign_head(struct session *session, uint64_t size, const struct digest *root, struct buf *ret_note,
    struct err *err)
{
	struct checkpoint checkpoint = {.size = size, .root = *root};

	memcpy(checkpoint.origin, session->origin, sizeof(checkpoint.origin));
	return checkpoint_sign(&checkpoint, session->keys.log, &session->keys.log_public, ret_note,
	    err);
}

enum err_code
journal_checkpoint(struct session *session, struct buf *ret_note, struct err *err)
{
	uint64_t size;
	struct digest root;

	TRY(journal_head(session, &size, &root, err));
	return sign_head(session, size, &root, ret_note, err);
}

enum err_code
journal_write_checkpoint(struct session *session, struct err *err)
{
	FILE_LOCK *lock = NULL;
	BUF note = {0};
	char path[4096];

	TRY(file_path(session->folder, "checkpoint.lock", path, err));
	TRY(file_lock(path, "checkpoint", CHECKPOINT_LOCK_SECONDS, &lock, err));
	TRY(journal_checkpoint(session, &note, err));
	TRY(file_path(session->folder, "checkpoint", path, err));
	return file_write(path, buf_view(&note), 0600, err);
}

/* Founding writes the first checkpoint last: without one, the log ends with charter 1. */
static enum err_code
start_first(struct session *session, struct err *err)
{
	BUF data = {0};
	JSON *leaf = NULL;
	uint64_t size;

	TRY(store_log_size(session->store, &size, err));
	if (size > 0) {
		TRY(store_log_leaf(session->store, size - 1, &data, err));
		TRY(json_parse(buf_view(&data), &leaf, err));
		struct json_in in = json_in(leaf, "leaf", err);
		const char *event = json_in_text(&in, "event", 1, 64);
		int64_t version = json_in_int_optional(&in, "version", 0, UINT32_MAX, 0);

		if (in.code == ERR_OK && strcmp(event, "charter") == 0 && version == 1)
			return journal_write_checkpoint(session, err);
	}
	return err_set(err, ERR_INTEGRITY,
	    "the file %s/checkpoint is gone: the database cannot be shown to be the newest; restore the "
	    "file, or have the log compared with what officers have seen",
	    session->folder);
}

static enum err_code
prove_ahead(struct session *session, const struct checkpoint *file, uint64_t size,
    const struct digest *root, struct err *err)
{
	struct digest proof[TLOG_PROOF_MAX];
	size_t count;

	TRY(tlog_prove_consistency(file->size, size, store_log_fetch, session->store, proof, &count,
	    err));
	return tlog_verify_consistency(file->size, size, &file->root, root, proof, count, err);
}

static enum err_code
compare(struct session *session, const struct checkpoint *file, struct err *err)
{
	uint64_t size;
	struct digest root;

	TRY(journal_head(session, &size, &root, err));
	if (size < file->size)
		return err_set(err, ERR_INTEGRITY,
		    "an old database was restored: its log has %llu leaves, the checkpoint file %llu; "
		    "nothing is released",
		    (unsigned long long)size, (unsigned long long)file->size);
	if (size == file->size) {
		if (!digest_equal(&root, &file->root))
			return err_set(err, ERR_INTEGRITY,
			    "the log was changed: its root is not that of the checkpoint file");
		return ERR_OK;
	}
	if (file->size == 0 || prove_ahead(session, file, size, &root, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the log was changed: it does not continue that of the checkpoint file");
	return journal_write_checkpoint(session, err);
}

enum err_code
journal_start(struct session *session, struct err *err)
{
	BUF note = {0};
	struct checkpoint checkpoint;
	char path[4096];

	/* The file first: the database may grow meanwhile, the file never shrinks. */
	TRY(file_path(session->folder, "checkpoint", path, err));
	enum err_code code = file_read(path, CHECKPOINT_MAX, &note, err);
	if (code == ERR_NOT_FOUND)
		return start_first(session, err);
	if (code != ERR_OK)
		return code;
	if (checkpoint_open(buf_view(&note), session->origin, &session->keys.log_public,
	        &checkpoint, err) != ERR_OK) {
		(void)err_add(err, "%s", path);
		return err->code = ERR_INTEGRITY;
	}
	return compare(session, &checkpoint, err);
}
