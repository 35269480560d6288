/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Some files at a time are put into the sink and read back; then one transaction keeps that it has them.  Killed between the
 * two, the next run finds them there, and writes none of them again.
 */
#include "ceremony/server/copies/send.h"

#include "base/file.h"
#include "base/file_lock.h"
#include "base/process.h"
#include "ceremony/server/copies/contents.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"

enum {
	AT_ONCE = 64,
	LOCK_SECONDS = 10,
	DUE_FILES = 256 /* beside other work; a whole sink is a person's to fill */
};

/* Documents first: without them nobody knows whose tokens open the rest. */
static const enum copy_kind order[] = {COPY_DOCUMENT, COPY_DEFINITION, COPY_VERSION, COPY_RELEASE};

struct sending {
	struct session *session;
	struct sink sink;
	struct id id;
	int64_t deadline;
	uint64_t most; /* files of this run */
	uint64_t done, all, written;
};
static void
sending_done(struct sending *sending)
{
	sink_done(&sending->sink);
}
#define SENDING CLEANUP(sending_done) struct sending

enum err_code
copies_count(struct session *session, struct copies_lacking *ret_count, struct err *err)
{
	struct copies_lacking count = {0};
	struct id id = {0};
	enum err_code code;

	*ret_count = count;
	if (!copy_wanted(session))
		return ERR_OK;
	code = copy_id(session, &id, err);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	for (int kind = 0; kind < COPY_KINDS; kind++) {
		TRY(store_count_copies(session->store, (enum copy_kind)kind, &id, &count.all[kind],
		    &count.lacking[kind], err));
		if (code == ERR_NOT_FOUND)
			count.lacking[kind] = count.all[kind];
	}
	*ret_count = count;
	return ERR_OK;
}

static uint64_t
sum(const uint64_t counts[COPY_KINDS])
{
	uint64_t all = 0;

	for (int kind = 0; kind < COPY_KINDS; kind++)
		all += counts[kind];
	return all;
}

enum err_code
copies_wait(struct session *session, bool *ret_wait, struct err *err)
{
	struct copies_lacking count;
	struct err ignored;

	TRY(copies_count(session, &count, err));
	*ret_wait = sum(count.lacking) > 0 && copy_look(session, &ignored) == ERR_OK;
	return ERR_OK;
}

static bool
goes_on(const struct sending *sending)
{
	return sending->done < sending->most && process_milliseconds() < sending->deadline;
}

/* ROW is in the sink; RET_LISTED: or need not be there any more. */
static enum err_code
put(struct sending *sending, const struct copy_row *row, bool *ret_listed, struct err *err)
{
	BUF bytes = {0};
	char name[SINK_NAME_SIZE];
	enum sink_found found;

	TRY(contents_load(sending->session, row, ret_listed, name, &bytes, err));
	if (!*ret_listed)
		return ERR_OK;
	TRY(sink_compare(&sending->sink, name, buf_view(&bytes), &found, err));
	if (sink_put(&sending->sink, name, buf_view(&bytes), err) != ERR_OK)
		return err_add(err, "the copy sink");
	sending->written += found != SINK_SAME;
	return ERR_OK;
}

static enum err_code
acknowledge(struct sending *sending, const struct copy_row *rows, size_t count, struct err *err)
{
	struct session *session = sending->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new("copied");
	int64_t noted = 0;

	TRY(change_begin(session, &change, err));
	for (size_t i = 0; i < count; i++) {
		bool listed;

		TRY(store_has_copy(session->store, &rows[i], &listed, err));
		if (listed)
			TRY(store_set_copied(session->store, &rows[i], &sending->id, err));
		noted += listed;
	}
	if (noted == 0)
		return ERR_OK;
	leaf_bytes(&leaf, "sink", VIEW_OF(sending->id.bytes));
	leaf_int(&leaf, "count", noted);
	TRY(journal_add(session, &leaf, err));
	return change_commit(session, &change, err);
}

/* Those before one that failed are kept all the same. */
static enum err_code
send_some(struct sending *sending, const struct copy_row *rows, size_t count, bool keep,
    struct err *err)
{
	enum err_code code = ERR_OK;
	struct copy_row sent[AT_ONCE];
	size_t noted = 0;

	for (size_t i = 0; i < count && code == ERR_OK && goes_on(sending); i++) {
		bool listed = false;

		code = put(sending, &rows[i], &listed, err);
		if (code == ERR_OK && listed)
			sent[noted++] = rows[i];
		sending->done++;
		session_count(sending->session,
		    sending->done < sending->all ? sending->done : sending->all, sending->all,
		    "copies proven");
	}
	struct err cause = *err, ignored;

	if (keep && noted > 0 && (code == ERR_OK || code == ERR_IO || code == ERR_NO_SPACE))
		TRY(acknowledge(sending, sent, noted, code == ERR_OK ? err : &ignored));
	if (code != ERR_OK)
		*err = cause;
	return code;
}

static enum err_code
send_lacking(struct sending *sending, enum copy_kind kind, struct err *err)
{
	struct copy_row rows[AT_ONCE];
	size_t count = 1;

	while (count > 0 && goes_on(sending)) {
		TRY(store_list_lacking(sending->session->store, kind, &sending->id, rows, AT_ONCE,
		    &count, err));
		TRY(send_some(sending, rows, count, true, err));
	}
	return ERR_OK;
}

static enum err_code
send_again(struct sending *sending, enum copy_kind kind, struct err *err)
{
	struct copy_row rows[AT_ONCE];
	struct copy_walk walk = {0};
	size_t count = 1;

	while (count > 0) {
		TRY(store_next_copies(sending->session->store, kind, &sending->id, &walk, rows,
		    AT_ONCE, &count, err));
		TRY(send_some(sending, rows, count, false, err));
	}
	return ERR_OK;
}

/* One at a time, since each would write what the other does.  ERR_BUSY names the other. */
static enum err_code
take_lock(const struct session *session, unsigned seconds, struct file_lock **ret_lock,
    struct err *err)
{
	char path[4096];

	TRY(file_path(session->folder, "copy.lock", path, err));
	return file_lock(path, "copy --repair", seconds, ret_lock, err);
}

enum err_code
copies_send_due(struct session *session, int64_t deadline, struct err *err)
{
	SENDING sending = {.session = session,
	    .sink = {.folder = -1},
	    .deadline = deadline,
	    .most = DUE_FILES};
	FILE_LOCK *lock = NULL;
	bool wait;

	TRY(copies_wait(session, &wait, err));
	if (!wait)
		return ERR_OK;
	enum err_code code = take_lock(session, 0, &lock, err);
	if (code == ERR_BUSY)
		return ERR_OK;
	TRY(code);
	TRY(copy_open(session, &sending.sink, &sending.id, err));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		TRY(send_lacking(&sending, order[i], err));
	return ERR_OK;
}

/* Temporary files of a run that was killed; a session that seals just now makes its own anew. */
static enum err_code
sweep(void *context, const char *name, bool left, struct err *err)
{
	return left ? sink_remove(context, name, err) : ERR_OK;
}

static enum err_code
repair(struct session *session, struct sending *sending, struct err *err)
{
	struct copies_lacking count;

	TRY(copy_mark(session, err));
	TRY(copy_open(session, &sending->sink, &sending->id, err));
	TRY(copies_count(session, &count, err));
	sending->all = sum(count.all);
	TRY(sink_each(&sending->sink, sweep, &sending->sink, err));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		TRY(send_again(sending, order[i], err));
		TRY(send_lacking(sending, order[i], err));
	}
	return ERR_OK;
}

enum err_code
serve_copy_repair(struct session *session, struct call *call, struct err *err)
{
	SENDING sending = {.session = session,
	    .sink = {.folder = -1},
	    .deadline = INT64_MAX,
	    .most = UINT64_MAX};
	FILE_LOCK *lock = NULL;

	TRY(json_in_end(&call->in));
	if (!copy_wanted(session))
		return err_set(err, ERR_REFUSED,
		    "this vault's charter names no copy sink: `halligan charter propose --copy directory:/PATH` does");
	TRY(take_lock(session, LOCK_SECONDS, &lock, err));
	TRY(repair(session, &sending, err));
	json_put_int(call->reply, "proven", (int64_t)sending.done);
	json_put_int(call->reply, "written", (int64_t)sending.written);
	return ERR_OK;
}
