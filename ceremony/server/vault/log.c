/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/vault/log.h"

#include <stdio.h>
#include <string.h>

#include "base/json_in.h"
#include "base/text.h"
#include "base/text_time.h"
#include "vault/store/log.h"

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

static enum err_code
read_time(const struct json *leaf, int64_t *ret_time, struct err *err)
{
	struct json_in in = json_in(leaf, "the newest leaf of the log", err);
	int64_t time = json_in_time(&in, "time");

	if (in.code != ERR_OK)
		return err->code = ERR_INTEGRITY;
	*ret_time = time;
	return ERR_OK;
}

/* Of the newest leaf, which may be the one in hand; 0 for an empty log. */
static enum err_code
newest_time(struct session *session, int64_t *ret_time, struct err *err)
{
	BUF data = {0};
	JSON *leaf = NULL;
	uint64_t size;

	if (session->leaf != NULL)
		return read_time(session->leaf, ret_time, err);
	TRY(store_log_size(session->store, &size, err));
	if (size == 0) {
		*ret_time = 0;
		return ERR_OK;
	}
	TRY(store_log_leaf(session->store, size - 1, &data, err));
	if (json_parse(buf_view(&data), &leaf, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY, "the newest leaf of the log is damaged");
	return read_time(leaf, ret_time, err);
}

static enum err_code
append(struct session *session, struct err *err)
{
	JSON *leaf = TAKE(session->leaf);
	BUF text = {0};
	uint64_t index;

	TRY(json_encode(leaf, &text, err));
	return store_append_leaf(session->store, buf_view(&text), &index, err);
}

/* A little is nobody's fault. */
static int64_t
seconds_behind(const struct session *session, int64_t newest)
{
	int64_t seconds = newest - session_now(session);

	return seconds > CLOCK_BACK_MAX ? seconds : 0;
}

enum err_code
journal_add(struct session *session, struct leaf *leaf, struct err *err)
{
	int64_t newest = 0, now = session_now(session);

	if (leaf->at != 0 && leaf->at < now)
		now = leaf->at;
	TRY(newest_time(session, &newest, err));
	json_put(leaf->json, "statements", TAKE(leaf->statements));
	json_put_time(leaf->json, "time", now > newest || leaf->sets_clock ? now : newest);
	if (!leaf->sets_clock && seconds_behind(session, newest) > 0)
		json_put_text(leaf->json, "clock", "behind");
	if (session->leaf != NULL)
		TRY(append(session, err));
	session->leaf = TAKE(leaf->json);
	return ERR_OK;
}

enum err_code
journal_close(struct session *session, struct err *err)
{
	struct digest root;

	if (session->leaf == NULL)
		return ERR_OK;
	TRY(store_state_root(session->store, &root, err));
	json_put_hex(session->leaf, "tree", VIEW_OF(root.bytes));
	return append(session, err);
}

enum err_code
journal_behind(struct session *session, int64_t *ret_newest, int64_t *ret_seconds, struct err *err)
{
	int64_t newest = 0;

	TRY(newest_time(session, &newest, err));
	*ret_seconds = seconds_behind(session, newest);
	if (ret_newest != NULL)
		*ret_newest = newest;
	return ERR_OK;
}

enum err_code
journal_check_clock(struct session *session, struct err *err)
{
	char then[TEXT_TIME_SIZE], present[TEXT_TIME_SIZE], behind[TEXT_DURATION_SIZE];
	int64_t newest, seconds;

	TRY(journal_behind(session, &newest, &seconds, err));
	if (seconds == 0)
		return ERR_OK;
	text_time(newest, then);
	text_time(session_now(session), present);
	text_duration(seconds, behind);
	return err_set(err, ERR_REFUSED,
	    "the vault host's clock says %s, and its log has reached %s, %s later: one of the two is wrong, so that nothing "
	    "is requested, approved or released. Set the host's clock right; if it still is behind then, an officer says so: "
	    "halligan clock",
	    present, then, behind);
}

enum err_code
journal_head(struct session *session, uint64_t *ret_size, struct digest *ret_root, struct err *err)
{
	return store_log_head(session->store, ret_size, ret_root, err);
}

enum err_code
journal_check_seen(struct session *session, const char *who, uint64_t size,
    const struct digest *root, struct err *err)
{
	uint64_t present;
	struct digest ours, proof[TLOG_PROOF_MAX];
	size_t count;

	TRY(store_log_size(session->store, &present, err));
	if (size > present)
		return err_set(err, ERR_INTEGRITY,
		    "%s has seen %llu %s of this log, and it has only %llu: an old database was "
		    "restored",
		    who, (unsigned long long)size, text_plural(size, "leaf", "leaves"),
		    (unsigned long long)present);
	TRY(store_log_continues(session->store, size, &ours, proof, &count, err));
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
