/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing a new version of a secret to the officers of the charter in force, and storing it. */
#ifndef CEREMONY_SERVER_SECRETS_SEAL_VERSION_H
#define CEREMONY_SERVER_SECRETS_SEAL_VERSION_H

#include "ceremony/server/vault/session.h"
#include "vault/documents/state_names.h"
#include "vault/seal/seal.h"

struct sealing {
	struct secret_id secret;
	uint32_t number;
	struct sealed_version sealed;
	struct header *header;
	struct digest hash;   /* of the header */
	struct digest shape;  /* vault/documents/class.h */
	struct digest public; /* as sealing_public() says */
	uint32_t fields;      /* that the credential has: a set of enum credential_field */
	struct id copied;     /* the copy sink that acknowledged it; zeros: none is wanted */
};
void sealing_done(struct sealing *sealing); /* accepts {0} */
#define SEALING CLEANUP(sealing_done) struct sealing

/* Does TOKEN of SEAT get an envelope?  It has a share key and is not suspended; or the seat has no other. */
bool sealing_wants(const struct session *session, const struct seat *seat,
    const struct seat_token *token);
/* SHA-256 of the public half of CREDENTIAL's private key, where that has OpenSSH's form; else zeros. */
enum err_code sealing_public(const struct secret *credential, struct digest *ret_public,
    struct err *err) MUST_CHECK;
/* CREDENTIAL becomes version NUMBER, sealed by the quorum of the definition's policy to every share
 * token of its seats.  The chain is brought up to date before.  Given to the copy sink, and
 * acknowledged by it, when this returns; but not in a rehearsal. */
enum err_code sealing_make(struct session *session, const struct definition *definition,
    uint32_t number, const struct secret *credential, struct sealing *ret_sealing,
    struct err *err) MUST_CHECK;
/* Inside a change: add it in STATE.  SEEN: somebody had this value.  ERR_REFUSED when the charter changed since it was
 * sealed. */
enum err_code sealing_store(struct session *session, const struct sealing *sealing,
    enum version_state state, bool seen, struct err *err) MUST_CHECK;

#endif
