/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a rotator from the rest of this host, as the starter says that it does (rotators/contract/start.h). */
#ifndef CEREMONY_SERVER_ROTATION_ISOLATION_H
#define CEREMONY_SERVER_ROTATION_ISOLATION_H

#include "ceremony/server/vault/session.h"

enum { ISOLATION_TEXT_SIZE = 512 };
/* In words; never fails: what is wrong is said.  False: somebody should see to it, since some rotators, or all, do not run. */
bool isolation_tell(const struct session *session, char ret_text[ISOLATION_TEXT_SIZE]);

#endif
