/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions of secrets on their way into force: drawn up and signed by one person, read and signed by the others.  No
 * value is asked for here, and nothing of a definition runs.
 */
#ifndef CEREMONY_CLIENT_DOCUMENTS_DEFINITION_H
#define CEREMONY_CLIENT_DOCUMENTS_DEFINITION_H

#include "ceremony/client/connection.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/view.h"

/* DEFINITIONS, which have no digests yet, are shown whole, signed and proposed.  EARLIER: the secrets that they change, in
 * the same order; NULL: they are new.  What the vault would refuse is said before a PIN. */
enum err_code definition_propose(struct client *client, const struct vault_view *view,
    struct definitions *definitions, const struct lookups *earlier, struct err *err) MUST_CHECK;
/* The signature of the token in hand on the draft that WHICH means; NULL: the only one. */
enum err_code definition_sign(struct client *client, const char *which, struct err *err) MUST_CHECK;

#endif
