/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are erased under the writer lock, after looking again: whoever makes a key or an escrow file
 * holds that lock until the row that names it is committed (a release, which writes its escrow later,
 * has its debt committed before).
 */
#include "ceremony/server/opening/erase.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/server/vault/change.h"
#include "vault/store/ceremony.h"
#include "vault/store/debt.h"

/* Is the thing that ID names over, so that its files may go? */
typedef enum err_code (
    *is_over)(struct session *session, const struct id *id, bool *ret_over, struct err *err);

static enum err_code
ceremony_is_over(struct session *session, const struct id *id, bool *ret_over, struct err *err)
{
	struct ceremony_row row;
	enum err_code code = store_get_ceremony(session->store, id, &row, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret_over = code == ERR_NOT_FOUND ||
	    (row.state != CEREMONY_COLLECTING && row.state != CEREMONY_RELEASING);
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

DESTRUCTOR(closedirp, DIR, closedir)

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

/* Also of one that is not erased: a file whose row is not as the vault left it stops all. */
static enum err_code
visit_folder(struct session *session, const char *name, is_over over, bool erase, struct err *err)
{
	char folder[4096], path[4096];
	const struct dirent *entry;

	TRY(file_path(session->folder, name, folder, err));
	CLEANUP(closedirp) DIR *directory = opendir(folder);
	if (directory == NULL)
		return err_errno(err, ERR_IO, errno, "cannot read the folder %s", folder);
	while ((entry = readdir(directory)) != NULL) {
		struct id id;
		bool is;

		if (!parse_name(entry->d_name, &id))
			continue;
		TRY(over(session, &id, &is, err));
		if (!is || !erase)
			continue;
		TRY(store_settle(session->store, err)); /* what is over stays so */
		TRY(file_path(folder, entry->d_name, path, err));
		TRY(erase_under_lock(session, path, &id, over, err));
	}
	return ERR_OK;
}

static enum err_code
visit(struct session *session, bool erase, struct err *err)
{
	TRY(visit_folder(session, "ceremony", ceremony_is_over, erase, err));
	return visit_folder(session, "escrow", debt_is_over, erase, err);
}

enum err_code
prove_ended(struct session *session, struct err *err)
{
	return visit(session, false, err);
}

enum err_code
erase_ended(struct session *session, struct err *err)
{
	TRY(visit(session, false, err));
	return session->rehearses ? ERR_OK : visit(session, true, err);
}
