/* SPDX-License-Identifier: Apache-2.0 */
/* Signing and showing charters. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_CHARTER_SIGN_H
#define CEREMONY_CLIENT_DOCUMENTS_CHARTER_SIGN_H

#include "ceremony/client/connection.h"

/* Show the draft, check it wholly (chain, host, enrolments, the token's own keys), ask, sign.
 * RET_LIVE: it is in force now. */
enum err_code sign_charter(struct client *client, bool *ret_live, struct err *err) MUST_CHECK;
/* The charter in force, and the draft that waits, when there is one. */
enum err_code show_charters(struct client *client, struct err *err) MUST_CHECK;

#endif
