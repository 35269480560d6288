/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the vault of a folder, and what its session does when it becomes live. */
#ifndef CEREMONY_SERVER_VAULT_OPEN_H
#define CEREMONY_SERVER_VAULT_OPEN_H

#include "ceremony/server/vault/session.h"

/* Finds the state of the vault in OPTIONS->folder, verifies the chains.  SESSION is {0}, and what was opened of
 * it stays so after an error, for the text of the alarm.
 * ERR_INTEGRITY: an alarm, nothing may be released. */
enum err_code session_open(struct session *session, const struct server_options *options, int out,
    struct err *err) MUST_CHECK;
/* After charter 1 was committed: writes the anchor and makes the session live. */
enum err_code session_go_live(struct session *session, struct err *err) MUST_CHECK;
/* Absent to founding: reads what `init` wrote. */
enum err_code session_load_founding(struct session *session, struct err *err) MUST_CHECK;

#endif
