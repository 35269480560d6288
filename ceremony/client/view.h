/* SPDX-License-Identifier: Apache-2.0 */
/* A vault as this computer believes it to be: documents and checkpoint, all verified. */
#ifndef CEREMONY_CLIENT_VIEW_H
#define CEREMONY_CLIENT_VIEW_H

#include "vault/documents/roster.h"
#include "vault/documents/suspension.h"
#include "vault/log/note.h"

struct vault_view {
	struct digest vault;
	struct charter *charter;   /* in force */
	struct charter **charters; /* all of them, from the first to that in force */
	size_t charter_count;
	struct suspensions suspensions; /* under the charter in force */
	struct roster *roster;
	struct checkpoint checkpoint;
};
void vault_view_done(struct vault_view *view);

#endif
