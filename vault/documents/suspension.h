/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suspensions: one token is taken out of service at once, with one signature.
 *
 * Payload: {"format":1,"vault":HEX32,"charter":HEX32 (in force),"roster":HEX32 (in force; zero before the
 *  first),"seat":..,"token":HEX32 (the signer's),
 *  "suspends":{"seat":..,"token":HEX32},"reason":TEXT 1..500,"time":TIME,"nonce":HEX16}
 *
 * Signed by the token that "token" names: of an officer of the charter, or of the very seat that holds
 * the suspended one; further signatures are of officers of other seats.  No token that was suspended
 * before signs one, so the order of suspensions is part of their meaning.
 *
 * A suspension binds the token's keys and, unless the charter waives its attestation, its serial: whatever
 * is enrolled or admitted later with one of these is suspended too.  Only a charter that names the
 * suspension under "restored" ends it.
 */
#ifndef VAULT_DOCUMENTS_SUSPENSION_H
#define VAULT_DOCUMENTS_SUSPENSION_H

#include "vault/documents/charter.h"

enum { SUSPENSION_REASON_MAX = 500, SUSPENSIONS_MAX = 2048 };

struct suspension {
	struct digest digest, vault, charter, roster;
	char seat[SEAT_NAME_MAX + 1]; /* who suspends */
	struct digest token;
	char holder[SEAT_NAME_MAX + 1]; /* whose token is suspended */
	struct digest suspended;
	char reason[SUSPENSION_REASON_MAX + 1];
	int64_t time;
	struct seat_token bound; /* once in force: its keys; serial 0 where none is proven */
};

enum err_code suspension_payload(const struct suspension *suspension, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code suspension_parse(const struct dsse *statement, bool training,
    struct suspension *ret_suspension, struct err *err) MUST_CHECK;
/* How many seats signed it. */
size_t suspension_signers(const struct dsse *statement, const struct charter *charter);

/* The suspensions in force, in the order in which they came; one whose keys or serial other tokens have
 * stands once for each of these. */
struct suspensions {
	struct suspension *rows;
	size_t count;
};
void suspensions_done(struct suspensions *list); /* accepts {0} */
#define SUSPENSIONS CLEANUP(suspensions_done) struct suspensions
/* After suspension_verify.  ERR_REFUSED: it is signed by a token that was suspended before.
 * ERR_EXISTS: the token is suspended already. */
enum err_code suspensions_add(struct suspensions *list, const struct dsse *statement,
    const struct suspension *suspension, struct err *err) MUST_CHECK;
enum err_code suspensions_copy(const struct suspensions *list, struct suspensions *ret_copy,
    struct err *err) MUST_CHECK;
/* Whatever of SEATS has a key or serial that LIST binds is suspended with it. */
enum err_code suspensions_extend(struct suspensions *list, const struct seat *seats, size_t count,
    struct err *err) MUST_CHECK;
/* The one with DIGEST; NULL: it is not in force. */
const struct suspension *suspensions_by_digest(const struct suspensions *list,
    const struct digest *digest);
/* It ends. */
void suspensions_restore(struct suspensions *list, const struct digest *digest);
/* NULL: TOKEN is not suspended.  LIST may be NULL. */
const struct suspension *suspensions_find(const struct suspensions *list,
    const struct digest *token);
/* Was STATEMENT signed by a token that is suspended?  That suspension, or NULL. */
const struct suspension *suspensions_signer(const struct suspensions *list,
    const struct dsse *statement);
/* "suspended by infra on 2026-01-05 10:00:00Z: lost on a train", appended. */
void suspension_text(const struct suspension *suspension, struct buf *ret_text);

#endif
