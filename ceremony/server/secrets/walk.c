/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/secrets/walk.h"

#include <string.h>

enum err_code
secret_walk_next(struct secret_walk *walk, const struct secret_row **ret_secret, struct err *err)
{
	if (walk->next == walk->count) {
		TRY(store_list_secrets(walk->store, walk->after, walk->rows, SECRET_WALK_STEP,
		    &walk->count, err));
		walk->next = 0;
	}
	if (walk->count == 0) {
		*ret_secret = NULL;
		return ERR_OK;
	}
	*ret_secret = &walk->rows[walk->next++];
	memcpy(walk->after, (*ret_secret)->name, sizeof(walk->after));
	return ERR_OK;
}
