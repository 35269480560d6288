/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the quorum of an own request, with what happens meanwhile. */
#ifndef CEREMONY_CLIENT_OPENING_AWAIT_H
#define CEREMONY_CLIENT_OPENING_AWAIT_H

#include "ceremony/client/case_fetch.h"

/* While DOSSIER, which is replaced by what is newer, collects: look every PAUSE milliseconds, say who approved, who
 * denied and why, and who is missing, and ask for the release once nobody is.  ERR_OK: it collects no more, whatever became
 * of it.  ERR_REFUSED: it is void or past its deadline.  Errors of the connection: nothing is lost. */
enum err_code await_quorum(struct client *client, const struct vault_view *view,
    struct dossier **dossier, int pause, struct err *err) MUST_CHECK;

#endif
