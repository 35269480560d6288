/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this computer remembers of vaults.  Memory belongs to the vault's id; a place only points to it,
 * and a vault may have many.  In memory_folder.h's folder:
 *
 *	vaults/VAULT/memory	{"format":1,"vault":HEX32,"location":TEXT (where it was met last),
 *				 "documents":N,"documents_digest":HEX32 (chain_digest of them),
 *				 "documents_folded":HEX32 (of the file "chain"; zeros: there is none),
 *				 "size":N,"root":HEX32}
 *	vaults/VAULT/chain	what was folded of the documents (folded.h)
 *	vaults/VAULT/release-ID	release statements that this person received, and the checkpoints that came
 *	     .../checkpoint-ID	with them
 *	places/PLACE		{"format":1,"location":TEXT,"vault":HEX32}
 *	lock			held while something is written
 *
 * VAULT is the id in hex; PLACE 32 hex digits of the SHA-256 of the place's name.
 */
#ifndef CEREMONY_CLIENT_MEMORY_H
#define CEREMONY_CLIENT_MEMORY_H

#include "ceremony/client/location.h"
#include "ceremony/client/trust.h"

/* Where a vault is looked for, and where that is remembered. */
struct memory {
	char location[LOCATION_TEXT_SIZE];
	char folder[4096];
	char pointer[4096]; /* the file in places/ */
};

struct known {
	bool met;           /* the vault is known */
	bool here;          /* and it stood at this very place */
	struct trust trust; /* of one that was never met: its id alone, as the server says it */
	char last[LOCATION_TEXT_SIZE]; /* where it was met last; "" when it never was */
};

/* LOCATION as location_parse calls it.  ERR_USAGE, and memory_folder's errors. */
enum err_code memory_at(const char *location, struct memory *ret_memory,
    struct err *err) MUST_CHECK;
/* What is known of the vault that a server at this place says it has; that it is this one, its signatures
 * must show.  ERR_INTEGRITY: another one stood here, or a file is damaged. */
enum err_code memory_recall(const struct memory *memory, const struct digest *vault,
    struct known *ret_known, struct err *err) MUST_CHECK;
/* What is known of the vault that stood here; of none: nothing. */
enum err_code memory_foresee(const struct memory *memory, struct trust *ret_trust,
    struct err *err) MUST_CHECK;
/* The file that has what was folded of the documents of TRUST.  ERR_NOT_FOUND: there is none, or another. */
enum err_code memory_folded(const struct memory *memory, const struct trust *trust,
    struct buf *ret_file, struct err *err) MUST_CHECK;
/* Where VAULT is remembered. */
enum err_code memory_file(const struct memory *memory, const struct digest *vault,
    char ret_path[4096], struct err *err) MUST_CHECK;
/* SEEN was verified after KNOWN: it is kept, with the file FOLDED (empty: the one that is there), and that the vault is
 * here.  RET_KEPT is false, and nothing is done, when others on this computer have seen more of it since KNOWN was
 * recalled: SEEN must be judged by that.  Waits 10 s for others who write (ERR_BUSY). */
enum err_code memory_keep(const struct memory *memory, const struct known *known,
    const struct trust *seen, struct view folded, bool *ret_kept, struct err *err) MUST_CHECK;
/* May a vault be founded here?  ERR_INTEGRITY when this computer knows a living one at this place. */
enum err_code memory_check_new(const struct memory *memory, struct err *err) MUST_CHECK;
/* May VAULT be founded, anywhere?  ERR_INTEGRITY when this computer knows it alive. */
enum err_code memory_check_founding(const struct memory *memory, const struct digest *vault,
    struct err *err) MUST_CHECK;
/* A founder signed VAULT's first charter: from now on no other may come to life here. */
enum err_code memory_pin(const struct memory *memory, const struct digest *vault,
    struct err *err) MUST_CHECK;
/* Keep a release statement and its checkpoint; RET_PATH names the statement's file. */
enum err_code memory_keep_release(const struct memory *memory, const struct digest *vault,
    const char *id, struct view statement, struct view checkpoint, char ret_path[4096],
    struct err *err) MUST_CHECK;

#endif
