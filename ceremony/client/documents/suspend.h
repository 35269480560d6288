/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a token out of service, at once. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_SUSPEND_H
#define CEREMONY_CLIENT_DOCUMENTS_SUSPEND_H

#include "ceremony/client/connection.h"

/* WHICH is a token's label or serial, in charter or roster.  Signs with the officer's token, or another
 * one of the same seat (touch 1 of 1); a suspension that waits for a second officer is signed instead
 * of a new one.  RET_LIVE: it is in force; otherwise it waits (and the person is told for whom). */
enum err_code suspend_run(struct client *client, const char *which, const char *reason,
    bool *ret_live, struct err *err) MUST_CHECK;

#endif
