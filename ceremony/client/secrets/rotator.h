/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault's host says of a rotator, for a target, without running anything. */
#ifndef CEREMONY_CLIENT_SECRETS_ROTATOR_H
#define CEREMONY_CLIENT_SECRETS_ROTATOR_H

#include "base/announcement.h"
#include "base/credential.h"
#include "ceremony/client/connection.h"
#include "vault/documents/definition.h"

struct rotator_said {
	uint32_t contract;
	bool own;           /* a program of the host's own, with this SHA-256: */
	struct digest hash; /* else it comes with Halligan */
	struct announcement announced;
	uint32_t fields; /* set of enum credential_field: those that a value must have */
	char path[4096]; /* on the host */
};
/* Send for what rotator_ask will be called for. */
void rotator_foresee(struct client *client, const char *name, const struct json *target);
/* ERR_REFUSED: its value could never be replaced by this Halligan; ERR_NOT_FOUND: the host has none of that NAME. */
enum err_code rotator_ask(struct client *client, const char *name, const struct json *target,
    struct rotator_said *ret_said, struct err *err) MUST_CHECK;
/* What SAID says is DEFINITION's from now on. */
void rotator_define(const struct rotator_said *said, struct definition *definition);
/* Has CREDENTIAL all that SAID asks for?  ERR_USAGE names every field that is missing; HINT: the options that give
 * one are said, too. */
enum err_code rotator_check_fields(const struct rotator_said *said, const char *name,
    const struct secret *credential, bool hint, struct err *err) MUST_CHECK;

#endif
