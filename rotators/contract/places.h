/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which programs may run, and where they stand.
 *
 *	shipped	the rotators that come with Halligan: by name, as they are on the day they run, so that an upgrade changes
 *		nothing for anybody
 *	own	programs that the vault's host put into a folder for that: PROGRAMS_FOLDER, or of an ordinary user's vault that
 *		user's as well.  Each is pinned by its SHA-256 in the definition that two people signed
 *
 * Nobody but root, or the user whose vault it is, had a hand in any of them (base/trusted.h).
 */
#ifndef ROTATORS_CONTRACT_PLACES_H
#define ROTATORS_CONTRACT_PLACES_H

#include "base/crypto.h"
#include "base/json.h"

#define PROGRAMS_FOLDER "/etc/halligan/programs"
enum { PROGRAMS_FOLDERS = 2 };

struct rotator_places {
	const char *shipped;                   /* a folder */
	const char *own[PROGRAMS_FOLDERS + 1]; /* folders, in order; NULL at the end */
	/* The program that starts them isolated (rotators/contract/starter.h); NULL: nobody does, they run as we do, for those
	 * who try what they write. */
	const char *starter;
	const char *
	    starter_socket; /* where it listens, whoever we are; NULL: where it does for us, if it does */
};

struct rotator_found {
	char path[4096];
	struct digest hash;
	bool own;
};
/* The rotator NAME: the shipped one, or, where there is none, the host's own.  ERR_INVALID: no rotator's name; ERR_NOT_FOUND
 * lists the folders; otherwise as executable_open. */
enum err_code rotator_find(const struct rotator_places *places, const char *name,
    struct rotator_found *ret_found, struct err *err) MUST_CHECK;
/* The one that a definition means: with PINNED the host's own with that SHA-256, without (NULL) the shipped one.
 * ERR_REFUSED also: it has another SHA-256. */
enum err_code rotator_find_defined(const struct rotator_places *places, const char *name,
    const struct digest *pinned, struct rotator_found *ret_found, struct err *err) MUST_CHECK;

/* The host's own program that TARGET's "command" begins with, and its "hash" pins (docs/rotators.md, "With exec"), opened for
 * whoever runs it.  The caller closes RET_FD.  ERR_INVALID, ERR_REFUSED name the member; ERR_NOT_FOUND. */
enum err_code program_open(const struct rotator_places *places, const struct json *target,
    int *ret_fd, struct digest *ret_hash, struct err *err) MUST_CHECK;
/* Could it be? */
enum err_code program_check(const struct rotator_places *places, const struct json *target,
    struct err *err) MUST_CHECK;
/* The same of PATH, whatever pins it. */
enum err_code program_open_path(const struct rotator_places *places, const char *path, int *ret_fd,
    struct digest *ret_hash, struct err *err) MUST_CHECK;
/* Its path, after either has succeeded. */
const char *program_path(const struct json *target);
/* The same wherever it stands, and whether it is pinned or not, for those who try what they write. */
enum err_code program_try(const struct json *target, int *ret_fd, struct err *err) MUST_CHECK;

#endif
