/* SPDX-License-Identifier: Apache-2.0 */
/* What a person may know of each value that the target of an open debt may take, who puts the target right by hand: which it is,
 * what is known of it and what is not, and its public half.  Nothing here comes from a value but that. */
#ifndef CEREMONY_SERVER_ROTATION_CANDIDATES_H
#define CEREMONY_SERVER_ROTATION_CANDIDATES_H

#include "ceremony/server/vault/session.h"
#include "vault/store/debt.h"

/* Adds one object (value_told_members) to ARRAY for each value in the escrow of DEBT, the oldest first; none where the escrow
 * is lost, which the debt's note and `status` say. */
enum err_code candidates_tell(struct session *session, const struct debt_row *debt,
    struct json *array, struct err *err) MUST_CHECK;

#endif
