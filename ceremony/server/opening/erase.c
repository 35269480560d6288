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
#include "ceremony/server/vault/escrow.h"
#include "vault/store/ceremony.h"
#include "vault/store/debt.h"

enum fate { FATE_STAYS, FATE_ERASED, FATE_KEPT };

/* What becomes of the file called ID and ENDING, by what is known of ID? */
typedef enum err_code (*judge_file)(struct session *session, const struct id *id,
    const char *ending, enum fate *ret_fate, struct err *err);

static enum err_code
judge_ceremony(struct session *session, const struct id *id, const char *ending,
    enum fate *ret_fate, struct err *err)
{
	(void)ending;
	struct ceremony_row row;
	enum err_code code = store_get_ceremony(session->store, id, &row, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret_fate = code == ERR_OK &&
	        (row.state == CEREMONY_COLLECTING || row.state == CEREMONY_RELEASING) ?
	    FATE_STAYS :
	    FATE_ERASED;
	return ERR_OK;
}

/* All that has a value of a credential may be that file. */
static enum err_code
refuse_unknown(const struct session *session, const struct id *id, struct err *err)
{
	char path[4096];

	TRY(host_id_path(session->folder, "escrow", id, "", path, err));
	err_set(err, ERR_INTEGRITY,
	    "%s has the values of a rotation debt that the database does not know: the database is older "
	    "than that file, or somebody put it there",
	    path);
	return err_cure(err,
	    "put the newer database and its anchor back; if there is none, move that file out of the vault "
	    "and keep it: nothing else may have what its target accepts, so change that credential by hand");
}

static enum err_code
judge_escrow(struct session *session, const struct id *id, const char *ending, enum fate *ret_fate,
    struct err *err)
{
	struct debt_row row;
	enum err_code code = store_get_debt(session->store, id, &row, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_NOT_FOUND && *ending == '\0')
		return refuse_unknown(session, id, err);
	if (code == ERR_NOT_FOUND || row.state == DEBT_RETIRED)
		*ret_fate = FATE_ERASED;
	else
		*ret_fate = strcmp(ending, ESCROW_NEW) == 0 ? FATE_KEPT : FATE_STAYS;
	return ERR_OK;
}

/* "HEX", or that and one of our endings. */
static bool
parse_name(const char *name, struct id *ret_id, const char **ret_ending)
{
	static const char *const endings[] = {"", ".key", ".lock", ESCROW_NEW};
	char hex[2 * ID_SIZE + 1];
	const char *end = name + strcspn(name, ".");
	bool ours = false;

	if (end - name != 2 * ID_SIZE)
		return false;
	memcpy(hex, name, 2 * ID_SIZE);
	hex[2 * ID_SIZE] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		ours |= strcmp(end, endings[i]) == 0;
	*ret_ending = end;
	return ours && text_from_hex(hex, ret_id->bytes, ID_SIZE);
}

DESTRUCTOR(closedirp, DIR, closedir)

/* A folder of files that are named after what they belong to. */
struct kind {
	const char *folder;
	judge_file judge;
};
static const struct kind kinds[] = {{"ceremony", judge_ceremony}, {"escrow", judge_escrow}};

/* A file of one of them. */
struct found {
	const struct kind *kind;
	char path[4096];
	struct id id;
	const char *ending;
};

static enum err_code
end_under_lock(struct session *session, const struct found *found, struct err *err)
{
	CHANGE change = {0};
	enum fate fate;

	TRY(change_begin(session, &change, err));
	TRY(found->kind->judge(session, &found->id, found->ending, &fate, err));
	if (fate == FATE_KEPT)
		return escrow_keep(session->folder, &found->id, false, err);
	return fate == FATE_ERASED ? file_erase(found->path, err) : ERR_OK;
}

/* Also of one that stays: a file whose row is not as the vault left it stops all. */
static enum err_code
visit_file(struct session *session, const struct found *found, bool end, size_t *ended,
    struct err *err)
{
	enum fate fate;

	TRY(found->kind->judge(session, &found->id, found->ending, &fate, err));
	*ended += fate != FATE_STAYS;
	if (fate == FATE_STAYS || !end)
		return ERR_OK;
	TRY(store_settle(session->store, err)); /* what is over stays so */
	return end_under_lock(session, found, err);
}

static enum err_code
visit_folder(struct session *session, const struct kind *kind, bool end, size_t *ended,
    struct err *err)
{
	char folder[4096];
	const struct dirent *entry;

	TRY(file_path(session->folder, kind->folder, folder, err));
	CLEANUP(closedirp) DIR *directory = opendir(folder);
	if (directory == NULL)
		return err_errno(err, ERR_IO, errno, "cannot read the folder %s", folder);
	while ((entry = readdir(directory)) != NULL) {
		struct found found = {.kind = kind};

		if (!parse_name(entry->d_name, &found.id, &found.ending))
			continue;
		TRY(file_path(folder, entry->d_name, found.path, err));
		TRY(visit_file(session, &found, end, ended, err));
	}
	return ERR_OK;
}

/* ENDED: so many files are not to stay. */
static enum err_code
visit(struct session *session, bool end, size_t *ended, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		TRY(visit_folder(session, &kinds[i], end, ended, err));
	return ERR_OK;
}

enum err_code
prove_ended(struct session *session, struct err *err)
{
	size_t ended = 0;

	return visit(session, false, &ended, err);
}

enum err_code
has_ended(struct session *session, bool *ret_has, struct err *err)
{
	size_t ended = 0;

	TRY(visit(session, false, &ended, err));
	*ret_has = ended > 0;
	return ERR_OK;
}

enum err_code
erase_ended(struct session *session, struct err *err)
{
	size_t ended = 0;

	TRY(visit(session, false, &ended, err));
	return session->rehearses || ended == 0 ? ERR_OK : visit(session, true, &ended, err);
}
