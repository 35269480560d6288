/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_sync verifies the documents and the log of the vault that a server shows, from what this computer
 * remembers of that vault, wherever it was met before (memory.h), asks for a consistency proof, and refuses
 * to go back (ERR_INTEGRITY).  The person is told of a first contact, whose id is to be compared, and of a
 * known vault in a place where it was not met before.
 */
#ifndef CEREMONY_CLIENT_SYNC_H
#define CEREMONY_CLIENT_SYNC_H

#include "ceremony/client/connection.h"

/* Send with the greeting for what client_sync will need. */
void client_foresee_sync(struct client *client);
/* RET_VIEW is valid until the next sync. */
enum err_code client_sync(struct client *client, const struct vault_view **ret_view,
    struct err *err) MUST_CHECK;
/* Where no vault lives there is nothing to verify; ERR_INTEGRITY when this computer knows a living one there. */
enum err_code client_check_new(const struct client *client, struct err *err) MUST_CHECK;

#endif
