/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/remember.h"

#include "base/text.h"
#include "ceremony/server/opening/item.h"
#include "ceremony/server/vault/copy_sink.h"
#include "vault/store/copy.h"

enum err_code
remember_owed(const struct delivery *delivery, struct err *err)
{
	const struct opening *opening = delivery->opening;
	const struct copy_row copy = copy_of_release(&opening->row.id);

	return store_add_copy(opening->session->store, &copy, err);
}

enum err_code
remember_send(struct delivery *delivery, struct err *err)
{
	const struct opening *opening = delivery->opening;
	struct session *session = opening->session;
	DSSE release = {0};
	struct err cause;

	if (!mode_releases(opening->row.mode) || session->rehearses)
		return ERR_OK;
	TRY(session_statement(session, &opening->row.release, "release", &release, err));
	if (copy_release(session, &opening->row.id, &release, &delivery->copied, &cause) != ERR_OK)
		session_progress(session, "the release goes on, but nobody else remembers it: %s",
		    QUOTED(cause.text));
	return ERR_OK;
}

enum err_code
remember_note(const struct delivery *delivery, struct err *err)
{
	const struct opening *opening = delivery->opening;
	const struct copy_row copy = copy_of_release(&opening->row.id);

	return mode_releases(opening->row.mode) ?
	    store_set_copied(opening->session->store, &copy, &delivery->copied, err) :
	    ERR_OK;
}
