/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are erased under the writer lock, after looking again: whoever makes a key or an escrow file
 * holds that lock until the row that names it is committed (a release, which writes its escrow later,
 * has its debt committed before).
 */
#include "ceremony/server/due.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/server/opening/batch.h"
#include "ceremony/server/opening/matter.h"
#include "ceremony/server/opening/to_responder.h"
#include "ceremony/server/rotation/lease.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/escrow.h"
#include "ceremony/server/vault/log.h"

/* Is the thing that ID names over, so that its files may go? */
typedef enum err_code (
    *is_over)(struct session *session, const struct id *id, bool *ret_over, struct err *err);

static enum err_code
batch_is_over(struct session *session, const struct id *id, bool *ret_over, struct err *err)
{
	struct batch_row row;
	enum err_code code = store_get_batch(session->store, id, &row, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret_over = code == ERR_NOT_FOUND ||
	    (row.state != CEREMONY_COLLECTING && row.state != CEREMONY_RELEASING);
	return ERR_OK;
}

static enum err_code
ceremony_is_over(struct session *session, const struct id *id, bool *ret_over, struct err *err)
{
	struct ceremony_row row;
	enum err_code code = store_get_ceremony(session->store, id, &row, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_NOT_FOUND)
		return batch_is_over(session, id, ret_over, err);
	*ret_over = (row.state != CEREMONY_COLLECTING && row.state != CEREMONY_RELEASING);
	return ERR_OK;
}

static enum err_code
debt_is_over(struct session *session, const struct id *id, bool *ret_over, struct err *err)
{
	struct debt_row row;
	enum err_code code = store_get_debt(session->store, id, &row, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret_over = code == ERR_NOT_FOUND || row.state == DEBT_RETIRED;
	return ERR_OK;
}

/* "HEX", "HEX.key" or "HEX.lock". */
static bool
parse_name(const char *name, struct id *ret_id)
{
	char hex[2 * ID_SIZE + 1];
	const char *end = name + strcspn(name, ".");

	if (end - name != 2 * ID_SIZE)
		return false;
	memcpy(hex, name, 2 * ID_SIZE);
	hex[2 * ID_SIZE] = '\0';
	if (*end != '\0' && strcmp(end, ".key") != 0 && strcmp(end, ".lock") != 0)
		return false;
	return text_from_hex(hex, ret_id->bytes, ID_SIZE);
}

static void
closedirp(DIR **directory)
{
	if (*directory != NULL)
		closedir(*directory);
}

static enum err_code
erase_under_lock(struct session *session, const char *path, const struct id *id, is_over over,
    struct err *err)
{
	CHANGE change = {0};
	bool is;

	TRY(change_begin(session, &change, err));
	TRY(over(session, id, &is, err));
	return is ? file_erase(path, err) : ERR_OK;
}

static enum err_code
erase_folder(struct session *session, const char *name, is_over over, struct err *err)
{
	char folder[4096], path[4096];
	const struct dirent *entry;

	TRY(host_path(session->folder, name, folder, err));
	CLEANUP(closedirp) DIR *directory = opendir(folder);
	if (directory == NULL)
		return err_errno(err, ERR_IO, errno, "cannot read the folder %s", folder);
	while ((entry = readdir(directory)) != NULL) {
		struct id id;
		bool is;

		if (!parse_name(entry->d_name, &id))
			continue;
		TRY(over(session, &id, &is, err));
		if (!is)
			continue;
		TRY(file_path(folder, entry->d_name, path, err));
		TRY(erase_under_lock(session, path, &id, over, err));
	}
	return ERR_OK;
}

enum err_code
resume_erase(struct session *session, struct err *err)
{
	TRY(erase_folder(session, "ceremony", ceremony_is_over, err));
	return erase_folder(session, "escrow", debt_is_over, err);
}

/* Late or void: over. */
static enum err_code
end_collecting(struct session *session, const struct id *id, struct err *err)
{
	CHANGE change = {0};
	MATTER *matter = NULL;
	BUF text = {0};
	int missing;

	TRY(change_begin(session, &change, err));
	TRY(matter_load(session, id, &matter, err));
	if (matter->row.state != CEREMONY_COLLECTING)
		return ERR_OK;
	enum verdict verdict =
	    matter_verdict(session, matter, session_now(session), &missing, &text);
	if (verdict == VERDICT_MET || verdict == VERDICT_OPEN)
		return ERR_OK;
	TRY(matter_refuse(session, &matter->row,
	    verdict == VERDICT_EXPIRED  ? EVENT_EXPIRE :
	        verdict == VERDICT_VOID ? EVENT_VOID :
	                                  EVENT_REFUSE,
	    buf_string(&text), err));
	return change_commit(session, &change, err);
}

/* What cannot be finished now is shown, and tried again by the next session. */
static enum err_code
tolerate(struct session *session, const char *subject, enum err_code code, const struct err *err)
{
	if (code == ERR_OK || code == ERR_INTEGRITY || code == ERR_INTERNAL)
		return code;
	session_alarm(session, subject, "%s", err->text);
	return ERR_OK;
}

static enum err_code
advance_ceremonies(struct session *session, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;
	unsigned states = 1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING;

	TRY(matter_list(session, states, &rows, &count, err));
	for (size_t i = 0; i < count; i++) {
		enum err_code code = ERR_OK;

		if (rows[i].state == CEREMONY_COLLECTING)
			code = end_collecting(session, &rows[i].id, err);
		if (code == ERR_OK)
			code = release_advance(session, &rows[i].id, err);
		TRY(tolerate(session, rows[i].requester, code, err));
	}
	return ERR_OK;
}

enum err_code
resume(struct session *session, struct err *err)
{
	if (session->state != SESSION_LIVE)
		return ERR_OK;
	TRY(host_sweep(session->folder, err));
	enum err_code clock = journal_check_clock(session, err);
	if (clock == ERR_REFUSED) {
		session_alarm(session, "clock", "%s", err->text);
		return ERR_OK;
	}
	TRY(clock);
	TRY(advance_ceremonies(session, err));
	TRY(batches_resume(session, err));
	TRY(resume_erase(session, err));
	TRY(tolerate(session, "leases", leases_end_expired(session, err), err));
	return tolerate(session, "rotation", leases_pay_due(session, err), err);
}
