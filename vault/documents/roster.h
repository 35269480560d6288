/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roster: responders and their tokens, changed more easily than the charter.
 *
 * Payload: {"format":1,"vault":HEX32,"charter":HEX32 (the charter in force when it was drawn up),
 *  "version":N,"previous":HEX32 (N > 1 only),"responders":[seat objects as in the charter],
 *  "created":TIME,"nonce":HEX16}
 *
 * Signed by tokens of two distinct charter seats, one with the role operator, one officer; and for each seat
 * that ever had a token and gets another, by one of its last that is not suspended, or by the charter's
 * change quorum (roster_verify.h).  A name is never used again for another person.
 * Responders have the role responder only; names, serials and keys differ from the charter's.
 */
#ifndef VAULT_DOCUMENTS_ROSTER_H
#define VAULT_DOCUMENTS_ROSTER_H

#include <stdlib.h>

#include "vault/documents/charter.h"

enum { ROSTER_SEATS = 256 };

struct roster {
	struct digest digest;
	struct digest vault, charter, previous;
	uint32_t version; /* 0: the empty roster before the first */
	int64_t created;
	size_t seat_count;
	struct seat seats[ROSTER_SEATS];
};
DESTRUCTOR(roster_freep, struct roster, free)
#define ROSTER CLEANUP(roster_freep) struct roster

/* The empty roster, version 0. */
enum err_code roster_new(struct roster **ret_roster, struct err *err) MUST_CHECK;
/* Parse and check all rules but signatures, among them that nothing collides with CHARTER's seats. */
enum err_code roster_parse(const struct dsse *statement, const struct charter *charter,
    struct roster **ret_roster, struct err *err) MUST_CHECK;
enum err_code roster_payload(const struct roster *roster, struct json **ret_payload,
    struct err *err) MUST_CHECK;

#endif
