/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The anchor: which state of the database is the vault's.  The file `anchor` in the vault's folder, 8,192
 * bytes, with two slots that are overwritten in place by turns; it is never renamed or resized after it
 * was made.  Slot N begins at byte 4096 * N and has 512 bytes (docs/FORMAT.md, "Anchor"):
 *
 *	"halligan/v1 anchor" 00 || vault id [32] || seq u64 || from [72] || to [72] || MAC [32] || zeros
 *	a state = size of the log u64 || root of the log [32] || root of the state tree [32]
 *	MAC = HMAC-SHA-256(anchor_key, all that stands before it)
 *
 * SEQ grows by one with each write and stands in slot SEQ mod 2; of two valid slots the one with the
 * higher SEQ counts.  The database stands at its FROM (before a commit, or when that failed) or at its
 * TO; when both are the same, the state is settled.
 *
 *	writer, under the writer lock: read the slot; the database is at R, one of its two states;
 *	    make S; write {R,S}; COMMIT; write {S,S} (once for several transactions; when COMMIT failed
 *	    without an I/O error: {R,R}); unlock; only then reply
 *	reader: begin with a read of the database; *then* read the slot; prove; end the transaction;
 *	    when FROM is older than what was read, take the lock, look again, settle; then reply
 *
 *	stopped				database	slot counts	so
 *	before {R,S} was whole		R		the one before	stands at its TO
 *	before the commit point		R		{R,S}		stands at FROM
 *	after it, or {S,S} torn		S		{R,S}		stands at TO, settled before a reply
 *	after {S,S}			S		{S,S}		S alone
 *
 * A database at neither is an older one, or another.  Slots are written under the writer lock only;
 * anybody reads them at any time.
 *
 * Errors of every call: ERR_INTEGRITY says what was met, what it means and what to put back; ERR_IO;
 * ERR_MEMORY; ERR_CRYPTO.
 */
#ifndef VAULT_LOG_ANCHOR_H
#define VAULT_LOG_ANCHOR_H

#include "base/crypto.h"

#define ANCHOR_FILE "anchor"

/* What a cure ends with (err_cure). */
#define DATABASE_BACK                                                                              \
	"put the database back that this anchor belongs to; if there is none, " WHOLE_BACKUP
#define WHOLE_BACKUP "the newest backup of the whole folder, database and anchor together"

struct anchor_state {
	uint64_t size; /* leaves in the log */
	struct digest log_root, state_root;
};
bool anchor_state_equal(const struct anchor_state *a, const struct anchor_state *b);

/* The slot that counts. */
struct anchor_slot {
	uint64_t seq;
	struct anchor_state from, to;
};
bool anchor_slot_is_settled(const struct anchor_slot *slot);

struct anchor;

/* 32 bytes from LOG_SEED, the log's Ed25519 seed in host.key: with HKDF and a label of its own. */
enum err_code anchor_key(const struct secret *log_seed, struct secret **ret_key,
    struct err *err) MUST_CHECK;

/* Make FOLDER's anchor, settled at STATE with SEQ 0; file and folder are synced.  ERR_EXISTS when there is
 * one, whatever is in it; ERR_REFUSED when something else has its name.  VAULT is all zeros while the vault is
 * being founded and has no id. */
enum err_code anchor_create(const char *folder, const struct digest *vault,
    const struct secret *key, const struct anchor_state *state, struct err *err) MUST_CHECK;

/* Open FOLDER's anchor; the slots are not read yet.  VAULT is all zeros while the vault is being founded: then
 * the first valid slot that is read is taken, whatever it names, and so is the id in it, for all later ones.
 * KEY must live until anchor_free.  ERR_INTEGRITY: it is missing, a symbolic link, no regular file, of a wrong
 * size, of another owner or open to others. */
enum err_code anchor_open(const char *folder, const struct digest *vault, const struct secret *key,
    struct anchor **ret_anchor, struct err *err) MUST_CHECK;
void anchor_free(struct anchor *anchor); /* accepts NULL */
DESTRUCTOR(anchor_freep, struct anchor, anchor_free)
#define ANCHOR CLEANUP(anchor_freep) struct anchor

/* The vault has its id now: the slots that are written from now on name it. */
void anchor_name(struct anchor *anchor, const struct digest *vault);

/* The slot that counts, as it is in the file now.  A write that is under way is waited for: five looks,
 * some milliseconds apart.  ERR_INTEGRITY: no slot is valid, or it names another vault than VAULT (one with
 * zeros is of a vault that was being founded, and taken for any). */
enum err_code anchor_read(struct anchor *anchor, struct anchor_slot *ret_slot,
    struct err *err) MUST_CHECK;

/* Write the slot that follows number BEFORE, which anchor_read gave under the same writer lock or this call
 * was made for, so it has SEQ BEFORE + 1; durable (fdatasync) when ERR_OK is returned.  So is then
 * the slot before, which may have been another's.  After ERR_IO, and after
 * ERR_NO_SPACE (where a disk wants room to overwrite), nothing more is read or written through ANCHOR: what is
 * on the disk is unknown. */
enum err_code anchor_write(struct anchor *anchor, uint64_t before, const struct anchor_state *from,
    const struct anchor_state *to, struct err *err) MUST_CHECK;

#endif
