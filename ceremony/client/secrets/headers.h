/* SPDX-License-Identifier: Apache-2.0 */
/* All secrets that are sealed, with what shows who can open them, verified, some at a time. */
#ifndef CEREMONY_CLIENT_SECRETS_HEADERS_H
#define CEREMONY_CLIENT_SECRETS_HEADERS_H

#include "ceremony/client/secrets/secret.h"

/* Of the lookup: definition, header, quorum, header_hash, policy, current and spares. */
typedef enum err_code (*headers_visit)(void *context, const struct lookup *lookup, struct err *err);
/* Send with the greeting for the first page. */
void headers_foresee(struct client *client);
/* Every secret with a current version, in the order of names, through VISIT.  ERR_INTEGRITY as of lookup_secret; that
 * there is none besides is the server's word. */
enum err_code headers_walk(struct client *client, const struct vault_view *view,
    headers_visit visit, void *context, struct err *err) MUST_CHECK;

#endif
