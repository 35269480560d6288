/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/due.h"

#include "base/file.h"
#include "base/file_lock.h"
#include "base/process.h"
#include "ceremony/server/copies/send.h"
#include "ceremony/server/due_note.h"
#include "ceremony/server/opening/ceremony.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/settle.h"
#include "ceremony/server/rotation/lease.h"
#include "ceremony/server/vault/folder.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/open.h"

/* What cannot be finished now is shown, and tried again later. */
static enum err_code
tolerate(struct session *session, const char *subject, enum err_code code, const struct err *err)
{
	if (code == ERR_OK || code == ERR_INTEGRITY || code == ERR_INTERNAL)
		return code;
	session_alarm(session, subject, "%s", err->text);
	return ERR_OK;
}

enum { CUT_OFF = 1u << CEREMONY_RELEASING, UNDECIDED = 1u << CEREMONY_COLLECTING };

/* MODES: those that are gone on with; none is begun after DEADLINE. */
static enum err_code
advance_ceremonies(struct session *session, unsigned states, unsigned modes, int64_t deadline,
    struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	TRY(store_list_ceremonies(session->store, states, &rows, &count, err));
	for (size_t i = count; i > 0 && process_milliseconds() < deadline; i--) {
		const struct ceremony_row *row = &rows[i - 1]; /* the oldest first: it can end */

		if ((modes & 1u << row->mode) == 0)
			continue;
		enum err_code code = ceremony_advance(session, &row->id, err);

		TRY(tolerate(session, row->requester, code, err));
	}
	return ERR_OK;
}

/* By a clock that stands behind the log no deadline can be judged, so that nothing is decided; leases end all the same, and
 * what is owed is paid.  `status` says it. */
static enum err_code
check_clock(struct session *session, bool *ret_right, struct err *err)
{
	int64_t behind;

	TRY(journal_behind(session, NULL, &behind, err));
	*ret_right = behind == 0;
	return ERR_OK;
}

static enum err_code
look_first(struct session *session, bool *ret_right, struct err *err)
{
	READING reading = NULL;

	TRY(reading_begin(session, &reading, err));
	TRY(prove_ended(session, err)); /* before anything is done */
	return check_clock(session, ret_right, err);
}

enum err_code
due_first(struct session *session, struct err *err)
{
	bool right;

	if (session->state != SESSION_LIVE)
		return ERR_OK;
	TRY(look_first(session, &right, err));
	TRY(folder_sweep(session->folder, err));
	return right ? advance_ceremonies(session, CUT_OFF, 1u << MODE_RELEASE, INT64_MAX, err) :
	               ERR_OK;
}

static enum err_code
has_decision(struct session *session, bool *ret_has, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	TRY(store_list_ceremonies(session->store, CUT_OFF | UNDECIDED, &rows, &count, err));
	for (size_t i = 0; i < count && !*ret_has; i++)
		TRY(ceremony_can_advance(session, &rows[i].id, ret_has, err));
	return ERR_OK;
}

enum err_code
due_waits(struct session *session, bool *ret_waits, struct err *err)
{
	bool waits = false, right;
	READING reading = NULL;

	*ret_waits = false;
	if (session->state != SESSION_LIVE)
		return ERR_OK;
	TRY(reading_begin(session, &reading, err));
	TRY(check_clock(session, &right, err));
	TRY(due_note_stands(session, &waits, err));
	if (!waits)
		TRY(has_ended(session, &waits, err));
	if (!waits)
		TRY(leases_wait(session, &waits, err));
	if (!waits && right)
		TRY(has_decision(session, &waits, err));
	if (!waits)
		TRY(copies_wait(session, &waits, err));
	*ret_waits = waits;
	return ERR_OK;
}

/* `status` counts by itself what a sink that fails still lacks. */
static enum err_code
send_copies(struct session *session, int64_t deadline, struct err *err)
{
	enum err_code code = copies_send_due(session, deadline, err);

	return code == ERR_INTEGRITY || code == ERR_INTERNAL ? code : ERR_OK;
}

/* Of what is left open, and looked at again each time, there may be much: half of the time is for what is owed, where a
 * value lives that should not. */
static enum err_code
do_due(struct session *session, int64_t deadline, struct err *err)
{
	int64_t now = process_milliseconds();
	bool right;

	TRY(check_clock(session, &right, err));
	if (right)
		TRY(advance_ceremonies(session, CUT_OFF | UNDECIDED, (1u << MODES) - 1,
		    now + (deadline - now) / 2, err));
	TRY(erase_ended(session, err));
	TRY(tolerate(session, "leases", leases_end_expired(session, err), err));
	TRY(tolerate(session, "rotation", leases_pay_due(session, deadline, err), err));
	return send_copies(session, deadline, err);
}

/* Nothing is done before every file has its row, whatever the clock says. */
static enum err_code
run(struct session *session, struct err *err)
{
	int seconds = session->options->due_seconds;
	int64_t deadline =
	    process_milliseconds() + 1000 * (int64_t)(seconds != 0 ? seconds : DUE_SECONDS);
	enum err_code code = prove_ended(session, err);

	if (code == ERR_OK)
		code = do_due(session, deadline, err);
	if (code != ERR_OK)
		session_alarm(session, "what is due", "%s", err->text);
	TRY(due_note_write(session, err));
	return code;
}

/* RET_LOCK stays NULL when another process is at it, or where no vault was ever alive.  Asked before anything else: as
 * long as a target hangs, there is one such process after each session, and they cost nothing. */
static enum err_code
take_lock(const char *folder, struct file_lock **ret_lock, struct err *err)
{
	char path[4096];

	TRY(folder_check(folder, err));
	TRY(file_path(folder, "vault.id", path, err));
	if (!file_exists(path))
		return ERR_OK;
	TRY(file_path(folder, "due.lock", path, err));
	enum err_code code = file_lock(path, "serve --due", 0, ret_lock, err);
	return code == ERR_BUSY ? ERR_OK : code;
}

enum err_code
due_run(const struct server_options *options, struct err *err)
{
	FILE_LOCK *lock = NULL;
	SESSION session = {0};

	TRY(take_lock(options->folder, &lock, err));
	if (lock == NULL)
		return ERR_OK;
	TRY(session_open(&session, options, -1, err));
	return session.state == SESSION_LIVE ? run(&session, err) : ERR_OK;
}
