/* SPDX-License-Identifier: Apache-2.0 */
/* What a vault says about its founding. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_FOUNDING_H
#define CEREMONY_CLIENT_DOCUMENTS_FOUNDING_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/founding.h"
#include "vault/documents/chain.h"

struct founding_view {
	struct founding fixed;
	struct ed25519_public host_statement, host_log;
	struct point host_escrow;
};

/* Make a new vault; RET_INIT is the nonce that enrolments name.  ERR_EXISTS.  ERR_INTEGRITY: this computer
 * knows a living one at this place. */
enum err_code founding_open(struct client *client, const char *name, bool training,
    const char *copy, struct digest *ret_init, struct err *err) MUST_CHECK;
/* Nothing of this is verified but its form.  ERR_INTEGRITY as above. */
enum err_code founding_fetch(struct client *client, struct founding_view *ret_view,
    struct err *err) MUST_CHECK;

#endif
