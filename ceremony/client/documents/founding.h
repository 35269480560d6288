/* SPDX-License-Identifier: Apache-2.0 */
/* What a vault says about its founding; and enrolments. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_FOUNDING_H
#define CEREMONY_CLIENT_DOCUMENTS_FOUNDING_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/founding.h"
#include "vault/documents/chain.h"

struct founding_view {
	struct founding fixed;
	struct ed25519_public host_statement, host_log;
	struct point host_escrow;
};

/* Make a new vault; RET_INIT is the nonce that enrolments name.  ERR_EXISTS. */
enum err_code founding_open(struct client *client, const char *name, bool training,
    const char *copy, struct digest *ret_init, struct err *err) MUST_CHECK;
/* Nothing of this is verified but its form. */
enum err_code founding_fetch(struct client *client, struct founding_view *ret_view,
    struct err *err) MUST_CHECK;

/* Enrolments by digest, from the server.  Each is checked to have the digest asked for (ERR_INTEGRITY). */
struct enrolment_set {
	size_t count;
	struct digest *digests;
	struct dsse *statements;
};
void enrolment_set_done(struct enrolment_set *set);
#define ENROLMENT_SET CLEANUP(enrolment_set_done) struct enrolment_set
enum err_code enrolment_set_fetch(struct client *client, const struct digest *digests, size_t count,
    struct enrolment_set *ret_set, struct err *err) MUST_CHECK;
/* Verify the enrolment of every token of SEATS under CHARTER, that the seats say what it says, and that it may be
 * accepted at NOW, or was by a document of CHAIN (NULL: at the founding). */
enum err_code enrolment_set_verify(const struct enrolment_set *set, const struct seat *seats,
    size_t seat_count, const struct charter *charter, const struct chain *chain, int64_t now,
    struct err *err) MUST_CHECK;
/* The digests of the enrolments of SEATS, those of tokens of which KNOWN says the very same left out.
 * RET_DIGESTS has room for SEAT_TOKENS per seat. */
size_t enrolment_digests(const struct seat *seats, size_t seat_count, const struct seat *known,
    size_t known_count, struct digest *ret_digests);
/* Read an enrolment's file: statement and content, of which nothing is verified but the form. */
enum err_code enrolment_load(const char *path, bool training, struct dsse *ret_statement,
    struct enrolment *ret_enrolment, struct err *err) MUST_CHECK;
/* Of many files, such as *.enrolment: does the one from PATH belong into the ROSTER (else the charter)?  ERR_INVALID: a
 * responder's belongs there, everybody else's does not; ERR_EXISTS: it stands there already. */
enum err_code enrolment_belongs(const char *path, const struct enrolment *enrolment, bool roster,
    const struct chain *chain, struct err *err) MUST_CHECK;
/* Signature and attestation of what came from PATH, for the vault and under the attestation policy
 * of CHARTER (which may be a draft); and that it may be accepted at NOW. */
enum err_code enrolment_check(const char *path, const struct dsse *statement,
    const struct enrolment *enrolment, const struct charter *charter, int64_t now,
    struct err *err) MUST_CHECK;

#endif
