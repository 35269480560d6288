/* SPDX-License-Identifier: Apache-2.0 */
/* The present values of secrets that are defined go to the vault, once. */
#ifndef CEREMONY_CLIENT_SECRETS_ADOPT_H
#define CEREMONY_CLIENT_SECRETS_ADOPT_H

#include "base/credential.h"
#include "ceremony/client/connection.h"
#include "vault/documents/definition.h"

/* The value that the secret of DEFINITION has now, encoded, with the FIELDS that its rotator needs (set of enum
 * credential_field); NULL in RET_CREDENTIAL: it is left for another time. */
typedef enum err_code (*adopt_value)(void *context, const struct definition *definition,
    uint32_t fields, struct secret **ret_credential, struct err *err);

struct adopt_plan {
	const char *name; /* NULL: all that have none yet, at most 500 */
	adopt_value value;
	/* Of several: each name that the vault has, whatever its state; then, once and before PIN and touch, whether all is
	 * right.  NULL: nobody wants to know. */
	void (*met)(void *context, const char *name);
	enum err_code (*check)(void *context, struct err *err);
	void *context;
	/* VALUE is asked for each before PIN and touch; of several, again when its turn comes. */
	bool ahead;
	bool rotate; /* replace the value at once, so that nobody knows the sealed one */
};
/* With one signature.  RET_LEFT: how many are without a value still, or owe their first replacement; what went wrong with
 * one of several is said, and the others go on. */
enum err_code adopt_run(struct client *client, const struct adopt_plan *plan, size_t *ret_left,
    struct err *err) MUST_CHECK;

#endif
