/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions of secrets, 1 to 500 of them in a signed statement (type "secret").
 *
 * Payload: {"format":1,"vault":HEX32,"created":TIME,"definitions":[ENTRY],"nonce":HEX16}
 * ENTRY:	{"secret":HEX16,"name":"prod/db","revision":1,"policy":NAME,
 *	 "rotator":{"name":"ssh-key","hash":HEX32},"target":{...},
 *	 "effect":TEXT (what the credential can do, shown to officers),
 *	 "announced":{...} (what the rotator announces about the target: base/announcement.h)}
 *
 * What names a definition everywhere is the hash of its own entry, in whatever statement it stands:
 * SHA-256(lp8 "halligan/v1 definition" || vault id || ENTRY as json_encode writes it).
 *
 * No name and no secret stands twice in a statement.  The rotator's name has no '/' and at most 40 bytes;
 * target is any object of at most 16384 bytes as one line, whose members are the rotator's to judge.
 * Revision 1 is signed by a token of a seat with the role operator.
 */
#ifndef VAULT_DOCUMENTS_DEFINITION_H
#define VAULT_DOCUMENTS_DEFINITION_H

#include "base/announcement.h"
#include "vault/documents/charter.h"

enum { DEFINITIONS = 500, EFFECT_MAX = 300, ROTATOR_TEXT_MAX = 40, TARGET_TEXT_MAX = 16384 };

struct definition {
	struct digest digest; /* of the entry */
	struct secret_id secret;
	char name[SEAT_NAME_MAX + 1];
	uint32_t revision;
	char policy[SEAT_NAME_MAX + 1];
	char rotator[ROTATOR_TEXT_MAX + 1];
	struct digest rotator_hash;
	struct json *target; /* owned */
	char effect[EFFECT_MAX + 1];
	struct announcement announced;
};
void definition_done(struct definition *definition);
#define DEFINITION CLEANUP(definition_done) struct definition
/* Another owner for the same. */
enum err_code definition_copy(const struct definition *definition,
    struct definition *ret_definition, struct err *err) MUST_CHECK;

/* What one statement says. */
struct definitions {
	struct digest digest; /* of the statement */
	struct digest vault;
	int64_t created;
	struct definition *rows; /* owned */
	size_t count;
};
void definitions_done(struct definitions *definitions); /* accepts {0} */
#define DEFINITIONS_OF CLEANUP(definitions_done) struct definitions

/* ERR_INVALID names the line: "definitions[3]: secret: name: ...". */
enum err_code definitions_parse(const struct dsse *statement, bool training,
    struct definitions *ret_definitions, struct err *err) MUST_CHECK;
enum err_code definitions_payload(const struct definitions *definitions, struct json **ret_payload,
    struct err *err) MUST_CHECK;
/* The entry with the hash DIGEST, or NULL. */
const struct definition *definitions_find(const struct definitions *definitions,
    const struct digest *digest);
/* Vault id, every policy exists in CHARTER, and a valid signature by an operator of CHARTER.
 * ERR_REFUSED when no operator signed; every signature must be valid and of a token of CHARTER.
 * Revisions after the first (which need the quorum of the policy) are ERR_VERSION. */
enum err_code definitions_verify(const struct dsse *statement,
    const struct definitions *definitions, const struct charter *charter,
    const struct digest *vault, struct err *err) MUST_CHECK;

#endif
