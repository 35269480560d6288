/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client has seen of a vault and never forgets: which vault stands at a place, and the
 * newest charter, its suspensions, roster and checkpoint.  A server that shows less than that was restored from an
 * old copy, or lies.
 *
 * Kept in $XDG_STATE_HOME/halligan/ID/ (default ~/.local/state), ID being 32 hex digits of the
 * SHA-256 of the place's name:
 *
 *	trust		{"format":2,"location":TEXT,"vault":HEX32,"charter":N,"charter_digest":HEX32,
 *			 "roster":N,"roster_digest":HEX32,"size":N,"root":HEX32,
 *			 "suspensions":N,"suspensions_digest":HEX32} (format 1 had not these two)
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
	uint32_t charter_version; /* 0: the vault id is all that is known (a founder has signed) */
	struct digest charter;
	uint32_t roster_version; /* 0: no roster */
	struct digest roster;
	uint64_t size; /* of the log */
	struct digest root;
	uint32_t suspensions;    /* under that charter */
	struct digest suspended; /* suspensions_digest of them */
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
/* May a client that knows OLD believe SEEN?  CHARTER_AT and ROSTER_AT are the digests that the
 * chains just verified have at OLD's versions (zero where OLD has version 0); PROOF shows that
 * SEEN's log continues OLD's.  Pure.  ERR_INTEGRITY says what went back or was replaced. */
enum err_code trust_check(const struct trust *old, const struct trust *seen,
    const struct digest *charter_at, const struct digest *roster_at, const struct digest *proof,
    size_t proof_count, struct err *err) MUST_CHECK;
/* Where SEEN stands under the charter that OLD knows: no suspension that OLD has seen may be gone.
 * SUSPENDED_AT is the digest of SEEN's first OLD->suspensions ones.  Pure.  ERR_INTEGRITY. */
enum err_code trust_check_suspensions(const struct trust *old, const struct trust *seen,
    const struct digest *suspended_at, struct err *err) MUST_CHECK;
/* Keep a release statement and its checkpoint; RET_PATH names the statement's file. */
enum err_code trust_keep_release(const struct trust_place *place, const char *id,
    struct view statement, struct view checkpoint, char ret_path[4096], struct err *err) MUST_CHECK;

#endif
