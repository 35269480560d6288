/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust: for each vault location the client keeps, in $XDG_STATE_HOME/halligan (default
 * ~/.local/state/halligan), the vault id, and the newest charter, roster and checkpoint that it
 * saw.  client_sync verifies the chains from there (from the vault id on first contact, which the
 * person compares), asks for a consistency proof, and refuses to go back (ERR_INTEGRITY).
 */
#ifndef CEREMONY_CLIENT_SYNC_H
#define CEREMONY_CLIENT_SYNC_H

#include "ceremony/client/connection.h"

/* RET_VIEW is valid until the next sync. */
enum err_code client_sync(struct client *client, const struct vault_view **ret_view,
    struct err *err) MUST_CHECK;

#endif
