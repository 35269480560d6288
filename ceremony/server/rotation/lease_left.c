/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/lease_left.h"

#include "ceremony/server/vault/log.h"

static int64_t
by_wall_clock(const struct session *session, const struct ceremony_row *row, int64_t behind)
{
	return behind > 0 ? 0 : row->expires - session_now(session);
}

enum err_code
lease_left(struct session *session, const struct ceremony_row *row, int64_t *ret_seconds,
    struct err *err)
{
	struct boot boot = session_boot(session);
	int64_t behind, left, whole = row->expires - row->released;

	TRY(journal_behind(session, NULL, &behind, err));
	left = boot_is_same(&row->over, &boot) ? row->over.seconds - boot.seconds :
	                                         by_wall_clock(session, row, behind);
	*ret_seconds = left < 0 ? 0 : left > whole ? whole : left;
	return ERR_OK;
}
