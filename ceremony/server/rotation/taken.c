/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/taken.h"

#include "base/file.h"
#include "base/file_lock.h"
#include "ceremony/server/rotation/payment.h"
#include "ceremony/server/vault/escrow.h"

enum { LOCK_SECONDS = 40 }; /* longer than a rotator may be silent */

enum err_code
debt_take(struct session *session, struct debt_row *owed, bool *ret_taken, struct err *err)
{
	struct debt_row debt;
	enum err_code code = store_open_debt(session->store, &owed->secret, &debt, err);

	*ret_taken = code == ERR_OK && debt.untried && debt.old == owed->old;
	if (!*ret_taken)
		return code == ERR_NOT_FOUND ? ERR_OK : code;
	debt.untried = false;
	debt.has_ceremony = owed->has_ceremony;
	debt.ceremony = owed->ceremony;
	debt.due = owed->due;
	debt.tries = 0;
	debt.note[0] = '\0';
	*owed = debt;
	return store_update_debt(session->store, owed, err);
}

/* Has the target been told a value, or may it have been?  A debt that began with its ceremony is not paid before that one gave
 * its value away. */
static bool
was_begun(const struct debt_row *debt)
{
	return debt->state != DEBT_OWED || debt->pending != 0 || debt->rejected != 0;
}

enum err_code
debt_void(struct session *session, struct debt_row *debt, const char *why, struct err *err)
{
	if (was_begun(debt)) {
		debt->untried = true;
		debt->has_ceremony = false;
		debt->due = session_now(session);
		plain_format(debt->note, sizeof(debt->note), "an operator's order again: %s", why);
	} else {
		debt->state = DEBT_RETIRED;
		plain_format(debt->note, sizeof(debt->note), "void: %s", why);
	}
	return store_update_debt(session->store, debt, err);
}

static enum err_code
has_escrow(const struct session *session, const struct id *debt, const char *ending, bool *ret_has,
    struct err *err)
{
	char path[4096];

	TRY(host_id_path(session->folder, "escrow", debt, ending, path, err));
	*ret_has = file_exists(path);
	return ERR_OK;
}

/* A file that cannot be read is an alarm about this debt, and keeps nobody from anything else: what it has must not be lost, so
 * its ceremony waits until a person looked. */
static enum err_code
of_this_debt(enum err_code code, struct err *err)
{
	if (code != ERR_INTEGRITY && code != ERR_CRYPTO && code != ERR_VERSION)
		return code;
	err->code = ERR_IO;
	return err_add(err,
	    "put the escrow file of its debt back as it was; where there is none, move it away, and what it had is lost");
}

/* What the debt has, which nobody else changes from now on, to the last value that a run which was cut off made.  One that
 * begins with its ceremony has nothing yet, and nobody pays it. */
static enum err_code
read_present(struct session *session, const struct id *debt, struct escrow *escrow,
    struct file_lock **ret_lock, struct err *err)
{
	char lock[4096];
	bool has, has_new;

	TRY(has_escrow(session, debt, "", &has, err));
	TRY(has_escrow(session, debt, ESCROW_NEW, &has_new, err));
	if (!has && !has_new)
		return ERR_OK;
	TRY(host_id_path(session->folder, "escrow", debt, ".lock", lock, err));
	TRY(file_lock(lock, "rotate", LOCK_SECONDS, ret_lock, err));
	TRY(payment_settle_new(session, debt, &escrow->secret, err));
	return of_this_debt(escrow_read(session->folder, &session->keys, escrow, err), err);
}

enum err_code
debt_escrow_add(struct session *session, const struct id *debt, const struct secret_id *secret,
    uint32_t version, const struct digest *header, const struct secret *credential, struct err *err)
{
	ESCROW escrow = {.vault = session->chain.vault, .secret = *secret, .debt = *debt};
	SECRET *copy = NULL;
	FILE_LOCK *lock = NULL;

	if (!session->rehearses)
		TRY(read_present(session, debt, &escrow, &lock, err));
	TRY(secret_from(secret_view(credential), &copy, err));
	TRY(escrow_add(&escrow, version, header, TAKE(copy), err));
	return session->rehearses ? ERR_OK :
	                            escrow_write(session->folder, &escrow, &session->keys, err);
}
