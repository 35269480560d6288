/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every integrity alarm says at its end, whatever was met.
 *
 *	WHAT WAS MET.  Since when at the earliest ...  What to do: ...
 */
#ifndef CEREMONY_SERVER_VAULT_ALARM_H
#define CEREMONY_SERVER_VAULT_ALARM_H

#include "ceremony/server/vault/session.h"

/* Puts both behind the text of ERR, which is cut where they need its room.  Known good is what the anchor proves,
 * else nothing.  SESSION need not be whole: one that could not be opened.  An alarm that is not about the vault's
 * folder stays as it is (session->told). */
void alarm_end(struct session *session, struct err *err);
/* CODE, with which something was judged that came with the request: an alarm that it makes is not about the
 * vault. */
enum err_code alarm_of_client(struct session *session, enum err_code code) MUST_CHECK;
/* STATEMENT carries one signature, and it is that of the active token TOKEN of SEAT. */
enum err_code alarm_of_signature(struct session *session, const struct dsse *statement,
    const char *seat, const struct digest *token, struct err *err) MUST_CHECK;

#endif
