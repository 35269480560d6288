/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ceremony with its rows: verified again from the statements up (protocol/ceremony), because
 * whoever can write the database is not believed, and compared with what the rows say.
 */
#ifndef CEREMONY_SERVER_OPENING_CEREMONY_H
#define CEREMONY_SERVER_OPENING_CEREMONY_H

#include "ceremony/protocol/ceremony.h"
#include "ceremony/server/vault/session.h"
#include "vault/store/ceremony.h"
#include "vault/store/voice.h"

struct opening {
	struct session *session;
	struct ceremony_row row;
	struct transcript *transcript;
	struct item_row items[CEREMONY_ITEMS];
	size_t count;     /* of items */
	size_t documents; /* of the chain under which it was verified */
};
void opening_free(struct opening *opening);
DESTRUCTOR(opening_freep, struct opening, opening_free)
#define OPENING CLEANUP(opening_freep) struct opening

/* ERR_NOT_FOUND; ERR_INTEGRITY names what contradicts what.  Inside a change, or not. */
enum err_code opening_load(struct session *session, const struct id *id,
    struct opening **ret_opening, struct err *err) MUST_CHECK;

#endif
