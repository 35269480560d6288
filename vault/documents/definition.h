/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The definition of a secret, a signed statement (type "secret").
 *
 * Payload: {"format":1,"vault":HEX32,"secret":HEX16,"name":"prod/db","revision":1,
 *  "policy":NAME,"rotator":{"name":"ssh-key","hash":HEX32},"target":{...},
 *  "effect":TEXT (what the credential can do, shown to officers),"identity":"ambient"|"self",
 *  "created":TIME,"nonce":HEX16}
 *
 * The rotator's name has no '/' and at most 40 bytes; target is any object of at most 16384 bytes as
 * one line, whose members are the rotator's to judge.  Revision 1 is signed by a token of a seat with the role operator.
 */
#ifndef VAULT_DOCUMENTS_DEFINITION_H
#define VAULT_DOCUMENTS_DEFINITION_H

#include "vault/documents/charter.h"

enum { EFFECT_MAX = 300, ROTATOR_TEXT_MAX = 40, TARGET_TEXT_MAX = 16384 };

struct definition {
	struct digest digest;
	struct digest vault;
	struct secret_id secret;
	char name[SEAT_NAME_MAX + 1];
	uint32_t revision;
	char policy[SEAT_NAME_MAX + 1];
	char rotator[ROTATOR_TEXT_MAX + 1];
	struct digest rotator_hash;
	struct json *target; /* owned */
	char effect[EFFECT_MAX + 1];
	bool self; /* identity "self" */
	int64_t created;
};
void definition_done(struct definition *definition);
#define DEFINITION CLEANUP(definition_done) struct definition

enum err_code definition_parse(const struct dsse *statement, bool training,
    struct definition *ret_definition, struct err *err) MUST_CHECK;
enum err_code definition_payload(const struct definition *definition, struct json **ret_payload,
    struct err *err) MUST_CHECK;
/* Vault id, policy exists in CHARTER, and a valid signature by an operator of CHARTER.  ERR_REFUSED
 * when no operator signed; every signature must be valid and of a token of CHARTER.  Revisions
 * after the first (which need the quorum of the policy) are ERR_VERSION. */
enum err_code definition_verify(const struct dsse *statement, const struct definition *definition,
    const struct charter *charter, const struct digest *vault, struct err *err) MUST_CHECK;

#endif
