/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions of secrets, 1 to 500 of them in a signed statement (type "secret").
 *
 * Payload: {"format":1,"vault":HEX32,"created":TIME,"definitions":[ENTRY],"nonce":HEX16}
 * ENTRY:	{"secret":HEX16,"name":"prod/db","revision":1,"policy":NAME,
 *	 "rotator":{"name":"ssh-key","contract":N[,"hash":HEX32]},"target":{...},
 *	 "effect":TEXT (what the credential can do, shown to officers),
 *	 "announced":{...} (what the rotator announces about the target: base/announcement.h),
 *	 "change":{"previous":HEX32,"policy":NAME,"quorums":[TEXT..],"retires":BOOL} (revision > 1 only)}
 *
 * A change names the definition that it follows by its digest, that one's policy, and the quorum of every header of
 * the secret that is not retired, each once (0 to 16): all of them sign it (definition_verify.h).  What "retires" is
 * the last: nothing of the secret is opened or changed any more.
 *
 * What names a definition everywhere is the hash of its own entry, in whatever statement it stands:
 * SHA-256(lp8 "halligan/v1 definition" || vault id || ENTRY as json_encode writes it).
 *
 * A rotator without a hash is the one of that name that comes with Halligan, as it is on the day it runs; with one it is a
 * program of the vault's host's own, of which that very file is meant.
 *
 * No name and no secret stands twice in a statement.  The rotator's name has no '/' and at most 40 bytes;
 * target is any object of at most 16384 bytes as one line, no name in it longer than 100 bytes, whose members are the rotator's to judge.
 */
#ifndef VAULT_DOCUMENTS_DEFINITION_H
#define VAULT_DOCUMENTS_DEFINITION_H

#include "base/announcement.h"
#include "vault/documents/charter.h"

enum {
	DEFINITIONS = 500,
	EFFECT_MAX = 300,
	ROTATOR_TEXT_MAX = 40,
	TARGET_TEXT_MAX = 16384,
	TARGET_KEY_MAX = 100,
	DEFINITION_QUORUMS = 16
};
_Static_assert((int)TARGET_KEY_MAX == (int)ACCOUNT_MEMBER_MAX, "an account is made of these");

/* Of revision 2 and later. */
struct definition_change {
	struct digest previous;
	char policy[SEAT_NAME_MAX + 1];
	char *quorums[DEFINITION_QUORUMS]; /* owned; canonical */
	size_t quorum_count;
	bool retires;
};

struct definition {
	struct digest digest; /* of the entry */
	struct secret_id secret;
	char name[SEAT_NAME_MAX + 1];
	uint32_t revision;
	char policy[SEAT_NAME_MAX + 1];
	char rotator[ROTATOR_TEXT_MAX + 1];
	uint32_t contract; /* that the rotator speaks */
	bool own;          /* it is no rotator that comes with Halligan, but the program with */
	struct digest rotator_hash; /* this SHA-256; else zeros */
	struct json *target;        /* owned */
	char effect[EFFECT_MAX + 1];
	struct announcement announced;
	struct definition_change change;
};
void definition_done(struct definition *definition);
#define DEFINITION CLEANUP(definition_done) struct definition
/* ENTRY; NULL: out of memory. */
struct json *definition_entry(const struct definition *definition);
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
/* DEFINITION as if it were a first one: it changes nothing. */
void definition_drop_change(struct definition *definition);
/* A copy of TARGET, an object that lives elsewhere, is DEFINITION's from now on.  ERR_INVALID: it is too long. */
enum err_code definition_set_target(struct definition *definition, const struct json *target,
    struct err *err) MUST_CHECK;
/* QUORUM, canonical, is one of CHANGE's from now on; once.  ERR_REFUSED: there are too many. */
enum err_code definition_add_quorum(struct definition_change *change, const char *quorum,
    struct err *err) MUST_CHECK;

#endif
