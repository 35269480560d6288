/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client has seen of a vault and never forgets: which vault stands at a place, and the
 * chain of documents and the log as far as they went.  A server that shows less than that was restored
 * from an old copy, or lies.
 *
 * Kept in $XDG_STATE_HOME/halligan/ID/ (default ~/.local/state), ID being 32 hex digits of the
 * SHA-256 of the place's name:
 *
 *	trust		{"format":1,"location":TEXT,"vault":HEX32,"documents":N,
 *			 "documents_digest":HEX32 (chain_digest of them),"size":N,"root":HEX32}
 *	lock		held while one client looks and writes
 *	release-ID	release statements that this person received, and the checkpoints that came
 *	checkpoint-ID	with them
 */
#ifndef CEREMONY_CLIENT_TRUST_H
#define CEREMONY_CLIENT_TRUST_H

#include "base/crypto.h"
#include "base/file.h"
#include "base/file_lock.h"

struct trust {
	struct digest vault;
	uint32_t documents;  /* 0: the vault id is all that is known (a founder has signed) */
	struct digest chain; /* chain_digest of them */
	uint64_t size;       /* of the log */
	struct digest root;
};

/* Where trust in one place is kept. */
struct trust_place {
	char location[4608];
	char folder[4096];
};

/* Makes the folders (0700).  ERR_IO, ERR_USAGE: neither XDG_STATE_HOME nor HOME is usable. */
enum err_code trust_place_of(const char *location, struct trust_place *ret_place,
    struct err *err) MUST_CHECK;
/* One client at a time; waits 10 s. */
enum err_code trust_lock(const struct trust_place *place, struct file_lock **ret_lock,
    struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND: first contact.  ERR_INTEGRITY: the file is damaged. */
enum err_code trust_load(const struct trust_place *place, struct trust *ret_trust,
    struct err *err) MUST_CHECK;
/* May a vault be founded here?  ERR_INTEGRITY when this computer knows a living one at this place. */
enum err_code trust_check_new(const struct trust_place *place, struct err *err) MUST_CHECK;
enum err_code trust_save(const struct trust_place *place, const struct trust *trust,
    struct err *err) MUST_CHECK;
/* May a client that knows OLD believe SEEN?  CHAIN_AT is the digest of as many documents of the chain
 * just verified as OLD knows; PROOF shows that SEEN's log continues OLD's.  Pure.  ERR_INTEGRITY says
 * what went back or was replaced. */
enum err_code trust_check(const struct trust *old, const struct trust *seen,
    const struct digest *chain_at, const struct digest *proof, size_t proof_count,
    struct err *err) MUST_CHECK;
/* Keep a release statement and its checkpoint; RET_PATH names the statement's file. */
enum err_code trust_keep_release(const struct trust_place *place, const char *id,
    struct view statement, struct view checkpoint, char ret_path[4096], struct err *err) MUST_CHECK;

#endif
