/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing one version of a secret to the officers (docs/FORMAT.md, "A sealed version").
 *
 *	DEK	 32 random bytes, fresh for each version, never split twice into the same clause
 *
 * For each `or` clause the DEK is split g-of-g over its groups (x = group + 1), each part m-of-n
 * within the group (x = position + 1).  The shares of a seat travel in envelopes (envelope.h), what
 * the DEK encrypts is the payload (payload.h), a quorum opens it again (opener.h).
 */
#ifndef VAULT_SEAL_SEAL_H
#define VAULT_SEAL_SEAL_H

#include "vault/seal/envelope.h"

struct seal_recipient {
	const char *seat;
	struct digest token;
	struct point share_key;
};

struct sealed_version {
	struct buf header; /* encoded */
	struct buf ciphertext;
	struct sealed_box *envelopes; /* one per header envelope, in its order */
	size_t envelope_count;
};
void sealed_version_done(struct sealed_version *version);
#define SEALED_VERSION CLEANUP(sealed_version_done) struct sealed_version

/* Seal CREDENTIAL (encoded, checked).  IDS gives training, vault, secret, definition, version,
 * charter; its other members are ignored.  Every seat of QUORUM needs at least one recipient and
 * every recipient a seat in it, in any order; no token and no key twice.  A self-check decodes the
 * header, opens with the shares of two random minimal quorums, and compares, before anything is
 * returned.  RET_VERSION is {0} before.  RET_DEK, if not NULL, gets the DEK (golden files and tests
 * only).  ERR_INVALID: the credential or a recipient breaks a rule. */
enum err_code seal_version(const struct header *ids, const struct quorum *quorum,
    const struct seal_recipient *recipients, size_t count, struct view credential,
    struct sealed_version *ret_version, struct secret **ret_dek, struct err *err) MUST_CHECK;

#endif
