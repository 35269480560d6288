/* SPDX-License-Identifier: Apache-2.0 */
/* Files that outlive their use only when a session was cut off, or when many end at once. */
#ifndef CEREMONY_SERVER_OPENING_ERASE_H
#define CEREMONY_SERVER_OPENING_ERASE_H

#include "ceremony/server/vault/session.h"

/* Is what the database says of each such file proven?  For a change that ends some, before it commits. */
enum err_code prove_ended(struct session *session, struct err *err) MUST_CHECK;
/* Is there a file that erase_ended would end? */
enum err_code has_ended(struct session *session, bool *ret_has, struct err *err) MUST_CHECK;
/* Erases keys of ceremonies that are over, and escrow files of debts that are paid or that were never committed;
 * none, when what the database says of one is an alarm, or when it does not know the debt of an escrow file. */
enum err_code erase_ended(struct session *session, struct err *err) MUST_CHECK;

#endif
