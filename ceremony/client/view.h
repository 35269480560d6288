/* SPDX-License-Identifier: Apache-2.0 */
/* A vault as this computer believes it to be: documents and checkpoint, all verified. */
#ifndef CEREMONY_CLIENT_VIEW_H
#define CEREMONY_CLIENT_VIEW_H

#include "vault/documents/chain.h"
#include "vault/log/note.h"

struct vault_view {
	struct chain chain;
	struct checkpoint checkpoint;
};
void vault_view_done(struct vault_view *view);

#endif
