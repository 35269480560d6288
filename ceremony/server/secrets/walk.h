/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All secrets, one after the other, in the order of their names:
 *
 *	struct secret_walk walk = {.store = session->store};
 *	const struct secret_row *secret;
 *
 *	for (;;) {
 *		TRY(secret_walk_next(&walk, &secret, err));
 *		if (secret == NULL)
 *			break;
 *		...
 *	}
 */
#ifndef CEREMONY_SERVER_SECRETS_WALK_H
#define CEREMONY_SERVER_SECRETS_WALK_H

#include "vault/store/secret.h"

enum { SECRET_WALK_STEP = 64 };
struct secret_walk {
	struct store *store;
	char after[SEAT_NAME_MAX + 1]; /* the name of the one before; "": from the first on */
	struct secret_row rows[SECRET_WALK_STEP];
	size_t next, count;
};
/* RET_SECRET lives until the next call; NULL: there are no more. */
enum err_code secret_walk_next(struct secret_walk *walk, const struct secret_row **ret_secret,
    struct err *err) MUST_CHECK;

#endif
